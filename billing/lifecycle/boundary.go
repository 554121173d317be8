package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/subscription"
)

// Turn carries a subscription over what is due at an instant: a planned command, or a boundary. What the boundary means
// it decides: the start, the end of the trial, the end of it all, a pause, or the next billing period. The error is a
// *subscription.Refusal when a planned command cannot be carried out: take back what was written, and go on from Missed.
func (a Account) Turn(ctx context.Context, state subscription.State, at time.Time) (Outcome, error) {
	if planned, rest, is := state.PlannedFor(at); is {
		return a.CarryOut(ctx, rest, planned)
	}
	state = state.MeetBoundary(at)
	if state.Ended() {
		issued, err := a.billLast(ctx, state, at)
		return Outcome{State: state, Invoice: issued}, err // a planned cancellation kept it from beginning
	}
	if reason, ends := state.EndsAtBoundary(); ends {
		return a.end(ctx, state, at, reason, false)
	}
	if state.Status == subscription.Scheduled {
		plan, err := a.Records.Plan(ctx, state.Terms)
		if err != nil {
			return Outcome{}, err
		}
		if plan.HasTrial() {
			return Outcome{State: state.StartTrial(a.Zone.DateOf(at), plan.FreeTrial().End(a.Zone, at))}, nil
		}
	}
	return a.cross(ctx, state, at)
}

// cross enters the next billing period: as it should be, with another customer, or in a pause.
func (a Account) cross(ctx context.Context, state subscription.State, at time.Time) (Outcome, error) {
	switch {
	case state.CustomerAtBoundary() != state.CustomerID:
		return a.transferAtBoundary(ctx, state, at)
	case state.PausesAtBoundary():
		return a.pauseAtBoundary(ctx, state, at)
	case state.PassesBoundary():
		return a.passCycle(ctx, state, at)
	}
	return a.beginCycle(ctx, state, at)
}

// Missed is the state after a planned command, due at an instant, that was refused.
func Missed(state subscription.State, at time.Time, refused *subscription.Refusal) subscription.State {
	planned, rest, _ := state.PlannedFor(at)
	return rest.Miss(planned, refused)
}

// beginCycle enters the next billing period at an instant and bills it: what the period before used, and what this one
// costs in advance. A subscription billed by the monthly run has its periods billed by the run.
func (a Account) beginCycle(ctx context.Context, state subscription.State, at time.Time) (Outcome, error) {
	plan, err := a.Records.Plan(ctx, state.TermsAtBoundary())
	if err != nil {
		return Outcome{}, err
	}
	if state, err = a.seatNextCycle(ctx, state, plan, at); err != nil {
		return Outcome{}, err
	}
	terms := state.TermsAtBoundary()
	if terms != state.Terms || state.AnchorsAtBoundary() || state.Cycle < 0 || state.Status == subscription.Paused {
		if state, err = a.newTerms(ctx, state, terms, plan, at); err != nil {
			return Outcome{}, err
		}
	}
	begun, err := a.beginPeriod(state, plan, at)
	if err != nil {
		return Outcome{}, err
	}
	begun.PeriodDay = a.Zone.DateOf(at)
	if plan.BilledBy == catalog.ByInvoiceRun {
		return Outcome{State: begun}, nil
	}
	facts := a.facts(state.ID, fmt.Sprintf("cycle-%d", state.Cycle+1), invoicing.ForCycle, at)
	facts.Opens = &invoicing.Opening{Period: begun.Period, Full: begun.Full, Terms: inPhase(begun, plan, terms)}
	if state.InPeriod() {
		if err := a.endPeriodEarly(ctx, &facts, state, at); err != nil {
			return Outcome{}, err
		}
	}
	return a.billCycle(ctx, begun, facts)
}

// newTerms puts the terms of the next period in force. The first ones, those with another schedule, and those for which it
// was asked, begin a new series of boundaries.
func (a Account) newTerms(
	ctx context.Context, state subscription.State, terms subscription.Terms, plan catalog.Plan, at time.Time,
) (subscription.State, error) {
	before, err := a.Records.Plan(ctx, state.Terms)
	if err != nil {
		return state, err
	}
	if state.Cycle < 0 || state.AnchorsAtBoundary() || !before.Schedule().Equal(plan.Schedule()) {
		state = a.reanchor(state, plan, at)
	}
	return state, a.Records.Enforce(ctx, terms, at)
}

// reanchor begins a new series of boundaries at an instant: with a stub, if the plan's periods are aligned.
func (a Account) reanchor(state subscription.State, plan catalog.Plan, at time.Time) subscription.State {
	return state.ReanchorAt(plan.Schedule().Begin(a.Zone, at))
}

// beginPeriod enters the cycle after state's. Under the monthly run every calendar month is a period, whether or not the
// workflow had reason to wake up in it.
func (a Account) beginPeriod(state subscription.State, plan catalog.Plan, at time.Time) (subscription.State, error) {
	if plan.BilledBy == catalog.ByInvoiceRun {
		return state.BeginCycle(calendar.Period{Start: at, End: a.month(at).End}), nil
	}
	state, period, full, err := a.nextPeriod(state, plan, at)
	switch {
	case err != nil:
		return state, err
	case period == full:
		return state.BeginCycle(period), nil
	}
	return state.BeginPart(period, full), nil
}

// nextPeriod is the period of the cycle after state's: from the instant it really begins to the anchor's next boundary, or
// to the end of a fixed term; and the whole cycle that it is a part of.
func (a Account) nextPeriod(
	state subscription.State, plan catalog.Plan, at time.Time,
) (next subscription.State, period, full calendar.Period, err error) {
	if state.EndsAt != nil && !at.Before(*state.EndsAt) {
		return state, period, full, refuse("term_ended", "subscription %s ends on %s: no period can begin at %s", state.ID, stamp(*state.EndsAt), stamp(at))
	}
	schedule, n := plan.Schedule(), state.Cycle+1-state.AnchorCycle
	end, boundary, err := schedule.Next(state.Anchor, n, a.Zone, at)
	if err != nil {
		return state, period, full, fmt.Errorf("subscription %s: %w", state.ID, err)
	}
	state.AnchorCycle -= boundary - (n + 1)
	period = calendar.Period{Start: at, End: end}
	full = schedule.Full(state.Anchor, n, a.Zone, period)
	if state.EndsAt != nil && state.EndsAt.Before(end) {
		period.End = *state.EndsAt
	}
	return state, period, full, nil
}

// month is the calendar month around an instant, in the customer's zone.
func (a Account) month(at time.Time) calendar.Period {
	first := a.Zone.DateOf(at)
	first.Day = 1
	return calendar.Cycle(first, calendar.Interval{Unit: calendar.Month, Count: 1}, a.Zone, 0)
}

// endPeriodEarly adds the arrears of the period under way to an invoice and, when the period is cut short, the credit
// for what it was charged in advance.
func (a Account) endPeriodEarly(ctx context.Context, facts *invoicing.Facts, state subscription.State, at time.Time) error {
	var err error
	if facts.Closes, err = a.closing(ctx, state, at); err != nil {
		return err
	}
	if err := a.withPending(ctx, state, facts); err != nil {
		return err
	}
	if at.Before(state.Period.End) {
		if facts.Revises, err = a.revision(ctx, state, at); err != nil {
			return err
		}
	}
	return a.settleSeats(ctx, facts, state)
}

// billCycle issues the invoice of a cycle and records what came of the cycle.
func (a Account) billCycle(ctx context.Context, state subscription.State, facts invoicing.Facts) (Outcome, error) {
	issued, err := a.Records.Issue(ctx, facts, state.Cycle)
	cycle := Cycle{Number: state.Cycle, Period: state.Period}
	switch {
	case errors.Is(err, invoicing.ErrNothingToBill):
		cycle.SkippedBecause = NothingToBill
	case err != nil:
		return Outcome{}, err
	default:
		cycle.InvoiceID = issued.InvoiceID
	}
	if err := a.Records.AddCycle(ctx, cycle, facts.IssuedAt); err != nil {
		return Outcome{}, err
	}
	return Outcome{State: state, Invoice: issued}, nil
}

// end closes the subscription, with a last invoice for what was used and, if asked for, the credit for paid time. Plan
// credit that this invoice does not use ends with it.
func (a Account) end(ctx context.Context, state subscription.State, at time.Time, reason string, credit bool) (Outcome, error) {
	if err := a.Records.CloseSegment(ctx, at); err != nil {
		return Outcome{}, err
	}
	ended := state.End(at, reason)
	if _, unbilled := state.Unbilled(at); !unbilled {
		issued, err := a.billLast(ctx, state, at)
		if err != nil {
			return Outcome{}, err
		}
		return Outcome{State: ended, Invoice: issued}, a.expirePlanCredit(ctx, at, creditEnded)
	}
	issued, err := a.settleUp(ctx, state, at, fmt.Sprintf("final-%d", state.Cycle), invoicing.ForEnd, credit)
	if err != nil {
		return Outcome{}, err
	}
	return Outcome{State: ended, Invoice: issued}, a.expirePlanCredit(ctx, at, creditEnded)
}

// settleUp bills, outside the regular cycle, what the period under way used until now. Nothing to bill is no invoice.
func (a Account) settleUp(
	ctx context.Context, state subscription.State, at time.Time, key string, reason invoicing.Reason, credit bool,
) (*Issued, error) {
	if state.BilledBy == catalog.ByInvoiceRun {
		return nil, nil
	}
	facts := a.facts(state.ID, key, reason, at)
	until, _ := state.Unbilled(at)
	var err error
	if facts.Closes, err = a.closing(ctx, state, until); err != nil {
		return nil, err
	}
	if err := a.withPending(ctx, state, &facts); err != nil {
		return nil, err
	}
	if credit && state.Period.Contains(until) {
		if facts.Revises, err = a.revision(ctx, state, until); err != nil {
			return nil, err
		}
	}
	if err := a.settleSeats(ctx, &facts, state); err != nil {
		return nil, err
	}
	return a.issueIfAny(ctx, facts, state.Cycle)
}
