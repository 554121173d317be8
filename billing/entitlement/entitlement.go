// Package entitlement says what a plan lets its customers use, and how much of it in which stretch of time.
package entitlement

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
)

// Span is the time after which what was used counts no more.
type Span string

// Spans of a limit. All but Life are counted for each subscription by itself.
const (
	Life   Span = "life"   // for ever, over all of a customer's subscriptions: a second one brings no second try
	Period Span = "period" // the billing period; for a plan billed by the monthly run, the calendar month
	Month  Span = "month"  // the calendar month in the customer's zone
	Day    Span = "day"    // the civil day in the customer's zone
)

// Entitlement is the right to use a feature.
type Entitlement struct {
	Feature string `json:"feature"`
	// Limit is how often the feature may be used in a span, 0 or more; nil is without limit.
	Limit *int64 `json:"limit,omitempty"`
	// Per is needed with a limit.
	Per Span `json:"per,omitempty"`
	// PerSeat multiplies the limit by the subscription's seats.
	PerSeat bool `json:"per_seat,omitempty"`
}

var featurePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$`)

// Validate checks one entitlement; errors begin with the field.
func (e Entitlement) Validate() error {
	switch {
	case !featurePattern.MatchString(e.Feature):
		return fmt.Errorf("feature %.80q must be 1 to 64 letters, digits, dots, dashes or underscores, starting with a letter or digit", e.Feature)
	case e.Limit == nil && (e.Per != "" || e.PerSeat):
		return errors.New("limit is required with per or per_seat; leave all three out for a feature without limit")
	case e.Limit == nil:
		return nil
	case *e.Limit < 0:
		return fmt.Errorf("limit must be 0 or more, got %d", *e.Limit)
	}
	switch e.Per {
	case Life, Period, Month, Day:
		return nil
	default:
		return fmt.Errorf("per %.40q must be one of life, period, month, day", e.Per)
	}
}

// LimitFor is the limit for a number of seats, at most the largest whole number; limited is false for a feature without one.
func (e Entitlement) LimitFor(seats int64) (limit int64, limited bool) {
	switch {
	case e.Limit == nil:
		return 0, false
	case !e.PerSeat:
		return *e.Limit, true
	case seats > 0 && *e.Limit > math.MaxInt64/seats:
		return math.MaxInt64, true
	}
	return *e.Limit * seats, true
}

// Window is the span around an instant, in which uses add up to the limit. period is the billing period that is on record;
// an instant after it lies in the next one, of which only the start is known. A span without end has a zero End, and Life
// a zero Start as well.
func (e Entitlement) Window(at time.Time, zone calendar.Zone, period calendar.Period) calendar.Period {
	day := zone.DateOf(at)
	first := calendar.Date{Year: day.Year, Month: day.Month, Day: 1}
	switch {
	case e.Per == Day:
		return calendar.Cycle(day, calendar.Interval{Unit: calendar.Day, Count: 1}, zone, 0)
	case e.Per == Month:
		return calendar.Cycle(first, calendar.Interval{Unit: calendar.Month, Count: 1}, zone, 0)
	case e.Per == Period && !at.Before(period.End):
		return calendar.Period{Start: period.End}
	case e.Per == Period:
		return period
	}
	return calendar.Period{}
}
