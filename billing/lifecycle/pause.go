package lifecycle

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/subscription"
)

// pause stops the subscription. Unless the period is kept or extended, usage so far is billed and paid time that is left
// is credited; else both wait for the end of the period.
func (a Account) pause(ctx context.Context, state subscription.State, c subscription.Command) (Outcome, error) {
	if c.AtPeriodEnd {
		return Outcome{State: a.knowPeriod(state, c.At).Defer(c)}, nil
	}
	if c.Mode == subscription.PauseExtend {
		if err := a.mayExtend(ctx, state); err != nil {
			return Outcome{}, err
		}
	}
	if err := a.Records.CloseSegment(ctx, c.At); err != nil {
		return Outcome{}, err
	}
	paused := state.PauseNow(c)
	switch paused.PauseMode {
	case subscription.PauseKeep:
		return Outcome{State: paused}, nil
	case subscription.PauseExtend:
		issued, err := a.billPending(ctx, state, c)
		return Outcome{State: paused, Invoice: issued}, err
	}
	issued, err := a.settleUp(ctx, state, c.At, "pause-"+c.ID, invoicing.ForPause, true)
	return Outcome{State: paused, Invoice: issued}, err
}

// billPending bills the changes that wait for the next invoice before the period's end moves.
func (a Account) billPending(ctx context.Context, state subscription.State, c subscription.Command) (*Issued, error) {
	if len(state.Pending) == 0 {
		return nil, nil
	}
	facts := a.facts(state.ID, "pause-"+c.ID, invoicing.ForPause, c.At)
	if err := a.withPending(ctx, state, &facts); err != nil {
		return nil, err
	}
	return a.issueIfAny(ctx, facts, state.Cycle)
}

// mayExtend refuses to extend a period of which a part is charged in arrears by time: it was not paid for, and its share
// of a period with a hole in it would be open to dispute.
func (a Account) mayExtend(ctx context.Context, state subscription.State) error {
	plan, err := a.Records.Plan(ctx, state.Terms)
	if err != nil {
		return err
	}
	if plan.Alignment != (calendar.Alignment{}) {
		return refuse("cannot_extend", "subscription %s: the periods of plan %q are aligned and cannot move: pause with keep or credit", state.ID, plan.ID)
	}
	charges := sold(plan, state.Terms).Charges()
	at := slices.IndexFunc(charges, func(c catalog.Charge) bool { return c.Kind == catalog.Recurring && c.Timing == catalog.Arrears })
	if at < 0 {
		return nil
	}
	return refuse("cannot_extend",
		"subscription %s: charge %q of plan %q is paid in arrears, so there is no paid time of it to serve later: pause with keep or credit",
		state.ID, charges[at].ID, plan.ID)
}

// pauseAtBoundary bills what the period that ended used, and begins none, or one that is not charged.
func (a Account) pauseAtBoundary(ctx context.Context, state subscription.State, at time.Time) (Outcome, error) {
	if err := a.Records.CloseSegment(ctx, at); err != nil {
		return Outcome{}, err
	}
	paused := state.PauseAtBoundary(at)
	if paused.InPeriod() {
		return a.passCycle(ctx, paused, at)
	}
	issued, err := a.settleUp(ctx, state, at, fmt.Sprintf("pause-after-%d", state.Cycle), invoicing.ForPause, false)
	return Outcome{State: paused, Invoice: issued}, err
}

// passCycle enters a period in a pause that keeps the period: what the one before used is billed, this one is not charged.
func (a Account) passCycle(ctx context.Context, state subscription.State, at time.Time) (Outcome, error) {
	plan, err := a.Records.Plan(ctx, state.TermsAtBoundary())
	if err != nil {
		return Outcome{}, err
	}
	before, err := a.Records.Plan(ctx, state.Terms)
	if err != nil {
		return Outcome{}, err
	}
	facts := a.facts(state.ID, fmt.Sprintf("cycle-%d", state.Cycle+1), invoicing.ForCycle, at)
	if facts.Closes, err = a.closing(ctx, state, at); err != nil {
		return Outcome{}, err
	}
	if err := a.withPending(ctx, state, &facts); err != nil {
		return Outcome{}, err
	}
	if err := a.settleSeats(ctx, &facts, state); err != nil {
		return Outcome{}, err
	}
	if state.AnchorsAtBoundary() || !before.Schedule().Equal(plan.Schedule()) {
		state = a.reanchor(state, plan, at)
	}
	state, period, full, err := a.nextPeriod(state, plan, at)
	if err != nil {
		return Outcome{}, err
	}
	passed := state.PassCycle(period, full)
	passed.PeriodDay = a.Zone.DateOf(at)
	return a.billCycle(ctx, passed, facts)
}

// resume ends a pause as its mode says.
func (a Account) resume(ctx context.Context, state subscription.State, c subscription.Command) (Outcome, error) {
	switch {
	case c.AtPeriodEnd:
		return Outcome{State: state.Defer(c)}, nil
	case state.PauseMode == subscription.PauseKeep:
		return a.resumeInPeriod(ctx, state, c)
	case state.PauseMode == subscription.PauseExtend:
		return a.resumeExtended(ctx, state, c)
	}
	// A new billing period begins, whose day becomes the anchor.
	plan, err := a.Records.Plan(ctx, state.TermsAtBoundary())
	if err != nil {
		return Outcome{}, err
	}
	return a.beginCycle(ctx, a.reanchor(state, plan, c.At), c.At)
}

// resumeInPeriod goes on in the period under way. One that began in the pause is charged for its rest.
func (a Account) resumeInPeriod(ctx context.Context, state subscription.State, c subscription.Command) (Outcome, error) {
	if state.Uncharged {
		var err error
		if state, err = a.reseat(ctx, state, c.At); err != nil {
			return Outcome{}, err
		}
	}
	if err := a.Records.Enforce(ctx, state.Terms, c.At); err != nil {
		return Outcome{}, err
	}
	resumed := state.ResumeInPeriod(c)
	if !state.Uncharged {
		return Outcome{State: resumed}, nil
	}
	issued, err := a.chargeRest(ctx, state, c.At, "resume-"+c.ID)
	return Outcome{State: resumed, Invoice: issued}, err
}

// chargeRest charges in advance for the rest of the period under way, of which nothing was charged.
func (a Account) chargeRest(ctx context.Context, state subscription.State, at time.Time, key string) (*Issued, error) {
	plan, err := a.Records.Plan(ctx, state.Terms)
	if err != nil {
		return nil, err
	}
	facts := a.facts(state.ID, key, invoicing.ForChange, at)
	facts.Revises = a.changing(state, at)
	rest := inPhase(state, plan, state.Terms)
	facts.Revises.NewTerms = &rest
	return a.issueIfAny(ctx, facts, state.Cycle)
}

// resumeExtended moves the period's end and the anchor by the civil days of the pause, if there are any.
func (a Account) resumeExtended(ctx context.Context, state subscription.State, c subscription.Command) (Outcome, error) {
	if err := a.Records.Enforce(ctx, state.Terms, c.At); err != nil {
		return Outcome{}, err
	}
	days := a.Zone.DateOf(*state.PausedAt).DaysUntil(a.Zone.DateOf(c.At))
	if days == 0 { // nothing moves: an anchor on the 31st is not lost to a period that ends on the 28th
		return Outcome{State: state.ResumeInPeriod(c)}, nil
	}
	anchor := a.Zone.DateOf(state.Period.End).AddDays(days)
	return Outcome{State: state.ResumeExtended(c, days, a.Zone.StartOfDay(anchor), anchor)}, nil
}
