package activities

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/internal/stripeunit"
	"github.com/perennial-billing/perennial/workflows/message"
)

// comparison is one reconciliation under way.
type comparison struct {
	provider
	in     message.ReconcileInput
	owner  string // the legal entity whose the provider's account is; empty: not said
	result message.Reconciled
	found  []message.Difference
	// met are the provider's ids that it has shown.
	met map[string]bool
}

// Reconcile compares the provider's charges, refunds, disputes, payouts and balance transactions with our records, both
// ways. What it did for us without our record of it is recorded by the code that finds out unknown outcomes; everything
// else is named, and kept until a later comparison finds it gone or a person settles it.
func (p *Payments) Reconcile(ctx context.Context, in message.ReconcileInput) (message.Reconciled, error) {
	c := &comparison{provider: provider{Payments: p, at: in.At}, in: in, met: map[string]bool{}}
	var err error
	if c.owner, err = p.Store.ProviderAccountOwner(ctx); err != nil {
		return message.Reconciled{}, err
	}
	for _, part := range []struct {
		name    string
		compare func(context.Context) error
	}{
		// Refunds and disputes are of charges, and fees too: what is recorded first explains the rest.
		{"charges", c.charges},
		{"refunds", c.refunds},
		{"disputes", c.disputes},
		{"bank transfers", c.transfers},
		{"balance transactions", c.transactions},
		{"our payments", c.ourPayments},
		{"our refunds", c.ourRefunds},
		{"our disputes", c.ourDisputes},
		{"our payouts", c.ourPayouts},
		{"what the provider holds", c.held},
	} {
		if err := part.compare(ctx); err != nil {
			return message.Reconciled{}, fmt.Errorf("reconcile %s: %w", part.name, later(err))
		}
	}
	return c.result, c.remember(ctx)
}

// matter is what a difference can be about: something at the provider, with the invoice and the legal entity it concerns.
type matter struct {
	id, invoice, entity string
	at                  time.Time
}

func matterOf(id string, created int64, invoice store.Invoice) matter {
	return matter{id: id, invoice: invoice.ID, entity: invoice.EntityID, at: time.Unix(created, 0).UTC()}
}

func (c *comparison) differs(about matter, kind, format string, args ...any) {
	c.note(about, kind, false, fmt.Sprintf(format, args...))
}

func (c *comparison) note(about matter, kind string, healed bool, detail string) {
	c.found = append(c.found, message.Difference{
		Kind: kind, Subject: about.id, EntityID: about.entity, InvoiceID: about.invoice, Detail: detail, OccurredAt: about.at, Healed: healed,
	})
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
	about := matterOf(charge.ID, charge.Created, invoice)
	if charge.Status == stripe.ChargeStatusSucceeded && payment.Status != store.PaymentSucceeded {
		return c.heal(ctx, charge, invoice, "charge_not_settled", fmt.Sprintf("it succeeded, and our payment %s is %s", payment.ID, payment.Status))
	}
	if charge.Status == stripe.ChargeStatusFailed && payment.Status == store.PaymentSucceeded {
		c.differs(about, "charge_failed", "it failed, and our payment %s succeeded", payment.ID)
	}
	c.sameAmount(about, "charge_amount", charge.Amount, charge.Currency, money.New(payment.Amount, payment.Currency))
	return nil
}

func (c *comparison) sameAmount(about matter, kind string, units int64, currency stripe.Currency, ours money.Amount) {
	theirs, err := stripeunit.Amount(units, currencyOf(currency))
	if err != nil || theirs != ours {
		c.differs(about, kind, "the provider says %s, we say %s", theirs, ours)
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
		return c.chargeOfNobody(ctx, charge)
	case err != nil || !c.concerns(invoice):
		return err
	}
	c.result.Charges++
	return c.heal(ctx, charge, invoice, "charge_not_recorded", "it succeeded, and we had no record of it")
}

// chargeOfNobody names money that was taken beside us, until a person has said what it is.
func (c *comparison) chargeOfNobody(ctx context.Context, charge *stripe.Charge) error {
	if c.in.EntityID != "" && c.in.EntityID != c.owner {
		return nil
	}
	c.result.Charges++
	about, remedy := matterOf(charge.ID, charge.Created, store.Invoice{ID: charge.Metadata["invoice"], EntityID: c.owner}), ""
	if t := charge.BalanceTransaction; t != nil {
		explained, err := c.explained(ctx, t.ID)
		if err != nil || explained {
			return err
		}
		remedy = ", or explain " + t.ID
	}
	c.differs(about, "charge_of_nobody", "%d %s were taken with no intent of ours: refund them at the provider%s", charge.Amount, charge.Currency, remedy)
	return nil
}

// invoiceOfCheckout is the invoice that was paid on a page: the page's intent is not the invoice's own.
func (p provider) invoiceOfCheckout(ctx context.Context, id string) (store.Invoice, error) {
	row, err := p.Store.Checkout(ctx, id)
	if err == nil && row.InvoiceID == nil {
		err = store.ErrNotFound
	}
	if err != nil {
		return store.Invoice{}, err
	}
	return p.Store.Invoice(ctx, *row.InvoiceID)
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
	c.note(matterOf(charge.ID, charge.Created, invoice), kind, healed, detail)
	return nil
}
