package calendar

import (
	"fmt"
	"time"
)

// Schedule is the rule by which billing periods follow each other.
//
// Periods are numbered in cycles: cycle n begins at the nth boundary from the
// anchor. A stub, the partial period before the first boundary of an aligned
// subscription, is in cycle -1.
type Schedule struct {
	Interval  Interval
	Alignment Alignment
}

// Validate checks interval and alignment, and that they go together.
func (s Schedule) Validate() error {
	if err := s.Interval.Validate(); err != nil {
		return err
	}
	if err := s.Alignment.Validate(); err != nil {
		return err
	}
	months, days := s.Interval.size()
	switch {
	case s.Alignment.To == ToDayOfMonth && months == 0:
		return fmt.Errorf("alignment.to day_of_month needs an interval of months, quarters or years, not %s", s.Interval)
	case s.Alignment.Month != 0 && gcd(months, monthsPerYear) == 1:
		return fmt.Errorf("alignment.month %d is for intervals that begin in the same months every year, not %s: remove it", s.Alignment.Month, s.Interval)
	case s.Alignment.WeekStart != "" && (months > 0 || days%daysPerWeek != 0):
		return fmt.Errorf("alignment.week_start is only for an interval of weeks, not %s: remove it", s.Interval)
	}
	return nil
}

// Equal reports whether both schedules lead to the same boundaries. How a stub
// is charged does not matter.
func (s Schedule) Equal(o Schedule) bool {
	return s.Interval.Equal(o.Interval) && s.Alignment.sameDates(o.Alignment)
}

// Anchor returns the first boundary on or after a day: for an anniversary the
// day itself.
func (s Schedule) Anchor(start Date) Date {
	months, days := s.Interval.size()
	switch {
	case s.Alignment.To == ToDayOfMonth:
		part, ahead := 1, 0
		if s.Alignment.Month != 0 {
			part = gcd(months, monthsPerYear)
			ahead = (s.Alignment.Month - int(start.Month) + monthsPerYear) % part
		}
		if day := addMonths(start, ahead, s.Alignment.Day); day.Compare(start) >= 0 {
			return day
		}
		return addMonths(start, ahead+part, s.Alignment.Day)
	case s.Alignment.To != ToCalendar:
		return start
	case months > 0:
		part := gcd(months, monthsPerYear)
		first := addMonths(start, -((int(start.Month) - 1) % part), 1)
		if first == start {
			return start
		}
		return addMonths(first, part, 1)
	case days%daysPerWeek == 0:
		ahead := s.Alignment.weekStart() - int(start.weekday()) + daysPerWeek
		return start.AddDays(ahead % daysPerWeek)
	}
	return start
}

// Nth returns the date of the nth boundary from an anchor that Anchor returned.
func (s Schedule) Nth(anchor Date, n int) Date {
	if months, _ := s.Interval.size(); s.Alignment.To == ToDayOfMonth {
		return addMonths(anchor, n*months, s.Alignment.Day)
	}
	return s.Interval.Nth(anchor, n)
}

// Boundary returns the first instant, in the zone, of the nth boundary's date.
func (s Schedule) Boundary(anchor Date, z Zone, n int) time.Time {
	return z.StartOfDay(s.Nth(anchor, n))
}

// Begin returns the anchor of periods that begin at an instant and the cycle of
// the first of them: -1 for a stub, else 0. Who starts on the day of a boundary,
// at whatever time, begins with a whole period.
func (s Schedule) Begin(z Zone, start time.Time) (anchor Date, cycle int) {
	day := z.DayAt(start)
	anchor = s.Anchor(day)
	if anchor != day {
		return anchor, -1
	}
	return anchor, 0
}

// A zone cannot be further ahead of another than this, and no boundary of one
// cycle further from the same boundary in another zone.
const widestMove = 26 * time.Hour

// Next returns the end of the period that begins at start in cycle n, and the
// cycle that follows it. The end is the first boundary in the zone after start:
// where the zone never had a cycle's days, or the customer moved over the date
// line and lost them, that cycle is passed over.
//
// Start is the end of the period before, in whatever zone that was computed, so
// that no change of zone leaves a gap or an overlap. It is an error if it is 26
// hours or more from the boundary at which cycle n begins in the zone: then it is
// not the same boundary.
func (s Schedule) Next(anchor Date, n int, z Zone, start time.Time) (end time.Time, next int, err error) {
	day := s.Nth(anchor, n)
	if apart := z.StartOfDay(day).Sub(start).Abs(); n >= 0 && apart >= widestMove && z.DayAt(start) != day {
		return time.Time{}, 0, fmt.Errorf("cycle %d begins on %s in %s, which is %s from %s: boundaries of one cycle are less than %s apart",
			n, day, z.Name(), apart, start.UTC().Format(time.RFC3339), widestMove)
	}
	for next = n + 1; ; next++ {
		if end = s.Boundary(anchor, z, next); end.After(start) {
			return end, next, nil
		}
	}
}

// Full returns the whole cycle against which a period in cycle n is prorated: for
// a stub the interval that ends with it, for any other the period itself.
func (s Schedule) Full(anchor Date, n int, z Zone, p Period) Period {
	if n >= 0 {
		return p
	}
	if begun := s.Boundary(anchor, z, n); begun.Before(p.Start) {
		p.Start = begun
	}
	return p
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
