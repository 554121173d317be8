package usagecsv

import (
	"fmt"
	"strings"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/money"
)

// TimeFormat is how a file writes its times.
type TimeFormat string

const (
	// TimeAuto accepts RFC3339 and DateTime, row by row: the two cannot be confused. It is the default.
	TimeAuto TimeFormat = ""
	// TimeRFC3339 is "2027-01-31T09:30:00.5+01:00", with a T or, as databases and data frames print it, a blank.
	TimeRFC3339 TimeFormat = "rfc3339"
	// TimeDateTime is "2027-01-31 09:30:00.5", with a blank or a T, in Options.Zone.
	TimeDateTime TimeFormat = "datetime"
	// TimeUnix is seconds since 1970, with or without a fraction.
	TimeUnix TimeFormat = "unix"
	// TimeUnixMilli is milliseconds since 1970.
	TimeUnixMilli TimeFormat = "unix_ms"
)

// ParseTimeFormat reads "auto", "rfc3339", "datetime", "unix" or "unix_ms".
func ParseTimeFormat(s string) (TimeFormat, error) {
	switch f := TimeFormat(s); f {
	case "auto", TimeAuto:
		return TimeAuto, nil
	case TimeRFC3339, TimeDateTime, TimeUnix, TimeUnixMilli:
		return f, nil
	}
	return "", fmt.Errorf("time format %q: use auto, rfc3339, datetime, unix or unix_ms", s)
}

// A usage time outside these years is a sign of the wrong format, such as milliseconds read as seconds.
const (
	firstYear = 1990
	lastYear  = 2200
)

// parse gives the instant in UTC, or why it is none.
func (f TimeFormat) parse(s string, zone calendar.Zone) (time.Time, string) {
	t, reason := f.read(strings.TrimSpace(s), zone)
	if reason == "" && (t.Year() < firstYear || t.Year() > lastYear) {
		return time.Time{}, fmt.Sprintf("year %d is outside %d to %d: check the time format", t.Year(), firstYear, lastYear)
	}
	return t, reason
}

func (f TimeFormat) read(s string, zone calendar.Zone) (time.Time, string) {
	if s == "" {
		return time.Time{}, "is empty"
	}
	switch f {
	case TimeUnix, TimeUnixMilli:
		return readUnix(s, f)
	case TimeRFC3339:
		return readRFC3339(s)
	case TimeDateTime:
		return readDateTime(s, zone)
	}
	if t, reason := readRFC3339(s); reason == "" {
		return t, ""
	}
	t, reason := readDateTime(s, zone)
	switch _, err := money.ParseDecimal(s); {
	case reason == "":
	case err == nil:
		reason = fmt.Sprintf("%.40q is a number: say with the time format whether it counts seconds (unix) or milliseconds (unix_ms)", s)
	default:
		reason = fmt.Sprintf("%.40q is not a time such as 2027-01-31T09:30:00Z or 2027-01-31 09:30:00", s)
	}
	return t, reason
}

// unixDigits is how many digits of a number in a unix format come after those of the format's unit, in nanoseconds.
var unixDigits = map[TimeFormat]int32{TimeUnix: 9, TimeUnixMilli: 6}

func readUnix(s string, f TimeFormat) (time.Time, string) {
	d, err := money.ParseDecimal(s)
	if err != nil {
		return time.Time{}, fmt.Sprintf("%.40q is not a number of %s since 1970", s, map[TimeFormat]string{TimeUnix: "seconds", TimeUnixMilli: "milliseconds"}[f])
	}
	nanoseconds := d.Shift(unixDigits[f]).BigInt()
	if !nanoseconds.IsInt64() {
		return time.Time{}, fmt.Sprintf("%.40q is outside the years %d to %d: check the time format", s, firstYear, lastYear)
	}
	return time.Unix(0, nanoseconds.Int64()).UTC(), ""
}

func readRFC3339(s string) (time.Time, string) {
	t, err := time.Parse(time.RFC3339, strings.Replace(s, " ", "T", 1))
	if err != nil {
		return time.Time{}, fmt.Sprintf("%.40q is not a time such as 2027-01-31T09:30:00Z", s)
	}
	return t.UTC(), ""
}

// readDateTime takes a wall-clock time in the zone; one that a clock change skipped becomes the first instant after
// the gap, one that it repeated the first of the two.
func readDateTime(s string, zone calendar.Zone) (time.Time, string) {
	wall, err := time.Parse(time.DateTime, strings.Replace(s, "T", " ", 1))
	if err != nil {
		return time.Time{}, fmt.Sprintf("%.40q is not a time such as 2027-01-31 09:30:00", s)
	}
	d := calendar.Date{Year: wall.Year(), Month: wall.Month(), Day: wall.Day()}
	return zone.Instant(d, wall.Hour(), wall.Minute(), wall.Second()).Add(time.Duration(wall.Nanosecond())), ""
}
