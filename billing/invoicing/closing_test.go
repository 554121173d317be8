package invoicing_test

import (
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/invoicing"
)

func tiers(model catalog.Model, flatAtZero bool, list ...catalog.Tier) catalog.Price {
	return catalog.Price{Model: model, Tiers: list, FlatAtZero: flatAtZero}
}

func tier(upTo, unit, flat string) catalog.Tier {
	t := catalog.Tier{UnitAmount: number(unit), FlatAmount: number(flat)}
	if upTo != "" {
		bound := number(upTo)
		t.UpTo = &bound
	}
	return t
}

func segment(period calendar.Period, terms invoicing.Terms, meter, quantity string) invoicing.Segment {
	s := invoicing.Segment{Period: period, Terms: terms}
	if meter != "" {
		s.Usage = []invoicing.Usage{{Meter: meter, Quantity: number(quantity)}}
	}
	return s
}

func closed(t *testing.T, z calendar.Zone, full calendar.Period, segments ...invoicing.Segment) invoicing.Invoice {
	t.Helper()
	f := untaxed(z, full.End)
	f.Closes = &invoicing.Closing{Period: full, Full: full, Segments: segments}
	inv, err := invoicing.Build(f)
	require.NoError(t, err)
	require.Equal(t, inv.Subtotal, inv.Earned)
	require.True(t, inv.Deferred.IsZero())
	return inv
}

func TestGraduatedTiersExplainThemselves(t *testing.T) {
	t.Parallel()
	z := zone(t, "UTC")
	full := month(t, z, "2027-01")
	price := tiers(catalog.Graduated, false, tier("1000", "0.10", "5"), tier("10000", "0.05", "0"), tier("", "0.01", "0"))
	api := plan(t, "api", catalog.GrainDay, used("calls", price))
	inv := closed(t, z, full, segment(full, terms(api, 0), "calls", "12000.5"))
	require.Equal(t, []string{"usage api/calls 12000.5 USD 575.01"}, shown(inv))
	steps := inv.Lines[0].Explanation.Steps
	require.Len(t, steps, 3)
	require.Equal(t, "105", steps[0].Amount.String())
	require.Equal(t, "450", steps[1].Amount.String())
	require.Equal(t, "20.005", steps[2].Amount.String())
	require.Equal(t, "575.005", inv.Lines[0].Exact.String())
}

// A seat bought in mid-month must not begin the tiers, the flat amounts or the packages of usage anew.
func TestUsageOfOnePlanIsRatedOnceForThePeriod(t *testing.T) {
	t.Parallel()
	z := zone(t, "Europe/Berlin")
	full := month(t, z, "2027-01")
	first, rest := between(t, z, "2027-01-01", "2027-01-11"), between(t, z, "2027-01-11", "2027-02-01")
	graduated := tiers(catalog.Graduated, true, tier("100", "1", "7"), tier("", "0.10", "0"))
	volume := tiers(catalog.Volume, false, tier("100", "1", "0"), tier("", "0.10", "0"))
	pack := catalog.Price{Model: catalog.Package, UnitAmount: number("9"), PackageSize: number("1000"), FreeUnits: number("50")}
	for _, test := range []struct {
		name  string
		price catalog.Price
		want  string
	}{
		{"graduated", graduated, "USD 109.00"},
		{"volume", volume, "USD 12.00"},
		{"package", pack, "USD 9.00"},
	} {
		p := plan(t, "p", catalog.GrainDay, seats("10"), used("calls", test.price))
		inv := closed(t, z, full, segment(first, terms(p, 2), "calls", "80"), segment(rest, terms(p, 3), "calls", "40"))
		require.Equal(t, []string{"usage p/calls 120 " + test.want}, shown(inv), test.name)
		require.Equal(t, full, inv.Lines[0].Period)
	}
}

func TestEachPlanRatesItsOwnUsage(t *testing.T) {
	t.Parallel()
	z := zone(t, "UTC")
	full := month(t, z, "2027-01")
	price := tiers(catalog.Graduated, false, tier("100", "1", "0"), tier("", "0.10", "0"))
	a, b := plan(t, "a", catalog.GrainDay, used("calls", price)), plan(t, "b", catalog.GrainDay, used("calls", perUnit("0.5")))
	inv := closed(t, z, full,
		segment(between(t, z, "2027-01-01", "2027-01-11"), terms(a, 0), "calls", "80"),
		segment(between(t, z, "2027-01-11", "2027-01-21"), terms(b, 0), "calls", "10"),
		segment(between(t, z, "2027-01-21", "2027-02-01"), terms(a, 0), "calls", "40"))
	require.Equal(t, []string{"usage a/calls 120 USD 102.00", "usage b/calls 10 USD 5.00"}, shown(inv))
}

func TestLateUsageIsShownOnTheLine(t *testing.T) {
	t.Parallel()
	z := zone(t, "UTC")
	full := month(t, z, "2027-01")
	api := plan(t, "api", catalog.GrainDay, used("calls", perUnit("0.01")))
	one := segment(between(t, z, "2027-01-01", "2027-01-11"), terms(api, 0), "calls", "1000")
	one.Usage[0].Late = number("120.5")
	inv := closed(t, z, full, one, segment(between(t, z, "2027-01-11", "2027-02-01"), terms(api, 0), "calls", "500"))
	require.Equal(t, []string{"usage api/calls 1500 USD 15.00"}, shown(inv))
	require.Equal(t, "120.5", inv.Lines[0].Explanation.Late)
}

func TestFlatAmountAtZeroUsageIsALine(t *testing.T) {
	t.Parallel()
	z := zone(t, "UTC")
	full := month(t, z, "2027-01")
	api := plan(t, "api", catalog.GrainDay,
		used("calls", tiers(catalog.Graduated, true, tier("100", "1", "7"), tier("", "0.1", "0"))), used("bytes", perUnit("1")))
	inv := closed(t, z, full, invoicing.Segment{Period: full, Terms: terms(api, 0)})
	require.Equal(t, []string{"usage api/calls 0 USD 7.00"}, shown(inv))
}

// arrearsPlan is billed by the monthly run: seats and a platform fee after the fact.
func arrearsPlan(t *testing.T, grain catalog.Grain) catalog.Plan {
	t.Helper()
	return plan(t, "team", grain,
		recurring("platform", catalog.PerSubscription, catalog.Arrears, in("USD", flat("31"))),
		recurring("seats", catalog.PerSeat, catalog.Arrears, in("USD", perUnit("6.20"))))
}

func TestArrearsAreProratedOverSegments(t *testing.T) {
	t.Parallel()
	kolkata := zone(t, "Asia/Kolkata")
	full := month(t, kolkata, "2027-01")
	from := func(a, b string) calendar.Period { return between(t, kolkata, a, b) }
	for _, test := range []struct {
		name     string
		grain    catalog.Grain
		segments []invoicing.Segment
		want     []string
	}{
		{
			"a whole month is not prorated", catalog.GrainDay,
			[]invoicing.Segment{{Period: full, Terms: terms(arrearsPlan(t, catalog.GrainDay), 5)}},
			[]string{"recurring team/platform 1 USD 31.00", "recurring team/seats 5 USD 31.00"},
		},
		{
			"a start in mid-month and a seat more: the day of each change belongs to the new terms", catalog.GrainDay,
			[]invoicing.Segment{
				{Period: from("2027-01-11 15:20", "2027-01-21 09:00"), Terms: terms(arrearsPlan(t, catalog.GrainDay), 5)},
				{Period: from("2027-01-21 09:00", "2027-02-01"), Terms: terms(arrearsPlan(t, catalog.GrainDay), 6)},
			},
			[]string{"recurring team/platform 1 USD 21.00 21/31", "recurring team/seats 5 USD 10.00 10/31", "recurring team/seats 6 USD 13.20 11/31"},
		},
		{
			"two changes on one day: the last terms of the day are charged for it", catalog.GrainDay,
			[]invoicing.Segment{
				{Period: from("2027-01-01", "2027-01-16 10:00"), Terms: terms(arrearsPlan(t, catalog.GrainDay), 1)},
				{Period: from("2027-01-16 10:00", "2027-01-16 11:00"), Terms: terms(arrearsPlan(t, catalog.GrainDay), 500)},
				{Period: from("2027-01-16 11:00", "2027-02-01"), Terms: terms(arrearsPlan(t, catalog.GrainDay), 2)},
			},
			[]string{"recurring team/platform 1 USD 31.00", "recurring team/seats 1 USD 3.00 15/31", "recurring team/seats 2 USD 6.40 16/31"},
		},
		{
			"by the second", catalog.GrainSecond,
			[]invoicing.Segment{
				{Period: from("2027-01-01", "2027-01-16 12:00"), Terms: terms(arrearsPlan(t, catalog.GrainSecond), 1)},
				{Period: from("2027-01-16 12:00", "2027-02-01"), Terms: terms(arrearsPlan(t, catalog.GrainSecond), 2)},
			},
			[]string{
				"recurring team/platform 1 USD 31.00",
				"recurring team/seats 1 USD 3.10 1339200/2678400", "recurring team/seats 2 USD 6.20 1339200/2678400",
			},
		},
	} {
		require.Equal(t, test.want, shown(closed(t, kolkata, full, test.segments...)), test.name)
	}
}

func TestArrearsWithoutProration(t *testing.T) {
	t.Parallel()
	z := zone(t, "Asia/Kolkata")
	inv := closed(t, z, month(t, z, "2027-01"),
		invoicing.Segment{Period: between(t, z, "2027-01-01", "2027-01-16"), Terms: terms(arrearsPlan(t, catalog.GrainNone), 1)},
		invoicing.Segment{Period: between(t, z, "2027-01-16", "2027-02-01"), Terms: terms(arrearsPlan(t, catalog.GrainNone), 9)})
	require.Equal(t, []string{"recurring team/platform 1 USD 31.00", "recurring team/seats 1 USD 6.20"}, shown(inv),
		"what was in force at the start is charged whole")
}

// A plan that does not prorate is charged in arrears as it is in advance: whole for the period it was in force at the
// start of, by the other's grain for the rest where it took the place of one that prorates.
func TestArrearsOverAChangeToAPlanWithoutProration(t *testing.T) {
	t.Parallel()
	z, full := zone(t, "UTC"), month(t, zone(t, "UTC"), "2027-01")
	fee := func(id string, grain catalog.Grain, amount string) catalog.Plan {
		return plan(t, id, grain, recurring("fee", catalog.PerSeat, catalog.Arrears, in("USD", perUnit(amount))))
	}
	daily, seconds := fee("daily", catalog.GrainDay, "31"), fee("seconds", catalog.GrainSecond, "31")
	fixed, other := fee("fixed", catalog.GrainNone, "62"), fee("other", catalog.GrainNone, "93")
	stretch := func(from, to string, p catalog.Plan, seats int64) invoicing.Segment {
		return invoicing.Segment{Period: between(t, z, from, to), Terms: terms(p, seats)}
	}
	for _, test := range []struct {
		name     string
		segments []invoicing.Segment
		want     []string
	}{
		{
			"from days",
			[]invoicing.Segment{stretch("2027-01-01", "2027-01-16", daily, 1), stretch("2027-01-16", "2027-02-01", fixed, 1)},
			[]string{"recurring daily/fee 1 USD 15.00 15/31", "recurring fixed/fee 1 USD 32.00 16/31"},
		},
		{
			"from seconds",
			[]invoicing.Segment{stretch("2027-01-01", "2027-01-16 12:00", seconds, 1), stretch("2027-01-16 12:00", "2027-02-01", fixed, 1)},
			[]string{"recurring seconds/fee 1 USD 15.50 1339200/2678400", "recurring fixed/fee 1 USD 31.00 1339200/2678400"},
		},
		{
			"what changes later has no effect",
			[]invoicing.Segment{
				stretch("2027-01-01", "2027-01-16", daily, 1), stretch("2027-01-16", "2027-01-20", fixed, 2),
				stretch("2027-01-20", "2027-01-25", fixed, 9), stretch("2027-01-25", "2027-02-01", other, 1),
			},
			[]string{"recurring daily/fee 1 USD 15.00 15/31", "recurring fixed/fee 2 USD 64.00 16/31"},
		},
		{
			"back to the plan that was charged whole",
			[]invoicing.Segment{
				stretch("2027-01-01", "2027-01-16", fixed, 1), stretch("2027-01-16", "2027-01-20", daily, 1),
				stretch("2027-01-20", "2027-02-01", fixed, 1),
			},
			[]string{"recurring fixed/fee 1 USD 62.00", "recurring daily/fee 1 USD 4.00 4/31"},
		},
		{
			"ended early",
			[]invoicing.Segment{stretch("2027-01-01", "2027-01-16", daily, 1), stretch("2027-01-16", "2027-01-20", fixed, 1)},
			[]string{"recurring daily/fee 1 USD 15.00 15/31", "recurring fixed/fee 1 USD 32.00 16/31"},
		},
		{
			"after a pause",
			[]invoicing.Segment{stretch("2027-01-01", "2027-01-11", daily, 1), stretch("2027-01-16", "2027-02-01", fixed, 1)},
			[]string{"recurring daily/fee 1 USD 10.00 10/31", "recurring fixed/fee 1 USD 32.00 16/31"},
		},
	} {
		closes := calendar.Period{Start: full.Start, End: test.segments[len(test.segments)-1].Period.End}
		f := untaxed(z, closes.End)
		f.Closes = &invoicing.Closing{Period: closes, Full: full, Segments: test.segments}
		inv, err := invoicing.Build(f)
		require.NoError(t, err)
		require.Equal(t, test.want, shown(inv), test.name)
		require.Equal(t, inv.Subtotal, inv.Earned, test.name)
	}
}

func TestAPauseIsAGapThatIsNotCharged(t *testing.T) {
	t.Parallel()
	z := zone(t, "Asia/Kolkata")
	inv := closed(t, z, month(t, z, "2027-01"),
		invoicing.Segment{Period: between(t, z, "2027-01-01", "2027-01-11"), Terms: terms(arrearsPlan(t, catalog.GrainDay), 1)},
		invoicing.Segment{Period: between(t, z, "2027-01-31", "2027-02-01"), Terms: terms(arrearsPlan(t, catalog.GrainDay), 1)})
	require.Equal(t, []string{
		"recurring team/platform 1 USD 10.00 10/31", "recurring team/platform 1 USD 1.00 1/31",
		"recurring team/seats 1 USD 2.00 10/31", "recurring team/seats 1 USD 0.20 1/31",
	}, shown(inv))
}

// New York's clocks change on 8 March: a day of 23 hours is charged as a day.
func TestArrearsOverAPlanChange(t *testing.T) {
	t.Parallel()
	z := zone(t, "America/New_York")
	full := month(t, z, "2026-03")
	old := arrearsPlan(t, catalog.GrainDay)
	pro := plan(t, "pro", catalog.GrainDay, recurring("platform", catalog.PerSubscription, catalog.Arrears, in("USD", flat("62"))))
	inv := closed(t, z, full,
		invoicing.Segment{Period: between(t, z, "2026-03-01", "2026-03-08 12:00"), Terms: terms(old, 1)},
		invoicing.Segment{Period: between(t, z, "2026-03-08 12:00", "2026-04-01"), Terms: terms(pro, 0)})
	require.Equal(t, []string{
		"recurring team/platform 1 USD 7.00 7/31", "recurring team/seats 1 USD 1.40 7/31", "recurring pro/platform 1 USD 48.00 24/31",
	}, shown(inv))
}

func TestExactKeepsWhatRoundingDrops(t *testing.T) {
	t.Parallel()
	z := zone(t, "UTC")
	full := month(t, z, "2027-01")
	inv := closed(t, z, full, invoicing.Segment{
		Period: between(t, z, "2027-01-11", "2027-02-01"),
		Terms:  terms(plan(t, "p", catalog.GrainDay, recurring("fee", catalog.PerSubscription, catalog.Arrears, in("USD", flat("10")))), 0),
	})
	line := inv.Lines[0]
	require.Equal(t, "6.774193548387096774", line.Exact.String())
	require.True(t, line.Exact.Round(2).Equal(line.Amount.Decimal()))
	require.Equal(t, decimal.NewFromInt(1), line.Quantity)
}
