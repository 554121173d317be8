package calendar

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Boundaries that other billing systems publish in their tests.
func TestPublishedBoundaries(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		anchor   string
		interval Interval
		n        int
		want     string
	}{
		// Lago, anniversary billing: monthly, quarterly, yearly.
		{"2021-03-31", Interval{Month, 1}, 1, "2021-04-30"},
		{"2020-01-31", Interval{Month, 1}, 1, "2020-02-29"},
		{"2021-03-31", Interval{Month, 1}, 11, "2022-02-28"},
		{"2019-04-30", Interval{Month, 1}, 10, "2020-02-29"},
		{"2019-04-30", Interval{Month, 1}, 11, "2020-03-30"},
		{"2021-03-29", Interval{Month, 1}, 9, "2021-12-29"},
		{"2022-01-31", Interval{Month, 1}, 1, "2022-02-28"},
		{"2022-01-30", Interval{Month, 1}, 1, "2022-02-28"},
		{"2021-05-30", Interval{Month, 3}, 3, "2022-02-28"},
		{"2021-01-31", Interval{Month, 3}, 1, "2021-04-30"},
		{"2021-11-30", Interval{Month, 3}, 1, "2022-02-28"},
		{"2022-01-30", Interval{Month, 3}, 1, "2022-04-30"},
		{"2023-04-06", Interval{Month, 3}, 1, "2023-07-06"},
		{"2020-02-29", Interval{Year, 1}, 2, "2022-02-28"},
		{"2022-12-01", Interval{Year, 1}, 1, "2023-12-01"},
		// Flexprice.
		{"2024-03-10", Interval{Day, 10}, 1, "2024-03-20"},
		{"2024-12-29", Interval{Day, 5}, 1, "2025-01-03"},
		{"2024-02-27", Interval{Day, 3}, 1, "2024-03-01"},
		{"2023-02-27", Interval{Day, 3}, 1, "2023-03-02"},
		{"2024-01-31", Interval{Month, 1}, 1, "2024-02-29"},
		{"2024-02-29", Interval{Month, 1}, 1, "2024-03-29"},
		{"2024-12-31", Interval{Month, 2}, 1, "2025-02-28"},
		{"2024-01-31", Interval{Month, 2}, 1, "2024-03-31"},
		{"2024-02-29", Interval{Year, 1}, 1, "2025-02-28"},
		{"2024-02-29", Interval{Year, 4}, 1, "2028-02-29"},
		// 2100 is no leap year, 2000 was one.
		{"2096-02-29", Interval{Year, 4}, 1, "2100-02-28"},
		{"2096-02-29", Interval{Year, 4}, 2, "2104-02-29"},
		{"1999-12-31", Interval{Month, 2}, 1, "2000-02-29"},
	} {
		require.Equal(t, day(t, test.want), test.interval.Nth(day(t, test.anchor), test.n), "%s + %d × %s", test.anchor, test.n, test.interval)
	}
}

// Cycles of New York customers in Lago's tests, whose ends there are a second before ours.
func TestPublishedCyclesInNewYork(t *testing.T) {
	t.Parallel()
	newYork := zone(t, "America/New_York")
	for _, test := range []struct{ anchor, months, start, end string }{
		{"2022-01-01", "1", "2022-01-01T05:00:00Z", "2022-02-01T05:00:00Z"},
		{"2022-03-01", "1", "2022-03-01T05:00:00Z", "2022-04-01T04:00:00Z"},
		{"2022-01-01", "3", "2022-01-01T05:00:00Z", "2022-04-01T04:00:00Z"},
		{"2022-07-01", "3", "2022-07-01T04:00:00Z", "2022-10-01T04:00:00Z"},
		{"2020-01-01", "12", "2020-01-01T05:00:00Z", "2021-01-01T05:00:00Z"},
		{"2022-02-01", "12", "2022-02-01T05:00:00Z", "2023-02-01T05:00:00Z"},
	} {
		interval := map[string]Interval{"1": {Month, 1}, "3": {Month, 3}, "12": {Year, 1}}[test.months]
		require.Equal(t, period(t, test.start, test.end), Cycle(day(t, test.anchor), interval, newYork, 0))
	}
}

// Flexprice's counts of days in zones, between instants given in UTC.
func TestPublishedDayCounts(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		zone, start, end string
		want             int
	}{
		{"UTC", "2024-05-01T00:00:00Z", "2024-05-05T00:00:00Z", 4},
		{"America/New_York", "2024-03-09T00:00:00Z", "2024-03-11T00:00:00Z", 2},
		{"America/New_York", "2024-11-02T00:00:00Z", "2024-11-04T00:00:00Z", 2},
		{"Asia/Tokyo", "2024-07-15T12:30:00Z", "2024-07-16T08:15:00Z", 1},
		{"Europe/London", "2024-07-30T00:00:00Z", "2024-08-02T00:00:00Z", 3},
		{"Europe/Paris", "2024-12-30T00:00:00Z", "2025-01-02T00:00:00Z", 3},
		{"Europe/Berlin", "2024-05-01T08:00:00Z", "2024-05-01T17:00:00Z", 0},
		{"Australia/Sydney", "2024-04-06T00:00:00Z", "2024-04-08T00:00:00Z", 2},
	} {
		require.Equal(t, test.want, zone(t, test.zone).Days(period(t, test.start, test.end)), "%s from %s to %s", test.zone, test.start, test.end)
	}
}

// A monthly anchor on the 31st keeps its local midnight through a year of every kind of zone.
func TestYearOfMonthEndsInUnusualZones(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		zone string
		want [4]string // the starts of cycles 0, 1, 2 and 6: 31 January, 29 February, 31 March, 31 July 2028
	}{
		{"Asia/Kolkata", [4]string{"2028-01-30T18:30:00Z", "2028-02-28T18:30:00Z", "2028-03-30T18:30:00Z", "2028-07-30T18:30:00Z"}},
		{"Asia/Kathmandu", [4]string{"2028-01-30T18:15:00Z", "2028-02-28T18:15:00Z", "2028-03-30T18:15:00Z", "2028-07-30T18:15:00Z"}},
		{"Australia/Lord_Howe", [4]string{"2028-01-30T13:00:00Z", "2028-02-28T13:00:00Z", "2028-03-30T13:00:00Z", "2028-07-30T13:30:00Z"}},
		{"Pacific/Chatham", [4]string{"2028-01-30T10:15:00Z", "2028-02-28T10:15:00Z", "2028-03-30T10:15:00Z", "2028-07-30T11:15:00Z"}},
		{"America/St_Johns", [4]string{"2028-01-31T03:30:00Z", "2028-02-29T03:30:00Z", "2028-03-31T02:30:00Z", "2028-07-31T02:30:00Z"}},
		{"Pacific/Kiritimati", [4]string{"2028-01-30T10:00:00Z", "2028-02-28T10:00:00Z", "2028-03-30T10:00:00Z", "2028-07-30T10:00:00Z"}},
		{"Pacific/Pago_Pago", [4]string{"2028-01-31T11:00:00Z", "2028-02-29T11:00:00Z", "2028-03-31T11:00:00Z", "2028-07-31T11:00:00Z"}},
		{"Europe/Dublin", [4]string{"2028-01-31T00:00:00Z", "2028-02-29T00:00:00Z", "2028-03-30T23:00:00Z", "2028-07-30T23:00:00Z"}},
	} {
		z, monthly := zone(t, test.zone), Interval{Month, 1}
		for i, n := range []int{0, 1, 2, 6} {
			require.Equal(t, instant(t, test.want[i]), Boundary(day(t, "2028-01-31"), monthly, z, n), "%s, cycle %d", test.zone, n)
		}
		require.Equal(t, 366, z.Days(Cycle(day(t, "2028-01-31"), Interval{Year, 1}, z, 0)), test.zone)
	}
}

func FuzzMonthPeriod(f *testing.F) {
	for _, seed := range []string{"2027-01", "2027-12", "9999-12", "0001-01", "2027-1", "", "2027-01-01", "２０２７-01"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, month string) {
		p, err := MonthPeriod(Zone{}, month)
		if err != nil {
			return
		}
		require.Equal(t, month, p.Start.Format("2006-01"))
		require.True(t, p.End.After(p.Start))
		require.Equal(t, month, p.End.Add(-time.Second).Format("2006-01"))
	})
}

func FuzzLoadZone(f *testing.F) {
	for _, seed := range []string{"Europe/Berlin", "UTC", "", "Local", "../UTC", "Asia/Kolkata\x00", "America/Argentina/Buenos_Aires", "EST5EDT"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		z, err := LoadZone(name)
		if err != nil {
			require.Less(t, len(err.Error()), 600, "hostile names do not flood the message")
			return
		}
		require.Equal(t, name, z.Name())
		d := Date{Year: 2027, Month: time.March, Day: 28}
		require.Equal(t, d, z.DateOf(z.StartOfDay(d)))
	})
}
