package activities

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/workflows/message"
)

// turn decides what the boundary means: the start, the end of the trial, the end of it all, or the next billing period.
func (a account) turn(ctx context.Context, state subscription.State, at time.Time) (message.Turned, error) {
	if reason, ends := state.EndsAtBoundary(); ends {
		return a.end(ctx, state, at, reason, false)
	}
	if state.Status == subscription.Scheduled {
		plan, err := a.plan(ctx, state.Terms)
		if err != nil {
			return message.Turned{}, err
		}
		if plan.TrialDays > 0 {
			anchor := a.zone.DateOf(at)
			return message.Turned{State: state.StartTrial(anchor, a.zone.StartOfDay(anchor.AddDays(plan.TrialDays)))}, nil
		}
	}
	if state.Cycle < 0 {
		state = state.Reanchor(a.zone.DateOf(at))
	}
	return a.beginCycle(ctx, state, at)
}

// beginCycle enters the next billing period at an instant and bills it: what the period before used, and what this one
// costs in advance. A subscription billed by the monthly run has its periods billed by the run.
func (a account) beginCycle(ctx context.Context, state subscription.State, at time.Time) (message.Turned, error) {
	terms := state.TermsAtBoundary()
	plan, err := a.plan(ctx, terms)
	if err != nil {
		return message.Turned{}, err
	}
	if terms != state.Terms || state.Cycle < 0 || state.Status == subscription.Paused {
		if state, err = a.newTerms(ctx, state, terms, plan, at); err != nil {
			return message.Turned{}, err
		}
	}
	period := a.cyclePeriod(state, plan, at)
	begun := state.BeginCycle(period)
	begun.PeriodDay = a.zone.DateOf(at)
	if plan.BilledBy == catalog.ByInvoiceRun {
		return message.Turned{State: begun}, nil
	}
	facts := a.facts(state.ID, fmt.Sprintf("cycle-%d", state.Cycle+1), invoicing.ForCycle, at)
	facts.Opens = &invoicing.Opening{Period: period, Terms: invoicing.Terms{Plan: plan, Seats: terms.Seats}}
	if state.Cycle >= 0 && state.Status != subscription.Paused {
		if err := a.endPeriodEarly(ctx, &facts, state, at); err != nil {
			return message.Turned{}, err
		}
	}
	return a.billCycle(ctx, begun, facts)
}

// newTerms puts the terms of the next period in force. Another billing interval begins a new series of boundaries.
func (a account) newTerms(
	ctx context.Context, state subscription.State, terms subscription.Terms, plan catalog.Plan, at time.Time,
) (subscription.State, error) {
	before, err := a.plan(ctx, state.Terms)
	if err != nil {
		return state, err
	}
	if before.Interval != plan.Interval {
		state = state.Reanchor(a.zone.DateOf(at))
	}
	return state, a.enforce(ctx, terms, at)
}

// cyclePeriod is the period of the cycle after state's: from the instant it really begins to the anchor's next boundary.
// Under the monthly run every calendar month is a period, whether or not the workflow had reason to wake up in it.
func (a account) cyclePeriod(state subscription.State, plan catalog.Plan, at time.Time) calendar.Period {
	if plan.BilledBy == catalog.ByInvoiceRun {
		return calendar.Period{Start: at.UTC(), End: a.month(at).End}
	}
	n := state.Cycle + 1 - state.AnchorCycle
	return calendar.Period{Start: at.UTC(), End: calendar.Boundary(state.Anchor, plan.Interval, a.zone, n+1)}
}

// month is the calendar month around an instant, in the customer's zone.
func (a account) month(at time.Time) calendar.Period {
	first := a.zone.DateOf(at)
	first.Day = 1
	return calendar.Cycle(first, calendar.Interval{Unit: calendar.Month, Count: 1}, a.zone, 0)
}

// endPeriodEarly adds the arrears of the period under way to an invoice and, when the period is cut short, the credit
// for what it was charged in advance.
func (a account) endPeriodEarly(ctx context.Context, facts *invoicing.Facts, state subscription.State, at time.Time) error {
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
func (a account) billCycle(ctx context.Context, state subscription.State, facts invoicing.Facts) (message.Turned, error) {
	billed, err := a.issue(ctx, facts, state.Cycle)
	outcome := cycleOf(state)
	switch {
	case errors.Is(err, invoicing.ErrNothingToBill):
		outcome.SkippedBecause = reasonNothing()
	case err != nil:
		return message.Turned{}, err
	default:
		outcome.InvoiceID = &billed.InvoiceID
	}
	if err := a.tx.AddCycle(ctx, state.ID, outcome, facts.IssuedAt); err != nil {
		return message.Turned{}, err
	}
	return message.Turned{State: state, Invoice: billed}, nil
}

// end closes the subscription, with a last invoice for what was used and, if asked for, the credit for paid time.
func (a account) end(ctx context.Context, state subscription.State, at time.Time, reason string, credit bool) (message.Turned, error) {
	if err := a.tx.CloseSegment(ctx, a.row.ID, at); err != nil {
		return message.Turned{}, err
	}
	ended := state.End(at, reason)
	if !state.Running() {
		return message.Turned{State: ended}, nil
	}
	billed, err := a.settleUp(ctx, state, at, fmt.Sprintf("final-%d", state.Cycle), invoicing.ForEnd, credit)
	return message.Turned{State: ended, Invoice: billed}, err
}

// settleUp bills, outside the regular cycle, what the period under way used until now. Nothing to bill is no invoice.
func (a account) settleUp(
	ctx context.Context, state subscription.State, at time.Time, key string, reason invoicing.Reason, credit bool,
) (*message.Billed, error) {
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
	billed, err := a.issue(ctx, facts, state.Cycle)
	if errors.Is(err, invoicing.ErrNothingToBill) {
		return nil, nil
	}
	return billed, err
}
