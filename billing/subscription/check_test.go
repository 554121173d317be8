package subscription_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/subscription"
)

func TestRefusalsOfTheCommandItself(t *testing.T) {
	t.Parallel()
	change := command(subscription.ChangeTerms, day(5))
	with := func(f func(*subscription.Command)) subscription.Command {
		c := change
		f(&c)
		return c
	}
	for _, test := range []struct {
		command subscription.Command
		want    string
	}{
		{with(func(c *subscription.Command) { c.ID = "" }), "command_id_missing"},
		{with(func(c *subscription.Command) { c.At = time.Time{} }), "command_at_missing"},
		{with(func(c *subscription.Command) { c.At = day(0).Add(-time.Nanosecond) }), "command_too_old"},
		{with(func(c *subscription.Command) { c.At = day(0) }), ""},
		{with(func(c *subscription.Command) { c.Terms = nil }), "terms_missing"},
		{to(subscription.Terms{Seats: 2}, change), "terms_missing"},
		{to(subscription.Terms{PlanID: "pro", PlanVersion: 1, Seats: -1}, change), "seats_negative"},
		{to(subscription.Terms{PlanID: "team", PlanVersion: 2, Seats: 6}, change), ""},
		{to(subscription.Terms{PlanID: "team", PlanVersion: 3, Seats: 5}, change), ""},
	} {
		require.Equal(t, test.want, code(t, active(0), test.command))
	}
	require.ErrorContains(t, active(0).Check(to(team, change)), "subscription sub_1 already has plan team version 2 with 5 seats")
	require.ErrorContains(t, canceled().Check(change), "was canceled at 2027-02-03T12:00:00Z: start a new one instead")
}

// A subscription that was agreed but has not begun can be called off, long before its start.
func TestScheduledSubscriptionCanBeCanceledBeforeItsStart(t *testing.T) {
	t.Parallel()
	s := apply(t, scheduled(0), command(subscription.Cancel, day(-90)))
	require.Equal(t, subscription.Canceled, s.Status)
	require.Equal(t, day(-90), *s.EndedAt)
	_, due := s.NextDue()
	require.False(t, due)
}

// The last period of a fixed term is followed by nothing that a pause or a deferred change could wait for.
func TestLastPeriodOfAFixedTerm(t *testing.T) {
	t.Parallel()
	first, last := active(2), active(2).BeginCycle(monthFrom(30))
	for _, c := range []subscription.Command{
		command(subscription.Pause, day(35)), atPeriodEnd(command(subscription.ChangeTerms, day(35))),
	} {
		require.Empty(t, code(t, first, c))
		require.Equal(t, "last_period", code(t, last, c))
	}
	require.Empty(t, code(t, last, command(subscription.ChangeTerms, day(35))))
	require.Empty(t, code(t, last, atPeriodEnd(command(subscription.Cancel, day(35)))))
}

// Pausing would make the cancellation that the customer asked for disappear.
func TestPauseIsRefusedWhileACancellationIsPending(t *testing.T) {
	t.Parallel()
	s := apply(t, active(0), atPeriodEnd(command(subscription.Cancel, day(3))))
	require.Equal(t, "cancellation_pending", code(t, s, command(subscription.Pause, day(5))))
	require.ErrorContains(t, s.Check(command(subscription.Pause, day(5))), "ends on 2027-03-02T12:00:00Z")
}
