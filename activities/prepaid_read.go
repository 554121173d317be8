package activities

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/billing/wallet"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// ReadWallet says what of a customer's prepaid credit can be used at an instant, and what of it is spoken for by usage that no
// invoice has billed: the open periods are billed by the rules that will bill them, in a transaction that is taken back.
func (b *Billing) ReadWallet(ctx context.Context, in message.WalletAt) (message.WalletStanding, error) {
	zero := money.Zero(in.Currency)
	s := message.WalletStanding{Balance: zero, Paid: zero, SpokenFor: zero, Uncovered: zero}
	err := b.Store.Tx(ctx, func(tx store.Tx) error {
		running, err := openRunning(ctx, tx, in)
		if err != nil {
			return err
		}
		if _, err := tx.LockWallet(ctx, in.CustomerID, in.Currency); err != nil {
			return err
		}
		grants, err := tx.UsableGrants(ctx, in.CustomerID, in.Currency)
		if err != nil {
			return err
		}
		has, err := wallet.Restore(in.Currency, held(grants)).Balance(in.At)
		if err != nil {
			return err
		}
		s.Balance, s.Paid = has.Total, has.Paid
		for _, r := range running {
			if err := r.accrue(ctx, &s, in.At); err != nil {
				return fmt.Errorf("subscription %s: %w", r.state.ID, err)
			}
		}
		return errPreviewed
	})
	if !errors.Is(err, errPreviewed) {
		return s, fmt.Errorf("standing of customer %s in %s: %w", in.CustomerID, in.Currency, err)
	}
	if s.Available, err = s.Balance.Sub(s.SpokenFor); s.Available.IsNegative() { // what expired pays usage of before
		s.Available = zero
	}
	return s, err
}

// running is a subscription with the state in which the last command or boundary left it.
type running struct {
	account
	state subscription.State
}

// openRunning holds all subscriptions of a customer in a currency that may have used something. They come before the wallet,
// in the order of their ids, so that nobody waits for each other.
func openRunning(ctx context.Context, tx store.Tx, in message.WalletAt) ([]running, error) {
	ids, err := tx.RunningSubscriptions(ctx, in.CustomerID, in.Currency)
	if err != nil {
		return nil, err
	}
	var all []running
	for _, id := range ids {
		a, err := openAccount(ctx, tx, id)
		if err != nil {
			return nil, err
		}
		recorded, err := tx.LastCarriedOut(ctx, id)
		if errors.Is(err, store.ErrNotFound) {
			continue // it has not begun
		}
		if err != nil {
			return nil, err
		}
		var latest carriedOut
		if err := json.Unmarshal(recorded.Result, &latest); err != nil {
			return nil, fmt.Errorf("latest recorded command of subscription %s: %w", id, err)
		}
		if a.Addressee.ID == in.CustomerID {
			all = append(all, running{account: a, state: latest.State})
		}
	}
	return all, nil
}

// accrue adds what grants would pay of a subscription's usage, and what would be left.
func (r running) accrue(ctx context.Context, s *message.WalletStanding, at time.Time) error {
	issued, err := r.lifecycle().Accrue(ctx, r.state, at)
	if err != nil || issued == nil {
		return err
	}
	invoice, err := r.tx.Invoice(ctx, issued.InvoiceID)
	if err != nil {
		return err
	}
	currency := invoice.Currency
	if s.SpokenFor, err = s.SpokenFor.Add(money.New(invoice.PrepaidApplied, currency)); err != nil {
		return err
	}
	open := max(0, invoice.AmountDue+invoice.CarriedOut-invoice.CarriedIn)
	if s.Uncovered, err = s.Uncovered.Add(money.New(open, currency)); err != nil {
		return err
	}
	paid, err := r.tx.PrepaidOf(ctx, issued.InvoiceID)
	for _, m := range paid {
		s.Grants = append(s.Grants, wallet.Payment{GrantID: m.GrantID, Amount: money.New(-m.Amount, currency), Cost: money.New(-m.Cost, currency)})
	}
	return err
}
