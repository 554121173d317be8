package fairbilling

import (
	"fmt"
	"slices"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/subscription"
)

// Act notes an action of a member on a day. One that becomes known late counts from its own day on, but what is settled
// stays as it is: the caller sees to that. On the day on which a member leaves an action changes nothing, after it the error
// is a *subscription.Refusal with the code member_left.
func (m Member) Act(day calendar.Date) (Member, error) {
	if !m.Until.IsZero() && day.Compare(m.Until) > 0 {
		return m, left(m)
	}
	m.Actions = append(slices.Clip(m.Actions), day)
	if day.Compare(m.Since) < 0 {
		m.Since, m.Actions = day, append(m.Actions, m.Since) // to have joined remains an action
	}
	return m, nil
}

// Leave ends a membership on a day, whose seat is free then. A day that is settled already is too late: the member leaves on
// the first one that is not, with the seat that was charged since. Leaving again changes nothing, or moves the day to an
// earlier one that is not settled. The error is a *subscription.Refusal with the code member_left if the member has left
// before, left_before_joining if the day is before the first one.
func (m Member) Leave(day, settledThrough calendar.Date) (Member, error) {
	switch {
	case !m.Until.IsZero() && day.Compare(m.Until) > 0:
		return m, left(m)
	case !m.Until.IsZero() && m.Until.Compare(settledThrough) <= 0:
		return m, nil
	case day.Compare(m.Since) < 0:
		return m, &subscription.Refusal{
			Code: "left_before_joining", Message: fmt.Sprintf("member %q is there since %s: leaving on %s is too early", m.ID, m.Since, day),
		}
	}
	m.Until = day
	if settledThrough.Compare(day) > 0 {
		m.Until = settledThrough
	}
	return m, nil
}

func left(m Member) error {
	return &subscription.Refusal{
		Code: "member_left", Message: fmt.Sprintf("member %q has left on %s: who comes back gets another id", m.ID, m.Until),
	}
}
