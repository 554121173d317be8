package calendar

import (
	"fmt"
	"time"
)

// Period is the time from Start up to but not including End, both in UTC.
type Period struct {
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
}

// Contains reports whether t is in the period; its end is not.
func (p Period) Contains(t time.Time) bool {
	return !t.Before(p.Start) && t.Before(p.End)
}

// String returns the period as "[2027-01-01T00:00:00Z, 2027-02-01T00:00:00Z)".
func (p Period) String() string {
	return fmt.Sprintf("[%s, %s)", p.Start.UTC().Format(time.RFC3339Nano), p.End.UTC().Format(time.RFC3339Nano))
}

// Boundary returns the start of the nth billing cycle: the first instant, in the
// zone, of the nth date from the anchor. Cycle 0 starts on the anchor.
func Boundary(anchor Date, i Interval, z Zone, n int) time.Time {
	return z.StartOfDay(i.Nth(anchor, n))
}

// Cycle returns the nth billing cycle. Cycles follow each other without gap or
// overlap. A one-day cycle on a day that the zone never had is empty.
func Cycle(anchor Date, i Interval, z Zone, n int) Period {
	return Period{Start: Boundary(anchor, i, z, n), End: Boundary(anchor, i, z, n+1)}
}

// MonthPeriod returns a calendar month, written "2027-01", in the zone.
func MonthPeriod(z Zone, month string) (Period, error) {
	first, err := ParseDate(month + "-01")
	if err != nil {
		return Period{}, fmt.Errorf("month %q: write YYYY-MM, such as 2027-01", month)
	}
	return Cycle(first, Interval{Unit: Month, Count: 1}, z, 0), nil
}

// Days returns how many civil days of the zone the period covers, whatever their
// length in hours. The day of the start counts whole and the day of the end does
// not count, so two periods that meet have together the days of both, also when
// they meet in the middle of a day. A day that the zone never had is no day.
func (z Zone) Days(p Period) int {
	return z.DayAt(p.Start).DaysUntil(z.DayAt(p.End)) - z.daysSkipped(p)
}

// DayAt returns the day that has started at t and whose successor has not. It
// differs from DateOf where a clock is set back over midnight: the day that has
// begun once does not end again.
func (z Zone) DayAt(t time.Time) Date {
	d := z.DateOf(t)
	for next := d.AddDays(1); !z.StartOfDay(next).After(t); next = next.AddDays(1) {
		d = next
	}
	return d
}

// daysSkipped counts the dates that never occurred in the zone during the
// period, as on the islands that moved across the date line.
func (z Zone) daysSkipped(p Period) int {
	skipped := 0
	for s := z.stretchAt(p.Start); !s.forever && !s.end.After(p.End); s = z.stretchAt(s.end) {
		jump := z.DateOf(s.end.Add(-1)).DaysUntil(z.DateOf(s.end))
		skipped += max(0, jump-1)
	}
	return skipped
}
