// Package proration says which part of a billing period a change concerns, as
// an exact ratio for money.Amount.MulRatio. Ratios are not reduced: 20/30 tells
// more on an invoice than 2/3.
//
// The parts of segments that meet always add up to the whole period, whatever
// the grain, because a boundary between two segments is rounded the same way for
// both: with day grain a day belongs to the segment that begins in it.
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
//   - day: civil days in the customer's zone, each counting one whether it has
//     23, 24 or 25 hours. The day of the change counts whole: it belongs to the
//     new terms.
//   - second: elapsed whole seconds.
//   - none: 1/1 at the very start, 0/1 after it: a change inside the period has
//     no effect on the amounts of that period.
func Remaining(g catalog.Grain, z calendar.Zone, p calendar.Period, at time.Time) (num, den int64, err error) {
	if !p.Contains(at) {
		return 0, 0, fmt.Errorf("prorating a change at %s: it is outside the period %s", stamp(at), p)
	}
	return Between(g, z, p, at, p.End)
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
	switch g {
	case catalog.GrainDay:
		num, den = days(z, p, from, to)
		return num, den, nil
	case catalog.GrainSecond:
		num, den = seconds(p, from, to)
		return num, den, nil
	case catalog.GrainNone:
		return whole(from.Equal(p.Start) && to.After(from)), 1, nil
	default:
		return 0, 0, fmt.Errorf("proration grain %q must be one of day, second, none", g)
	}
}

func days(z calendar.Zone, p calendar.Period, from, to time.Time) (num, den int64) {
	total := z.Days(p)
	if total == 0 {
		// The period is inside one day, which belongs to the last segment.
		return whole(to.Equal(p.End) && to.After(from)), 1
	}
	return int64(z.Days(calendar.Period{Start: from, End: to})), int64(total)
}

func seconds(p calendar.Period, from, to time.Time) (num, den int64) {
	total := p.End.Unix() - p.Start.Unix()
	if total == 0 {
		return whole(to.Equal(p.End) && to.After(from)), 1
	}
	return to.Unix() - from.Unix(), total
}

func whole(is bool) int64 {
	if is {
		return 1
	}
	return 0
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
