package lifecycle_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/subscription"
)

func newPeriod(c subscription.Command) subscription.Command {
	c.NewPeriod = true
	return c
}

// The period under way ends with what it used and a credit for the rest; a whole one begins, whose day is the anchor.
func TestChangeWithANewPeriod(t *testing.T) {
	t.Parallel()
	small, big := flat("small", "30", catalog.GrainDay, inArrears("support", "60"), metered("calls", "1")), flat("big", "60", catalog.GrainDay)
	want := []string{
		"cycle: recurring small/support USD 30.00 15/30; usage small/calls USD 3.00; proration_credit small/base USD -15.00 15/30; recurring big/base USD 60.00;",
		"cycle: recurring big/base USD 60.00;",
	}
	for why, ask := range map[string]func(*life){
		"now":       func(l *life) { require.Empty(t, l.do("2027-04-16", newPeriod(change("big")))) },
		"on a date": func(l *life) { require.Empty(t, l.do("2027-04-12", l.on("2027-04-16", newPeriod(change("big"))))) },
		"in place of what waits for the period's end": func(l *life) {
			require.Empty(t, l.do("2027-04-12", atPeriodEnd(change("other"))))
			require.Empty(t, l.do("2027-04-16", newPeriod(change("big"))))
		},
	} {
		l := begin(t, "Asia/Kolkata", "2027-04-01", on("small"), small, big, flat("other", "90", catalog.GrainDay))
		l.use("2027-04-05", "calls", 3)
		ask(l)
		l.until(l.local("2027-05-16"))
		require.Equal(t, want, l.shown(1), why)
		require.Equal(t, l.local("2027-06-16"), l.state.Period.End, why)
	}
}

// Terms that wait for the period's end are withdrawn by asking for those in force, and a new period can begin with that.
func TestNewPeriodWithTheTermsInForce(t *testing.T) {
	t.Parallel()
	l := begin(t, "UTC", "2027-04-01", on("a"), flat("a", "30", catalog.GrainDay), flat("b", "60", catalog.GrainDay))
	require.Equal(t, "nothing_to_change", l.do("2027-04-10", newPeriod(change("a"))))
	require.Empty(t, l.do("2027-04-12", atPeriodEnd(change("b"))))
	require.Empty(t, l.do("2027-04-16", newPeriod(change("a"))))
	l.until(l.local("2027-05-16"))
	require.Equal(t, []string{
		"cycle: proration_credit a/base USD -15.00 15/30; recurring a/base USD 30.00;", "cycle: recurring a/base USD 30.00;",
	}, l.shown(1))
}

// Planned for the day of a renewal, the period that begins there is the new one: the 28th of February takes the place of
// the 31st.
func TestNewPeriodOnTheDayOfARenewal(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		command subscription.Command
		ends    string
	}{{change("b"), "2027-03-31"}, {newPeriod(change("b")), "2027-03-28"}} {
		l := begin(t, "America/New_York", "2027-01-31", on("a"), flat("a", "30", catalog.GrainDay), flat("b", "60", catalog.GrainDay))
		require.Empty(t, l.do("2027-02-10", l.on("2027-02-28", test.command)))
		l.until(l.local("2027-02-28"))
		require.Equal(t, []string{"cycle: recurring b/base USD 60.00;"}, l.shown(1))
		require.Equal(t, l.local(test.ends), l.state.Period.End)
		require.Empty(t, l.state.Missed)
	}
}

// Changes that wait for the next invoice are on that of the new period, and a second new period credits what the first charged.
func TestNewPeriodAfterOtherChanges(t *testing.T) {
	t.Parallel()
	l := begin(t, "UTC", "2027-04-01", on("a"), flat("a", "30", catalog.GrainDay), flat("b", "60", catalog.GrainDay), flat("c", "90", catalog.GrainDay))
	next := change("b")
	next.BillNext = true
	require.Empty(t, l.do("2027-04-11", next))
	require.Empty(t, l.do("2027-04-21", newPeriod(change("c"))))
	require.Empty(t, l.do("2027-05-06", newPeriod(change("a"))))
	require.Equal(t, []string{
		"cycle: proration_credit a/base USD -20.00 20/30; proration_charge b/base USD 40.00 20/30; proration_credit b/base USD -20.00 10/20; recurring c/base USD 90.00;",
		"cycle: proration_credit c/base USD -45.00 15/30; recurring a/base USD 30.00;",
	}, l.shown(1))
	require.Equal(t, l.local("2027-06-06"), l.state.Period.End)
	l.requireFair(t)
}

// Where nothing is given back, what was paid counts towards the new period.
func TestNewPeriodKeepsWhatWasPaid(t *testing.T) {
	t.Parallel()
	a := flat("a", "30", catalog.GrainDay)
	a.Credits = catalog.CreditNone
	l := begin(t, "UTC", "2027-04-01", on("a"), a, flat("b", "60", catalog.GrainDay))
	require.Empty(t, l.do("2027-04-16", newPeriod(change("b"))))
	require.Equal(t, []string{"cycle: proration_credit a/base USD -15.00 15/30; recurring b/base USD 60.00;"}, l.shown(1))
	l = begin(t, "UTC", "2027-04-01", on("a"), a, flat("small", "5", catalog.GrainDay))
	require.Empty(t, l.do("2027-04-16", newPeriod(change("small"))))
	require.Equal(t, []string{"cycle: proration_credit a/base USD -5.00 15/30; recurring small/base USD 5.00;"}, l.shown(1))
}

func TestNewPeriodRefused(t *testing.T) {
	t.Parallel()
	aligned := flat("aligned", "60", catalog.GrainDay)
	aligned.Alignment.To = calendar.ToCalendar
	next := newPeriod(change("b"))
	next.BillNext = true
	for _, test := range []struct {
		why, code string
		before    func(*life)
		command   subscription.Command
	}{
		{why: "at the period's end", code: "new_period_at_end", command: atPeriodEnd(newPeriod(change("b")))},
		{why: "with the next invoice", code: "nothing_to_bill_next", command: next},
		{why: "aligned", code: "cannot_begin_period", command: newPeriod(change("aligned"))},
		{why: "a fixed term", code: "fixed_term", before: func(l *life) { l.state.EndsAfter = 5 }, command: newPeriod(change("b"))},
		{why: "the end", code: "last_period", before: func(l *life) { require.Empty(t, l.do("2027-04-02", atPeriodEnd(cancel))) }, command: newPeriod(change("b"))},
		{why: "a pause", code: "deferred_first", before: func(l *life) { require.Empty(t, l.do("2027-04-02", atPeriodEnd(pause("")))) }, command: newPeriod(change("b"))},
	} {
		l := begin(t, "UTC", "2027-04-01", on("a"), flat("a", "30", catalog.GrainDay), flat("b", "60", catalog.GrainDay), aligned)
		if test.before != nil {
			test.before(l)
		}
		was := l.state
		require.Equal(t, test.code, l.do("2027-04-11", test.command), test.why)
		require.Equal(t, was, l.state, test.why)
		if test.command.BillNext || test.code == "cannot_begin_period" || test.code == "fixed_term" {
			require.Equal(t, test.code, l.do("2027-04-11", l.on("2027-04-20", test.command)), "%s: known before its day", test.why)
		}
	}
}

// What is billed by the monthly run, or is in its trial, has no period that a change could end.
func TestNewPeriodWithoutAPeriod(t *testing.T) {
	t.Parallel()
	const trial = `  - {id: trial, version: 1, name: Trial, interval: {unit: month, count: 1}, trial_days: 14, proration: day, billed_by: renewal, charges: [
      {id: seat, name: seats, kind: recurring, per: seat, timing: advance, tax_category: saas_b2b, prices: {USD: {model: per_unit, unit_amount: 10}}}]}
`
	for entries, refused := range map[string]int{
		"{at: 2027-01-05, change: {subscription: run, seats: 4, new_period: true}}":                   1,
		"{at: 2027-01-05, change: {subscription: run, seats: 4, new_period: true, on: 2027-01-20}}":   1,
		"{at: 2027-01-05, change: {subscription: trial, seats: 4, new_period: true}}":                 1,
		"{at: 2027-01-05, change: {subscription: trial, seats: 4, new_period: true, on: 2027-01-10}}": 1,
		"{at: 2027-01-05, change: {subscription: trial, seats: 4, new_period: true, on: 2027-01-20}}": 0,
	} {
		result := playScenario(t, strings.Replace(catalogue, "customers:", trial+"customers:", 1)+`
  - {at: 2027-01-01, subscribe: {id: run, plan: run, seats: 3}}
  - {at: 2027-01-01, subscribe: {id: trial, plan: trial, seats: 3}}
  - `+entries)
		require.Len(t, result.Refused, refused, entries)
		for _, r := range result.Refused {
			require.Equal(t, "cannot_begin_period", r.Code, entries)
		}
	}
}

func TestNewPeriodIsAskedForOnce(t *testing.T) {
	t.Parallel()
	result := play(t, `
  - {at: 2027-01-01, subscribe: {id: a, plan: monthly, seats: 3}}
  - {at: 2027-01-11, change: {id: more, seats: 4, new_period: true}}
  - {at: 2027-01-12, change: {id: more, seats: 4, new_period: true}}
  - {at: 2027-01-13, change: {id: more, seats: 4}}
`)
	require.Len(t, result.Refused, 1)
	require.Equal(t, "timeline[3]", result.Refused[0].Path)
	require.Equal(t, "command_id_reused", result.Refused[0].Code)
	require.Equal(t, "2027-01-11T00:00:00-05:00", result.Invoices[1].Period.Start.String())
	require.Equal(t, "2027-02-11T00:00:00-05:00", result.Invoices[2].Period.Start.String())
}

// Who was told of another plan for the renewal gets it then, though seats change: a new period would put it off.
func TestNewPeriodDoesNotPutOffWhatWaits(t *testing.T) {
	t.Parallel()
	const begun = `
  - {at: 2027-01-01, subscribe: {id: a, plan: monthly, seats: 3}}
  - {at: 2027-01-05, change: {plan: yearly, when: period_end}}
`
	result := play(t, begun+"  - {at: 2027-01-11, change: {seats: 4, new_period: true}}")
	require.Len(t, result.Refused, 1)
	require.Equal(t, "deferred_first", result.Refused[0].Code)
	require.Equal(t, "yearly", result.Subscriptions[0].Plan)

	result = play(t, begun+"  - {at: 2027-01-11, change: {seats: 3, new_period: true}}")
	require.Empty(t, result.Refused, "the terms in force withdraw it")
	require.Equal(t, "monthly", result.Subscriptions[0].Plan)
}
