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

// Turn carries a subscription over the boundary that is due at an instant, and decides what the boundary means: the
// start, the end of the trial, the end of it all, or the next billing period.
func (a Account) Turn(ctx context.Context, state subscription.State, at time.Time) (Outcome, error) {
	if reason, ends := state.EndsAtBoundary(); ends {
		return a.end(ctx, state, at, reason, false)
	}
	if state.Status == subscription.Scheduled {
		plan, err := a.Records.Plan(ctx, state.Terms)
		if err != nil {
			return Outcome{}, err
		}
		if plan.TrialDays > 0 {
			anchor := a.Zone.DateOf(at)
			return Outcome{State: state.StartTrial(anchor, a.Zone.StartOfDay(anchor.AddDays(plan.TrialDays)))}, nil
		}
	}
	if state.Cycle < 0 {
		state = state.Reanchor(a.Zone.DateOf(at))
	}
	return a.beginCycle(ctx, state, at)
}

// beginCycle enters the next billing period at an instant and bills it: what the period before used, and what this one
// costs in advance. A subscription billed by the monthly run has its periods billed by the run.
func (a Account) beginCycle(ctx context.Context, state subscription.State, at time.Time) (Outcome, error) {
	terms := state.TermsAtBoundary()
	plan, err := a.Records.Plan(ctx, terms)
	if err != nil {
		return Outcome{}, err
	}
	if terms != state.Terms || state.Cycle < 0 || state.Status == subscription.Paused {
		if state, err = a.newTerms(ctx, state, terms, plan, at); err != nil {
			return Outcome{}, err
		}
	}
	period := a.cyclePeriod(state, plan, at)
	begun := state.BeginCycle(period)
	begun.PeriodDay = a.Zone.DateOf(at)
	if plan.BilledBy == catalog.ByInvoiceRun {
		return Outcome{State: begun}, nil
	}
	facts := a.facts(state.ID, fmt.Sprintf("cycle-%d", state.Cycle+1), invoicing.ForCycle, at)
	facts.Opens = &invoicing.Opening{Period: period, Terms: invoicing.Terms{Plan: plan, Seats: terms.Seats}}
	if state.Cycle >= 0 && state.Status != subscription.Paused {
		if err := a.endPeriodEarly(ctx, &facts, state, at); err != nil {
			return Outcome{}, err
		}
	}
	return a.billCycle(ctx, begun, facts)
}

// newTerms puts the terms of the next period in force. Another billing interval begins a new series of boundaries.
func (a Account) newTerms(
	ctx context.Context, state subscription.State, terms subscription.Terms, plan catalog.Plan, at time.Time,
) (subscription.State, error) {
	before, err := a.Records.Plan(ctx, state.Terms)
	if err != nil {
		return state, err
	}
	if before.Interval != plan.Interval {
		state = state.Reanchor(a.Zone.DateOf(at))
	}
	return state, a.Records.Enforce(ctx, terms, at)
}

// cyclePeriod is the period of the cycle after state's: from the instant it really begins to the anchor's next boundary.
// Under the monthly run every calendar month is a period, whether or not the workflow had reason to wake up in it.
func (a Account) cyclePeriod(state subscription.State, plan catalog.Plan, at time.Time) calendar.Period {
	if plan.BilledBy == catalog.ByInvoiceRun {
		return calendar.Period{Start: at.UTC(), End: a.month(at).End}
	}
	n := state.Cycle + 1 - state.AnchorCycle
	return calendar.Period{Start: at.UTC(), End: calendar.Boundary(state.Anchor, plan.Interval, a.Zone, n+1)}
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
	closing, err := a.closing(ctx, state.Period, at)
	if err != nil {
		return err
	}
	facts.Closes = closing
	if at.Before(state.Period.End) {
		facts.Revises, err = a.revision(ctx, state, at)
	}
	return err
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

// end closes the subscription, with a last invoice for what was used and, if asked for, the credit for paid time.
func (a Account) end(ctx context.Context, state subscription.State, at time.Time, reason string, credit bool) (Outcome, error) {
	if err := a.Records.CloseSegment(ctx, at); err != nil {
		return Outcome{}, err
	}
	ended := state.End(at, reason)
	if !state.Running() {
		return Outcome{State: ended}, nil
	}
	issued, err := a.settleUp(ctx, state, at, fmt.Sprintf("final-%d", state.Cycle), invoicing.ForEnd, credit)
	return Outcome{State: ended, Invoice: issued}, err
}

// settleUp bills, outside the regular cycle, what the period under way used until now. Nothing to bill is no invoice.
func (a Account) settleUp(
	ctx context.Context, state subscription.State, at time.Time, key string, reason invoicing.Reason, credit bool,
) (*Issued, error) {
	if state.BilledBy == catalog.ByInvoiceRun {
		return nil, nil
	}
	facts := a.facts(state.ID, key, reason, at)
	var err error
	if facts.Closes, err = a.closing(ctx, state.Period, at); err != nil {
		return nil, err
	}
	if credit {
		if facts.Revises, err = a.revision(ctx, state, at); err != nil {
			return nil, err
		}
	}
	return a.issueIfAny(ctx, facts, state.Cycle)
}
