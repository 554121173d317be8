package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/perennial-billing/perennial/billing/subscription"
)

var team = subscription.Terms{PlanID: "team", PlanVersion: 2, Seats: 5}

func change(id string, atPeriodEnd bool) subscription.Command {
	terms := team
	return subscription.Command{ID: id, Kind: subscription.ChangeTerms, Terms: &terms, AtPeriodEnd: atPeriodEnd, Actor: "customer"}
}

// refusedAs asserts that a caller was refused with a code.
func refusedAs(t *testing.T, code string, err error) {
	t.Helper()
	var refused *temporal.ApplicationError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, code, refused.Type(), refused.Error())
	require.True(t, refused.NonRetryable())
}

func TestChangeNow(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	at := berlin(t, 2027, 2, 10, 12)
	answer := l.command(at, change("c", false))
	l.run(2)
	require.Equal(t, team, answer.result.State.Terms)
	require.Equal(t, "inv_2", answer.result.Invoice.InvoiceID)
	require.EqualValues(t, "paid", answer.result.Invoice.Payment)
	require.Len(t, l.world.charged, 3, "first period, change, second period")
	require.Equal(t, at.UTC(), l.world.charged[1].At.UTC())
	require.Equal(t, team, l.world.invoices[2].Terms)
}

func TestChangeAtPeriodEnd(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	answer := l.command(berlin(t, 2027, 2, 10, 12), change("c", true))
	l.run(2)
	require.NotEqual(t, team, answer.result.State.Terms)
	require.Nil(t, answer.result.Invoice)
	require.Len(t, l.world.charged, 2)
	require.Equal(t, team, l.world.invoices[1].Terms)
	require.EqualValues(t, 5*fee, l.world.invoices[1].Total.Minor)
}

func TestPauseAndResume(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	l.command(berlin(t, 2027, 2, 10, 12), subscription.Command{ID: "p", Kind: subscription.Pause, Actor: "customer"})
	resumedAt := berlin(t, 2027, 6, 15, 12)
	answer := l.command(resumedAt, subscription.Command{ID: "r", Kind: subscription.Resume, Actor: "customer"})
	l.run(2)
	require.NoError(t, answer.err)
	require.Equal(t, []time.Time{berlinStart, resumedAt.UTC(), berlin(t, 2027, 7, 15, 0).UTC()}, l.world.periods(), "the day of the resumption is the new anchor")
	require.Equal(t, 2, l.runs, "a pause, however long, is part of its period's run")
}

func TestCancelWhilePaused(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	l.command(berlin(t, 2027, 2, 10, 12), subscription.Command{ID: "p", Kind: subscription.Pause, Actor: "customer"})
	l.command(berlin(t, 2027, 12, 1, 12), subscription.Command{ID: "c", Kind: subscription.Cancel, Actor: "customer"})
	l.run(20)
	l.ended()
	require.Len(t, l.world.charged, 1)
}

// Commands and the boundary happen in the order of their instants, in whatever order they arrive.
func TestCommandsAroundTheBoundary(t *testing.T) {
	t.Parallel()
	boundary := berlin(t, 2027, 2, 28, 0)
	before, after := boundary.Add(-1), boundary.Add(1)
	pro := subscription.Terms{PlanID: "pro", PlanVersion: 1, Seats: 1}
	for name, tt := range map[string]struct {
		sent, dated time.Time
		firstBilled subscription.Terms // of the second period
		changes     int                // invoices for a change in mid-period
	}{
		"a moment before":                     {before, before, team, 1},
		"at the very instant":                 {after, boundary, pro, 1},
		"sent at it, dated before":            {before, boundary.Add(-time.Minute), team, 1},
		"a moment after":                      {after, after, pro, 1},
		"sent before, dated a little after":   {boundary.Add(-20 * time.Second), boundary.Add(20 * time.Second), pro, 1},
		"sent before, dated at it by a clock": {boundary.Add(-20 * time.Second), boundary, pro, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLife(t)
			c := change("c", false)
			c.At = tt.dated
			answer := l.command(tt.sent, c)
			l.run(3)
			require.NoError(t, answer.err)
			require.Equal(t, team, answer.result.State.Terms)
			var cycles, changes []issued
			for _, invoice := range l.world.invoices {
				if invoice.Why == "change" {
					changes = append(changes, invoice)
				} else {
					cycles = append(cycles, invoice)
				}
			}
			require.Equal(t, tt.firstBilled, cycles[1].Terms)
			require.Equal(t, team, cycles[2].Terms)
			require.Len(t, changes, tt.changes)
			require.Equal(t, tt.dated.UTC(), changes[0].At)
			require.Empty(t, l.unhandled)
		})
	}
}

// Two commands that wait together are carried out by their dates, not by their arrival.
func TestWaitingCommandsAreOrderedByInstant(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	boundary := berlin(t, 2027, 2, 28, 0)
	pause := l.command(boundary.Add(-1), subscription.Command{ID: "p", Kind: subscription.Pause, At: boundary.Add(30 * time.Second), Actor: "customer"})
	upgrade := change("u", false)
	upgrade.At = boundary.Add(10 * time.Second)
	changed := l.command(boundary.Add(-1), upgrade)
	l.command(berlin(t, 2027, 3, 1, 0), subscription.Command{ID: "c", Kind: subscription.Cancel, Actor: "customer"})
	l.run(5)
	l.ended()
	require.NoError(t, pause.err)
	require.NoError(t, changed.err)
	require.Equal(t, subscription.Paused, pause.result.State.Status)
	require.Equal(t, team, pause.result.State.Terms)
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	noon := berlin(t, 2027, 2, 10, 12)
	long := func(n int) string { return string(make([]byte, n)) }
	for code, c := range map[string]subscription.Command{
		"command_id_missing":  {Kind: subscription.Cancel},
		"command_unknown":     {ID: "c", Kind: "dance"},
		"command_in_future":   {ID: "c", Kind: subscription.Cancel, At: noon.Add(2 * time.Minute)},
		"command_too_old":     {ID: "c", Kind: subscription.Cancel, At: berlinStart.Add(-time.Second)},
		"command_too_long":    {ID: "c", Kind: subscription.Cancel, Reason: long(501)},
		"command_id_reserved": {ID: "boundary:2027-02-28T00:00:00Z", Kind: subscription.Cancel},
		"cannot_resume":       {ID: "c", Kind: subscription.Resume},
		"cannot_defer":        {ID: "c", Kind: subscription.Reactivate, AtPeriodEnd: true},
		"terms_missing":       {ID: "c", Kind: subscription.ChangeTerms},
		"nothing_to_change":   {ID: "c", Kind: subscription.ChangeTerms, Terms: &subscription.Terms{PlanID: "pro", PlanVersion: 1, Seats: 1}},
	} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			l := newLife(t)
			c.Actor = "customer"
			answer := l.command(noon, c)
			l.run(2)
			refusedAs(t, code, answer.err)
			require.Len(t, l.world.periods(), 2, "a refusal changes nothing")
			require.Empty(t, l.unhandled)
		})
	}
}

func TestCommandWithoutDateIsRefused(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	answer := &reply[any]{}
	l.at(berlin(t, 2027, 2, 10, 12), func(env *environment) {
		env.UpdateWorkflow("command", "", answer, subscription.Command{ID: "c", Kind: subscription.Cancel})
	})
	l.run(1)
	refusedAs(t, "command_at_missing", answer.err)
}

// The server compares update ids within one run only. Postgres remembers them for ever.
func TestRepeatedCommandAnswersAsTheFirst(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	l.world.card = declining("inv_2")
	first := l.command(berlin(t, 2027, 2, 10, 12), change("c", false))
	again := l.command(berlin(t, 2027, 2, 11, 12), change("c", false))
	monthsLater := l.command(berlin(t, 2027, 6, 11, 12), change("c", false))
	l.command(berlin(t, 2027, 4, 11, 12), subscription.Command{ID: "p", Kind: subscription.Pause, Actor: "customer"})
	l.command(berlin(t, 2027, 6, 10, 12), subscription.Command{ID: "r", Kind: subscription.Resume, Actor: "customer"})
	l.run(5)
	require.NoError(t, first.err)
	require.EqualValues(t, "declined", first.result.Invoice.Payment)
	require.Equal(t, subscription.PastDue, first.result.State.Status)
	require.Equal(t, first.result, again.result)
	require.NoError(t, monthsLater.err)
	require.True(t, sameJSON(first.result, monthsLater.result))
	require.Len(t, l.world.handed, 1, "dunning is opened once")
	changes := 0
	for _, invoice := range l.world.invoices {
		if invoice.Why == "change" {
			changes++
		}
	}
	require.Equal(t, 1, changes)
	require.Equal(t, subscription.PastDue, l.state.Status, "the repetition does not bring back the state of then")
	require.Equal(t, berlin(t, 2027, 9, 10, 0).UTC(), l.state.Period.End.UTC())
}
