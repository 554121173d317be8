package activities

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/internal/stripeunit"
	"github.com/perennial-billing/perennial/workflows/message"
)

// mostDifferences are spelled out; all are counted.
const mostDifferences = 200

// comparison is one reconciliation under way.
type comparison struct {
	provider
	in     message.ReconcileInput
	result message.Reconciled
	// met are the provider's ids that it has shown.
	met map[string]bool
}

// Reconcile compares the provider's charges, refunds, disputes and balance transactions with our records, both ways. What
// it did for us without our record of it is recorded by the code that finds out unknown outcomes; everything else is named.
func (p *Payments) Reconcile(ctx context.Context, in message.ReconcileInput) (message.Reconciled, error) {
	c := &comparison{provider: provider{Payments: p, at: in.At}, in: in, met: map[string]bool{}}
	c.result.Differences = []message.Difference{}
	for _, part := range []struct {
		name    string
		compare func(context.Context) error
	}{
		// Refunds and disputes are of charges, and fees too: what is recorded first explains the rest.
		{"charges", c.charges},
		{"refunds", c.refunds},
		{"disputes", c.disputes},
		{"balance transactions", c.transactions},
		{"our payments", c.ourPayments},
		{"our refunds", c.ourRefunds},
		{"our disputes", c.ourDisputes},
	} {
		if err := part.compare(ctx); err != nil {
			return message.Reconciled{}, fmt.Errorf("reconcile %s: %w", part.name, later(err))
		}
	}
	return c.result, nil
}

func (c *comparison) differs(kind, subject, invoice, format string, args ...any) {
	c.note(message.Difference{Kind: kind, Subject: subject, InvoiceID: invoice, Detail: fmt.Sprintf(format, args...)})
}

func (c *comparison) note(d message.Difference) {
	if d.Healed {
		c.result.Healed++
	} else {
		c.result.Open++
	}
	if len(c.result.Differences) < mostDifferences {
		c.result.Differences = append(c.result.Differences, d)
	}
}

func (c *comparison) window() *stripe.RangeQueryParams {
	return &stripe.RangeQueryParams{GreaterThanOrEqual: c.in.From.Unix(), LesserThan: c.in.To.Unix()}
}

func (c *comparison) list(ctx context.Context) stripe.ListParams {
	return stripe.ListParams{Context: ctx, Limit: stripe.Int64(100)}
}

// concerns says whether an invoice is among those that are compared.
func (c *comparison) concerns(invoice store.Invoice) bool {
	return c.in.EntityID == "" || invoice.EntityID == c.in.EntityID
}

func (c *comparison) charges(ctx context.Context) error {
	listed := c.Stripe.Charges.List(&stripe.ChargeListParams{ListParams: c.list(ctx), CreatedRange: c.window()})
	for listed.Next() {
		charge := listed.Charge()
		c.met[charge.ID] = true
		if !charge.Paid {
			continue // no money has moved
		}
		if err := c.charge(ctx, charge); err != nil {
			return err
		}
	}
	return listed.Err()
}

func (c *comparison) charge(ctx context.Context, charge *stripe.Charge) error {
	payment, err := c.Store.PaymentByCharge(ctx, charge.ID)
	if errors.Is(err, store.ErrNotFound) {
		return c.unknownCharge(ctx, charge)
	}
	if err != nil {
		return err
	}
	invoice, err := c.Store.Invoice(ctx, payment.InvoiceID)
	if err != nil || !c.concerns(invoice) {
		return err
	}
	c.result.Charges++
	if charge.Status == stripe.ChargeStatusSucceeded && payment.Status != store.PaymentSucceeded {
		return c.heal(ctx, charge, invoice, "charge_not_settled", fmt.Sprintf("it succeeded, and our payment %s is %s", payment.ID, payment.Status))
	}
	if charge.Status == stripe.ChargeStatusFailed && payment.Status == store.PaymentSucceeded {
		c.differs("charge_failed", charge.ID, invoice.ID, "it failed, and our payment %s succeeded", payment.ID)
	}
	c.sameAmount("charge_amount", charge.ID, invoice.ID, charge.Amount, charge.Currency, money.New(payment.Amount, payment.Currency))
	return nil
}

func (c *comparison) sameAmount(kind, id, invoice string, units int64, currency stripe.Currency, ours money.Amount) {
	theirs, err := stripeunit.Amount(units, money.Currency(strings.ToUpper(string(currency))))
	if err != nil || theirs != ours {
		c.differs(kind, id, invoice, "the provider says %s, we say %s", theirs, ours)
	}
}

// unknownCharge is money that was taken and that we have no payment for.
func (c *comparison) unknownCharge(ctx context.Context, charge *stripe.Charge) error {
	if charge.Status != stripe.ChargeStatusSucceeded {
		return nil
	}
	invoice, err := store.Invoice{}, store.ErrNotFound
	if charge.PaymentIntent != nil {
		invoice, err = c.Store.InvoiceByIntent(ctx, charge.PaymentIntent.ID)
	}
	if id := charge.Metadata["checkout"]; id != "" && errors.Is(err, store.ErrNotFound) {
		invoice, err = c.invoiceOfCheckout(ctx, id)
	}
	switch {
	case errors.Is(err, store.ErrNotFound):
		if c.in.EntityID == "" {
			c.result.Charges++
			c.differs("charge_of_nobody", charge.ID, charge.Metadata["invoice"],
				"%d %s were taken with no intent of ours: refund them at the provider, or bill them", charge.Amount, charge.Currency)
		}
		return nil
	case err != nil || !c.concerns(invoice):
		return err
	}
	c.result.Charges++
	return c.heal(ctx, charge, invoice, "charge_not_recorded", "it succeeded, and we had no record of it")
}

// invoiceOfCheckout is the invoice that was paid on a page: the page's intent is not the invoice's own.
func (c *comparison) invoiceOfCheckout(ctx context.Context, id string) (store.Invoice, error) {
	row, err := c.Store.Checkout(ctx, id)
	if err == nil && row.InvoiceID == nil {
		err = store.ErrNotFound
	}
	if err != nil {
		return store.Invoice{}, err
	}
	return c.Store.Invoice(ctx, *row.InvoiceID)
}

// heal records a charge of an invoice's own intent, as an attempt whose outcome was unknown is recorded.
func (c *comparison) heal(ctx context.Context, charge *stripe.Charge, invoice store.Invoice, kind, detail string) error {
	if invoice.Status == "open" {
		if _, err := c.AskProvider(ctx, message.InvoiceAt{InvoiceID: invoice.ID, At: c.at}); err != nil {
			return err
		}
	}
	payment, err := c.Store.PaymentByCharge(ctx, charge.ID)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	healed := err == nil && payment.Status == store.PaymentSucceeded
	if !healed {
		detail += fmt.Sprintf("; invoice %s is %s: refund it at the provider, or correct the invoice", invoice.ID, invoice.Status)
	}
	c.note(message.Difference{Kind: kind, Subject: charge.ID, InvoiceID: invoice.ID, Detail: detail, Healed: healed})
	return nil
}
