package subscription_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/subscription"
)

func TestEveryCommandInEveryStatus(t *testing.T) {
	t.Parallel()
	type answers map[subscription.Status]string
	const ok = ""
	states := map[subscription.Status]subscription.State{
		subscription.Scheduled: scheduled(0), subscription.Trialing: trialing(), subscription.Active: active(0),
		subscription.PastDue: pastDue(), subscription.Paused: paused(), subscription.Canceled: canceled(),
	}
	late := day(5)
	for _, test := range []struct {
		name    string
		command subscription.Command
		want    answers
	}{
		{"change now", command(subscription.ChangeTerms, late), answers{
			"scheduled": "cannot_change", "trialing": ok, "active": ok, "past_due": ok, "paused": "cannot_change",
		}},
		{"change at period end", atPeriodEnd(command(subscription.ChangeTerms, late)), answers{
			"scheduled": "cannot_change", "trialing": ok, "active": ok, "past_due": ok, "paused": "cannot_change",
		}},
		{"change to the same", to(team, command(subscription.ChangeTerms, late)), answers{
			"scheduled": "cannot_change", "trialing": "nothing_to_change", "active": "nothing_to_change",
			"past_due": "nothing_to_change", "paused": "cannot_change",
		}},
		{"change to the same at period end", atPeriodEnd(to(team, command(subscription.ChangeTerms, late))), answers{
			"scheduled": "cannot_change", "trialing": "nothing_to_change", "active": "nothing_to_change",
			"past_due": "nothing_to_change", "paused": "cannot_change",
		}},
		{"pause", command(subscription.Pause, late), answers{
			"scheduled": "cannot_pause", "trialing": "cannot_pause", "active": ok, "past_due": ok, "paused": "cannot_pause",
		}},
		{"pause at period end", atPeriodEnd(command(subscription.Pause, late)), answers{
			"scheduled": "cannot_defer", "trialing": "cannot_defer", "active": "cannot_defer", "past_due": "cannot_defer", "paused": "cannot_defer",
		}},
		{"resume", command(subscription.Resume, late), answers{
			"scheduled": "cannot_resume", "trialing": "cannot_resume", "active": "cannot_resume", "past_due": "cannot_resume", "paused": ok,
		}},
		{"resume at period end", atPeriodEnd(command(subscription.Resume, late)), answers{
			"scheduled": "cannot_defer", "trialing": "cannot_defer", "active": "cannot_defer", "past_due": "cannot_defer", "paused": "cannot_defer",
		}},
		{"cancel", command(subscription.Cancel, late), answers{
			"scheduled": ok, "trialing": ok, "active": ok, "past_due": ok, "paused": ok,
		}},
		{"cancel at period end", atPeriodEnd(command(subscription.Cancel, late)), answers{
			"scheduled": "no_period_to_end", "trialing": ok, "active": ok, "past_due": ok, "paused": "no_period_to_end",
		}},
		{"something else", command("explode", late), answers{
			"scheduled": "command_unknown", "trialing": "command_unknown", "active": "command_unknown",
			"past_due": "command_unknown", "paused": "command_unknown",
		}},
	} {
		test.want["canceled"] = "subscription_canceled"
		for status, state := range states {
			require.Equal(t, status, state.Status)
			require.Equal(t, test.want[status], code(t, state, test.command), "%s when %s", test.name, status)
		}
	}
}

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
