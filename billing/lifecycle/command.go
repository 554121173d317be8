package lifecycle

import (
	"context"
	"errors"
	"time"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/subscription"
)

// CarryOut carries out a command. The error is a *subscription.Refusal when it cannot be: with one of the codes of
// subscription.State.Check, of Records.Agree, of Records.Offer, or
//
//	billing_mismatch    the new plan is billed in another way than the subscription
//	fixed_term          the new plan's schedule would make another term of one in periods
//	term_ended          a resumption after the end of a fixed term
//	last_period         another period is to begin in the one with which the subscription ends
//	deferred_first      or in one at whose end it is to be paused or transferred, or another plan or version waits for other seats
//	new_period_at_end, nothing_to_bill_next, cannot_begin_period
//	                    a new period that cannot begin with the change: see mayBeginPeriod
//	tax_undetermined    the tax of the new plan, or of an item, cannot be decided
//	charge_id_reserved  the id of an item looks like those of members' seats
//	charge_exists, charge_unknown, charge_billed, charge_canceled   see Records.AddItem and CancelItem
//	amount_too_large    an amount leaves its range
//	seats_follow_members, bill_now, cannot_extend
//	                    what cannot be where seats follow the members who are active
func (a Account) CarryOut(ctx context.Context, state subscription.State, c subscription.Command) (Outcome, error) {
	outcome, err := a.carryOut(ctx, state, c)
	if errors.Is(err, money.ErrOverflow) {
		return Outcome{}, refuse("amount_too_large", "subscription %s, command %s: %s", state.ID, c.ID, err)
	}
	return outcome, err
}

func (a Account) carryOut(ctx context.Context, state subscription.State, c subscription.Command) (Outcome, error) {
	if err := state.Check(c); err != nil {
		return Outcome{}, err
	}
	c, err := a.seatCommand(ctx, state, c)
	if err != nil {
		return Outcome{}, err
	}
	if !c.On.IsZero() {
		return a.plan(ctx, state, c)
	}
	switch c.Kind {
	case subscription.ChangeTerms:
		return a.change(ctx, state, c)
	case subscription.Pause:
		return a.pause(ctx, state, c)
	case subscription.Resume:
		return a.resume(ctx, state, c)
	case subscription.Reactivate:
		return a.reactivate(ctx, state, c)
	case subscription.Transfer:
		return a.transfer(ctx, state, c)
	case subscription.Charge:
		return a.charge(ctx, state, c)
	case subscription.BillLate:
		return a.billLate(ctx, state, c)
	case subscription.CancelCharge:
		return Outcome{State: state.Noted(c)}, a.Records.CancelItem(ctx, c.Withdraws, c.At)
	case subscription.Withdraw:
		return Outcome{State: state.WithdrawPlanned(c)}, nil
	case subscription.Release:
		return Outcome{State: state.ReleaseNow()}, nil
	default:
		return a.cancel(ctx, state, c)
	}
}

// plan notes a command for its day. What is asked for must be right already today: of a version, that it is sold on its day.
func (a Account) plan(ctx context.Context, state subscription.State, c subscription.Command) (Outcome, error) {
	if c.Kind == subscription.ChangeTerms {
		if err := a.agree(ctx, c); err != nil {
			return Outcome{}, err
		}
		plan, _, err := a.offered(ctx, state, *c.Terms, c.At, c.On)
		if err != nil {
			return Outcome{}, err
		}
		if err := mayBeginPeriod(state, c, plan); err != nil {
			return Outcome{}, err
		}
	}
	return Outcome{State: state.Plan(c)}, nil
}

// offered are the plan of new terms, asked for at one instant to begin at another, and the one in force, if the subscription
// can go over from one to the other. Whoever has a version keeps it, whenever it is sold.
func (a Account) offered(
	ctx context.Context, state subscription.State, terms subscription.Terms, at, begin time.Time,
) (plan, before catalog.Plan, err error) {
	if plan, err = a.Records.Offer(ctx, terms, at); err != nil {
		return plan, before, err
	}
	if !state.Terms.SamePlan(terms) {
		if err = CheckInForce(plan, begin, a.Zone); err != nil {
			return plan, before, err
		}
	}
	if before, err = a.Records.Plan(ctx, state.Terms); err != nil {
		return plan, before, err
	}
	return plan, before, a.mayFollow(state, before, sold(plan, terms), at)
}

func (a Account) change(ctx context.Context, state subscription.State, c subscription.Command) (Outcome, error) {
	if err := a.agree(ctx, c); err != nil {
		return Outcome{}, err
	}
	plan, before, err := a.offered(ctx, state, *c.Terms, c.At, a.TermsBegin(state, c))
	if err != nil {
		return Outcome{}, err
	}
	if err := mayBeginPeriod(state, c, plan); err != nil {
		return Outcome{}, err
	}
	if c.AtPeriodEnd {
		return Outcome{State: a.knowPeriod(state, c.At).Defer(c)}, nil
	}
	if before.Schedule().Equal(plan.Schedule()) {
		if err := a.followedBy(ctx, state, c); err != nil {
			return Outcome{}, err
		}
	}
	switch {
	case state.Status == subscription.Trialing:
		return Outcome{State: state.ChangeNow(c)}, nil
	case state.BilledBy == catalog.ByInvoiceRun:
		return Outcome{State: state.ChangeNow(c)}, a.Records.Enforce(ctx, *c.Terms, c.At)
	}
	if c.NewPeriod || !before.Schedule().Equal(plan.Schedule()) {
		if err := mayEndPeriod(state); err != nil {
			return Outcome{}, err
		}
		// The period under way ends here and one of the new terms begins.
		return a.beginCycle(ctx, state.Defer(c), c.At)
	}
	if c.BillNext {
		return Outcome{State: state.ChangeUnbilled(c)}, a.Records.Enforce(ctx, *c.Terms, c.At)
	}
	return a.changeInPeriod(ctx, state, c, plan)
}

// followedBy refuses a change that what waits for the period's end cannot follow, such as an add-on that the next version lacks.
func (a Account) followedBy(ctx context.Context, state subscription.State, c subscription.Command) error {
	next := state.ChangeNow(c).AtPeriodEnd
	if next == nil || next.Terms == nil {
		return nil
	}
	plan, err := a.Records.Plan(ctx, *next.Terms)
	if err != nil {
		return err
	}
	if refusal, is := errors.AsType[*subscription.Refusal](checkAddOns(plan, next.Terms.AddOns)); is {
		return refuse(refusal.Code, "subscription %s goes over to version %d of plan %q at the end of its period: %s",
			state.ID, next.Terms.PlanVersion, next.Terms.PlanID, refusal.Message)
	}
	return nil
}

// TermsBegin is the instant at which the terms that a command asks for come into force.
func (a Account) TermsBegin(state subscription.State, c subscription.Command) time.Time {
	if !c.On.IsZero() {
		return c.On
	}
	if end := a.knowPeriod(state, c.At).Period.End; c.AtPeriodEnd && end.After(c.At) {
		return end
	}
	return c.At
}

// mayFollow refuses a plan that the subscription cannot go over to.
func (a Account) mayFollow(state subscription.State, before catalog.Plan, terms invoicing.Terms, at time.Time) error {
	plan := terms.Plan
	switch {
	case plan.BilledBy != state.BilledBy:
		return refuse("billing_mismatch", "plan %q is billed by %s, the subscription by %s: end it and start another",
			plan.ID, plan.BilledBy, state.BilledBy)
	case !before.Schedule().Equal(plan.Schedule()) && state.EndsAfter > 0:
		return refuse("fixed_term",
			"subscription %s ends after %d periods of %s: a plan billed every %s would make another term of it; start a new subscription",
			state.ID, state.EndsAfter, before.Interval, plan.Interval)
	}
	return a.checkTaxable(terms, at)
}

// mayEndPeriod refuses to end the period under way for another one when the subscription is to end with it.
func mayEndPeriod(state subscription.State) error {
	if reason, ends := state.EndsAtBoundary(); ends {
		return refuse("last_period", "subscription %s ends on %s (%s): withdraw that before beginning another period",
			state.ID, state.Period.End.Format(time.RFC3339), reason)
	}
	if next := state.AtPeriodEnd; next != nil && (next.Pause != "" || next.Customer != "") {
		return refuse("deferred_first", "subscription %s is to be paused or transferred on %s: withdraw that before beginning another period",
			state.ID, state.Period.End.Format(time.RFC3339))
	}
	return nil
}

// changeInPeriod swaps the terms for the rest of the period and bills the difference at once.
func (a Account) changeInPeriod(ctx context.Context, state subscription.State, c subscription.Command, plan catalog.Plan) (Outcome, error) {
	facts := a.facts(state.ID, "change-"+c.ID, invoicing.ForChange, c.At)
	err := a.withPending(ctx, state, &facts)
	if err != nil {
		return Outcome{}, err
	}
	if facts.Revises, err = a.revision(ctx, state, c.At); err != nil {
		return Outcome{}, err
	}
	changed := state.ChangeNow(c)
	next := inPhase(changed, plan, *c.Terms)
	facts.Revises.NewTerms = &next
	if err := a.settleSeats(ctx, &facts, state); err != nil {
		return Outcome{}, err
	}
	if err := a.Records.Enforce(ctx, *c.Terms, c.At); err != nil {
		return Outcome{}, err
	}
	issued, err := a.issueIfAny(ctx, facts, state.Cycle)
	return Outcome{State: changed, Invoice: issued}, err
}

func (a Account) cancel(ctx context.Context, state subscription.State, c subscription.Command) (Outcome, error) {
	if c.AtPeriodEnd {
		return Outcome{State: a.knowPeriod(state, c.At).Defer(c)}, nil
	}
	ended := state.CancelNow(c)
	return a.end(ctx, state, c.At, ended.EndReason, c.CreditUnused)
}

// knowPeriod gives a subscription billed by the monthly run the period whose end a deferred command waits for.
func (a Account) knowPeriod(state subscription.State, at time.Time) subscription.State {
	if state.BilledBy == catalog.ByInvoiceRun && state.InPeriod() {
		state.Period = a.month(at)
	}
	return state
}
