package calendar

import (
	"fmt"
	"time"
)

// Unit is the unit of a billing interval.
type Unit string

// Units of an interval.
const (
	Day   Unit = "day"
	Month Unit = "month"
	Year  Unit = "year"
)

const monthsPerYear = 12

// Interval is the distance between two billing boundaries, such as 3 months.
// Weeks are 7 days.
type Interval struct {
	Unit  Unit `json:"unit"`
	Count int  `json:"count"`
}

// Validate accepts 1 to 3660 days, 1 to 120 months and 1 to 10 years.
func (i Interval) Validate() error {
	var most int
	switch i.Unit {
	case Day:
		most = 3660
	case Month:
		most = 120
	case Year:
		most = 10
	default:
		return fmt.Errorf("interval unit %q must be one of day, month, year", i.Unit)
	}
	if i.Count < 1 || i.Count > most {
		return fmt.Errorf("interval count %d must be between 1 and %d for unit %s", i.Count, most, i.Unit)
	}
	return nil
}

// String returns the interval as "1 month" or "3 months".
func (i Interval) String() string {
	if i.Count == 1 {
		return fmt.Sprintf("1 %s", i.Unit)
	}
	return fmt.Sprintf("%d %ss", i.Count, i.Unit)
}

// Nth returns the date n intervals after the anchor. It always counts from the
// original anchor and never from the previous boundary, so an anchor on the 31st
// falls on 28 February and is back on 31 March; a yearly anchor on 29 February
// is back in the next leap year. A negative n counts backwards. The interval
// must be valid.
func (i Interval) Nth(anchor Date, n int) Date {
	switch i.Unit {
	case Year:
		return addMonths(anchor, n*i.Count*monthsPerYear)
	case Month:
		return addMonths(anchor, n*i.Count)
	default:
		return anchor.AddDays(n * i.Count)
	}
}

// addMonths moves by whole months and clamps to the end of the target month.
// time.AddDate would spill 31 January + 1 month into March.
func addMonths(d Date, months int) Date {
	first := time.Date(d.Year, d.Month+time.Month(months), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return Date{Year: first.Year(), Month: first.Month(), Day: min(d.Day, last)}
}
