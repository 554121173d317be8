package activities

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/perennial-billing/perennial/billing/lifecycle"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// errPreviewed ends the transaction of a preview: nothing of it may stay.
var errPreviewed = errors.New("previewed")

// PreviewCommand says what a command would do, by carrying it out in a transaction that is taken back. For one that is to
// take effect later, what is due until then happens as well, as far as it is known today.
func (b *Billing) PreviewCommand(ctx context.Context, in message.CarryOutInput) (message.Previewed, error) {
	var preview message.Preview
	err := b.Store.Tx(ctx, func(tx store.Tx) error {
		a, err := openAccount(ctx, tx, in.State.ID)
		if err != nil {
			return err
		}
		if err := a.notBehind(ctx, in.State); err != nil {
			return err
		}
		p := previewing{tx: tx, state: in.State}
		if err := p.carryOut(ctx, a, in.Command); err != nil {
			return err
		}
		preview = message.Preview{State: p.state, Invoices: p.invoices}
		return errPreviewed
	})
	if refused, ok := errors.AsType[*subscription.Refusal](err); ok {
		return message.Previewed{Refusal: refused}, nil
	}
	if !errors.Is(err, errPreviewed) {
		return message.Previewed{}, fmt.Errorf("subscription %s, preview of %s: %w", in.State.ID, in.Command.Kind, err)
	}
	return message.Previewed{Preview: preview}, nil
}

// previewing is a preview under way: where it has come to, and the invoices until there.
type previewing struct {
	tx       store.Tx
	state    subscription.State
	invoices []message.PreviewedInvoice
}

// farthestPreview is how many boundaries and planned commands a preview goes over, at most.
const farthestPreview = 40

func (p *previewing) carryOut(ctx context.Context, a account, c subscription.Command) error {
	outcome, err := a.lifecycle().CarryOut(ctx, p.state, c)
	if err := p.take(ctx, outcome, err); err != nil {
		return err
	}
	until := c.On
	if c.AtPeriodEnd {
		until = p.state.Period.End
	}
	if err := p.until(ctx, until); err != nil || !c.BillNext {
		return err
	}
	return p.nextInvoice(ctx, c)
}

// until lets happen what is due until an instant.
func (p *previewing) until(ctx context.Context, until time.Time) error {
	for range farthestPreview {
		due, is := p.state.NextDue()
		if !is || due.After(until) {
			return nil
		}
		if err := p.turn(ctx, due); err != nil {
			return err
		}
	}
	return refusal("preview_too_far", "subscription %s: more than %d things happen before %s: preview an earlier date",
		p.state.ID, farthestPreview, until.UTC().Format(time.RFC3339))
}

func (p *previewing) turn(ctx context.Context, due time.Time) error {
	a, err := openAccount(ctx, p.tx, p.state.ID) // perhaps with another customer than before
	if err != nil {
		return err
	}
	outcome, err := a.lifecycle().Turn(ctx, p.state, due)
	return p.take(ctx, outcome, err)
}

func (p *previewing) take(ctx context.Context, outcome lifecycle.Outcome, err error) error {
	if err != nil {
		return err
	}
	p.state = outcome.State
	for _, issued := range []*lifecycle.Issued{outcome.Former, outcome.Invoice} {
		if issued == nil {
			continue
		}
		invoice, err := p.invoice(ctx, issued.InvoiceID)
		if err != nil {
			return err
		}
		p.invoices = append(p.invoices, invoice)
	}
	return p.tx.SaveSubscription(ctx, p.state)
}

// invoice is an invoice as it was written, without the number and id, which only a real one has.
func (p *previewing) invoice(ctx context.Context, id string) (message.PreviewedInvoice, error) {
	row, err := p.tx.Invoice(ctx, id)
	if err != nil {
		return message.PreviewedInvoice{}, err
	}
	lines, err := p.tx.InvoiceLines(ctx, id)
	amount := func(minor int64) money.Amount { return money.New(minor, row.Currency) }
	invoice := message.PreviewedInvoice{
		CustomerID: row.CustomerID, PayerID: row.PayerID, PONumber: row.PONumber, Reason: row.Reason,
		IssuedAt: row.IssuedAt.UTC(), PeriodStart: row.PeriodStart.UTC(), PeriodEnd: row.PeriodEnd.UTC(),
		Subtotal: amount(row.Subtotal), Tax: amount(row.Tax), Total: amount(row.Total),
		CarriedIn: amount(row.CarriedIn), CarriedOut: amount(row.CarriedOut),
		CreditGranted: amount(row.CreditGranted), CreditApplied: amount(row.CreditApplied), PrepaidApplied: amount(row.PrepaidApplied),
		AmountDue: amount(row.AmountDue),
	}
	for _, line := range lines {
		invoice.Lines = append(invoice.Lines, message.PreviewedLine{
			Kind: line.Kind, ChargeID: line.ChargeID, PlanID: line.PlanID, PlanVersion: line.PlanVersion, Description: line.Description,
			Quantity: line.Quantity, Amount: amount(line.Amount), Tax: amount(line.Tax), TaxRate: line.TaxRate, Treatment: line.Treatment,
			PeriodStart: line.PeriodStart.UTC(), PeriodEnd: line.PeriodEnd.UTC(), Explanation: line.Explanation,
		})
	}
	return invoice, err
}
