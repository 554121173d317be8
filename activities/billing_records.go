package activities

import (
	"context"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/lifecycle"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/billing/tax"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// lifecycle is the account for the rules of a subscription's life, with the transaction as its records.
func (a account) lifecycle() lifecycle.Account {
	return lifecycle.Account{Records: a, Currency: a.row.Currency, Zone: a.zone, Seller: a.seller, Buyer: a.Addressee.Buyer()}
}

// turned is an outcome of the rules as workflows know it.
func turned(outcome lifecycle.Outcome, err error) (message.Turned, error) {
	if err != nil {
		return message.Turned{}, err
	}
	return message.Turned{State: outcome.State, Invoice: billed(outcome.Invoice), Former: billed(outcome.Former)}, nil
}

func billed(issued *lifecycle.Issued) *message.Billed {
	if issued == nil {
		return nil
	}
	return &message.Billed{
		InvoiceID: issued.InvoiceID, Number: issued.Number, Total: issued.Total, AmountDue: issued.AmountDue, Pays: issued.Pays,
		TopsUp: issued.TopsUp,
	}
}

// Segments lists the terms that were in force in a stretch of time.
func (a account) Segments(ctx context.Context, from, to time.Time) ([]lifecycle.Segment, error) {
	rows, err := a.tx.Segments(ctx, a.row.ID, from, to)
	if err != nil {
		return nil, err
	}
	segments := make([]lifecycle.Segment, len(rows))
	for i, row := range rows {
		segments[i] = lifecycle.Segment{
			From: row.From, Terms: subscription.Terms{PlanID: row.PlanID, PlanVersion: row.PlanVersion, Seats: row.Seats, AddOns: row.AddOns},
		}
		if row.To != nil {
			segments[i].To = *row.To
		}
	}
	return segments, nil
}

// Enforce puts terms in force from an instant on.
func (a account) Enforce(ctx context.Context, terms subscription.Terms, at time.Time) error {
	if err := a.tx.CloseSegment(ctx, a.row.ID, at); err != nil {
		return err
	}
	return a.tx.OpenSegment(ctx, a.row.ID, terms, at)
}

// CloseSegment ends the terms in force at an instant.
func (a account) CloseSegment(ctx context.Context, at time.Time) error {
	return a.tx.CloseSegment(ctx, a.row.ID, at)
}

// RunningLines lists what was charged in advance for time after an instant and has not been credited.
func (a account) RunningLines(ctx context.Context, at time.Time) ([]invoicing.BilledLine, error) {
	rows, err := a.tx.RunningLines(ctx, a.row.ID, at)
	if err != nil {
		return nil, err
	}
	return a.billedLines(ctx, rows)
}

// billedLines are lines on record with the plans that they charged.
func (a account) billedLines(ctx context.Context, rows []store.BilledLine) ([]invoicing.BilledLine, error) {
	running := make([]invoicing.BilledLine, 0, len(rows))
	for _, row := range rows {
		plan, err := a.Plan(ctx, subscription.Terms{PlanID: row.PlanID, PlanVersion: row.PlanVersion})
		if err != nil {
			return nil, err
		}
		charge, err := plan.Charge(row.ChargeID)
		if err != nil {
			return nil, err
		}
		explained, err := explanationOf(row.InvoiceLine)
		if err != nil {
			return nil, err
		}
		running = append(running, invoicing.BilledLine{
			InvoiceID: row.InvoiceID, Position: row.Position, Plan: plan,
			Line: invoicing.Line{
				Kind: invoicing.LineKind(row.Kind), ChargeID: row.ChargeID, PlanID: row.PlanID, PlanVersion: row.PlanVersion,
				Description: row.Description, Quantity: row.Quantity, Amount: money.New(row.Amount, a.row.Currency), TaxCategory: charge.TaxCategory,
				Decision: decisionOf(row.InvoiceLine), Period: calendar.Period{Start: row.PeriodStart, End: row.PeriodEnd},
				Explanation: explained,
			},
		})
	}
	return running, nil
}

// ChargedAhead is what was charged in advance for time inside a period, and what was credited of that, before discounts.
func (a account) ChargedAhead(ctx context.Context, inside calendar.Period) ([]invoicing.PlanAmount, error) {
	rows, err := a.tx.ChargedAhead(ctx, a.row.ID, inside.Start, inside.End)
	if err != nil {
		return nil, err
	}
	charged := make([]invoicing.PlanAmount, len(rows))
	for i, row := range rows {
		price, err := a.beforeDiscounts(row)
		if err != nil {
			return nil, err
		}
		charged[i] = invoicing.PlanAmount{PlanID: row.PlanID, PlanVersion: row.PlanVersion, Amount: price}
	}
	return charged, nil
}

// decisionOf is the tax decision that was taken for a line.
func decisionOf(line store.InvoiceLine) tax.Decision {
	return tax.Decision{
		Treatment: tax.Treatment(line.Treatment), Jurisdiction: line.Jurisdiction, Scheme: tax.Scheme(line.Scheme),
		Rate: line.TaxRate, Reason: line.TaxReason,
	}
}

// Transfer makes another customer of the same seller, who lives in the same time, the one whom invoices are for. The zone
// stays the subscription's.
func (a account) Transfer(ctx context.Context, customerID string) (lifecycle.Account, error) {
	next, err := a.tx.Customer(ctx, customerID)
	switch {
	case err != nil:
		return lifecycle.Account{}, unknownAs("customer_unknown", err)
	case next.EntityID != a.row.EntityID:
		return lifecycle.Account{}, refusal("entity_mismatch", "customer %s belongs to %s, not to %s", next.ID, next.EntityID, a.row.EntityID)
	case clockOf(next) != clockOf(a.customer):
		return lifecycle.Account{}, refusal("clocks_mixed",
			"customers %s and %s do not live in the same time: transfer between customers of one test clock, or of none",
			a.customer.ID, next.ID)
	}
	plan, err := a.Plan(ctx, subscription.Terms{PlanID: a.row.PlanID, PlanVersion: a.row.PlanVersion})
	if err != nil {
		return lifecycle.Account{}, err
	}
	if err := lifecycle.CheckEventAmounts(plan, a.row.Currency, next.Currency); err != nil {
		return lifecycle.Account{}, err
	}
	if err := a.tx.TransferSubscription(ctx, a.row.ID, next.ID); err != nil {
		return lifecycle.Account{}, err
	}
	a.customer, a.row.CustomerID = next, next.ID
	a.Parties, err = a.tx.Parties(ctx, next)
	return a.lifecycle(), err
}

func clockOf(c store.Customer) string {
	if c.TestClockID == nil {
		return ""
	}
	return *c.TestClockID
}

// AddCycle records what came of a billing period.
func (a account) AddCycle(ctx context.Context, cycle lifecycle.Cycle, at time.Time) error {
	row := store.Cycle{Cycle: cycle.Number, PeriodStart: cycle.Period.Start, PeriodEnd: cycle.Period.End}
	if cycle.InvoiceID != "" {
		row.InvoiceID = &cycle.InvoiceID
	} else {
		row.SkippedBecause = &cycle.SkippedBecause
	}
	return a.tx.AddCycle(ctx, a.row.ID, row, at)
}
