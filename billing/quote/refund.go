package quote

import (
	"context"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/money"
)

// Refund pays credit of a customer out, by a payment of an invoice.
type Refund struct {
	Subscription string          `json:"subscription,omitempty" doc:"Whose invoice was paid; may be left out when there is one subscription"`
	Invoice      int             `json:"invoice,omitempty" minimum:"1" doc:"1 for the subscription's first invoice; the latest when left out"`
	Amount       decimal.Decimal `json:"amount" doc:"In major units: at most the customer's credit, and what of the invoice was paid and not refunded"`
}

func (a *Refund) whose(w *world) (*customer, error) {
	return w.customerOf("refund.subscription", a.Subscription)
}

// do takes the amount from the credit of the one in whose name the invoice is.
func (a *Refund) do(_ context.Context, w *world, _ step) error {
	b, err := w.book("refund.subscription", a.Subscription)
	if err != nil {
		return err
	}
	invoice, err := b.invoice(a.Invoice)
	if err != nil {
		return err
	}
	amount, err := exactly(a.Amount, b.currency)
	if err == nil && !amount.IsPositive() {
		err = fmt.Errorf("must be above 0, got %s", a.Amount)
	}
	if err != nil {
		return fmt.Errorf("refund.amount: %w", err)
	}
	purse := invoice.to.purse(b.currency)
	if left := invoice.AmountDue.Minor - invoice.owed.Minor - invoice.offset.Minor - invoice.refunded; amount.Minor > left {
		return refuse("refund_too_large", "%s can still be refunded of what was paid for invoice %d, not %s",
			money.New(left, b.currency), invoice.number, amount)
	}
	if purse.credit.Cmp(amount) < 0 {
		return refuse("credit_too_small", "customer %s has %s of credit to pay out, less than %s: correct an invoice first",
			invoice.to.id, purse.credit, amount)
	}
	credit, err := purse.credit.Sub(amount)
	if err != nil {
		return err
	}
	change(w, &purse.credit, credit)
	change(w, &invoice.refunded, invoice.refunded+amount.Minor)
	return nil
}
