package lifecycle

import (
	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/subscription"
)

// mayBeginPeriod refuses a new period, asked for with a change to a plan, that cannot begin with it:
//
//	new_period_at_end      at the period's end one begins anyway
//	nothing_to_bill_next   it is billed as it begins
//	cannot_begin_period    periods begin by the calendar, or the trial that is under way goes on
//	deferred_first         a plan or version that waits for the period's end would come at another time than was said
//	fixed_term             a period cut short would count as a whole one of the term
func mayBeginPeriod(state subscription.State, c subscription.Command, plan catalog.Plan) error {
	switch {
	case !c.NewPeriod:
		return nil
	case c.AtPeriodEnd:
		return refuse("new_period_at_end", "subscription %s: at the period's end a new one begins anyway: leave new_period out", state.ID)
	case c.BillNext:
		return refuse("nothing_to_bill_next", "subscription %s: a new period is billed as it begins: leave bill_next or new_period out", state.ID)
	case state.BilledBy == catalog.ByInvoiceRun:
		return refuse("cannot_begin_period", "subscription %s is billed by the monthly run, whose periods are calendar months: leave new_period out", state.ID)
	case plan.Alignment.To != "" && plan.Alignment.To != calendar.ToAnniversary:
		return refuse("cannot_begin_period", "subscription %s: the periods of plan %q are aligned (%s) and cannot begin on another day: leave new_period out",
			state.ID, plan.ID, plan.Alignment.To)
	case state.EndsAfter > 0:
		return refuse("fixed_term", "subscription %s ends after %d periods: one that is cut short would make another term of it; leave new_period out",
			state.ID, state.EndsAfter)
	case state.Status == subscription.Trialing && c.On.Before(*state.TrialEnd): // also if it is for now
		return refuse("cannot_begin_period", "subscription %s is in its trial to %s, and its first period begins after it: leave new_period out",
			state.ID, stamp(*state.TrialEnd))
	case c.On.IsZero() && waitsThrough(state, c):
		return refuse("deferred_first", "subscription %s goes over to plan %q version %d on %s, at the end of its period: withdraw that, or leave new_period out",
			state.ID, state.AtPeriodEnd.Terms.PlanID, state.AtPeriodEnd.Terms.PlanVersion, stamp(state.Period.End))
	}
	return nil
}

// waitsThrough says that a change leaves terms waiting for the end of the period under way.
func waitsThrough(state subscription.State, c subscription.Command) bool {
	next := state.ChangeNow(c).AtPeriodEnd
	return next != nil && next.Terms != nil
}
