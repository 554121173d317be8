package subscription_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/subscription"
)

var (
	anchor = calendar.Date{Year: 2027, Month: time.January, Day: 31}
	team   = subscription.Terms{PlanID: "team", PlanVersion: 2, Seats: 5}
	pro    = subscription.Terms{PlanID: "pro", PlanVersion: 1, Seats: 5}
)

// day is noon UTC of a day counted from 31 January 2027.
func day(n int) time.Time { return time.Date(2027, time.January, 31+n, 12, 0, 0, 0, time.UTC) }

// monthFrom is a billing period of 30 days.
func monthFrom(n int) calendar.Period { return calendar.Period{Start: day(n), End: day(n + 30)} }

func scheduled(endsAfter int) subscription.State {
	return subscription.New("sub_1", "cus_1", team, catalog.ByRenewal, day(0), endsAfter)
}

func trialing() subscription.State { return scheduled(0).StartTrial(anchor, day(14)) }

func active(endsAfter int) subscription.State {
	return scheduled(endsAfter).Reanchor(anchor).BeginCycle(monthFrom(0))
}

func pastDue() subscription.State { return active(0).PaymentFailed("inv_1") }

func paused() subscription.State {
	return active(0).PauseNow(command(subscription.Pause, day(3)))
}

func canceled() subscription.State {
	return active(0).CancelNow(command(subscription.Cancel, day(3)))
}

func command(kind subscription.Kind, at time.Time) subscription.Command {
	c := subscription.Command{ID: "cmd_1", Kind: kind, At: at, Actor: "customer"}
	if kind == subscription.ChangeTerms {
		to := pro
		c.Terms = &to
	}
	return c
}

func atPeriodEnd(c subscription.Command) subscription.Command {
	c.AtPeriodEnd = true
	return c
}

func to(terms subscription.Terms, c subscription.Command) subscription.Command {
	c.Terms = &terms
	return c
}

// code is the refusal of a command, "" for an accepted one.
func code(t require.TestingT, s subscription.State, c subscription.Command) string {
	err := s.Check(c)
	if err == nil {
		return ""
	}
	var refused *subscription.Refusal
	require.ErrorAs(t, err, &refused)
	require.Contains(t, refused.Message, s.ID)
	require.Equal(t, refused.Message, refused.Error())
	return refused.Code
}

// apply does what the owner of the state does with an accepted command.
func apply(t *testing.T, s subscription.State, c subscription.Command) subscription.State {
	t.Helper()
	require.NoError(t, s.Check(c))
	return carriedOut(s, c)
}

func carriedOut(s subscription.State, c subscription.Command) subscription.State {
	switch {
	case c.AtPeriodEnd:
		return s.Defer(c)
	case c.Kind == subscription.ChangeTerms:
		return s.ChangeNow(c)
	case c.Kind == subscription.Pause:
		return s.PauseNow(c)
	case c.Kind == subscription.Resume:
		return s.Reanchor(calendar.Date{Year: c.At.Year(), Month: c.At.Month(), Day: c.At.Day()}).
			BeginCycle(calendar.Period{Start: c.At, End: c.At.AddDate(0, 0, 30)})
	}
	return s.CancelNow(c)
}
