package quote

import (
	"context"
	"fmt"

	"github.com/perennial-billing/perennial/billing/money"
)

// paid marks an invoice as paid, unpaid as owed.
type (
	paid   struct{ *Payment }
	unpaid struct{ *Payment }
)

func (a paid) whose(w *world) (*customer, error) { return a.customer(w, "paid") }

func (a paid) do(_ context.Context, w *world, s step) error {
	if a.Grant != "" {
		return s.who.payFor(w, a.Grant, s.at)
	}
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
		part.become(part.state.CollectionEnded(invoice.Key))
	}
	return nil
}

func (a unpaid) whose(w *world) (*customer, error) { return a.customer(w, "unpaid") }

// do takes the payment of an invoice back and hands the invoice to dunning.
func (a unpaid) do(_ context.Context, w *world, s step) error {
	if a.Grant != "" {
		return s.who.unpaidFor(w, a.Grant)
	}
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
		part.become(part.state.PaymentFailed(invoice.Key))
	}
	return nil
}

// customer is whose invoice it is.
func (p *Payment) customer(w *world, path string) (*customer, error) {
	switch {
	case p.Grant != "" && (p.Subscription != "" || p.Invoice != 0):
		return nil, fmt.Errorf("%s.grant: names the invoice alone: leave subscription and invoice out", path)
	case p.Grant != "":
		return w.customer(path+".customer", p.Customer)
	case p.Customer != "":
		return nil, fmt.Errorf("%s.customer: is only for a grant: an invoice is named by its subscription", path)
	}
	return w.customerOf(path+".subscription", p.Subscription)
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
