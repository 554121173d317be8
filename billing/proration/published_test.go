package proration

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/money"
)

// Parts of a period by days, from Kill Bill's tests of proration: periods of a month, a quarter and a year, common and
// leap, with stretches at their beginning, in the middle and at their end.
func TestPublishedPartsByDay(t *testing.T) {
	t.Parallel()
	z := zone(t, "America/New_York")
	for _, test := range []struct {
		start, end, from, to string
		num, den             int64
	}{
		{"2011-02-10", "2011-03-10", "2011-02-10", "2011-02-24", 14, 28},
		{"2011-02-10", "2011-03-10", "2011-02-24", "2011-03-10", 14, 28},
		{"2011-02-01", "2011-03-01", "2011-02-01", "2011-02-14", 13, 28},
		{"2012-02-01", "2012-03-01", "2012-02-01", "2012-02-15", 14, 29},
		{"2011-02-07", "2011-03-07", "2011-02-07", "2011-02-15", 8, 28},
		{"2011-03-07", "2011-04-07", "2011-03-07", "2011-03-10", 3, 31},
		{"2011-02-15", "2011-03-15", "2011-03-10", "2011-03-15", 5, 28},
		{"2011-01-13", "2011-02-13", "2011-02-01", "2011-02-13", 12, 31},
		{"2011-01-27", "2011-02-27", "2011-02-14", "2011-02-27", 13, 31},
		{"2011-01-07", "2011-02-07", "2011-01-31", "2011-02-07", 7, 31},
		{"2011-03-15", "2011-04-15", "2011-03-15", "2011-03-17", 2, 31},
		{"2011-02-10", "2011-05-10", "2011-02-10", "2011-02-24", 14, 89},
		{"2011-02-10", "2011-05-10", "2011-02-24", "2011-05-10", 75, 89},
		{"2012-02-01", "2012-05-01", "2012-02-01", "2012-02-15", 14, 90},
		{"2010-11-27", "2011-02-27", "2011-02-14", "2011-02-27", 13, 92},
		{"2011-01-07", "2011-04-07", "2011-01-31", "2011-04-07", 66, 90},
		{"2011-04-07", "2011-07-07", "2011-04-07", "2011-05-10", 33, 91},
		{"2011-05-07", "2011-08-07", "2011-05-07", "2011-05-10", 3, 92},
		{"2011-06-15", "2011-09-15", "2011-06-15", "2011-06-17", 2, 92},
		{"2011-01-15", "2012-01-15", "2011-01-31", "2012-01-15", 349, 365},
		{"2010-12-04", "2011-12-04", "2010-12-15", "2011-12-04", 354, 365},
		{"2011-06-17", "2012-06-17", "2011-06-17", "2011-06-25", 8, 366},
	} {
		p := calendar.Period{Start: at(t, z, test.start, 0), End: at(t, z, test.end, 0)}
		num, den, err := Between(catalog.GrainDay, z, p, at(t, z, test.from, 0), at(t, z, test.to, 0))
		require.NoError(t, err)
		require.Equal(t, []int64{test.num, test.den}, []int64{num, den}, "%s to %s of %s", test.from, test.to, p)
	}
}

// Amounts for the rest of a period from a change in it.
func TestPublishedAmountsForTheRest(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		why, start, end, change string
		grain                   catalog.Grain
		price, want             int64
	}{
		// An invoice that Stripe made: a change at 2017-03-03 19:14:48 UTC.
		{"Stripe, unused time", "2017-02-14T00:00:00Z", "2017-03-14T00:00:00Z", "2017-03-03T19:14:48Z", catalog.GrainSecond, -1000, -364},
		{"Stripe's documentation, unused", "2027-04-01T00:00:00Z", "2027-05-01T00:00:00Z", "2027-04-16T00:00:00Z", catalog.GrainSecond, -1000, -500},
		{"Stripe's documentation, remaining", "2027-04-01T00:00:00Z", "2027-05-01T00:00:00Z", "2027-04-16T00:00:00Z", catalog.GrainSecond, 2000, 1000},
		{"Autumn, difference at half", "2027-04-01T00:00:00Z", "2027-05-01T00:00:00Z", "2027-04-16T00:00:00Z", catalog.GrainSecond, 3000, 1500},
		{"Samsung, from the 16th of 30 days", "2027-09-01T00:00:00Z", "2027-10-01T00:00:00Z", "2027-09-16T00:00:00Z", catalog.GrainDay, 3000, 1500},
		{"Lago, upgrade on 15 October", "2022-10-01T00:00:00Z", "2022-11-01T00:00:00Z", "2022-10-15T10:00:00Z", catalog.GrainDay, -3100, -1700},
		{"Flexprice, 17 of 31 days of 10", "2024-03-01T00:00:00Z", "2024-04-01T00:00:00Z", "2024-03-15T00:00:00Z", catalog.GrainDay, -1000, -548},
		{"Flexprice, 17 of 31 days of 20", "2024-03-01T00:00:00Z", "2024-04-01T00:00:00Z", "2024-03-15T00:00:00Z", catalog.GrainDay, 2000, 1097},
		{"Flexprice, 17 of 31 days of 100", "2024-03-01T00:00:00Z", "2024-04-01T00:00:00Z", "2024-03-15T00:00:00Z", catalog.GrainDay, -10000, -5484},
		{"Flexprice, 245 of 365 days", "2026-03-02T00:00:00Z", "2027-03-02T00:00:00Z", "2026-06-30T00:00:00Z", catalog.GrainSecond, 1000, 671},
		{"Slack, 20 of 30 days", "2027-04-01T00:00:00Z", "2027-05-01T00:00:00Z", "2027-04-11T00:00:00Z", catalog.GrainDay, 630, 420},
	} {
		z := zone(t, "UTC")
		p := calendar.Period{Start: instant(t, test.start), End: instant(t, test.end)}
		num, den, err := Remaining(test.grain, z, p, instant(t, test.change))
		require.NoError(t, err)
		part, err := money.New(test.price, "USD").MulRatio(num, den)
		require.NoError(t, err)
		require.Equal(t, money.New(test.want, "USD"), part, test.why)
	}
}
