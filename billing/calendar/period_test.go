package calendar

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func period(t require.TestingT, start, end string) Period {
	return Period{Start: instant(t, start), End: instant(t, end)}
}

func TestPeriod(t *testing.T) {
	t.Parallel()
	p := period(t, "2027-01-01T00:00:00Z", "2027-02-01T00:00:00Z")
	require.True(t, p.Contains(p.Start))
	require.False(t, p.Contains(p.End))
	require.True(t, p.Contains(p.End.Add(-1)))
	require.False(t, p.Contains(p.Start.Add(-1)))
	require.Equal(t, "[2027-01-01T00:00:00Z, 2027-02-01T00:00:00Z)", p.String())
	data, err := json.Marshal(p)
	require.NoError(t, err)
	require.JSONEq(t, `{"start":"2027-01-01T00:00:00Z","end":"2027-02-01T00:00:00Z"}`, string(data))
}

func TestMonthPeriod(t *testing.T) {
	t.Parallel()
	p, err := MonthPeriod(zone(t, "America/New_York"), "2026-03")
	require.NoError(t, err)
	require.Equal(t, period(t, "2026-03-01T05:00:00Z", "2026-04-01T04:00:00Z"), p)
	for _, month := range []string{"", "2026", "2026-13", "2026-00", "2026-1", "March", "2026-03-01"} {
		_, err := MonthPeriod(Zone{}, month)
		require.ErrorContains(t, err, "YYYY-MM", month)
	}
}

func TestCycle(t *testing.T) {
	t.Parallel()
	monthly := Interval{Unit: Month, Count: 1}
	berlin := zone(t, "Europe/Berlin")
	require.Equal(t, period(t, "2026-01-30T23:00:00Z", "2026-02-27T23:00:00Z"), Cycle(day(t, "2026-01-31"), monthly, berlin, 0))
	require.Equal(t, period(t, "2026-02-27T23:00:00Z", "2026-03-30T22:00:00Z"), Cycle(day(t, "2026-01-31"), monthly, berlin, 1))
	// A monthly anchor on a day that the zone never had.
	apia := zone(t, "Pacific/Apia")
	require.Equal(t, instant(t, "2011-12-30T10:00:00Z"), Boundary(day(t, "2011-11-30"), monthly, apia, 1))
	require.Equal(t, 30, apia.Days(Cycle(day(t, "2011-12-01"), monthly, apia, 0)))
}

func TestDays(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		why, zone, start, end string
		want                  int
	}{
		{"23-hour day", "America/New_York", "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z", 1},
		{"25-hour day", "America/New_York", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z", 1},
		{"month with a 23-hour day", "America/New_York", "2026-03-01T05:00:00Z", "2026-04-01T04:00:00Z", 31},
		{"from the middle of a day", "America/New_York", "2026-03-10T18:00:00Z", "2026-04-01T04:00:00Z", 22},
		{"to the middle of a day", "America/New_York", "2026-03-01T05:00:00Z", "2026-03-10T18:00:00Z", 9},
		{"within a day", "UTC", "2026-03-01T05:00:00Z", "2026-03-01T06:00:00Z", 0},
		{"nothing", "UTC", "2026-03-01T05:00:00Z", "2026-03-01T05:00:00Z", 0},
		{"leap year", "Asia/Kolkata", "2027-12-31T18:30:00Z", "2028-12-31T18:30:00Z", 366},
		{"missing day", "Pacific/Apia", "2011-12-29T10:00:00Z", "2011-12-31T10:00:00Z", 2},
		{"the day after a missing one", "Pacific/Apia", "2011-12-30T10:00:00Z", "2011-12-31T10:00:00Z", 1},
		{"the day before a missing one", "Pacific/Apia", "2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z", 1},
		{"clock set back over midnight", "America/St_Johns", "2010-11-07T02:30:00Z", "2010-11-07T03:00:00Z", 0},
		{"the day after it", "America/St_Johns", "2010-11-07T03:00:00Z", "2010-11-08T03:30:00Z", 1},
	} {
		require.Equal(t, test.want, zone(t, test.zone).Days(period(t, test.start, test.end)), test.why)
	}
}

func zones(t *testing.T) *rapid.Generator[Zone] {
	return rapid.SampledFrom(distinctZones(t))
}

func dates() *rapid.Generator[Date] {
	return rapid.Custom(func(t *rapid.T) Date {
		return Date{Year: 1970, Month: time.January, Day: 1}.AddDays(rapid.IntRange(0, 30000).Draw(t, "day"))
	})
}

func intervals() *rapid.Generator[Interval] {
	return rapid.Custom(func(t *rapid.T) Interval {
		unit := rapid.SampledFrom([]Unit{Day, Month, Year}).Draw(t, "unit")
		return Interval{Unit: unit, Count: rapid.IntRange(1, 10).Draw(t, "count")}
	})
}

func TestCyclesTileTimeInEveryZone(t *testing.T) {
	t.Parallel()
	all := distinctZones(t)
	rapid.Check(t, func(t *rapid.T) {
		anchor, interval := dates().Draw(t, "anchor"), intervals().Draw(t, "interval")
		// A few at a time: the next check draws others.
		for _, z := range rapid.SliceOfN(rapid.SampledFrom(all), 40, 40).Draw(t, "zones") {
			requireTiled(t, z, anchor, interval)
		}
	})
}

func requireTiled(t *rapid.T, z Zone, anchor Date, interval Interval) {
	covered := Period{Start: Boundary(anchor, interval, z, -2), End: Boundary(anchor, interval, z, 8)}
	end, days := covered.Start, 0
	for n := -2; n < 8; n++ {
		cycle := Cycle(anchor, interval, z, n)
		missing := z.DateOf(cycle.Start) != interval.Nth(anchor, n)
		if !cycle.Start.Equal(end) || !cycle.End.After(cycle.Start) && !missing {
			t.Fatalf("%s: cycle %d is %s after one that ends at %s", z.Name(), n, cycle, end)
		}
		end, days = cycle.End, days+z.Days(cycle)
	}
	require.Equal(t, covered.End, end)
	require.Equal(t, z.Days(covered), days, z.Name())
}

func TestDaysAreAdditive(t *testing.T) {
	t.Parallel()
	generator := zones(t)
	rapid.Check(t, func(t *rapid.T) {
		z := generator.Draw(t, "zone")
		start := rapid.Int64Range(-3_000_000_000, 3_000_000_000).Draw(t, "start")
		first := rapid.Int64Range(0, 40_000_000).Draw(t, "first")
		second := rapid.Int64Range(0, 40_000_000).Draw(t, "second")
		a, b, c := time.Unix(start, 0), time.Unix(start+first, 0), time.Unix(start+first+second, 0)
		left, right := z.Days(Period{Start: a, End: b}), z.Days(Period{Start: b, End: c})
		require.GreaterOrEqual(t, left, 0)
		require.GreaterOrEqual(t, right, 0)
		require.Equal(t, z.Days(Period{Start: a, End: c}), left+right)
	})
}

func TestInstantIsTheFirstThatShowsTheTime(t *testing.T) {
	t.Parallel()
	generator := zones(t)
	rapid.Check(t, func(t *rapid.T) {
		z := generator.Draw(t, "zone")
		shown := time.Unix(rapid.Int64Range(-3_000_000_000, 3_000_000_000).Draw(t, "instant"), 0).In(z.loc())
		got := z.Instant(z.DateOf(shown), shown.Hour(), shown.Minute(), shown.Second())
		require.False(t, got.After(shown), "an instant that shows the time exists at %s", shown)
		require.Equal(t, shown.Format(time.DateTime), got.In(z.loc()).Format(time.DateTime))
		require.NotEqual(t, shown.Format(time.DateTime), got.Add(-time.Hour).In(z.loc()).Format(time.DateTime))
	})
}
