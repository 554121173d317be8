package calendar

import (
	"errors"
	"fmt"
	"iter"
	"time"
)

// Course is all that decides the periods of a subscription to which nothing else
// happens.
type Course struct {
	// Start is when the subscription begins, with its trial if it has one.
	Start    time.Time
	Zone     Zone
	Schedule Schedule
	Trial    Trial
	// EndsAfter, above 0, is a fixed term in paid periods; a stub counts as one.
	EndsAfter int
	// EndsAt, if set, is a fixed term to an instant, at which the last period is cut.
	EndsAt time.Time
	// Moves are the customer's changes of zone, oldest first.
	Moves []Move
}

// Move is a change to another zone. The period under way keeps its end; the next
// one ends by the new zone.
type Move struct {
	At   time.Time
	Zone Zone
}

// Span is one period of a course.
type Span struct {
	Period

	// Number counts paid periods from 1; it is 0 for a trial.
	Number int
	// Full is what the period is prorated against: the period itself when it is whole.
	Full Period
	// Zone is the one by which the period ends.
	Zone Zone
	// Trial, Stub and Cut say what the period is, if it is not a whole one: a free
	// trial, the partial one before the first boundary, the last one of a fixed term
	// that ends before it is over. A stub can be cut, too.
	Trial, Stub, Cut bool
}

// Validate checks the whole course and names the field that is wrong.
func (c Course) Validate() error {
	if c.Start.IsZero() {
		return errors.New("start is required")
	}
	if err := c.Schedule.Validate(); err != nil {
		return err
	}
	if err := c.Trial.Validate(); err != nil {
		return err
	}
	if err := c.validateTerm(); err != nil {
		return err
	}
	last := c.Start
	for i, move := range c.Moves {
		if !move.At.After(last) {
			return fmt.Errorf("zone_changes[%d].at %s must be after the start and the change before it, %s", i, stamp(move.At), stamp(last))
		}
		last = move.At
	}
	return nil
}

func (c Course) validateTerm() error {
	begins := c.paidFrom()
	switch {
	case c.EndsAfter < 0:
		return fmt.Errorf("ends_after %d must be a number of periods, or 0 for no end", c.EndsAfter)
	case c.EndsAfter > 0 && !c.EndsAt.IsZero():
		return errors.New("ends_after and ends_at exclude each other: remove one")
	case c.EndsAt.IsZero():
		return nil
	case !c.EndsAt.After(c.Start):
		return fmt.Errorf("ends_at %s must be after the start, %s", stamp(c.EndsAt), stamp(c.Start))
	case !c.EndsAt.After(begins):
		return fmt.Errorf("ends_at %s must be after the end of the trial, %s", stamp(c.EndsAt), stamp(begins))
	}
	return nil
}

// paidFrom is when the first paid period begins.
func (c Course) paidFrom() time.Time {
	if c.Trial == (Trial{}) {
		return c.Start.UTC()
	}
	return c.Trial.End(c.Zone, c.Start)
}

// Spans returns the periods in order, each beginning where the one before ends;
// without a fixed term they go on for ever. After an error, of Validate or Next,
// there is nothing more.
func (c Course) Spans() iter.Seq2[Span, error] {
	return func(yield func(Span, error) bool) {
		if err := c.Validate(); err != nil {
			yield(Span{}, err)
			return
		}
		at := c.paidFrom()
		if at.After(c.Start) {
			trial := Period{Start: c.Start.UTC(), End: at}
			if !yield(Span{Period: trial, Full: trial, Zone: c.Zone, Trial: true}, nil) {
				return
			}
		}
		anchor, n := c.Schedule.Begin(c.zoneAt(at), at)
		for number := 1; c.EndsAfter == 0 || number <= c.EndsAfter; number++ {
			span, next, err := c.span(anchor, n, at)
			span.Number = number
			if !yield(span, err) || err != nil || span.End.Equal(c.EndsAt) {
				return
			}
			at, n = span.End, next
		}
	}
}

// span is the period that begins at an instant in cycle n.
func (c Course) span(anchor Date, n int, at time.Time) (Span, int, error) {
	zone := c.zoneAt(at)
	end, next, err := c.Schedule.Next(anchor, n, zone, at)
	if err != nil {
		return Span{}, 0, err
	}
	whole := Period{Start: at, End: end}
	span := Span{Period: whole, Full: c.Schedule.Full(anchor, n, zone, whole), Zone: zone, Stub: n < 0}
	if !c.EndsAt.IsZero() && c.EndsAt.Before(end) {
		span.End, span.Cut = c.EndsAt.UTC(), true
	}
	return span, next, nil
}

func (c Course) zoneAt(at time.Time) Zone {
	zone := c.Zone
	for _, move := range c.Moves {
		if !move.At.After(at) {
			zone = move.Zone
		}
	}
	return zone
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
