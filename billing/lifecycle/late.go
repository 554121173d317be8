package lifecycle

import (
	"context"
	"slices"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/subscription"
)

// billLate bills what was used before a subscription's end and became known after it was billed, on an invoice of its own: as a
// part of the last period, which takes in what was used before that. Nothing to bill is no invoice.
func (a Account) billLate(ctx context.Context, state subscription.State, c subscription.Command) (Outcome, error) {
	noted := Outcome{State: state.Noted(c)}
	last, is, err := a.lastPeriod(ctx, state)
	if err != nil || !is {
		return noted, err
	}
	closing, err := a.closingPart(ctx, state, last.full, last.part)
	if err != nil || !usesAny(closing) {
		return noted, err
	}
	closing.Period.Start, closing.Late = last.begin, &invoicing.Late{}
	if closing.Late.Charged, err = a.Records.ChargedInArrears(ctx, last.part); err != nil {
		return Outcome{}, err
	}
	facts := a.facts(state.ID, "late-"+c.ID, invoicing.ForEnd, c.At)
	facts.Closes = closing
	noted.Invoice, err = a.issueIfAny(ctx, facts, last.cycle)
	return noted, err
}

// lastPeriod is what a subscription was billed in arrears at last: a part of a cycle, which began with begin.
type lastPeriod struct {
	part, full calendar.Period
	begin      time.Time
	cycle      int
}

// lastPeriod is the period that ended with the subscription, if there was one and it has been billed: what the monthly run is
// still to bill, it bills with all that is known then.
func (a Account) lastPeriod(ctx context.Context, state subscription.State) (last lastPeriod, is bool, err error) {
	if state.Cycle < 0 || !state.EndedAt.After(state.StartAt) {
		return last, false, nil
	}
	if state.BilledBy == catalog.ByInvoiceRun {
		month := a.month(state.EndedAt.Add(-1))
		last = lastPeriod{part: month, full: month, begin: month.Start, cycle: a.cycleOf(state, month)}
		is, err = a.Records.HasCycle(ctx, last.cycle)
		return last, is, err
	}
	end := state.Period.End
	if state.EndedAt.Before(end) {
		end = *state.EndedAt
	}
	full := state.Period
	if state.Full != (calendar.Period{}) {
		full = state.Full
	}
	part := calendar.Period{Start: state.UnbilledFrom(), End: end}
	return lastPeriod{part: part, full: full, begin: state.Period.Start, cycle: state.Cycle}, true, nil
}

func usesAny(closing *invoicing.Closing) bool {
	return slices.ContainsFunc(closing.Segments, func(s invoicing.Segment) bool { return len(s.Usage) > 0 })
}

// cycleOf counts the calendar months from the one in which a subscription began, which is 0.
func (a Account) cycleOf(state subscription.State, month calendar.Period) int {
	began, first := a.Zone.DateOf(state.StartAt), a.Zone.DateOf(month.Start)
	return (first.Year-began.Year)*12 + int(first.Month) - int(began.Month)
}
