package quote

import (
	"context"

	"github.com/perennial-billing/perennial/billing/money"
)

// paid marks an invoice as paid, unpaid as owed.
type (
	paid   struct{ *Payment }
	unpaid struct{ *Payment }
)

func (a paid) whose(w *world) (*customer, error) {
	return w.customerOf("paid.subscription", a.Subscription)
}

func (a paid) do(_ context.Context, w *world, _ step) error {
	b, err := w.book("paid.subscription", a.Subscription)
	if err != nil {
		return err
	}
	invoice, err := b.invoice(a.Invoice)
	if err != nil {
		return err
	}
	if !invoice.owed.IsPositive() {
		return refuse("nothing_owed", "nothing is owed for invoice %d of subscription %s", invoice.number, b.state.ID)
	}
	change(w, &invoice.owed, money.Zero(b.currency))
	for _, part := range invoice.parts {
		change(w, &part.state, part.state.CollectionEnded(invoice.Key))
	}
	return nil
}

func (a unpaid) whose(w *world) (*customer, error) {
	return w.customerOf("unpaid.subscription", a.Subscription)
}

// do takes the payment of an invoice back and hands the invoice to dunning.
func (a unpaid) do(_ context.Context, w *world, _ step) error {
	b, err := w.book("unpaid.subscription", a.Subscription)
	if err != nil {
		return err
	}
	invoice, err := b.invoice(a.Invoice)
	if err != nil {
		return err
	}
	owed, err := invoice.AmountDue.Sub(invoice.offset)
	if err != nil {
		return err
	}
	change(w, &invoice.owed, owed)
	if !invoice.owed.IsPositive() {
		return refuse("nothing_owed", "nothing was due for invoice %d of subscription %s", invoice.number, b.state.ID)
	}
	for _, part := range invoice.parts {
		change(w, &part.state, part.state.PaymentFailed(invoice.Key))
	}
	return nil
}

// invoice is the nth of the subscription, from 1, or the latest.
func (b *book) invoice(n int) (*document, error) {
	if n == 0 {
		n = len(b.invoices)
	}
	if n < 1 || n > len(b.invoices) {
		return nil, refuse("invoice_unknown", "subscription %s has %d invoices at this time, and no invoice %d", b.state.ID, len(b.invoices), n)
	}
	return b.invoices[n-1], nil
}
