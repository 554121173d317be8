package subscription_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/subscription"
)

func goTo(terms subscription.Terms) subscription.Command {
	return subscription.Command{ID: "c", Kind: subscription.ChangeTerms, At: day(1), Terms: &terms}
}

func TestPeriodsUnderAPlanAreCounted(t *testing.T) {
	t.Parallel()
	s := active(0)
	require.Zero(t, s.PeriodUnder("team"))
	s = s.BeginCycle(monthFrom(30))
	require.Equal(t, 1, s.PeriodUnder("team"))
	require.Empty(t, s.Since, "who keeps the first plan needs no note")

	newer := team
	newer.PlanVersion, newer.Seats = 3, 9
	require.Equal(t, 1, s.ChangeNow(goTo(newer)).PeriodUnder("team"), "a new version goes on counting")

	changed := s.ChangeNow(goTo(pro))
	require.Zero(t, changed.PeriodUnder("pro"), "the period in which a plan came into force is its first")
	require.Equal(t, 1, changed.PeriodUnder("team"), "what the other plan is owed for the period is owed in its own phase")
	back := changed.ChangeNow(goTo(team))
	require.Equal(t, []int{1, 0}, []int{back.PeriodUnder("team"), back.PeriodUnder("pro")})
	require.Empty(t, back.BeginCycle(monthFrom(60)).Since)
	require.Equal(t, 2, back.BeginCycle(monthFrom(60)).PeriodUnder("team"))

	next := changed.BeginCycle(monthFrom(60)).BeginCycle(monthFrom(90))
	require.Equal(t, 2, next.PeriodUnder("pro"))
	require.Len(t, next.Since, 1)
	require.Zero(t, next.Defer(goTo(team)).BeginCycle(monthFrom(120)).PeriodUnder("team"), "taken up again in another period, it begins anew")
}

// A plan that is changed before the first period, as in a trial, was never in force.
func TestPeriodsCountFromTheFirst(t *testing.T) {
	t.Parallel()
	s := trialing().ChangeNow(goTo(pro)).Reanchor(anchor).BeginCycle(monthFrom(14))
	require.Zero(t, s.PeriodUnder("pro"))
	require.Empty(t, s.Since)
	s = active(0).ChangeNow(goTo(pro))
	require.Zero(t, s.PeriodUnder("pro"))
	require.Equal(t, 1, s.BeginCycle(monthFrom(30)).PeriodUnder("pro"))
}
