package proration

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
)

// With inclusive days the day on which service ends is paid, and a change counts as with half-open days: nothing is
// charged twice, and no part is counted against more days than the period has (17/32 for 16/31).
func TestInclusiveDays(t *testing.T) {
	t.Parallel()
	z := zone(t, "America/New_York")
	january := month(t, z, "2027-01")
	for _, test := range []struct {
		why, date            string
		hour                 int
		changed, used, after int64
	}{
		{"in the middle", "2027-01-16", 10, 16, 16, 15},
		{"at the day's first instant", "2027-01-16", 0, 16, 16, 15},
		{"late in the evening", "2027-01-16", 23, 16, 16, 15},
		{"on the first day", "2027-01-01", 9, 31, 1, 30},
		{"at the very start nothing is used", "2027-01-01", 0, 31, 0, 31},
		{"on the last day", "2027-01-31", 1, 1, 31, 0},
	} {
		end := at(t, z, test.date, test.hour)
		for name, part := range map[string]struct {
			want  int64
			count func() (int64, int64, error)
		}{
			"remaining": {test.changed, func() (int64, int64, error) { return Remaining(catalog.GrainDayInclusive, z, january, end) }},
			"until": {test.used, func() (int64, int64, error) {
				return Until(catalog.GrainDayInclusive, z, january, january.Start, end)
			}},
			"unused": {test.after, func() (int64, int64, error) { return Unused(catalog.GrainDayInclusive, z, january, end) }},
		} {
			num, den, err := part.count()
			require.NoError(t, err)
			require.Equal(t, []int64{part.want, 31}, []int64{num, den}, "%s: %s", test.why, name)
		}
	}
}

// The figures of Kill Bill's tests with prorationFixedDays = 30, and where this grain differs from it.
func TestMonthOfThirtyDays(t *testing.T) {
	t.Parallel()
	z := zone(t, "Europe/Berlin")
	for _, test := range []struct {
		why, start, end, from, to string
		num, den                  int64
	}{
		{"Kill Bill, a month of 31 days", "2023-05-23", "2023-06-23", "2023-05-23", "2023-06-15", 22, 30},
		{"Kill Bill, a month of 30 days", "2023-06-23", "2023-07-23", "2023-06-23", "2023-07-15", 22, 30},
		{"Kill Bill, February", "2023-02-23", "2023-03-23", "2023-02-23", "2023-03-15", 22, 30},
		{"Kill Bill, February of a leap year", "2024-02-23", "2024-03-23", "2024-02-23", "2024-03-15", 22, 30},
		{"Kill Bill, within a month", "2023-05-15", "2023-06-15", "2023-05-15", "2023-05-23", 8, 30},
		{"the rest of February", "2027-02-01", "2027-03-01", "2027-02-15", "2027-03-01", 16, 30},
		{"the 31st counts as the 30th", "2027-01-01", "2027-02-01", "2027-01-31", "2027-02-01", 1, 30},
		{"so the 30th costs nothing more", "2027-01-01", "2027-02-01", "2027-01-30", "2027-01-31", 0, 30},
		{"a quarter, of which Kill Bill makes 58/30", "2027-01-01", "2027-04-01", "2027-01-01", "2027-03-01", 60, 90},
		{"a year", "2027-01-15", "2028-01-15", "2027-07-15", "2028-01-15", 180, 360},
		{"from the 31st to the end of February, of which Kill Bill makes 14/30", "2027-01-31", "2027-02-28", "2027-01-31", "2027-02-15", 15, 28},
		{"and its rest, of which Kill Bill makes 13/30", "2027-01-31", "2027-02-28", "2027-02-15", "2027-02-28", 13, 28},
		{"from the end of February to the 31st", "2027-02-28", "2027-03-31", "2027-02-28", "2027-03-15", 17, 32},
	} {
		p := calendar.Period{Start: at(t, z, test.start, 0), End: at(t, z, test.end, 0)}
		num, den, err := Between(catalog.GrainMonth30, z, p, at(t, z, test.from, 0), at(t, z, test.to, 0))
		require.NoError(t, err)
		require.Equal(t, []int64{test.num, test.den}, []int64{num, den}, test.why)
	}
}

// A period that is one day of a month of 31, which counts as none, goes whole to its last segment.
func TestMonthOfThirtyDaysOverOneDay(t *testing.T) {
	t.Parallel()
	z := zone(t, "UTC")
	p := calendar.Period{Start: at(t, z, "2027-01-30", 0), End: at(t, z, "2027-01-31", 0)}
	num, den, err := Remaining(catalog.GrainMonth30, z, p, at(t, z, "2027-01-30", 12))
	require.NoError(t, err)
	require.Equal(t, []int64{1, 1}, []int64{num, den})
}

// What is paid until an end and what is left after it are together the whole, in every grain and zone; and what is left
// is never more than after a change at the same instant.
func TestUsedAndUnusedAreTheWhole(t *testing.T) {
	t.Parallel()
	zones := []calendar.Zone{zone(t, "America/New_York"), zone(t, "Pacific/Apia"), zone(t, "Africa/Cairo"), zone(t, "America/Sao_Paulo")}
	rapid.Check(t, func(t *rapid.T) {
		z, grain := rapid.SampledFrom(zones).Draw(t, "zone"), anyGrain.Draw(t, "grain")
		start := time.UnixMilli(rapid.Int64Range(0, 2_000_000_000_000).Draw(t, "start")).UTC()
		p := calendar.Period{Start: start, End: start.Add(time.Duration(rapid.Int64Range(1, 3_000_000_000).Draw(t, "length")) * time.Millisecond)}
		end := start.Add(time.Duration(rapid.Int64Range(0, int64(p.End.Sub(start))-1).Draw(t, "end")))
		used, den, err := Until(grain, z, p, p.Start, end)
		require.NoError(t, err)
		unused, same, err := Unused(grain, z, p, end)
		require.NoError(t, err)
		require.Equal(t, den, same)
		require.GreaterOrEqual(t, min(used, unused), int64(0))
		require.Equal(t, den, used+unused)
		changed, _, err := Remaining(grain, z, p, end)
		require.NoError(t, err)
		require.LessOrEqual(t, unused, changed)
	})
}
