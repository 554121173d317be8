// Package proration says which part of a billing period a change concerns, as
// an exact ratio for money.Amount.MulRatio. Ratios are not reduced: 20/30 tells
// more on an invoice than 2/3.
//
// The parts of segments that meet always add up to the whole period, whatever
// the grain, because a boundary between two segments is rounded the same way for
// both: with the grains of days a day belongs to the segment that begins in it.
// For the same reason what is used until an end and what is left after it are
// together the whole.
package proration

import (
	"fmt"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
)

// Remaining returns the part of the period from a change at the given instant to
// the end. The instant must be in the period; at its end the next period's terms
// apply instead.
//
//   - day, day_inclusive: civil days in the customer's zone, each counting one
//     whether it has 23, 24 or 25 hours. The day of the change counts whole: it
//     belongs to the new terms. (The two differ only where nothing follows, see
//     Unused.)
//   - month_30: as day, but counted as if every month had 30 days (30E/360, see
//     thirtieths).
//   - second: elapsed whole seconds.
//   - none: 1/1 at the very start, 0/1 after it: a change inside the period has
//     no effect on the amounts of that period.
func Remaining(g catalog.Grain, z calendar.Zone, p calendar.Period, at time.Time) (num, den int64, err error) {
	if !p.Contains(at) {
		return 0, 0, fmt.Errorf("prorating a change at %s: it is outside the period %s", stamp(at), p)
	}
	return Between(g, z, p, at, p.End)
}

// Unused returns the part of the period that is left when service ends at an
// instant in it and nothing follows. It is Remaining but for day_inclusive: there
// the civil day on which service ends has been used, at whatever hour it ends, so
// that an end on 16 January leaves 15 of 31 days. Service that ends at the very
// start of the period has used nothing of it.
func Unused(g catalog.Grain, z calendar.Zone, p calendar.Period, at time.Time) (num, den int64, err error) {
	if g != catalog.GrainDayInclusive || !at.After(p.Start) || !p.Contains(at) {
		return Remaining(g, z, p, at)
	}
	return Between(g, z, p, endOfDay(z, p, at), p.End)
}

// Until returns the part of the period that pays for a segment of it after which
// nothing follows: Between but for day_inclusive, where the civil day on which
// service ends is paid, as Unused leaves it.
func Until(g catalog.Grain, z calendar.Zone, p calendar.Period, from, end time.Time) (num, den int64, err error) {
	if g == catalog.GrainDayInclusive && end.After(p.Start) && p.Contains(end) {
		end = endOfDay(z, p, end)
	}
	return Between(g, z, p, from, end)
}

func endOfDay(z calendar.Zone, p calendar.Period, at time.Time) time.Time {
	next := z.StartOfDay(z.DayAt(at).AddDays(1))
	if next.After(p.End) {
		return p.End
	}
	return next
}

// Between returns the part of the period from one instant to another, both in
// the period or at its end, by the grain's rule of Remaining. With grain none the
// segment in force at the start of the period is the whole of it.
func Between(g catalog.Grain, z calendar.Zone, p calendar.Period, from, to time.Time) (num, den int64, err error) {
	if !p.End.After(p.Start) {
		return 0, 0, fmt.Errorf("prorating over the period %s: its end must be after its start", p)
	}
	if from.Before(p.Start) || to.After(p.End) || to.Before(from) {
		return 0, 0, fmt.Errorf("prorating from %s to %s: not a part of the period %s", stamp(from), stamp(to), p)
	}
	if g == catalog.GrainNone {
		return whole(from.Equal(p.Start) && to.After(from)), 1, nil
	}
	count, err := counting(g, z)
	if err != nil {
		return 0, 0, err
	}
	total := count(p)
	if total == 0 {
		// The period is shorter than the grain and goes whole to its last segment.
		return whole(to.Equal(p.End) && to.After(from)), 1, nil
	}
	return count(calendar.Period{Start: from, End: to}), total, nil
}

// counting is how a grain measures time. Measures of stretches that meet add up.
func counting(g catalog.Grain, z calendar.Zone) (func(calendar.Period) int64, error) {
	switch g {
	case catalog.GrainDay, catalog.GrainDayInclusive:
		return func(p calendar.Period) int64 { return int64(z.Days(p)) }, nil
	case catalog.GrainMonth30:
		return func(p calendar.Period) int64 { return thirtieths(z.DayAt(p.End)) - thirtieths(z.DayAt(p.Start)) }, nil
	case catalog.GrainSecond:
		return func(p calendar.Period) int64 { return p.End.Unix() - p.Start.Unix() }, nil
	default:
		return nil, fmt.Errorf("proration grain %q must be one of %s", g, catalog.GrainNames())
	}
}

const (
	monthsPerYear = 12
	daysPerMonth  = 30
)

// thirtieths numbers the days as if every month had 30: the 31st counts as the
// 30th. The difference of two numbers is the day count 30E/360 (ISDA 2006, section
// 4.16(g)), and because it is a difference, parts always add up. Any day of
// January but the 31st to the same day of February, March or April is 30, 60, 90.
// A month that ends in February on another day than it began, because there is
// no 29th, 30th or 31st, has fewer, and the one after it more: 31 January to 28
// February is 28, and to 31 March 32.
//
// Kill Bill's prorationFixedDays = 30 agrees on 23 May to 15 June (22) and on 23
// February to 15 March (22). It differs in that it divides by 30 whatever the
// period is, so that a quarter's parts come to far more than 1 (1 January to 1
// March is 58/30, ours 60/90), and in that it corrects only the first month, so
// that the parts of 31 January to 28 February, cut on the 15th, come to 14/30 +
// 13/30, ours to 15/28 + 13/28.
func thirtieths(d calendar.Date) int64 {
	return int64(daysPerMonth)*(int64(monthsPerYear)*int64(d.Year)+int64(d.Month)) + int64(min(d.Day, daysPerMonth))
}

func whole(is bool) int64 {
	if is {
		return 1
	}
	return 0
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
