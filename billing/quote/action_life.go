package quote

import (
	"context"

	"github.com/perennial-billing/perennial/billing/subscription"
)

func (a *Reactivate) whose(w *world) (*customer, error) {
	return w.customerOf("reactivate.subscription", a.Subscription)
}

func (a *Reactivate) do(ctx context.Context, w *world, s step) error {
	b, err := w.book("reactivate.subscription", a.Subscription)
	if err != nil {
		return err
	}
	return b.command(ctx, s, a.ID, Timing{}, subscription.Command{Kind: subscription.Reactivate})
}

func (a *Transfer) whose(w *world) (*customer, error) {
	return w.customerOf("transfer.subscription", a.Subscription)
}

func (a *Transfer) do(ctx context.Context, w *world, s step) error {
	b, err := w.book("transfer.subscription", a.Subscription)
	if err != nil {
		return err
	}
	if _, err := w.customer("transfer.customer", a.Customer); err != nil {
		return err
	}
	return b.command(ctx, s, a.ID, a.Timing, subscription.Command{Kind: subscription.Transfer, Customer: a.Customer})
}

func (a *Withdraw) whose(w *world) (*customer, error) {
	return w.customerOf("withdraw.subscription", a.Subscription)
}

func (a *Withdraw) do(ctx context.Context, w *world, s step) error {
	b, err := w.book("withdraw.subscription", a.Subscription)
	if err != nil {
		return err
	}
	return b.command(ctx, s, a.ID, Timing{}, subscription.Command{Kind: subscription.Withdraw, Withdraws: a.Planned})
}
