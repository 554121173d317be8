package proration

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/money"
)

func zone(t require.TestingT, name string) calendar.Zone {
	z, err := calendar.LoadZone(name)
	require.NoError(t, err)
	return z
}

func month(t require.TestingT, z calendar.Zone, name string) calendar.Period {
	p, err := calendar.MonthPeriod(z, name)
	require.NoError(t, err)
	return p
}

func at(t require.TestingT, z calendar.Zone, date string, hour int) time.Time {
	d, err := calendar.ParseDate(date)
	require.NoError(t, err)
	return z.Instant(d, hour, 0, 0)
}

func instant(t require.TestingT, s string) time.Time {
	parsed, err := time.Parse(time.RFC3339, s)
	require.NoError(t, err)
	return parsed.UTC()
}

func TestRemainingDays(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		why, zone, month, date string
		hour                   int
		num, den               int64
	}{
		{"day of the change counts, from 1", "UTC", "2027-01", "2027-01-16", 0, 16, 31},
		{"at any hour of that day", "UTC", "2027-01", "2027-01-16", 23, 16, 31},
		{"start", "UTC", "2027-01", "2027-01-01", 0, 31, 31},
		{"last day", "UTC", "2027-01", "2027-01-31", 23, 1, 31},
		{"April", "Asia/Kolkata", "2027-04", "2027-04-11", 12, 20, 30},
		{"23-hour day is a day", "America/New_York", "2026-03", "2026-03-08", 12, 24, 31},
		{"after it", "America/New_York", "2026-03", "2026-03-09", 0, 23, 31},
		{"25-hour day is a day", "America/New_York", "2026-11", "2026-11-01", 23, 30, 30},
		{"after it", "America/New_York", "2026-11", "2026-11-02", 0, 29, 30},
		{"day without midnight", "America/Sao_Paulo", "2018-11", "2018-11-04", 0, 27, 30},
		{"missing day", "Pacific/Apia", "2011-12", "2011-12-29", 12, 2, 30},
	} {
		z := zone(t, test.zone)
		num, den, err := Remaining(catalog.GrainDay, z, month(t, z, test.month), at(t, z, test.date, test.hour))
		require.NoError(t, err)
		require.Equal(t, []int64{test.num, test.den}, []int64{num, den}, test.why)
	}
}

func TestAmounts(t *testing.T) {
	t.Parallel()
	z := zone(t, "Europe/Berlin")
	april, january := month(t, z, "2027-04"), month(t, z, "2027-01")
	for _, test := range []struct {
		price  int64
		period calendar.Period
		date   string
		want   int64
	}{
		{875, april, "2027-04-11", 583},
		{875, april, "2027-04-26", 146},
		{1250, april, "2027-04-16", 625},
		{800, april, "2027-04-11", 533},
		{3100, january, "2027-01-16", 1600},
	} {
		num, den, err := Remaining(catalog.GrainDay, z, test.period, at(t, z, test.date, 9))
		require.NoError(t, err)
		part, err := money.New(test.price, "USD").MulRatio(num, den)
		require.NoError(t, err)
		require.Equal(t, money.New(test.want, "USD"), part)
	}
}

// An upgrade from USD 10 to USD 20 at half of the period credits 5 and charges 10.
func TestUpgradeAtHalfBySecond(t *testing.T) {
	t.Parallel()
	z := zone(t, "UTC")
	p := month(t, z, "2027-04")
	num, den, err := Remaining(catalog.GrainSecond, z, p, at(t, z, "2027-04-16", 0))
	require.NoError(t, err)
	require.Equal(t, []int64{1296000, 2592000}, []int64{num, den})
	credit, err := money.New(1000, "USD").Neg().MulRatio(num, den)
	require.NoError(t, err)
	debit, err := money.New(2000, "USD").MulRatio(num, den)
	require.NoError(t, err)
	require.Equal(t, money.New(-500, "USD"), credit)
	require.Equal(t, money.New(1000, "USD"), debit)
}

func TestNone(t *testing.T) {
	t.Parallel()
	z := zone(t, "UTC")
	p := month(t, z, "2027-01")
	middle := at(t, z, "2027-01-16", 0)
	for _, test := range []struct {
		from, to time.Time
		num      int64
	}{{p.Start, p.End, 1}, {p.Start, middle, 1}, {middle, p.End, 0}, {p.Start, p.Start, 0}, {p.Start.Add(1), p.End, 0}} {
		num, den, err := Between(catalog.GrainNone, z, p, test.from, test.to)
		require.NoError(t, err)
		require.Equal(t, []int64{test.num, 1}, []int64{num, den})
	}
	num, den, err := Remaining(catalog.GrainNone, z, p, p.Start)
	require.NoError(t, err)
	require.Equal(t, []int64{1, 1}, []int64{num, den})
}

// A period inside one day, or one second, goes whole to its last segment.
func TestPeriodShorterThanItsGrain(t *testing.T) {
	t.Parallel()
	z := zone(t, "UTC")
	noon := at(t, z, "2027-01-16", 12)
	for grain, length := range map[catalog.Grain]time.Duration{
		catalog.GrainDay:    time.Hour,
		catalog.GrainSecond: time.Millisecond,
	} {
		p := calendar.Period{Start: noon, End: noon.Add(length)}
		middle := noon.Add(length / 2)
		num, den, err := Remaining(grain, z, p, middle)
		require.NoError(t, err)
		require.Equal(t, []int64{1, 1}, []int64{num, den})
		num, den, err = Between(grain, z, p, p.Start, middle)
		require.NoError(t, err)
		require.Equal(t, []int64{0, 1}, []int64{num, den})
		num, _, err = Between(grain, z, p, p.End, p.End)
		require.NoError(t, err)
		require.Zero(t, num)
	}
}

func TestRefuses(t *testing.T) {
	t.Parallel()
	z := zone(t, "UTC")
	p := month(t, z, "2027-01")
	for _, outside := range []time.Time{p.Start.Add(-1), p.End, p.End.Add(time.Hour)} {
		_, _, err := Remaining(catalog.GrainDay, z, p, outside)
		require.ErrorContains(t, err, "outside the period [2027-01-01T00:00:00Z, 2027-02-01T00:00:00Z)")
	}
	for _, bad := range [][2]time.Time{{p.Start.Add(-1), p.End}, {p.Start, p.End.Add(1)}, {p.End, p.Start}} {
		_, _, err := Between(catalog.GrainDay, z, p, bad[0], bad[1])
		require.ErrorContains(t, err, "not a part of the period")
	}
	_, _, err := Between(catalog.GrainDay, z, calendar.Period{Start: p.End, End: p.Start}, p.Start, p.End)
	require.ErrorContains(t, err, "its end must be after its start")
	_, _, err = Remaining("hour", z, p, p.Start)
	require.ErrorContains(t, err, `grain "hour" must be one of day, day_inclusive, month_30, second, none`)
}

var anyGrain = rapid.SampledFrom([]catalog.Grain{
	catalog.GrainDay, catalog.GrainDayInclusive, catalog.GrainMonth30, catalog.GrainSecond, catalog.GrainNone,
})

// Whatever the changes in a period, its segments are together the whole of it.
func TestSegmentsAddUpToThePeriod(t *testing.T) {
	t.Parallel()
	zones := []calendar.Zone{zone(t, "America/New_York"), zone(t, "Pacific/Apia"), zone(t, "Africa/Cairo"), zone(t, "America/St_Johns")}
	rapid.Check(t, func(t *rapid.T) {
		z := rapid.SampledFrom(zones).Draw(t, "zone")
		grain := anyGrain.Draw(t, "grain")
		start := time.UnixMilli(rapid.Int64Range(0, 2_000_000_000_000).Draw(t, "start")).UTC()
		p := calendar.Period{Start: start, End: start}
		cuts := []time.Time{start}
		for _, length := range rapid.SliceOfN(rapid.Int64Range(1, 3_000_000_000), 1, 6).Draw(t, "segments") {
			p.End = p.End.Add(time.Duration(length) * time.Millisecond)
			cuts = append(cuts, p.End)
		}
		var sum, whole int64
		for i := range cuts[1:] {
			num, den, err := Between(grain, z, p, cuts[i], cuts[i+1])
			require.NoError(t, err)
			require.GreaterOrEqual(t, num, int64(0))
			sum, whole = sum+num, den
		}
		require.Equal(t, whole, sum)
	})
}
