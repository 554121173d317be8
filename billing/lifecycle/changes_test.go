package lifecycle_test

import (
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/subscription"
)

func flat(id, amount string, grain catalog.Grain, more ...catalog.Charge) catalog.Plan {
	price := catalog.Price{Model: catalog.Flat, FlatAmount: decimal.RequireFromString(amount)}
	base := catalog.Charge{
		ID: "base", Name: "Base", Kind: catalog.Recurring, Per: catalog.PerSubscription, Timing: catalog.Advance, TaxCategory: "saas_b2b",
		Prices: map[money.Currency]catalog.Price{"USD": price},
	}
	return catalog.Plan{
		ID: id, Version: 1, Name: id, Interval: calendar.Interval{Unit: calendar.Month, Count: 1}, Proration: grain,
		BilledBy: catalog.ByRenewal, Charges: append([]catalog.Charge{base}, more...),
	}
}

func inArrears(id, amount string) catalog.Charge {
	c := flat("", amount, "").Charges[0]
	c.ID, c.Timing = id, catalog.Arrears
	return c
}

func metered(id, amount string) catalog.Charge {
	return catalog.Charge{
		ID: id, Name: id, Kind: catalog.Usage, Timing: catalog.Arrears, Meter: id, TaxCategory: "saas_b2b",
		Prices: map[money.Currency]catalog.Price{"USD": {Model: catalog.PerUnit, UnitAmount: decimal.RequireFromString(amount)}},
	}
}

func on(plan string) subscription.Terms { return subscription.Terms{PlanID: plan, PlanVersion: 1} }

func change(plan string) subscription.Command {
	terms := on(plan)
	return subscription.Command{Kind: subscription.ChangeTerms, Terms: &terms}
}

func pause(mode subscription.PauseMode) subscription.Command {
	return subscription.Command{Kind: subscription.Pause, Mode: mode}
}

func atPeriodEnd(c subscription.Command) subscription.Command {
	c.AtPeriodEnd = true
	return c
}

func (l *life) on(date string, c subscription.Command) subscription.Command {
	c.On = l.local(date)
	return c
}

var (
	resume  = subscription.Command{Kind: subscription.Resume}
	cancel  = subscription.Command{Kind: subscription.Cancel}
	credit  = subscription.Command{Kind: subscription.Cancel, CreditUnused: true}
	again   = subscription.Command{Kind: subscription.Reactivate}
	handOff = subscription.Command{Kind: subscription.Transfer, Customer: "cus_2"}
)

// What was planned for a day is carried out as of that day, in a zone where the day begins at another instant than in UTC.
func TestChangeOnADate(t *testing.T) {
	t.Parallel()
	l := begin(t, "Asia/Kolkata", "2027-04-01", on("small"), flat("small", "30", catalog.GrainDay), flat("big", "60", catalog.GrainDay))
	require.Empty(t, l.do("2027-04-03", l.on("2027-04-16", change("big"))))
	require.Empty(t, l.shown(1), "nothing yet")
	l.until(l.local("2027-05-01"))
	require.Equal(t, []string{
		"change: proration_credit small/base USD -15.00 15/30; proration_charge big/base USD 30.00 15/30;", "cycle: recurring big/base USD 60.00;",
	}, l.shown(1))
	require.Equal(t, l.local("2027-04-16"), l.issued[1].IssuedAt)
	require.Equal(t, "plan_unknown", l.do("2027-05-03", l.on("2027-05-16", change("huge"))), "a date does not make it right")
}

// Several changes in a period, in whatever way they were asked for, each credit what the one before charged.
func TestManyChangesInOnePeriod(t *testing.T) {
	t.Parallel()
	l := begin(t, "UTC", "2027-04-01", on("a"), flat("a", "30", catalog.GrainDay), flat("b", "60", catalog.GrainDay), flat("c", "90", catalog.GrainDay))
	require.Empty(t, l.do("2027-04-02", l.on("2027-04-21", change("a"))))
	require.Empty(t, l.do("2027-04-11 09:00", change("b")))
	require.Empty(t, l.do("2027-04-11 10:00", change("c")), "no guard against double billing stands in the way of a second change")
	l.until(l.local("2027-04-30"))
	require.Equal(t, []string{
		"change: proration_credit a/base USD -20.00 20/30; proration_charge b/base USD 40.00 20/30;",
		"change: proration_credit b/base USD -40.00; proration_charge c/base USD 60.00 20/30;",
		"change: proration_credit c/base USD -30.00 10/20; proration_charge a/base USD 10.00 10/30;",
	}, l.shown(1))
}

func TestCancelInEveryWay(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		why     string
		command func(*life) subscription.Command
		ends    string
		want    []string
	}{
		{"now", func(*life) subscription.Command { return cancel }, "2027-04-11", nil},
		{"now, with credit", func(*life) subscription.Command { return credit }, "2027-04-11", []string{"final: proration_credit a/base USD -20.00 20/30;"}},
		{"at the period's end", func(*life) subscription.Command { return atPeriodEnd(cancel) }, "2027-05-01", nil},
		{"on a date", func(l *life) subscription.Command { return l.on("2027-04-21", cancel) }, "2027-04-21", nil},
		{"on a date, with credit", func(l *life) subscription.Command { return l.on("2027-04-21", credit) }, "2027-04-21", []string{"final: proration_credit a/base USD -10.00 10/30;"}},
		{"on the day of the renewal", func(l *life) subscription.Command { return l.on("2027-05-01", credit) }, "2027-05-01", nil},
		{"on a date in the next period", func(l *life) subscription.Command { return l.on("2027-05-11", cancel) }, "2027-05-11", []string{"cycle: recurring a/base USD 30.00;"}},
	} {
		l := begin(t, "America/New_York", "2027-04-01", on("a"), flat("a", "30", catalog.GrainDay))
		require.Empty(t, l.do("2027-04-11", test.command(l)), test.why)
		l.until(l.local("2027-07-01"))
		require.Equal(t, test.want, l.shown(1), test.why)
		require.Equal(t, l.local(test.ends), *l.state.EndedAt, test.why)
	}
}

func TestReactivate(t *testing.T) {
	t.Parallel()
	l := begin(t, "UTC", "2027-04-01", on("a"), flat("a", "30", catalog.GrainDay), flat("b", "60", catalog.GrainDay))
	require.Empty(t, l.do("2027-04-05", atPeriodEnd(cancel)))
	require.Empty(t, l.do("2027-04-06", l.on("2027-04-20", cancel)))
	require.Empty(t, l.do("2027-04-07", again))
	l.until(l.local("2027-05-01"))
	require.Equal(t, []string{"cycle: recurring a/base USD 30.00;"}, l.shown(1))

	require.Empty(t, l.do("2027-05-11", cancel))
	terms := on("b")
	begins := again
	begins.Terms = &terms
	require.Empty(t, l.do("2027-05-16", begins))
	require.Equal(t, l.local("2027-06-16"), l.state.Period.End, "its day is the anchor")
	require.Empty(t, l.do("2027-06-01", credit))
	require.Equal(t, []string{"cycle: recurring b/base USD 60.00;", "final: proration_credit b/base USD -29.03 15/31;"}, l.shown(2),
		"the time that was left without credit is not credited after all")
}

// Each customer pays for their own time, and what the former one used is billed to them.
func TestTransfer(t *testing.T) {
	t.Parallel()
	plan := flat("a", "30", catalog.GrainDay, inArrears("support", "60"), metered("calls", "1"))
	l := begin(t, "UTC", "2027-04-01", on("a"), plan, flat("a2", "60", catalog.GrainDay))
	l.use("2027-04-05", "calls", 3)
	require.Equal(t, "customer_unknown", l.do("2027-04-10", subscription.Command{Kind: subscription.Transfer, Customer: "cus_unknown"}))
	require.Empty(t, l.do("2027-04-11", handOff))
	l.use("2027-04-15", "calls", 4)
	require.Empty(t, l.do("2027-04-21", change("a2")))
	l.until(l.local("2027-05-01"))
	require.Equal(t, []string{
		"change: recurring a/support USD 20.00 10/30; usage a/calls USD 3.00; proration_credit a/base USD -20.00 20/30;",
		"change: proration_charge a/base USD 20.00 20/30;",
		"change: proration_credit a/base USD -10.00 10/20; proration_charge a2/base USD 20.00 10/30;",
		"cycle: recurring a/support USD 20.00 10/30; usage a/calls USD 4.00; recurring a2/base USD 60.00;",
	}, l.shown(1))
	require.Equal(t, []string{"cus_1", "cus_1", "cus_2", "cus_2", "cus_2"}, l.owners)

	l = begin(t, "UTC", "2027-04-01", on("a"), plan)
	require.Empty(t, l.do("2027-04-11", atPeriodEnd(handOff)))
	l.until(l.local("2027-05-01"))
	require.Equal(t, []string{"change: recurring a/support USD 60.00;", "cycle: recurring a/base USD 30.00;"}, l.shown(1))
	require.Equal(t, []string{"cus_1", "cus_1", "cus_2"}, l.owners)
	require.Equal(t, "cus_2", l.state.CustomerID)
}

// A planned command that cannot be carried out on its day changes nothing, and the subscription goes on.
func TestMissedCommand(t *testing.T) {
	t.Parallel()
	l := begin(t, "UTC", "2027-04-01", on("a"), flat("a", "30", catalog.GrainDay))
	require.Empty(t, l.do("2027-04-05", l.on("2027-04-10", resume)))
	l.until(l.local("2027-05-01"))
	require.Equal(t, []string{"cycle: recurring a/base USD 30.00;"}, l.shown(1))
	require.Len(t, l.state.Missed, 1)
	require.Equal(t, "cannot_resume", l.state.Missed[0].Refusal.Code)
	require.Equal(t, l.local("2027-04-10"), l.state.Missed[0].At)
}

// A cancellation before the start keeps a subscription from beginning, also on the very day.
func TestCanceledBeforeItBegins(t *testing.T) {
	t.Parallel()
	l := begin(t, "UTC", "2027-04-01", on("a"), flat("a", "30", catalog.GrainDay))
	begun := l.state
	l.state = subscription.New("sub_2", "cus_1", on("a"), catalog.ByRenewal, l.local("2027-05-01"), 0)
	l.InForce = nil
	require.Empty(t, l.do("2027-04-05", l.on("2027-05-01", cancel)))
	l.until(l.local("2027-06-01"))
	require.Equal(t, subscription.Canceled, l.state.Status)
	require.Empty(t, l.shown(1))
	require.Equal(t, subscription.Active, begun.Status)
}

// An interval change ends the period under way: what was deferred to its end would be lost or come too early.
func TestIntervalChangeWhileSomethingIsDeferred(t *testing.T) {
	t.Parallel()
	yearly := flat("yearly", "300", catalog.GrainDay)
	yearly.Interval.Unit = calendar.Year
	l := begin(t, "UTC", "2027-04-01", on("a"), flat("a", "30", catalog.GrainDay), yearly)
	require.Empty(t, l.do("2027-04-05", atPeriodEnd(pause(""))))
	require.Equal(t, "deferred_first", l.do("2027-04-06", change("yearly")))
	require.Empty(t, l.do("2027-04-07", atPeriodEnd(change("a"))), "withdraws what was deferred")
	require.Empty(t, l.do("2027-04-16", change("yearly")))
	require.Equal(t, []string{"cycle: proration_credit a/base USD -15.00 15/30; recurring yearly/base USD 300.00;"}, l.shown(1))
	require.Equal(t, l.local("2028-04-16"), l.state.Period.End)
}

// What is left to the next invoice comes to the same as billed at once, and is on whatever invoice comes next.
func TestChangesBilledWithTheNextInvoice(t *testing.T) {
	t.Parallel()
	next := func(plan string) subscription.Command {
		c := change(plan)
		c.BillNext = true
		return c
	}
	extra := " proration_credit a/base USD -20.00 20/30; proration_charge b/base USD 40.00 20/30;" +
		" proration_credit b/base USD -20.00 10/20; proration_charge c/base USD 30.00 10/30;"
	for _, test := range []struct {
		why  string
		then func(*life)
		want []string
	}{
		{"the renewal", func(l *life) { l.until(l.local("2027-05-01")) }, []string{"cycle:" + extra + " recurring c/base USD 90.00;"}},
		{
			"another change", func(l *life) { require.Empty(l.t, l.do("2027-04-26", change("a"))) },
			[]string{"change:" + extra + " proration_credit c/base USD -15.00 5/10; proration_charge a/base USD 5.00 5/30;"},
		},
		{"a pause", func(l *life) { require.Empty(l.t, l.do("2027-04-26", pause(""))) }, []string{"pause:" + extra + " proration_credit c/base USD -15.00 5/10;"}},
		{"a pause that extends", func(l *life) { require.Empty(l.t, l.do("2027-04-26", pause(subscription.PauseExtend))) }, []string{"pause:" + extra}},
		{"the end", func(l *life) { require.Empty(l.t, l.do("2027-04-26", cancel)) }, []string{"final:" + extra}},
		{"the end, with credit", func(l *life) { require.Empty(l.t, l.do("2027-04-26", credit)) }, []string{"final:" + extra + " proration_credit c/base USD -15.00 5/10;"}},
		{"the renewal in a pause", func(l *life) {
			require.Empty(l.t, l.do("2027-04-26", pause(subscription.PauseKeep)))
			l.until(l.local("2027-06-02"))
		}, []string{"cycle:" + extra}},
		{
			"a transfer", func(l *life) { require.Empty(l.t, l.do("2027-04-26", handOff)) },
			[]string{"change:" + extra + " proration_credit c/base USD -15.00 5/10;", "change: proration_charge c/base USD 15.00 5/30;"},
		},
	} {
		l := begin(t, "America/New_York", "2027-04-01", on("a"), flat("a", "30", catalog.GrainDay), flat("b", "60", catalog.GrainDay), flat("c", "90", catalog.GrainDay))
		require.Empty(t, l.do("2027-04-11", next("b")), test.why)
		require.Empty(t, l.do("2027-04-21", next("c")), test.why)
		require.Empty(t, l.shown(1), test.why)
		test.then(l)
		require.Equal(t, test.want, l.shown(1), test.why)
		require.Empty(t, l.state.Pending, test.why)
		l.requireFair(t)
	}
}
