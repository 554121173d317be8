package quote

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/subscription"
)

func (a *OneOff) whose(w *world) (*customer, error) {
	return w.customerOf("charge.subscription", a.Subscription)
}

func (a *OneOff) do(ctx context.Context, w *world, s step) error {
	b, err := w.book("charge.subscription", a.Subscription)
	if err != nil {
		return err
	}
	item := a.item()
	if err := item.Validate(); err != nil {
		return fmt.Errorf("charge: %w", err)
	}
	return b.command(ctx, s, "", Timing{}, subscription.Command{Kind: subscription.Charge, Item: &item, BillNext: a.When != ChargedNow})
}

// CancelCharge takes back a charge that no invoice has billed.
type CancelCharge struct {
	Subscription string `json:"subscription,omitempty" doc:"Whose; may be left out when there is one subscription"`
	Charge       string `json:"charge" doc:"The charge's id"`
}

func (a *CancelCharge) whose(w *world) (*customer, error) {
	return w.customerOf("cancel_charge.subscription", a.Subscription)
}

func (a *CancelCharge) do(ctx context.Context, w *world, s step) error {
	b, err := w.book("cancel_charge.subscription", a.Subscription)
	if err != nil {
		return err
	}
	return b.command(ctx, s, "", Timing{}, subscription.Command{Kind: subscription.CancelCharge, Withdraws: a.Charge})
}

// AddItem has an item wait for the next invoice.
func (b *book) AddItem(_ context.Context, item invoicing.Item, _ time.Time) error {
	if slices.Contains(b.itemIDs, item.ID) {
		return refuse("charge_exists", "subscription %s has or had a charge %q: give this one another id", b.state.ID, item.ID)
	}
	change(b.w, &b.itemIDs, append(slices.Clone(b.itemIDs), item.ID))
	change(b.w, &b.items, append(slices.Clone(b.items), item))
	return nil
}

// CancelItem keeps an item that waits from being billed.
func (b *book) CancelItem(_ context.Context, id string, _ time.Time) error {
	left := slices.DeleteFunc(slices.Clone(b.items), func(i invoicing.Item) bool { return i.ID == id })
	if len(left) == len(b.items) {
		return refuse("charge_unknown", "subscription %s has no charge %q that waits for an invoice", b.state.ID, id)
	}
	change(b.w, &b.items, left)
	return nil
}

func (a *OneOff) item() invoicing.Item {
	item := invoicing.Item{
		ID: a.ID, Kind: a.Kind, Description: a.Description, Quantity: decimal.NewFromInt(1), Unit: a.UnitAmount, TaxCategory: a.TaxCategory,
	}
	if item.Kind == "" {
		item.Kind = invoicing.OneOff
	}
	if item.Description == "" {
		item.Description = item.ID
	}
	if a.Quantity != nil {
		item.Quantity = *a.Quantity
	}
	return item
}
