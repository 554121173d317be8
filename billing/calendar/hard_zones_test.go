package calendar

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Periods that begin or end where clocks or calendars do something unusual.
var hardZones = []struct {
	why, zone, start string
	interval         Interval
	want             []string
	days             []int
}{
	{
		"a zone of half hours", "Asia/Kolkata", "2027-01-31",
		Interval{Month, 1},
		[]string{"2027-01-31T00:00+05:30", "2027-02-28T00:00+05:30", "2027-03-31T00:00+05:30"},
		[]int{28, 31},
	},
	{
		"days over a day that never was", "Pacific/Apia", "2011-12-29",
		Interval{Day, 1},
		[]string{"2011-12-29T00:00-10:00", "2011-12-31T00:00+14:00", "2012-01-01T00:00+14:00"},
		[]int{1, 1},
	},
	{
		"a month end that never was", "Pacific/Apia", "2011-11-30",
		Interval{Month, 1},
		[]string{"2011-11-30T00:00-10:00", "2011-12-31T00:00+14:00", "2012-01-30T00:00+14:00"},
		[]int{30, 30},
	},
	{
		"a Saturday that never was", "Pacific/Kwajalein", "1993-08-20",
		Interval{Day, 1},
		[]string{"1993-08-20T00:00-12:00", "1993-08-22T00:00+12:00", "1993-08-23T00:00+12:00"},
		[]int{1, 1},
	},
	{
		"no midnight when summer begins", "America/Sao_Paulo", "2018-10-04",
		Interval{Month, 1},
		[]string{"2018-10-04T00:00-03:00", "2018-11-04T01:00-02:00", "2018-12-04T00:00-02:00"},
		[]int{31, 30},
	},
	{
		"two midnights when summer ends", "America/Sao_Paulo", "2018-01-18",
		Interval{Month, 1},
		[]string{"2018-01-18T00:00-02:00", "2018-02-18T00:00-03:00", "2018-03-18T00:00-03:00"},
		[]int{31, 28},
	},
	{
		"no midnight at a month's end", "Asia/Beirut", "2026-02-28",
		Interval{Day, 29},
		[]string{"2026-02-28T00:00+02:00", "2026-03-29T01:00+03:00", "2026-04-27T00:00+03:00"},
		[]int{29, 29},
	},
	{
		"no midnight in April", "Africa/Cairo", "2026-03-24",
		Interval{Month, 1},
		[]string{"2026-03-24T00:00+02:00", "2026-04-24T01:00+03:00", "2026-05-24T00:00+03:00"},
		[]int{31, 30},
	},
	{
		"an hour before midnight twice", "Africa/Cairo", "2026-09-30",
		Interval{Month, 1},
		[]string{"2026-09-30T00:00+03:00", "2026-10-30T00:00+02:00", "2026-11-30T00:00+02:00"},
		[]int{30, 31},
	},
	{
		"no midnight in March", "America/Havana", "2026-02-08",
		Interval{Month, 1},
		[]string{"2026-02-08T00:00-05:00", "2026-03-08T01:00-04:00", "2026-04-08T00:00-04:00"},
		[]int{28, 31},
	},
	{
		"midnight twice", "America/Havana", "2024-10-03",
		Interval{Month, 1},
		[]string{"2024-10-03T00:00-04:00", "2024-11-03T00:00-04:00", "2024-12-03T00:00-05:00"},
		[]int{31, 30},
	},
	{
		"no midnight in the Azores", "Atlantic/Azores", "2026-02-28",
		Interval{Day, 29},
		[]string{"2026-02-28T00:00-01:00", "2026-03-29T01:00+00:00", "2026-04-27T00:00+00:00"},
		[]int{29, 29},
	},
	{
		"no midnight in Tehran", "Asia/Tehran", "2022-02-22",
		Interval{Month, 1},
		[]string{"2022-02-22T00:00+03:30", "2022-03-22T01:00+04:30", "2022-04-22T00:00+04:30"},
		[]int{28, 31},
	},
	{
		"a summer of half an hour", "Australia/Lord_Howe", "2026-03-31",
		Interval{Month, 1},
		[]string{"2026-03-31T00:00+11:00", "2026-04-30T00:00+10:30", "2026-05-31T00:00+10:30"},
		[]int{30, 31},
	},
	{
		"as far ahead as zones go", "Pacific/Kiritimati", "2027-02-28",
		Interval{Year, 1},
		[]string{"2027-02-28T00:00+14:00", "2028-02-28T00:00+14:00", "2029-02-28T00:00+14:00"},
		[]int{365, 366},
	},
	{
		"clocks set at one minute past midnight", "America/St_Johns", "2010-10-07",
		Interval{Month, 1},
		[]string{"2010-10-07T00:00-02:30", "2010-11-07T00:00-02:30", "2010-12-07T00:00-03:30"},
		[]int{31, 30},
	},
	{
		"a summer of two hours", "Antarctica/Troll", "2026-03-29",
		Interval{Day, 1},
		[]string{"2026-03-29T00:00+00:00", "2026-03-30T00:00+02:00", "2026-03-31T00:00+02:00"},
		[]int{1, 1},
	},
	{
		"winter only for Ramadan", "Africa/Casablanca", "2026-01-31",
		Interval{Month, 1},
		[]string{"2026-01-31T00:00+01:00", "2026-02-28T00:00+00:00", "2026-03-31T00:00+01:00"},
		[]int{28, 31},
	},
	{
		"Ramadan without winter, by a new law", "Africa/Casablanca", "2027-01-31",
		Interval{Month, 1},
		[]string{"2027-01-31T00:00+00:00", "2027-02-28T00:00+00:00", "2027-03-31T00:00+00:00"},
		[]int{28, 31},
	},
}

func TestSpansInHardZones(t *testing.T) {
	t.Parallel()
	for _, test := range hardZones {
		got := spans(t, begun(t, test.zone, test.start, test.interval), len(test.want))
		require.Equal(t, test.want, starts(got), "%s: %s", test.zone, test.why)
		for i, days := range test.days {
			require.Equal(t, days, got[i].Zone.Days(got[i].Period), "%s: %s, period %d", test.zone, test.why, i+1)
		}
	}
}
