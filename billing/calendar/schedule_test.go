package calendar

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestSpansOfAlignedCourses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		why, start string
		interval   Interval
		alignment  Alignment
		want       []string
		part, of   int // civil days of the first period and of what it is prorated against
	}{
		{"month", "2027-01-15T10:00", Interval{Month, 1}, Alignment{To: ToCalendar}, []string{"2027-01-15", "2027-02-01", "2027-03-01"}, 17, 31},
		{"month, on its first day", "2027-02-01T23:59", Interval{Month, 1}, Alignment{To: ToCalendar}, []string{"2027-02-01", "2027-03-01"}, 28, 28},
		{"quarter", "2027-02-10", Interval{Quarter, 1}, Alignment{To: ToCalendar}, []string{"2027-02-10", "2027-04-01", "2027-07-01"}, 50, 90},
		{"quarter as 3 months", "2027-02-10", Interval{Month, 3}, Alignment{To: ToCalendar}, []string{"2027-02-10", "2027-04-01"}, 50, 90},
		{"half-year", "2027-02-10", Interval{Quarter, 2}, Alignment{To: ToCalendar}, []string{"2027-02-10", "2027-07-01", "2028-01-01"}, 141, 181},
		{"year", "2028-02-29", Interval{Year, 1}, Alignment{To: ToCalendar}, []string{"2028-02-29", "2029-01-01", "2030-01-01"}, 307, 366},
		{"2 years", "2027-12-31", Interval{Year, 2}, Alignment{To: ToCalendar}, []string{"2027-12-31", "2028-01-01", "2030-01-01"}, 1, 730},
		{"5 months", "2027-02-10", Interval{Month, 5}, Alignment{To: ToCalendar}, []string{"2027-02-10", "2027-03-01", "2027-08-01"}, 19, 151},
		{"8 months", "2027-02-10", Interval{Month, 8}, Alignment{To: ToCalendar}, []string{"2027-02-10", "2027-05-01", "2028-01-01"}, 80, 242},
		{"week", "2027-01-13", Interval{Week, 1}, Alignment{To: ToCalendar}, []string{"2027-01-13", "2027-01-18", "2027-01-25"}, 5, 7},
		{"week from Sunday", "2027-01-13", Interval{Week, 1}, Alignment{To: ToCalendar, WeekStart: "sunday"}, []string{"2027-01-13", "2027-01-17"}, 4, 7},
		{"week from its first day", "2027-01-18", Interval{Week, 1}, Alignment{To: ToCalendar}, []string{"2027-01-18", "2027-01-25"}, 7, 7},
		{"2 weeks", "2027-01-13", Interval{Day, 14}, Alignment{To: ToCalendar}, []string{"2027-01-13", "2027-01-18", "2027-02-01"}, 5, 14},
		{"10 days", "2027-01-13", Interval{Day, 10}, Alignment{To: ToCalendar}, []string{"2027-01-13", "2027-01-23"}, 10, 10},
		{"day of the month", "2027-01-20", Interval{Month, 1}, Alignment{To: ToDayOfMonth, Day: 15}, []string{"2027-01-20", "2027-02-15", "2027-03-15"}, 26, 31},
		{"that very day", "2027-01-15", Interval{Month, 1}, Alignment{To: ToDayOfMonth, Day: 15}, []string{"2027-01-15", "2027-02-15"}, 31, 31},
		{"later in the month", "2027-01-10", Interval{Quarter, 1}, Alignment{To: ToDayOfMonth, Day: 15}, []string{"2027-01-10", "2027-01-15", "2027-04-15"}, 5, 92},
		{"last day of the month", "2027-02-10", Interval{Month, 1}, Alignment{To: ToDayOfMonth, Day: 31}, []string{"2027-02-10", "2027-02-28", "2027-03-31", "2027-04-30"}, 18, 28},
		{"last day of February", "2027-02-10", Interval{Year, 1}, Alignment{To: ToDayOfMonth, Day: 31}, []string{"2027-02-10", "2027-02-28", "2028-02-29", "2029-02-28"}, 18, 365},
	} {
		course := begun(t, "America/New_York", test.start, test.interval)
		course.Schedule.Alignment = test.alignment
		got := spans(t, course, len(test.want))
		for i, want := range test.want {
			require.Equal(t, want, got[i].Zone.DateOf(got[i].Start).String(), "%s, period %d", test.why, i+1)
			require.Equal(t, i == 0 && test.part != test.of, got[i].Stub, "%s, period %d", test.why, i+1)
			require.Equal(t, i+1, got[i].Number)
		}
		require.Equal(t, test.part, course.Zone.Days(got[0].Period), test.why)
		require.Equal(t, test.of, course.Zone.Days(got[0].Full), test.why)
		require.Equal(t, got[1].Period, got[1].Full, test.why)
	}
}

func TestSchedulesThatAreTheSame(t *testing.T) {
	t.Parallel()
	same := func(a, b Schedule) bool {
		require.Equal(t, a.Equal(b), b.Equal(a))
		return a.Equal(b)
	}
	require.True(t, same(Schedule{Interval: Interval{Month, 3}}, Schedule{Interval: Interval{Quarter, 1}, Alignment: Alignment{To: ToAnniversary}}))
	require.True(t, same(Schedule{Interval: Interval{Year, 1}}, Schedule{Interval: Interval{Month, 12}}))
	require.True(t, same(Schedule{Interval{Week, 1}, Alignment{To: ToCalendar}}, Schedule{Interval{Day, 7}, Alignment{ToCalendar, 0, 0, "monday", StubFree}}))
	require.False(t, same(Schedule{Interval: Interval{Month, 1}}, Schedule{Interval{Month, 1}, Alignment{To: ToCalendar}}))
	require.False(t, same(Schedule{Interval{Week, 1}, Alignment{To: ToCalendar}}, Schedule{Interval{Week, 1}, Alignment{To: ToCalendar, WeekStart: "sunday"}}))
	require.False(t, same(Schedule{Interval{Month, 1}, Alignment{To: ToDayOfMonth, Day: 1}}, Schedule{Interval{Month, 1}, Alignment{To: ToDayOfMonth, Day: 2}}))
	require.False(t, same(Schedule{Interval: Interval{Month, 1}}, Schedule{Interval: Interval{Day, 30}}))
	rapid.Check(t, func(t *rapid.T) {
		a, b := schedules().Draw(t, "a"), schedules().Draw(t, "b")
		if start := dates().Draw(t, "start"); a.Equal(b) {
			require.Equal(t, a.Nth(a.Anchor(start), 3), b.Nth(b.Anchor(start), 3))
		}
	})
}
