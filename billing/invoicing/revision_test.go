package invoicing_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/money"
)

// term is a period paid for in advance, about to be changed.
type term struct {
	*account
	facts  invoicing.Facts
	zone   calendar.Zone
	period calendar.Period
}

func begun(t *testing.T, z calendar.Zone, name string, first invoicing.Terms, others ...catalog.Plan) term {
	t.Helper()
	period := month(t, z, name)
	v := term{account: newAccount(t, append(others, first.Plan)...), facts: untaxed(z, period.Start), zone: z, period: period}
	f := v.facts
	f.Opens = &invoicing.Opening{Period: period, Terms: first}
	v.issue(f)
	return v
}

// change bills a change of terms on a local day.
func (v term) change(when string, next invoicing.Terms) invoicing.Invoice {
	return v.issue(v.revision(v.facts, v.period, at(v.t, v.zone, when), &next))
}

// stop bills a pause or cancellation that credits unused time.
func (v term) stop(when string) invoicing.Invoice {
	return v.issue(v.revision(v.facts, v.period, at(v.t, v.zone, when), nil))
}

func (v term) unbilled(when string, next *invoicing.Terms) {
	_, err := invoicing.Build(v.revision(v.facts, v.period, at(v.t, v.zone, when), next))
	require.ErrorIs(v.t, err, invoicing.ErrNothingToBill)
}

func TestUpgradeAtHalfOfThePeriod(t *testing.T) {
	t.Parallel()
	z := zone(t, "Asia/Kolkata")
	small, big := plan(t, "small", catalog.GrainDay, base("10")), plan(t, "big", catalog.GrainDay, base("20"))
	v := begun(t, z, "2027-04", terms(small, 0), big)
	inv := v.change("2027-04-16 18:30", terms(big, 0))
	require.Equal(t, []string{"proration_credit small/base 1 USD -5.00 15/30", "proration_charge big/base 1 USD 10.00 15/30"}, shown(inv))
	rest := calendar.Period{Start: at(t, z, "2027-04-16 18:30"), End: v.period.End}
	credit, charge := inv.Lines[0], inv.Lines[1]
	require.Equal(t, &invoicing.LineRef{InvoiceID: "inv_1", Position: 1}, credit.Credits)
	require.Equal(t, "Unused time: small: base", credit.Description)
	require.Equal(t, "Remaining time: big: base", charge.Description)
	require.Equal(t, []calendar.Period{rest, rest}, []calendar.Period{credit.Period, charge.Period})
	require.Equal(t, v.period, inv.Period)
	require.Equal(t, []string{"-5", "10"}, []string{credit.Exact.String(), charge.Exact.String()})
	require.Equal(t, money.New(500, "USD"), inv.AmountDue)
	require.Equal(t, inv.Subtotal, inv.Deferred, "both pay for time to come")
	require.Equal(t, invoicing.ForChange, inv.Reason)
}

func TestDowngradeBecomesCredit(t *testing.T) {
	t.Parallel()
	z := zone(t, "Europe/Berlin")
	small, big := plan(t, "small", catalog.GrainDay, base("10")), plan(t, "big", catalog.GrainDay, base("20"))
	v := begun(t, z, "2027-04", terms(big, 0), small)
	v.facts.Balance = money.New(700, "USD")
	inv := v.change("2027-04-16", terms(small, 0))
	require.Equal(t, []string{"proration_credit big/base 1 USD -10.00 15/30", "proration_charge small/base 1 USD 5.00 15/30"}, shown(inv))
	require.Equal(t, money.New(-500, "USD"), inv.Total)
	require.Equal(t, money.New(500, "USD"), inv.CreditGranted)
	require.True(t, inv.CreditApplied.IsZero(), "credit is not used up by a credit")
	require.True(t, inv.AmountDue.IsZero())
}

// The second change credits the line that the first one made, not the original line again.
func TestSecondChangeWorksOnTheRestOnly(t *testing.T) {
	t.Parallel()
	z := zone(t, "America/New_York")
	a, b, c := plan(t, "a", catalog.GrainDay, base("30")), plan(t, "b", catalog.GrainDay, base("60")), plan(t, "c", catalog.GrainDay, base("90"))
	v := begun(t, z, "2027-04", terms(a, 0), b, c)
	require.Equal(t, []string{"proration_credit a/base 1 USD -20.00 20/30", "proration_charge b/base 1 USD 40.00 20/30"},
		shown(v.change("2027-04-11", terms(b, 0))))
	second := v.change("2027-04-21 08:00", terms(c, 0))
	require.Equal(t, []string{"proration_credit b/base 1 USD -20.00 10/20", "proration_charge c/base 1 USD 30.00 10/30"}, shown(second))
	require.Equal(t, &invoicing.LineRef{InvoiceID: "inv_2", Position: 2}, second.Lines[0].Credits)
	require.Equal(t, "Unused time: b: base", second.Lines[0].Description)
	require.Equal(t, []string{"proration_credit c/base 1 USD -27.00 9/10"}, shown(v.stop("2027-04-22")))
	v.unbilled("2027-04-23", nil)
}

// Peers have refused a second change on one day as a double billing.
func TestTwoChangesOnOneDay(t *testing.T) {
	t.Parallel()
	z := zone(t, "UTC")
	a, b, c := plan(t, "a", catalog.GrainDay, base("30")), plan(t, "b", catalog.GrainDay, base("60")), plan(t, "c", catalog.GrainDay, base("90"))
	v := begun(t, z, "2027-04", terms(a, 0), b, c)
	v.change("2027-04-11 09:00", terms(b, 0))
	require.Equal(t, []string{"proration_credit b/base 1 USD -40.00", "proration_charge c/base 1 USD 60.00 20/30"},
		shown(v.change("2027-04-11 17:00", terms(c, 0))), "the day belongs to the last terms of the day")
}

func TestWhatStaysTheSameIsNeitherCreditedNorCharged(t *testing.T) {
	t.Parallel()
	z := zone(t, "UTC")
	team := plan(t, "team", catalog.GrainDay, base("30"), seats("6"), used("calls", perUnit("1")))
	v := begun(t, z, "2027-04", terms(team, 5))
	require.Equal(t, []string{"proration_credit team/seats 5 USD -15.00 15/30", "proration_charge team/seats 8 USD 24.00 15/30"},
		shown(v.change("2027-04-16", terms(team, 8))))
	v.unbilled("2027-04-16", &invoicing.Terms{Plan: team, Seats: 8})
	require.Equal(t, []string{"proration_credit team/base 1 USD -10.00 10/30", "proration_credit team/seats 8 USD -16.00 10/15"},
		shown(v.stop("2027-04-21")), "the line that went on is credited in the end")
}

// A new version of the plan is other terms, even at the same price.
func TestNewVersionIsCreditedAndCharged(t *testing.T) {
	t.Parallel()
	z := zone(t, "UTC")
	one := plan(t, "team", catalog.GrainDay, base("30"))
	two := one
	two.Version = 2
	v := begun(t, z, "2027-04", terms(one, 0))
	inv := v.change("2027-04-16", terms(two, 0))
	require.Equal(t, []string{"proration_credit team/base 1 USD -15.00 15/30", "proration_charge team/base 1 USD 15.00 15/30"}, shown(inv))
	require.Equal(t, []int{1, 2}, []int{inv.Lines[0].PlanVersion, inv.Lines[1].PlanVersion})
	require.True(t, inv.Total.IsZero())
}

func TestCreditKeepsTheTaxDecisionOfItsLine(t *testing.T) {
	t.Parallel()
	z := zone(t, "Europe/Berlin")
	small, big := plan(t, "small", catalog.GrainDay, base("100")), plan(t, "big", catalog.GrainDay, base("200"))
	v := term{account: newAccount(t, small, big), zone: z, period: between(t, z, "2020-06-16", "2020-07-16")}
	v.facts = taxedIn("DE", untaxed(z, v.period.Start))
	first := v.facts
	first.Opens = &invoicing.Opening{Period: v.period, Terms: terms(small, 0)}
	require.Equal(t, money.New(1900, "USD"), v.issue(first).Tax)

	inv := v.change("2020-07-01", terms(big, 0))
	require.Equal(t, []string{"proration_credit small/base 1 USD -50.00 15/30", "proration_charge big/base 1 USD 100.00 15/30"}, shown(inv))
	require.Equal(t, []int64{-950, 1600}, []int64{inv.Lines[0].Tax.Minor, inv.Lines[1].Tax.Minor}, "19 % in June, 16 % in July")
	require.Len(t, inv.Taxes, 2)
	require.Equal(t, money.New(650, "USD"), inv.Tax)
}

func TestFinalInvoiceChargesArrearsAndCreditsAdvance(t *testing.T) {
	t.Parallel()
	z := zone(t, "UTC")
	data := plan(t, "data", catalog.GrainDay, base("30"), used("calls", perUnit("0.5")))
	v := begun(t, z, "2027-04", terms(data, 0))
	end := at(t, z, "2027-04-16")
	f := v.revision(v.facts, v.period, end, nil)
	used := calendar.Period{Start: v.period.Start, End: end}
	f.Reason = invoicing.ForEnd
	f.Closes = &invoicing.Closing{Period: used, Full: v.period, Segments: []invoicing.Segment{segment(used, terms(data, 0), "calls", "8")}}
	inv := v.issue(f)
	require.Equal(t, []string{"usage data/calls 8 USD 4.00", "proration_credit data/base 1 USD -15.00 15/30"}, shown(inv))
	require.Equal(t, money.New(400, "USD"), inv.Earned)
	require.Equal(t, money.New(-1500, "USD"), inv.Deferred)
	require.Equal(t, money.New(1100, "USD"), inv.CreditGranted)
}

func TestChangeOfTheBillingIntervalIsProrated(t *testing.T) {
	t.Parallel()
	z := zone(t, "UTC")
	monthly, yearly := plan(t, "monthly", catalog.GrainDay, base("30")), plan(t, "yearly", catalog.GrainDay, base("300"))
	v := begun(t, z, "2027-04", terms(monthly, 0), yearly)
	f := v.revision(v.facts, v.period, at(t, z, "2027-04-21"), nil)
	f.Reason, f.Opens = invoicing.ForCycle, &invoicing.Opening{Period: between(t, z, "2027-04-21", "2028-04-21"), Terms: terms(yearly, 0)}
	inv := v.issue(f)
	require.Equal(t, []string{"proration_credit monthly/base 1 USD -10.00 10/30", "recurring yearly/base 1 USD 300.00"}, shown(inv))
	require.Equal(t, f.Opens.Period, inv.Period)
}

func TestGrains(t *testing.T) {
	t.Parallel()
	z := zone(t, "America/New_York")
	for _, test := range []struct {
		name     string
		from, to catalog.Grain
		when     string
		want     []string
	}{
		{"second", catalog.GrainSecond, catalog.GrainSecond, "2026-03-08 12:00", []string{
			"proration_credit a/base 1 USD -23.53 2030400/2674800", "proration_charge b/base 1 USD 47.06 2030400/2674800",
		}},
		{"day to second", catalog.GrainDay, catalog.GrainSecond, "2026-03-16 12:00", []string{
			"proration_credit a/base 1 USD -16.00 16/31", "proration_charge b/base 1 USD 31.04 1339200/2674800",
		}},
		{"none: the whole first day", catalog.GrainNone, catalog.GrainNone, "2026-03-01", []string{
			"proration_credit a/base 1 USD -31.00", "proration_charge b/base 1 USD 62.00",
		}},
		{"none gives nothing back", catalog.GrainNone, catalog.GrainDay, "2026-03-16", []string{"proration_charge b/base 1 USD 32.00 16/31"}},
		{"to none: what is given back is charged", catalog.GrainDay, catalog.GrainNone, "2026-03-16", []string{
			"proration_credit a/base 1 USD -16.00 16/31", "proration_charge b/base 1 USD 32.00 16/31",
		}},
	} {
		a, b := plan(t, "a", test.from, base("31")), plan(t, "b", test.to, base("62"))
		v := begun(t, z, "2026-03", terms(a, 0), b)
		require.Equal(t, test.want, shown(v.change(test.when, terms(b, 0))), test.name)
	}
}

func TestPlanWithoutProrationIsNotRevised(t *testing.T) {
	t.Parallel()
	z := zone(t, "UTC")
	a, b := plan(t, "a", catalog.GrainNone, base("31"), seats("10")), plan(t, "b", catalog.GrainNone, base("62"))
	daily := plan(t, "daily", catalog.GrainDay, base("62"))
	v := begun(t, z, "2027-01", terms(a, 3), b, daily)
	require.Equal(t, []string{"proration_credit a/seats 3 USD -30.00", "proration_charge a/seats 4 USD 40.00"},
		shown(v.change("2027-01-01", terms(a, 4))), "nothing has been used at the very start")
	v.unbilled("2027-01-16", &invoicing.Terms{Plan: b})
	v.unbilled("2027-01-16", &invoicing.Terms{Plan: a, Seats: 9})
	v.unbilled("2027-01-16", nil)
	require.Equal(t, []string{"proration_charge daily/base 1 USD 32.00 16/31"}, shown(v.change("2027-01-16", terms(daily, 0))))
	require.Equal(t, []string{"proration_credit daily/base 1 USD -32.00"}, shown(v.change("2027-01-16", terms(a, 5))),
		"back on the plan that was charged whole")
}

func TestZeroDecimalCreditThatRoundsAwayIsNoLine(t *testing.T) {
	t.Parallel()
	z := zone(t, "Asia/Tokyo")
	in := func(amount string) catalog.Charge {
		return recurring("base", catalog.PerSubscription, catalog.Advance, in("JPY", flat(amount)))
	}
	a, b := plan(t, "a", catalog.GrainDay, in("10")), plan(t, "b", catalog.GrainDay, in("15"))
	v := term{account: newAccount(t, a, b), zone: z, period: month(t, z, "2027-01")}
	v.facts = untaxed(z, v.period.Start)
	v.facts.Currency, v.facts.Balance = "JPY", money.Zero("JPY")
	f := v.facts
	f.Opens = &invoicing.Opening{Period: v.period, Terms: terms(a, 0)}
	v.issue(f)
	v.unbilled("2027-01-31", &invoicing.Terms{Plan: b})
	require.Equal(t, []string{"proration_charge b/base 1 JPY 1 2/31"}, shown(v.change("2027-01-30", terms(b, 0)))[1:])
}

func TestRevisionErrors(t *testing.T) {
	t.Parallel()
	z := zone(t, "UTC")
	a, b := plan(t, "a", catalog.GrainDay, base("31")), plan(t, "b", catalog.GrainDay, base("62"))
	v := begun(t, z, "2027-01", terms(a, 0), b)
	for _, test := range []struct {
		name   string
		change func(*invoicing.Revision)
		want   string
	}{
		{"before the line's time", func(r *invoicing.Revision) {
			r.At = r.At.AddDate(0, -1, 0)
		}, `credit for line 1 of invoice inv_1, charge "base": prorating`},
		{"after the period", func(r *invoicing.Revision) {
			r.At, r.Billed = r.Period.End, nil
		}, `plan "b": prorating a change at 2027-02-01T00:00:00Z: it is outside the period`},
		{"another currency", func(r *invoicing.Revision) {
			r.Billed[0].Line.Amount.Currency = "EUR"
		}, "currencies differ: EUR 31.00 was charged, the invoice is in USD"},
		{"unpriced", func(r *invoicing.Revision) {
			r.NewTerms.Plan.Charges = []catalog.Charge{recurring("base", catalog.PerSubscription, catalog.Advance, in("EUR", flat("1")))}
		}, `plan "b" version 1: charge "base" has no price in "USD"`},
	} {
		f := v.revision(v.facts, v.period, v.period.Start.Add(24*time.Hour), &invoicing.Terms{Plan: b})
		test.change(f.Revises)
		_, err := invoicing.Build(f)
		require.ErrorContains(t, err, test.want, test.name)
		require.NotErrorIs(t, err, invoicing.ErrNothingToBill)
	}
}

// What was credited without having been paid does not become the customer's to spend.
func TestCreditPaysDebtsFirst(t *testing.T) {
	t.Parallel()
	z := zone(t, "UTC")
	big := plan(t, "big", catalog.GrainDay, base("30"))
	v := begun(t, z, "2027-04", terms(big, 0))
	usd := func(minor int64) money.Amount { return money.New(minor, "USD") }
	for _, test := range []struct {
		why   string
		debts []invoicing.Debt
		want  []invoicing.Offset
	}{
		{"nothing owed", nil, nil},
		{"more owed than credited", []invoicing.Debt{{"a", usd(2000)}}, []invoicing.Offset{{"a", usd(1500)}}},
		{"as much owed as credited", []invoicing.Debt{{"a", usd(1500)}, {"b", usd(1)}}, []invoicing.Offset{{"a", usd(1500)}}},
		{"less owed than credited", []invoicing.Debt{{"a", usd(1000)}}, []invoicing.Offset{{"a", usd(1000)}}},
		{"a rest that can be collected", []invoicing.Debt{{"a", usd(1520)}}, []invoicing.Offset{{"a", usd(1470)}}},
		{"nothing that leaves such a rest", []invoicing.Debt{{"a", usd(1500)}}, []invoicing.Offset{{"a", usd(1500)}}},
		{"oldest first", []invoicing.Debt{{"a", usd(1000)}, {"b", usd(1000)}, {"c", usd(1000)}}, []invoicing.Offset{{"a", usd(1000)}, {"b", usd(500)}}},
	} {
		facts := v.revision(v.facts, v.period, at(t, z, "2027-04-16"), nil)
		facts.Debts = test.debts
		inv, err := invoicing.Build(facts)
		require.NoError(t, err, test.why)
		require.Equal(t, usd(1500), inv.CreditGranted, test.why)
		require.Equal(t, test.want, inv.Offsets, test.why)
	}
	for _, owed := range []money.Amount{usd(0), usd(-1), money.New(1, "EUR")} {
		facts := v.revision(v.facts, v.period, at(t, z, "2027-04-16"), nil)
		facts.Debts = []invoicing.Debt{{InvoiceID: "a", Owed: owed}}
		_, err := invoicing.Build(facts)
		require.ErrorContains(t, err, "debt of "+owed.String()+" for invoice a")
	}
}
