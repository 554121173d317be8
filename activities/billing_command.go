package activities

import (
	"context"
	"time"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/workflows/message"
)

func (a account) carryOut(ctx context.Context, state subscription.State, c subscription.Command) (message.Turned, error) {
	if err := state.Check(c); err != nil {
		return message.Turned{}, err
	}
	switch c.Kind {
	case subscription.ChangeTerms:
		return a.change(ctx, state, c)
	case subscription.Pause:
		return a.pause(ctx, state, c)
	case subscription.Resume:
		return a.resume(ctx, state, c)
	case subscription.Release:
		return message.Turned{State: state.ReleaseNow()}, nil
	default:
		return a.cancel(ctx, state, c)
	}
}

func (a account) change(ctx context.Context, state subscription.State, c subscription.Command) (message.Turned, error) {
	plan, err := a.offer(ctx, *c.Terms, c.At)
	if err != nil {
		return message.Turned{}, err
	}
	if plan.BilledBy != state.BilledBy {
		return message.Turned{}, refusal("billing_mismatch", "plan %q is billed by %s, the subscription by %s: end it and start another",
			plan.ID, plan.BilledBy, state.BilledBy)
	}
	before, err := a.plan(ctx, state.Terms)
	if err != nil {
		return message.Turned{}, err
	}
	if before.Interval != plan.Interval && state.EndsAfter > 0 {
		return message.Turned{}, refusal("fixed_term",
			"subscription %s ends after %d periods of %s: a plan billed every %s would make another term of it; start a new subscription",
			state.ID, state.EndsAfter, before.Interval, plan.Interval)
	}
	if err := taxable(a.seller, a.customer.Buyer(), plan, a.zone.DateOf(c.At)); err != nil {
		return message.Turned{}, err
	}
	switch {
	case c.AtPeriodEnd:
		return message.Turned{State: a.knowPeriod(state, c.At).Defer(c)}, nil
	case state.Status == subscription.Trialing:
		return message.Turned{State: state.ChangeNow(c)}, nil
	case state.BilledBy == catalog.ByInvoiceRun:
		return message.Turned{State: state.ChangeNow(c)}, a.enforce(ctx, *c.Terms, c.At)
	}
	if before.Interval != plan.Interval {
		if err := mayEndPeriod(state); err != nil {
			return message.Turned{}, err
		}
		// The period under way ends here and one of the new length begins.
		return a.beginCycle(ctx, state.Defer(c), c.At)
	}
	return a.changeInPeriod(ctx, state, c, plan)
}

// mayEndPeriod refuses to end the period under way for one of another length when the subscription is to end with it.
func mayEndPeriod(state subscription.State) error {
	if reason, ends := state.EndsAtBoundary(); ends {
		return refusal("last_period", "subscription %s ends on %s (%s): withdraw that before changing to another billing interval",
			state.ID, state.Period.End.Format(time.RFC3339), reason)
	}
	return nil
}

// changeInPeriod swaps the terms for the rest of the period and bills the difference at once.
func (a account) changeInPeriod(ctx context.Context, state subscription.State, c subscription.Command, plan catalog.Plan) (message.Turned, error) {
	facts := a.facts(state.ID, "change-"+c.ID, invoicing.ForChange, c.At)
	var err error
	if facts.Revises, err = a.revision(ctx, state, c.At); err != nil {
		return message.Turned{}, err
	}
	facts.Revises.NewTerms = &invoicing.Terms{Plan: plan, Seats: c.Terms.Seats}
	if err := a.enforce(ctx, *c.Terms, c.At); err != nil {
		return message.Turned{}, err
	}
	billed, err := a.issueIfAny(ctx, facts, state.Cycle)
	return message.Turned{State: state.ChangeNow(c), Invoice: billed}, err
}

// pause stops the subscription: usage so far is billed, paid time that is left is credited.
func (a account) pause(ctx context.Context, state subscription.State, c subscription.Command) (message.Turned, error) {
	if err := a.tx.CloseSegment(ctx, a.row.ID, c.At); err != nil {
		return message.Turned{}, err
	}
	billed, err := a.settleUp(ctx, state, c.At, "pause-"+c.ID, invoicing.ForPause, true)
	return message.Turned{State: state.PauseNow(c), Invoice: billed}, err
}

// resume begins a new billing period, whose day becomes the anchor.
func (a account) resume(ctx context.Context, state subscription.State, c subscription.Command) (message.Turned, error) {
	return a.beginCycle(ctx, state.Reanchor(a.zone.DateOf(c.At)), c.At)
}

func (a account) cancel(ctx context.Context, state subscription.State, c subscription.Command) (message.Turned, error) {
	if c.AtPeriodEnd {
		return message.Turned{State: a.knowPeriod(state, c.At).Defer(c)}, nil
	}
	ended := state.CancelNow(c)
	return a.end(ctx, state, c.At, ended.EndReason, c.CreditUnused)
}

// knowPeriod gives a subscription billed by the monthly run the period whose end a deferred command waits for.
func (a account) knowPeriod(state subscription.State, at time.Time) subscription.State {
	if state.BilledBy == catalog.ByInvoiceRun && state.Running() {
		state.Period = a.month(at)
	}
	return state
}
