package activities

import (
	"context"
	"slices"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/billing/tax"
	"github.com/perennial-billing/perennial/internal/store"
)

// closing gathers what a period is charged in arrears until an instant: its segments, each with the usage not billed yet.
// Usage that arrived too late for its own period goes to the first segment that has the meter.
func (a account) closing(ctx context.Context, full calendar.Period, until time.Time) (*invoicing.Closing, error) {
	closing := &invoicing.Closing{Period: calendar.Period{Start: full.Start, End: until}, Full: full}
	segments, err := a.tx.Segments(ctx, a.row.ID, full.Start, until)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, row := range segments {
		terms, err := a.terms(ctx, subscription.Terms{PlanID: row.PlanID, PlanVersion: row.PlanVersion, Seats: row.Seats})
		if err != nil {
			return nil, err
		}
		segment := invoicing.Segment{Period: clip(row, closing.Period), Terms: terms}
		for _, meter := range slices.Sorted(slices.Values(terms.Plan.Meters())) { // the order in which usage is stored
			from := segment.Period.Start
			if !seen[meter] {
				seen[meter], from = true, time.Time{}
			}
			used, err := a.tx.ClaimUsage(ctx, a.row.ID, meter, from, segment.Period.End, full.Start)
			if err != nil {
				return nil, err
			}
			for _, sum := range used {
				segment.Usage = append(segment.Usage, invoicing.Usage{Meter: sum.Meter, Quantity: sum.Quantity, Late: sum.Late})
			}
		}
		closing.Segments = append(closing.Segments, segment)
	}
	return closing, nil
}

func clip(segment store.Segment, to calendar.Period) calendar.Period {
	clipped := calendar.Period{Start: segment.From, End: to.End}
	if clipped.Start.Before(to.Start) {
		clipped.Start = to.Start
	}
	if segment.To != nil && segment.To.Before(to.End) {
		clipped.End = *segment.To
	}
	return clipped
}

// revision gathers what the period under way was charged in advance and has not been credited.
func (a account) revision(ctx context.Context, state subscription.State, at time.Time) (*invoicing.Revision, error) {
	rows, err := a.tx.RunningLines(ctx, a.row.ID, at)
	if err != nil {
		return nil, err
	}
	revision := &invoicing.Revision{At: at.UTC(), Period: state.Period}
	for _, row := range rows {
		plan, err := a.plan(ctx, subscription.Terms{PlanID: row.PlanID, PlanVersion: row.PlanVersion})
		if err != nil {
			return nil, err
		}
		charge, err := plan.Charge(row.ChargeID)
		if err != nil {
			return nil, err
		}
		revision.Billed = append(revision.Billed, invoicing.BilledLine{
			InvoiceID: row.InvoiceID, Position: row.Position, Plan: plan,
			Line: invoicing.Line{
				Kind: invoicing.LineKind(row.Kind), ChargeID: row.ChargeID, PlanID: row.PlanID, PlanVersion: row.PlanVersion,
				Description: row.Description, Quantity: row.Quantity, Amount: money.New(row.Amount, a.row.Currency), TaxCategory: charge.TaxCategory,
				Decision: decisionOf(row.InvoiceLine), Period: calendar.Period{Start: row.PeriodStart, End: row.PeriodEnd},
			},
		})
	}
	return revision, nil
}

// decisionOf is the tax decision that was taken for a line.
func decisionOf(line store.InvoiceLine) tax.Decision {
	return tax.Decision{
		Treatment: tax.Treatment(line.Treatment), Jurisdiction: line.Jurisdiction, Scheme: tax.Scheme(line.Scheme),
		Rate: line.TaxRate, Reason: line.TaxReason,
	}
}
