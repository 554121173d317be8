// Package fairbilling charges seats for the members that really are active, after Slack's Fair Billing Policy
// (https://slack.com/help/articles/218915077).
//
// Seats are paid in advance. A member is active from each action for a window of days, 28 by default. Who ceases to be active
// earns a credit for the days of the paid period that are left, from the day on which inactivity is certain and not from the
// last action; who is active again, or joins, is charged for the days that are left. The credit lowers later charges and
// expires with the plan: it is never money. At least one seat stays billed.
//
// Days are civil days in the workspace's zone. Each entry is rounded once, by itself, as the statement shows it. Because all
// entries of a seat are shares of one price that only get smaller as time passes, no seat ever gives back more than was
// charged for it, however often its member goes and comes back.
package fairbilling

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/money"
)

// Policy is when a member counts.
type Policy struct {
	// WindowDays is for how many days an action makes its member active, its own day included: 1 to 366.
	WindowDays int `json:"window_days"`
	// MinimumSeats are billed also when fewer members are active, 0 or more.
	MinimumSeats int64 `json:"minimum_seats"`
}

const longestWindow = 366

// DefaultPolicy is Slack's since 10 July 2023.
func DefaultPolicy() Policy { return Policy{WindowDays: 28, MinimumSeats: 1} }

// Validate checks the policy and names the first field that is wrong.
func (p Policy) Validate() error {
	if p.WindowDays < 1 || p.WindowDays > longestWindow {
		return fmt.Errorf("window_days must be between 1 and %d, got %d", longestWindow, p.WindowDays)
	}
	if p.MinimumSeats < 0 {
		return fmt.Errorf("minimum_seats must not be negative, got %d", p.MinimumSeats)
	}
	return nil
}

// Member is somebody whose seat has to be paid. Guests and bots that are free are not listed.
type Member struct {
	ID string
	// Since is the day on which the member accepted the invitation, which counts as an action.
	Since calendar.Date
	// Until is the first day on which the member does not belong to the workspace any more; zero for those who still do.
	Until calendar.Date
	// Actions are the days with an action, in any order and as often as you like.
	Actions []calendar.Date
	// Active, if set, are the stretches in which the member is known to have been active, oldest first and never touching
	// each other, in place of Actions.
	Active []Span
}

// Span is a stretch of days: the first one, and the first one after it.
type Span struct{ From, To calendar.Date }

// active lists the stretches in which the member is active, oldest first and never touching each other.
func (p Policy) active(m Member) []Span {
	if len(m.Active) > 0 {
		return m.until(m.Active)
	}
	days := append([]calendar.Date{m.Since}, m.Actions...)
	slices.SortFunc(days, calendar.Date.Compare)
	var spans []Span
	for _, day := range days {
		if day.Compare(m.Since) < 0 {
			continue
		}
		s := Span{From: day, To: day.AddDays(p.WindowDays)}
		if last := len(spans) - 1; last >= 0 && s.From.Compare(spans[last].To) <= 0 {
			spans[last].To = s.To
			continue
		}
		spans = append(spans, s)
	}
	return m.until(spans)
}

// until are the parts of stretches before the member left.
func (m Member) until(spans []Span) []Span {
	if m.Until.IsZero() {
		return spans
	}
	var before []Span
	for _, s := range spans {
		if s.From.Compare(m.Until) >= 0 {
			break
		}
		if s.To.Compare(m.Until) > 0 {
			s.To = m.Until
		}
		before = append(before, s)
	}
	return before
}

// ActiveOn says whether the member is active on a day.
func (p Policy) ActiveOn(m Member, day calendar.Date) bool {
	return slices.ContainsFunc(p.active(m), func(s Span) bool { return s.From.Compare(day) <= 0 && day.Compare(s.To) < 0 })
}

// Seats is how many seats to charge in advance for a period that begins on a day.
func (p Policy) Seats(members []Member, day calendar.Date) int64 {
	seats := int64(0)
	for _, m := range members {
		if p.ActiveOn(m, day) {
			seats++
		}
	}
	return max(seats, p.MinimumSeats)
}

// Paid is the line that charged the seats in advance.
type Paid struct {
	Period calendar.Period
	Zone   calendar.Zone
	// Seats is what was charged for, above 0; Amount is what they cost together, without tax and after discounts, 0 or more.
	Seats  int64
	Amount money.Amount
}

func (p Paid) check() error {
	switch {
	case p.Seats < 1:
		return fmt.Errorf("paid seats must be above 0, got %d", p.Seats)
	case p.Amount.IsNegative():
		return fmt.Errorf("the price of the seats must not be negative, got %s", p.Amount)
	case p.Zone.Days(p.Period) < 1:
		return fmt.Errorf("the paid period %s must have at least one day", p.Period)
	}
	return nil
}

func checkMembers(members []Member) error {
	seen := make(map[string]bool, len(members))
	for i, m := range members {
		switch {
		case m.ID == "" || seen[m.ID]:
			return fmt.Errorf("members[%d].id %q must be given and be unique", i, m.ID)
		case m.Since.IsZero():
			return fmt.Errorf("member %q: since is required: the day on which the invitation was accepted", m.ID)
		case !m.Until.IsZero() && m.Until.Compare(m.Since) < 0:
			return fmt.Errorf("member %q: until %s must not be before since %s", m.ID, m.Until, m.Since)
		}
		seen[m.ID] = true
	}
	return nil
}

// Settle makes the statement of a paid period for the days before Through, which is at most the first day whose actions are
// not all known. Neither the order of the members nor of their actions matters.
func (p Policy) Settle(paid Paid, members []Member, through calendar.Date) (Statement, error) {
	if err := errors.Join(p.Validate(), paid.check(), checkMembers(members)); err != nil {
		return Statement{}, fmt.Errorf("fair billing: %w", err)
	}
	sorted := slices.SortedFunc(slices.Values(members), func(a, b Member) int { return strings.Compare(a.ID, b.ID) })
	s, err := newSettlement(p, paid, sorted)
	if err != nil {
		return Statement{}, fmt.Errorf("fair billing: %w", err)
	}
	for _, event := range p.events(paid, sorted, through) {
		if err := s.apply(event); err != nil {
			return Statement{}, fmt.Errorf("fair billing, member %q on %s: %w", event.member.ID, event.day, err)
		}
	}
	return s.statement, nil
}

// event is a member who begins or ceases to be active.
type event struct {
	day    calendar.Date
	begins bool
	member Member
}

// events lists what happens after the period's first day and before the last known one, by day. Within a day, those who
// come are before those who go, so that the minimum of seats is not kept for nobody.
func (p Policy) events(paid Paid, members []Member, through calendar.Date) []event {
	first := paid.Zone.DateOf(paid.Period.Start)
	if end := paid.Zone.DateOf(paid.Period.End); through.Compare(end) > 0 {
		through = end
	}
	var events []event
	note := func(day calendar.Date, begins bool, m Member) {
		if day.Compare(first) > 0 && day.Compare(through) < 0 {
			events = append(events, event{day: day, begins: begins, member: m})
		}
	}
	for _, m := range members {
		for _, s := range p.active(m) {
			note(s.From, true, m)
			note(s.To, false, m)
		}
	}
	slices.SortStableFunc(events, func(a, b event) int {
		return cmp.Or(a.day.Compare(b.day), compareBegins(a.begins, b.begins))
	})
	return events
}

func compareBegins(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}
