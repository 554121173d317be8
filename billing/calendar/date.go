package calendar

import (
	"fmt"
	"time"
)

// Date is a civil date of the Gregorian calendar: a day as people name it, in no
// zone. The zero value is "no date".
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

const (
	dateLayout    = "2006-01-02"
	secondsPerDay = 24 * 60 * 60
)

// ParseDate reads a date such as "2027-01-31". Dates that do not exist in the
// calendar, such as 2027-02-29, are errors.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(dateLayout, s)
	if err != nil || t.Year() == 0 {
		return Date{}, fmt.Errorf("date %q: write an existing day as YYYY-MM-DD, such as 2027-01-31", s)
	}
	return civil(t), nil
}

// civil returns the date that t's own location shows.
func civil(t time.Time) Date {
	year, month, day := t.Date()
	return Date{Year: year, Month: month, Day: day}
}

// AddDays returns the date n days later, or earlier for a negative n.
func (d Date) AddDays(n int) Date {
	return civil(time.Date(d.Year, d.Month, d.Day+n, 0, 0, 0, 0, time.UTC))
}

// Compare returns -1, 0 or 1 as d is before, equal to or after o.
func (d Date) Compare(o Date) int {
	return d.midnightUTC().Compare(o.midnightUTC())
}

// DaysUntil returns the number of calendar days from d to o, negative when o is
// earlier.
func (d Date) DaysUntil(o Date) int {
	return int((o.midnightUTC().Unix() - d.midnightUTC().Unix()) / secondsPerDay)
}

// IsZero reports whether d is the zero value.
func (d Date) IsZero() bool { return d == Date{} }

// String returns the date as "2027-01-31".
func (d Date) String() string {
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day)
}

// MarshalText writes "2027-01-31", and nothing for the zero value.
func (d Date) MarshalText() ([]byte, error) {
	if d.IsZero() {
		return nil, nil
	}
	return []byte(d.String()), nil
}

// UnmarshalText reads what MarshalText writes.
func (d *Date) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = Date{}
		return nil
	}
	parsed, err := ParseDate(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}

func (d Date) weekday() time.Weekday { return d.midnightUTC().Weekday() }

// midnightUTC maps dates to instants 24 hours apart, for arithmetic only.
func (d Date) midnightUTC() time.Time {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC)
}
