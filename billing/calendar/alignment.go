package calendar

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// AlignTo is what the boundaries of a subscription are aligned to.
type AlignTo string

// What boundaries can be aligned to. Nothing written means the anniversary.
const (
	// ToAnniversary counts from the day on which the subscription's first paid
	// period begins. There is never a stub.
	ToAnniversary AlignTo = "anniversary"
	// ToCalendar puts boundaries at the start of weeks, months, quarters or years
	// of the civil calendar: of the longest of its parts that the interval is a
	// multiple of. Half-years begin in January and July, 8 months in January, May
	// and September, 2 years in January, 5 months with any month, 2 weeks with any
	// week, 10 days with any day.
	ToCalendar AlignTo = "calendar"
	// ToDayOfMonth puts the first boundary on the next such day of a month, or of
	// the months that Alignment.Month says, and counts whole intervals from there.
	// In a month that is shorter it is the last day.
	ToDayOfMonth AlignTo = "day_of_month"
)

// Stub is how the time before the first boundary of an aligned subscription is
// charged.
type Stub string

// Ways to charge a stub. Nothing written means prorated.
const (
	StubProrated Stub = "prorated" // by its part of the interval that ends with it
	StubWhole    Stub = "whole"    // like a whole period
	StubFree     Stub = "free"     // not at all, but for usage
)

// Weekday is a day of the week, such as "monday".
type Weekday string

// number is the day's number in package time, or -1.
func (w Weekday) number() int {
	for day := time.Sunday; day <= time.Saturday; day++ {
		if strings.ToLower(day.String()) == string(w) {
			return int(day)
		}
	}
	return -1
}

// Alignment says where billing boundaries lie and how the first partial period,
// the stub, is charged. The zero value is the anniversary.
type Alignment struct {
	To AlignTo `json:"to,omitzero" enum:"anniversary,calendar,day_of_month"`
	// Day is 1 to 31, for day_of_month only.
	Day int `json:"day,omitzero"`
	// Month is 1 to 12, for day_of_month only: boundaries are in this month, and in
	// those that are whole intervals from it. Any month if absent.
	Month int `json:"month,omitzero"`
	// WeekStart is the first day of weeks, for calendar only. Monday if absent
	// (ISO 8601).
	WeekStart Weekday `json:"week_start,omitzero" enum:"monday,tuesday,wednesday,thursday,friday,saturday,sunday"`
	// Stub is how the stub is charged, prorated if absent; not for anniversary.
	Stub Stub `json:"stub,omitzero" enum:"prorated,whole,free"`
}

// Validate checks the settings by themselves; see Schedule.Validate for those
// that depend on the interval.
func (a Alignment) Validate() error {
	switch {
	case !slices.Contains([]AlignTo{"", ToAnniversary, ToCalendar, ToDayOfMonth}, a.To):
		return fmt.Errorf("alignment.to %.40q must be one of anniversary, calendar, day_of_month", a.To)
	case !slices.Contains([]Stub{"", StubProrated, StubWhole, StubFree}, a.Stub):
		return fmt.Errorf("alignment.stub %.40q must be one of prorated, whole, free", a.Stub)
	case a.To == ToDayOfMonth && (a.Day < 1 || a.Day > 31):
		return fmt.Errorf("alignment.day must be between 1 and 31 for day_of_month, got %d", a.Day)
	case a.To != ToDayOfMonth && a.Day != 0:
		return fmt.Errorf("alignment.day %d is only for day_of_month: remove it", a.Day)
	case a.Month < 0 || a.Month > monthsPerYear:
		return fmt.Errorf("alignment.month must be between 1 and %d, got %d", monthsPerYear, a.Month)
	case a.To != ToDayOfMonth && a.Month != 0:
		return fmt.Errorf("alignment.month %d is only for day_of_month: remove it", a.Month)
	case a.To != ToCalendar && a.WeekStart != "":
		return fmt.Errorf("alignment.week_start %.40q is only for calendar: remove it", a.WeekStart)
	case a.WeekStart != "" && a.WeekStart.number() < 0:
		return fmt.Errorf("alignment.week_start %.40q must be a day such as monday or sunday", a.WeekStart)
	case !a.aligned() && a.Stub != "":
		return fmt.Errorf("alignment.stub %s: an anniversary has no partial first period: remove it", a.Stub)
	}
	return nil
}

// aligned says that there can be a stub.
func (a Alignment) aligned() bool { return a.To == ToCalendar || a.To == ToDayOfMonth }

// sameDates says that both alignments lead to the same boundaries.
func (a Alignment) sameDates(b Alignment) bool {
	if !a.aligned() && !b.aligned() {
		return true
	}
	return a.To == b.To && a.Day == b.Day && a.Month == b.Month && a.weekStart() == b.weekStart()
}

func (a Alignment) weekStart() int {
	if a.WeekStart == "" {
		return int(time.Monday)
	}
	return a.WeekStart.number()
}
