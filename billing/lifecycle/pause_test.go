package lifecycle_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/subscription"
)

func TestPauseWithCredit(t *testing.T) {
	t.Parallel()
	l := begin(t, "UTC", "2027-04-01", on("a"), flat("a", "30", catalog.GrainDay, metered("calls", "1")))
	l.use("2027-04-05", "calls", 3)
	require.Empty(t, l.do("2027-04-11", pause("")))
	require.Empty(t, l.do("2027-04-12", l.on("2027-06-15", resume)))
	l.until(l.local("2027-07-15"))
	require.Equal(t, []string{
		"pause: usage a/calls USD 3.00; proration_credit a/base USD -20.00 20/30;", "cycle: recurring a/base USD 30.00;", "cycle: recurring a/base USD 30.00;",
	}, l.shown(1))
	require.Equal(t, l.local("2027-06-15"), l.issued[2].IssuedAt)
}

// Nothing is credited for a pause that keeps the period; a whole period in it is not charged, and a period in which it is
// resumed is charged for the rest.
func TestPauseThatKeepsThePeriod(t *testing.T) {
	t.Parallel()
	plan := flat("a", "30", catalog.GrainDay, inArrears("support", "31"), metered("calls", "1"))
	l := begin(t, "Europe/Berlin", "2027-03-01", on("a"), plan)
	l.use("2027-03-05", "calls", 3)
	require.Empty(t, l.do("2027-03-11", pause(subscription.PauseKeep)))
	require.Empty(t, l.shown(1))
	l.until(l.local("2027-06-11"))
	require.Empty(t, l.do("2027-06-11", resume))
	l.until(l.local("2027-07-01"))
	require.Equal(t, []string{
		"cycle: recurring a/support USD 10.00 10/31; usage a/calls USD 3.00;", // of March, on 1 April
		"change: proration_charge a/base USD 20.00 20/30;",
		"cycle: recurring a/support USD 20.67 20/30; recurring a/base USD 30.00;",
	}, l.shown(1))
	require.Equal(t, l.local("2027-08-01"), l.state.Period.End, "the anchor stays")

	l = begin(t, "Europe/Berlin", "2027-03-01", on("a"), plan)
	require.Empty(t, l.do("2027-03-11", pause(subscription.PauseKeep)))
	require.Empty(t, l.do("2027-03-21", resume))
	l.until(l.local("2027-04-01"))
	require.Equal(t, []string{"cycle: recurring a/support USD 10.00 10/31; recurring a/support USD 11.00 11/31; recurring a/base USD 30.00;"}, l.shown(1))

	l = begin(t, "Europe/Berlin", "2027-03-01", on("a"), flat("a", "30", catalog.GrainDay))
	require.Empty(t, l.do("2027-03-11", pause(subscription.PauseKeep)))
	require.Empty(t, l.do("2027-04-11", atPeriodEnd(resume)))
	l.until(l.local("2027-05-01"))
	require.Equal(t, []string{"cycle: recurring a/base USD 30.00;"}, l.shown(1))
}

// Ten days of a pause move the end by ten days, and a change after it counts the days that were really paid for.
func TestPauseThatExtendsThePeriod(t *testing.T) {
	t.Parallel()
	l := begin(t, "America/Sao_Paulo", "2027-04-01", on("a"), flat("a", "30", catalog.GrainDay), flat("b", "60", catalog.GrainDay))
	require.Empty(t, l.do("2027-04-11 15:00", pause(subscription.PauseExtend)))
	require.Empty(t, l.do("2027-04-21 09:00", resume))
	require.Equal(t, l.local("2027-05-11"), l.state.Period.End)
	require.Empty(t, l.do("2027-05-01", change("b")), "ten days are left, as on 21 April without the pause")
	require.Empty(t, l.do("2027-05-06", credit))
	require.Equal(t, []string{
		"change: proration_credit a/base USD -10.00 10/30; proration_charge b/base USD 20.00 10/30;", "final: proration_credit b/base USD -10.00 5/10;",
	}, l.shown(1))
	require.Equal(t, calendar.Period{Start: l.local("2027-05-01"), End: l.local("2027-05-11")}, l.invoices[1].Lines[0].Period)

	l = begin(t, "America/Sao_Paulo", "2027-01-31", on("a"), flat("a", "30", catalog.GrainDay, metered("calls", "1")))
	l.use("2027-02-01", "calls", 2)
	require.Empty(t, l.do("2027-02-03", pause(subscription.PauseExtend)))
	require.Empty(t, l.do("2027-02-05", resume))
	l.until(l.local("2027-03-02"))
	require.Equal(t, []string{"cycle: usage a/calls USD 2.00; recurring a/base USD 30.00;"}, l.shown(1))
	require.Equal(t, calendar.Period{Start: l.local("2027-03-02"), End: l.local("2027-04-02")}, l.state.Period, "and so does the anchor")

	require.Empty(t, l.do("2027-03-03", pause(subscription.PauseExtend)))
	l.use("2027-03-02", "calls", 5)
	require.Empty(t, l.do("2027-08-01", credit), "what was not served is credited as of the pause")
	require.Equal(t, []string{"final: usage a/calls USD 5.00; proration_credit a/base USD -29.03 30/31;"}, l.shown(2))

	l = begin(t, "UTC", "2027-01-31", on("a"), flat("a", "30", catalog.GrainDay, inArrears("support", "31")))
	require.Equal(t, "cannot_extend", l.do("2027-02-03", pause(subscription.PauseExtend)))
}

func TestPauseAtPeriodEnd(t *testing.T) {
	t.Parallel()
	for mode, want := range map[subscription.PauseMode][]string{
		"":                     {"pause: usage a/calls USD 3.00;", "cycle: recurring a/base USD 30.00;"},
		subscription.PauseKeep: {"cycle: usage a/calls USD 3.00;", "change: proration_charge a/base USD 15.00 15/30;"},
	} {
		l := begin(t, "UTC", "2027-04-01", on("a"), flat("a", "30", catalog.GrainDay, metered("calls", "1")))
		l.use("2027-04-05", "calls", 3)
		require.Empty(t, l.do("2027-04-11", atPeriodEnd(pause(mode))))
		require.Empty(t, l.do("2027-06-16", resume))
		require.Equal(t, want, l.shown(1))
	}
}
