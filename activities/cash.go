package activities

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/billing/ledger"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/internal/stripeunit"
	"github.com/perennial-billing/perennial/workflows/message"
)

// Money that customers send by bank transfer is theirs, on an account that the provider keeps for them, until a payment has
// used it. Our ledger has it as TransfersHeld and CustomerDeposits.

// RecordCash finds out what happened to the money that a customer sent, and records it with its postings. Repeating it
// records nothing twice.
func (p *Payments) RecordCash(ctx context.Context, in message.CashInput) (message.CashRecorded, error) {
	var recorded message.CashRecorded
	customer, err := p.Store.Customer(ctx, in.CustomerID)
	if err != nil {
		return recorded, err
	}
	if recorded.Movements, err = (provider{Payments: p, at: in.At, customer: customer}).recordCash(ctx); err != nil {
		return recorded, fmt.Errorf("what customer %s sent: %w", customer.ID, err)
	}
	waiting, err := p.Store.Deposits(ctx, "", customer.ID)
	recorded.Waiting = len(waiting) > 0
	return recorded, err
}

// recordCash records the movements that are not recorded yet, and says how many there were.
func (p provider) recordCash(ctx context.Context) (added int, err error) {
	if p.customer.ProviderCustomerID == nil {
		return 0, nil
	}
	fresh, err := p.newCash(ctx)
	if err != nil || len(fresh) == 0 {
		return 0, err
	}
	err = p.Store.Tx(ctx, func(tx store.Tx) error {
		added = 0
		for _, m := range slices.Backward(fresh) {
			booked, err := bookCash(ctx, tx, p.customer.EntityID, m)
			if err != nil {
				return err
			}
			if booked {
				added++
			}
		}
		return tx.AddTransferPayer(ctx, p.customer.ID, p.at)
	})
	return added, err
}

// noteCash records what the customer of an invoice sent, before the payment is booked that used it.
func (p *Payments) noteCash(ctx context.Context, invoiceID string, at time.Time) error {
	invoice, err := p.Store.Invoice(ctx, invoiceID)
	if err != nil {
		return err
	}
	_, err = p.RecordCash(ctx, message.CashInput{CustomerID: invoice.PayerID, At: at})
	return err
}

// newCash lists the movements that are not recorded, newest first.
func (p provider) newCash(ctx context.Context) ([]store.CashMovement, error) {
	recorded, err := p.Store.CashMovements(ctx, p.customer.ID)
	if err != nil {
		return nil, err
	}
	known := map[string]bool{}
	for _, m := range recorded {
		known[m.ID] = true
	}
	var fresh []store.CashMovement
	listed := p.Stripe.CustomerCashBalanceTransactions.List(&stripe.CustomerCashBalanceTransactionListParams{
		ListParams: stripe.ListParams{Context: ctx, Limit: stripe.Int64(100)}, Customer: p.customer.ProviderCustomerID,
	})
	for listed.Next() {
		t := listed.CustomerCashBalanceTransaction()
		if known[t.ID] {
			continue // and go on: billing times of a test clock need not rise
		}
		m, err := cashMovement(p.customer.ID, t)
		if err != nil {
			return nil, err
		}
		fresh = append(fresh, m)
	}
	if err := listed.Err(); err != nil {
		return nil, fmt.Errorf("list cash balance transactions: %w", later(err))
	}
	return fresh, nil
}

func cashMovement(customerID string, t *stripe.CustomerCashBalanceTransaction) (store.CashMovement, error) {
	net, err := stripeunit.Amount(t.NetAmount, currencyOf(t.Currency))
	if err != nil {
		return store.CashMovement{}, fmt.Errorf("cash balance transaction %s: %w", t.ID, err)
	}
	m := store.CashMovement{
		ID: t.ID, CustomerID: customerID, Kind: string(t.Type), Net: net.Minor, Currency: net.Currency, At: time.Unix(t.Created, 0).UTC(),
	}
	switch {
	case t.AppliedToPayment != nil && t.AppliedToPayment.PaymentIntent != nil:
		m.Intent = t.AppliedToPayment.PaymentIntent.ID
	case t.UnappliedFromPayment != nil && t.UnappliedFromPayment.PaymentIntent != nil:
		m.Intent = t.UnappliedFromPayment.PaymentIntent.ID
	}
	return m, nil
}

// bookCash records a movement, with its posting if money came or went. What is set aside for a payment is booked when the
// payment has succeeded.
func bookCash(ctx context.Context, tx store.Tx, entityID string, m store.CashMovement) (added bool, err error) {
	if added, err = tx.AddCashMovement(ctx, m); err != nil || !added {
		return false, err
	}
	if m.Kind == store.CashApplied || m.Kind == store.CashUnapplied {
		return true, nil
	}
	return true, tx.Post(ctx, ledger.CashMoved(ledger.Movement{ID: m.ID, EntityID: entityID, At: m.At, Net: money.New(m.Net, m.Currency)}))
}
