package calendar

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Unit is the unit of a billing interval.
type Unit string

// Units of an interval.
const (
	Day     Unit = "day"
	Week    Unit = "week"
	Month   Unit = "month"
	Quarter Unit = "quarter"
	Year    Unit = "year"
)

const (
	daysPerWeek      = 7
	monthsPerQuarter = 3
	monthsPerYear    = 12
)

// longest is how many of each unit an interval may have: ten years and a little.
var longest = map[Unit]int{Day: 3660, Week: 520, Month: 120, Quarter: 40, Year: 10}

// Interval is the distance between two billing boundaries, such as 3 months.
// Weeks are 7 days, quarters 3 months.
type Interval struct {
	Unit  Unit `json:"unit" enum:"day,week,month,quarter,year"`
	Count int  `json:"count"`
}

// Validate accepts 1 to 3660 days, 1 to 520 weeks, 1 to 120 months, 1 to 40
// quarters and 1 to 10 years.
func (i Interval) Validate() error {
	most, known := longest[i.Unit]
	if !known {
		return fmt.Errorf("interval.unit %.40q must be one of day, week, month, quarter, year", i.Unit)
	}
	if i.Count < 1 || i.Count > most {
		return fmt.Errorf("interval.count %d must be between 1 and %d for unit %s", i.Count, most, i.Unit)
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

var intervalPattern = regexp.MustCompile(`^(?:([0-9]{1,5}) )?([a-z]+?)s?$`)

// ParseInterval reads an interval as String writes it; without a number it is
// one unit: "month" is "1 month". The interval is valid.
func ParseInterval(text string) (Interval, error) {
	parts := intervalPattern.FindStringSubmatch(strings.ToLower(text))
	if parts == nil {
		return Interval{}, fmt.Errorf("interval %.40q: write a number and a unit, such as 1 month, 2 weeks or quarter", text)
	}
	i := Interval{Unit: Unit(parts[2]), Count: 1}
	if parts[1] != "" {
		var err error
		if i.Count, err = strconv.Atoi(parts[1]); err != nil {
			return Interval{}, fmt.Errorf("interval %.40q: %w", text, err)
		}
	}
	return i, i.Validate()
}

// Equal reports whether both intervals always lead to the same dates, as 1
// quarter and 3 months do.
func (i Interval) Equal(o Interval) bool {
	months, days := i.size()
	oMonths, oDays := o.size()
	return months == oMonths && days == oDays
}

// size is the interval in months or in days; the other one is 0.
func (i Interval) size() (months, days int) {
	switch i.Unit {
	case Year:
		return i.Count * monthsPerYear, 0
	case Quarter:
		return i.Count * monthsPerQuarter, 0
	case Month:
		return i.Count, 0
	case Week:
		return 0, i.Count * daysPerWeek
	default:
		return 0, i.Count
	}
}

// Nth returns the date n intervals after the anchor. It always counts from the
// original anchor and never from the previous boundary, so an anchor on the 31st
// falls on 28 February and is back on 31 March; a yearly anchor on 29 February
// is back in the next leap year. A negative n counts backwards. The interval
// must be valid.
func (i Interval) Nth(anchor Date, n int) Date {
	months, days := i.size()
	if months > 0 {
		return addMonths(anchor, n*months, anchor.Day)
	}
	return anchor.AddDays(n * days)
}

// addMonths moves by whole months, to the given day or the end of a month that
// is shorter. time.AddDate would spill 31 January + 1 month into March.
func addMonths(d Date, months, day int) Date {
	first := time.Date(d.Year, d.Month+time.Month(months), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return Date{Year: first.Year(), Month: first.Month(), Day: min(day, last)}
}
