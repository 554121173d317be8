package invoicing_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/money"
)

// opening is the invoice of a period that is a part of another.
func opening(t require.TestingT, z calendar.Zone, period, full calendar.Period, terms invoicing.Terms) invoicing.Invoice {
	facts := untaxed(z, period.Start)
	facts.Opens = &invoicing.Opening{Period: period, Full: full, Terms: terms}
	inv, err := invoicing.Build(facts)
	require.NoError(t, err)
	return inv
}

// aligned makes a plan one of calendar months, with a rule for the stub.
func aligned(t require.TestingT, p catalog.Plan, stub calendar.Stub) catalog.Plan {
	p.Alignment = calendar.Alignment{To: calendar.ToCalendar, Stub: stub}
	require.NoError(t, p.Validate())
	return p
}

func TestPartialPeriods(t *testing.T) {
	t.Parallel()
	z := zone(t, "America/New_York")
	march := month(t, z, "2026-03") // with a day of 23 hours
	for _, test := range []struct {
		why      string
		grain    catalog.Grain
		stub     calendar.Stub
		from, to string
		want     string
		part, of int64
	}{
		{"17 of 31 days", catalog.GrainDay, "", "2026-03-15", "2026-04-01", "USD 17.00", 17, 31},
		{"the day of the start counts whole", catalog.GrainDay, "", "2026-03-15 23:59", "2026-04-01", "USD 17.00", 17, 31},
		{"seconds of a month that lacks an hour", catalog.GrainSecond, "", "2026-03-15", "2026-04-01", "USD 17.02", 17 * 86400, 31*86400 - 3600},
		{"whole, as a plan does that does not prorate", catalog.GrainNone, "", "2026-03-15", "2026-04-01", "USD 31.00", 0, 0},
		{"whole", catalog.GrainDay, calendar.StubWhole, "2026-03-15", "2026-04-01", "USD 31.00", 0, 0},
		{"free", catalog.GrainDay, calendar.StubFree, "2026-03-15", "2026-04-01", "", 0, 0},
		{"the whole of itself", catalog.GrainDay, "", "2026-03-01", "2026-04-01", "USD 31.00", 0, 0},
		{"cut by the end of a term", catalog.GrainDay, calendar.StubFree, "2026-03-01", "2026-03-11", "USD 10.00", 10, 31},
		{"cut, of a plan that does not prorate", catalog.GrainNone, "", "2026-03-01", "2026-03-11", "USD 31.00", 0, 0},
		{"a stub that is cut", catalog.GrainDay, "", "2026-03-15", "2026-03-25", "USD 10.00", 10, 31},
		{"a whole stub that is cut", catalog.GrainDay, calendar.StubWhole, "2026-03-15", "2026-03-25", "USD 18.24", 10, 17},
	} {
		part := between(t, z, test.from, test.to)
		ahead, after := aligned(t, plan(t, "pro", test.grain, base("31")), test.stub), recurring("base", catalog.PerSubscription, catalog.Arrears, in("USD", flat("31")))
		behind := aligned(t, plan(t, "pro", test.grain, after), test.stub)
		opens, closes := untaxed(z, part.Start), untaxed(z, part.End)
		opens.Opens = &invoicing.Opening{Period: part, Full: march, Terms: terms(ahead, 0)}
		closes.Closes = &invoicing.Closing{Period: part, Full: march, Segments: []invoicing.Segment{{Period: part, Terms: terms(behind, 0)}}}
		for _, facts := range []invoicing.Facts{opens, closes} {
			inv, err := invoicing.Build(facts)
			if test.want == "" {
				require.ErrorIs(t, err, invoicing.ErrNothingToBill, test.why)
				continue
			}
			require.NoError(t, err, test.why)
			require.Len(t, inv.Lines, 1)
			require.Equal(t, test.want, inv.Lines[0].Amount.String(), test.why)
			require.Equal(t, part, inv.Lines[0].Period, test.why)
			require.Equal(t, part, inv.Period, test.why)
			require.Equal(t, []int64{test.part, test.of}, []int64{inv.Lines[0].Explanation.Part, inv.Lines[0].Explanation.Of}, test.why)
		}
	}
	outside := untaxed(z, march.Start)
	outside.Opens = &invoicing.Opening{Period: month(t, z, "2026-04"), Full: march, Terms: terms(plan(t, "pro", catalog.GrainDay, base("31")), 0)}
	_, err := invoicing.Build(outside)
	require.ErrorContains(t, err, `plan "pro": prorating from`)
}

func TestUsageInAFreeStubIsCharged(t *testing.T) {
	t.Parallel()
	z := zone(t, "Europe/Berlin")
	stub := between(t, z, "2027-01-15", "2027-02-01")
	free := aligned(t, plan(t, "pro", catalog.GrainDay, base("31"), used("tokens", perUnit("0.5"))), calendar.StubFree)
	facts := untaxed(z, stub.End)
	facts.Closes = &invoicing.Closing{Period: stub, Full: month(t, z, "2027-01"), Segments: []invoicing.Segment{segment(stub, terms(free, 0), "tokens", "7")}}
	inv, err := invoicing.Build(facts)
	require.NoError(t, err)
	require.Equal(t, "USD 3.50", inv.Total.String())
}

// A change inside a stub: the line that was prorated is credited by its own time, and the new terms cost what their own
// rule for stubs makes of the rest.
func TestChangeInsideAStub(t *testing.T) {
	t.Parallel()
	z := zone(t, "Europe/Berlin")
	january := month(t, z, "2027-01")
	stub := calendar.Period{Start: at(t, z, "2027-01-15"), End: january.End}
	small := aligned(t, plan(t, "small", catalog.GrainDay, base("31")), calendar.StubProrated)
	first := opening(t, z, stub, january, terms(small, 0))
	require.Equal(t, "USD 17.00", first.Lines[0].Amount.String())
	for _, test := range []struct {
		stub calendar.Stub
		want []string
		of   int64
	}{
		{calendar.StubProrated, []string{"USD -10.00", "USD 20.00"}, 31},
		{calendar.StubWhole, []string{"USD -10.00", "USD 36.47"}, 17},
		{calendar.StubFree, []string{"USD -10.00"}, 17},
	} {
		large := aligned(t, plan(t, "large", catalog.GrainDay, base("62")), test.stub)
		change := untaxed(z, at(t, z, "2027-01-22"))
		change.Revises = &invoicing.Revision{
			At: change.IssuedAt, Period: stub, Full: january, NewTerms: &invoicing.Terms{Plan: large},
			Billed: []invoicing.BilledLine{{InvoiceID: "inv_1", Position: 1, Line: first.Lines[0], Plan: small}},
		}
		inv, err := invoicing.Build(change)
		require.NoError(t, err)
		var got []string
		for _, line := range inv.Lines {
			got = append(got, line.Amount.String())
		}
		require.Equal(t, test.want, got)
		last := inv.Lines[len(inv.Lines)-1].Explanation
		require.Equal(t, []int64{10, test.of}, []int64{last.Part, last.Of})
	}
}

// Wherever a cycle is cut, both parts together cost the whole cycle, but for the rounding of two lines instead of one.
func TestPartsOfACycleCostTheWhole(t *testing.T) {
	t.Parallel()
	z := zone(t, "America/Havana")
	rapid.Check(t, func(t *rapid.T) {
		year := month(t, z, "2026-01")
		year.End = year.Start.AddDate(1, 0, 0)
		cut := year.Start.Add(time.Duration(rapid.Int64Range(1, 364*86400).Draw(t, "second")) * time.Second)
		grain := rapid.SampledFrom([]catalog.Grain{catalog.GrainDay, catalog.GrainSecond}).Draw(t, "grain")
		cents := rapid.Int64Range(0, 1_000_000).Draw(t, "price")
		terms := terms(plan(t, "pro", grain, base(money.New(cents, "USD").Decimal().String())), 0)
		before := opening(t, z, calendar.Period{Start: year.Start, End: cut}, year, terms)
		after := opening(t, z, calendar.Period{Start: cut, End: year.End}, year, terms)
		sum, err := before.Total.Add(after.Total)
		require.NoError(t, err)
		require.InDelta(t, cents, sum.Minor, 1)
	})
}
