package calendar

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Years, half-years and quarters that begin in a month of the seller's choice: as Stripe's billing_cycle_anchor sets the
// month of yearly prices, and for contracts that are to end together.
func TestAlignmentToAMonth(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		start    string
		interval Interval
		day      int
		month    int
		want     [3]string // the first boundary on or after the start, and the next ones
	}{
		{"2027-02-10", Interval{Year, 1}, 1, 4, [3]string{"2027-04-01", "2028-04-01", "2029-04-01"}},
		{"2027-04-01", Interval{Year, 1}, 1, 4, [3]string{"2027-04-01", "2028-04-01", "2029-04-01"}},
		{"2027-04-02", Interval{Year, 1}, 1, 4, [3]string{"2028-04-01", "2029-04-01", "2030-04-01"}},
		{"2027-12-31", Interval{Year, 1}, 30, 2, [3]string{"2028-02-29", "2029-02-28", "2030-02-28"}},
		{"2027-03-01", Interval{Year, 1}, 31, 2, [3]string{"2028-02-29", "2029-02-28", "2030-02-28"}},
		{"2027-02-10", Interval{Year, 2}, 6, 4, [3]string{"2027-04-06", "2029-04-06", "2031-04-06"}},
		{"2027-01-15", Interval{Month, 3}, 1, 11, [3]string{"2027-02-01", "2027-05-01", "2027-08-01"}},
		{"2027-11-02", Interval{Month, 3}, 1, 11, [3]string{"2028-02-01", "2028-05-01", "2028-08-01"}},
		{"2027-01-15", Interval{Month, 6}, 31, 3, [3]string{"2027-03-31", "2027-09-30", "2028-03-31"}},
		{"2027-06-15", Interval{Month, 8}, 1, 1, [3]string{"2027-09-01", "2028-05-01", "2029-01-01"}},
		{"2027-06-15", Interval{Month, 2}, 15, 1, [3]string{"2027-07-15", "2027-09-15", "2027-11-15"}},
	} {
		schedule := Schedule{test.interval, Alignment{To: ToDayOfMonth, Day: test.day, Month: test.month}}
		require.NoError(t, schedule.Validate())
		anchor := schedule.Anchor(day(t, test.start))
		for n, want := range test.want {
			require.Equal(t, day(t, want), schedule.Nth(anchor, n), "%s from %s, boundary %d", test.interval, test.start, n)
		}
		require.Equal(t, anchor, schedule.Anchor(anchor), "who starts on a boundary begins with a whole period")
	}
	april, first := Alignment{To: ToDayOfMonth, Day: 1, Month: 4}, Alignment{To: ToDayOfMonth, Day: 1}
	require.False(t, Schedule{Interval{Year, 1}, april}.Equal(Schedule{Interval{Year, 1}, first}))
}
