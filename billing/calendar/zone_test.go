package calendar

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/calendar/zonedata"
)

func zone(t require.TestingT, name string) Zone {
	z, err := LoadZone(name)
	require.NoError(t, err)
	return z
}

func day(t require.TestingT, s string) Date {
	d, err := ParseDate(s)
	require.NoError(t, err)
	return d
}

func instant(t require.TestingT, s string) time.Time {
	at, err := time.Parse(time.RFC3339, s)
	require.NoError(t, err)
	return at.UTC()
}

func TestLoadZone(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Europe/Berlin", "UTC", "Asia/Calcutta", "US/Pacific", "America/Argentina/Buenos_Aires", "Etc/GMT+5"} {
		require.Equal(t, name, zone(t, name).Name())
	}
	for name, want := range map[string]string{
		"":                     "empty",
		"Local":                "depends on the machine",
		"europe/berlin":        `did you mean "Europe/Berlin"`,
		"Europe/Atlantis":      `unknown time zone "Europe/Atlantis" in database 2026f`,
		"../etc/passwd":        "unknown time zone",
		"/Europe/Berlin":       "unknown time zone",
		"posix/UTC":            "unknown time zone",
		"Factory":              "unknown time zone",
		"Europe":               "unknown time zone",
		"America/New_York\x00": "unknown time zone",
	} {
		_, err := LoadZone(name)
		require.ErrorContains(t, err, want, name)
	}
	require.Equal(t, "2026f", TZVersion())
	require.Equal(t, "UTC", Zone{}.Name())
	require.Equal(t, instant(t, "2027-01-01T00:00:00Z"), Zone{}.StartOfDay(day(t, "2027-01-01")))
}

func TestZoneIgnoresTheMachine(t *testing.T) {
	t.Setenv("ZONEINFO", t.TempDir())
	t.Setenv("TZ", "Asia/Tokyo")
	require.Equal(t, instant(t, "2027-01-31T05:00:00Z"), zone(t, "America/New_York").StartOfDay(day(t, "2027-01-31")))
}

// Rules of release 2026f that older databases get wrong.
func TestRulesOfRelease2026f(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"America/Vancouver":   "2026-12-01T07:00:00Z",
		"America/Edmonton":    "2026-12-01T06:00:00Z",
		"America/Yellowknife": "2026-12-01T06:00:00Z",
		"America/Winnipeg":    "2026-12-01T05:00:00Z",
		"Africa/Casablanca":   "2026-12-01T00:00:00Z",
		"America/Havana":      "2026-12-01T04:00:00Z",
		"America/Los_Angeles": "2026-12-01T08:00:00Z",
	} {
		require.Equal(t, instant(t, want), zone(t, name).StartOfDay(day(t, "2026-12-01")), name)
	}
	// Casablanca has given up the shifts around Ramadan.
	require.Equal(t, instant(t, "2027-02-10T00:00:00Z"), zone(t, "Africa/Casablanca").StartOfDay(day(t, "2027-02-10")))
	// Havana returns to winter time in November 2027.
	require.Equal(t, instant(t, "2027-11-08T05:00:00Z"), zone(t, "America/Havana").StartOfDay(day(t, "2027-11-08")))
}

func TestInstant(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		why, zone, date      string
		hour, minute, second int
		want                 string
	}{
		{"gap west of Greenwich", "America/New_York", "2026-03-08", 2, 30, 0, "2026-03-08T07:00:00Z"},
		{"gap east of Greenwich", "Europe/Berlin", "2026-03-29", 2, 30, 0, "2026-03-29T01:00:00Z"},
		{"just before a gap", "Europe/Berlin", "2026-03-29", 1, 59, 59, "2026-03-29T00:59:59Z"},
		{"just after a gap", "Europe/Berlin", "2026-03-29", 3, 0, 0, "2026-03-29T01:00:00Z"},
		{"gap at midnight, west", "America/Sao_Paulo", "2018-11-04", 0, 0, 0, "2018-11-04T03:00:00Z"},
		{"no summer time any more", "America/Sao_Paulo", "2026-11-01", 0, 0, 0, "2026-11-01T03:00:00Z"},
		{"gap at midnight, east", "Africa/Cairo", "2026-04-24", 0, 30, 0, "2026-04-23T22:00:00Z"},
		{"gap after midnight, west", "America/Havana", "2026-03-08", 0, 30, 0, "2026-03-08T05:00:00Z"},
		{"overlap west of Greenwich", "America/New_York", "2026-11-01", 1, 30, 0, "2026-11-01T05:30:00Z"},
		{"overlap east of Greenwich", "Europe/Berlin", "2026-10-25", 2, 30, 0, "2026-10-25T00:30:00Z"},
		{"after an overlap", "Europe/Berlin", "2026-10-25", 3, 0, 0, "2026-10-25T02:00:00Z"},
		{"overlap before midnight", "Africa/Cairo", "2026-10-29", 23, 30, 0, "2026-10-29T20:30:00Z"},
		{"midnight twice", "Atlantic/Azores", "2026-10-25", 0, 0, 0, "2026-10-25T00:00:00Z"},
		{"midnight twice, with a return to the day before", "America/St_Johns", "2010-11-07", 0, 0, 0, "2010-11-07T02:30:00Z"},
		{"half-hour gap", "Australia/Lord_Howe", "2026-10-04", 2, 15, 0, "2026-10-03T15:30:00Z"},
		{"half-hour overlap", "Australia/Lord_Howe", "2026-04-05", 1, 45, 0, "2026-04-04T14:45:00Z"},
		{"two-hour gap", "Antarctica/Troll", "2026-03-29", 1, 30, 0, "2026-03-29T01:00:00Z"},
		{"15-minute gap", "Asia/Kathmandu", "1986-01-01", 0, 5, 0, "1985-12-31T18:30:00Z"},
		{"missing day, midnight", "Pacific/Apia", "2011-12-30", 0, 0, 0, "2011-12-30T10:00:00Z"},
		{"missing day, noon", "Pacific/Apia", "2011-12-30", 12, 0, 0, "2011-12-30T22:00:00Z"},
		{"permanent move back over midnight", "Asia/Almaty", "2024-03-01", 0, 0, 0, "2024-02-29T19:00:00Z"},
		{"historic Ramadan overlap", "Africa/Casablanca", "2026-02-15", 2, 30, 0, "2026-02-15T01:30:00Z"},
		{"historic Ramadan gap", "Africa/Casablanca", "2026-03-22", 2, 30, 0, "2026-03-22T02:00:00Z"},
		{"first zone to reach the year", "Pacific/Kiritimati", "2026-12-31", 23, 59, 0, "2026-12-31T09:59:00Z"},
		{"last zone to reach the year", "Pacific/Niue", "2026-12-31", 23, 59, 0, "2027-01-01T10:59:00Z"},
		{"a new standard time that a clock change hides", "America/Ojinaga", "2022-11-01", 0, 0, 0, "2022-11-01T06:00:00Z"},
		{"last day of a leap year", "America/New_York", "2028-12-31", 23, 59, 59, "2029-01-01T04:59:59Z"},
		{"last day of a leap year, east", "Australia/Sydney", "2028-12-31", 23, 59, 59, "2028-12-31T12:59:59Z"},
	} {
		got := zone(t, test.zone).Instant(day(t, test.date), test.hour, test.minute, test.second)
		require.Equal(t, instant(t, test.want), got, "%s: %s %s", test.why, test.zone, test.date)
		require.Equal(t, time.UTC, got.Location())
	}
}

func TestStartOfDay(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ zone, date, want, shown string }{
		{"America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z", "2018-11-04"},
		{"America/Sao_Paulo", "2018-02-18", "2018-02-18T03:00:00Z", "2018-02-18"},
		{"Africa/Cairo", "2026-04-24", "2026-04-23T22:00:00Z", "2026-04-24"},
		{"Africa/Cairo", "2026-10-30", "2026-10-29T22:00:00Z", "2026-10-30"},
		{"America/Havana", "2026-03-08", "2026-03-08T05:00:00Z", "2026-03-08"},
		{"Pacific/Apia", "2011-12-29", "2011-12-29T10:00:00Z", "2011-12-29"},
		{"Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z", "2011-12-31"},
		{"Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00Z", "2011-12-31"},
		{"Asia/Kathmandu", "1986-01-01", "1985-12-31T18:30:00Z", "1986-01-01"},
		{"America/Nuuk", "2026-03-29", "2026-03-29T01:00:00Z", "2026-03-29"},
		{"Asia/Kolkata", "2026-03-29", "2026-03-28T18:30:00Z", "2026-03-29"},
	} {
		z := zone(t, test.zone)
		start := z.StartOfDay(day(t, test.date))
		require.Equal(t, instant(t, test.want), start, "%s %s", test.zone, test.date)
		require.Equal(t, day(t, test.shown), z.DateOf(start))
	}
}

func TestDayLength(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		zone, date string
		want       time.Duration
	}{
		{"America/New_York", "2026-03-08", 23 * time.Hour},
		{"America/New_York", "2026-11-01", 25 * time.Hour},
		{"Asia/Almaty", "2024-02-29", 25 * time.Hour},
		{"Australia/Lord_Howe", "2026-04-05", 24*time.Hour + 30*time.Minute},
		{"Asia/Kathmandu", "1986-01-01", 23*time.Hour + 45*time.Minute},
		{"Pacific/Apia", "2011-12-30", 0},
	} {
		z := zone(t, test.zone)
		d := day(t, test.date)
		require.Equal(t, test.want, z.StartOfDay(d.AddDays(1)).Sub(z.StartOfDay(d)), "%s %s", test.zone, test.date)
	}
}

// Every zone, around all its clock changes from 1970 to 2040: the start of a day
// is an instant at which the day is shown, and nothing of the day comes before it.
func TestStartOfDayInEveryZone(t *testing.T) {
	t.Parallel()
	const window = 20
	for _, z := range distinctZones(t) {
		for d := (Date{Year: 1970, Month: time.January, Day: 1}); d.Year < 2041; d = d.AddDays(window) {
			if z.stretchAt(d.midnightUTC().Add(-2*widestOffset)).offset == z.stretchAt(d.AddDays(window).midnightUTC().Add(2*widestOffset)).offset {
				continue
			}
			for i := range window {
				requireStart(t, z, d.AddDays(i))
			}
		}
	}
}

// distinctZones leaves out links: they repeat the rules of another name.
func distinctZones(t *testing.T) []Zone {
	names, err := zonedata.Names()
	require.NoError(t, err)
	require.Greater(t, len(names), 590)
	seen := make(map[string]bool, len(names))
	var zones []Zone
	for _, name := range names {
		rules, err := zonedata.Load(name)
		require.NoError(t, err)
		if !seen[string(rules)] {
			seen[string(rules)] = true
			zones = append(zones, zone(t, name))
		}
	}
	return zones
}

func requireStart(t *testing.T, z Zone, d Date) {
	t.Helper()
	start, next := z.StartOfDay(d), z.StartOfDay(d.AddDays(1))
	days := z.Days(Period{Start: start, End: next})
	if z.DateOf(start) == d {
		if z.DateOf(start.Add(-1)).Compare(d) >= 0 || !next.After(start) || days != 1 {
			t.Fatalf("%s: %s starts at %s, the next day at %s, and counts %d", z.Name(), d, start, next, days)
		}
		return
	}
	// The zone never had this day: the clock went from before it to after it.
	require.Equal(t, next, start, "%s: %s", z.Name(), d)
	require.Equal(t, d.AddDays(1), z.DateOf(start))
	require.Negative(t, z.DateOf(start.Add(-1)).Compare(d))
	require.Zero(t, days)
}

func TestParseTime(t *testing.T) {
	t.Parallel()
	z := zone(t, "America/Havana")
	for text, want := range map[string]string{
		"2026-03-07":                "2026-03-07T05:00:00Z",
		"2026-03-08":                "2026-03-08T05:00:00Z", // without a midnight
		"2026-03-08T00:30":          "2026-03-08T05:00:00Z", // in the gap
		"2026-03-07T23:59:59":       "2026-03-08T04:59:59Z",
		"2026-03-07 12:00":          "2026-03-07T17:00:00Z",
		"2026-03-07T12:00:00Z":      "2026-03-07T12:00:00Z",
		"2026-03-07T12:00:00+14:00": "2026-03-06T22:00:00Z",
	} {
		got, err := z.ParseTime(text)
		require.NoError(t, err, text)
		require.Equal(t, instant(t, want), got, text)
	}
	for _, text := range []string{"", "now", "2026-02-29", "2026-03-07T24:00", "2026-03-07 12", "0000-01-01", "0000-01-01T00:00:00Z", "2026-03-07T12:00:60"} {
		_, err := z.ParseTime(text)
		require.ErrorContains(t, err, "write a date such as", text)
	}
}

func FuzzParseTime(f *testing.F) {
	for _, seed := range []string{"2026-03-08", "2026-03-08T00:30", "2026-03-08T00:30:00", "2026-03-08T00:30:00Z", "2011-12-30T09:00", "9999-12-31T23:59:59.999999999-12:00"} {
		f.Add(seed, "Pacific/Apia")
		f.Add(seed, "America/Havana")
	}
	f.Fuzz(func(t *testing.T, text, name string) {
		z, err := LoadZone(name)
		if err != nil {
			return
		}
		at, err := z.ParseTime(text)
		if err != nil {
			require.Less(t, len(err.Error()), 600)
			return
		}
		if d, err := ParseDate(text); err == nil {
			require.Equal(t, z.StartOfDay(d), at)
		}
		again, err := z.ParseTime(at.Format(time.RFC3339Nano))
		if at.Year() > 0 && at.Year() < 10_000 {
			require.NoError(t, err)
			require.Equal(t, at, again)
		}
	})
}
