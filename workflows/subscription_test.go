package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/workflows/message"
)

// berlin is an instant by Berlin's clock.
func berlin(t *testing.T, year int, month time.Month, day, hour int) time.Time {
	t.Helper()
	zone, err := calendar.LoadZone("Europe/Berlin")
	require.NoError(t, err)
	return zone.Instant(calendar.Date{Year: year, Month: month, Day: day}, hour, 0, 0)
}

func TestRenewsAtLocalMidnightFor14Periods(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	l.run(14)
	want := []time.Time{berlinStart}
	for _, day := range []calendar.Date{
		{Year: 2027, Month: 2, Day: 28},
		{Year: 2027, Month: 3, Day: 31},
		{Year: 2027, Month: 4, Day: 30},
		{Year: 2027, Month: 5, Day: 31},
		{Year: 2027, Month: 6, Day: 30},
		{Year: 2027, Month: 7, Day: 31},
		{Year: 2027, Month: 8, Day: 31},
		{Year: 2027, Month: 9, Day: 30},
		{Year: 2027, Month: 10, Day: 31},
		{Year: 2027, Month: 11, Day: 30},
		{Year: 2027, Month: 12, Day: 31},
		{Year: 2028, Month: 1, Day: 31},
		{Year: 2028, Month: 2, Day: 29},
	} {
		want = append(want, berlin(t, day.Year, day.Month, day.Day, 0).UTC())
	}
	require.Equal(t, want, l.world.periods())
	require.Equal(t, 14, l.runs, "one run of the workflow is one period")
	require.Len(t, l.world.charged, 14)
	for i, charge := range l.world.charged {
		require.Equal(t, want[i], charge.At.UTC(), "a charge is dated at its boundary")
		require.Equal(t, 1, charge.Attempt)
	}
	require.Equal(t, subscription.Active, l.state.Status)
	require.Empty(t, l.unhandled)
}

func TestStartsLater(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	l.input.Subscribe.StartAt = berlin(t, 2027, 3, 10, 8)
	told := l.subscribe(l.now, l.input.Subscribe)
	waiting := l.input.Subscribe
	waiting.AwaitStart = true
	awaited := l.subscribe(l.now, waiting)
	checked := false
	l.at(berlin(t, 2027, 3, 9, 0), func(*environment) {
		require.Equal(t, subscription.Scheduled, told.result.State.Status)
		require.False(t, awaited.completed)
		require.Empty(t, l.world.invoices)
		checked = true
	})
	l.run(1)
	require.True(t, checked)
	require.NoError(t, awaited.err)
	require.Equal(t, subscription.Active, awaited.result.State.Status)
	require.Equal(t, message.Paid, awaited.result.Invoice.Payment)
	require.Equal(t, []time.Time{berlin(t, 2027, 3, 10, 8).UTC()}, l.world.periods())
}

func TestBackdatedStartCatchesUp(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	l.now = berlin(t, 2027, 4, 15, 12)
	l.run(3)
	require.Len(t, l.world.periods(), 3)
	require.Equal(t, berlin(t, 2027, 4, 30, 0).UTC(), l.state.Period.End.UTC())
}

func TestTrialThenActivation(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	l.world.trialDays = 14
	told := l.subscribe(l.now, l.input.Subscribe)
	l.run(2)
	require.Nil(t, told.result.Invoice, "a trial costs nothing")
	require.Equal(t, []time.Time{berlin(t, 2027, 2, 14, 0).UTC(), berlin(t, 2027, 3, 14, 0).UTC()}, l.world.periods())
	require.Equal(t, 2, l.runs, "the trial and its first paid period are one run")
}

func TestCancelInTrialChargesNothing(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	l.world.trialDays = 14
	canceled := l.command(berlin(t, 2027, 2, 5, 12), subscription.Command{ID: "c", Kind: subscription.Cancel, Actor: "customer"})
	l.run(3)
	l.ended()
	require.NoError(t, canceled.err)
	require.Empty(t, l.world.charged)
	require.Equal(t, 1, l.runs)
}

// A year's contract billed by the month, canceled on its 45th day: the two months begun are charged, and nothing after.
func TestCancelOnDay45OfAYearlyContract(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	l.input.Subscribe.EndsAfter = 12
	canceledAt := l.now.AddDate(0, 0, 45)
	canceled := l.command(canceledAt, subscription.Command{ID: "c", Kind: subscription.Cancel, Actor: "customer", Reason: "too_expensive"})
	l.run(20)
	l.ended()
	require.NoError(t, canceled.err)
	require.Equal(t, subscription.Canceled, canceled.result.State.Status)
	require.Len(t, l.world.charged, 2)
	require.Len(t, l.world.invoices, 2)
	require.Equal(t, canceledAt.UTC(), l.state.EndedAt.UTC())
	require.Equal(t, "too_expensive", l.state.EndReason)
	require.WithinDuration(t, canceledAt, l.now, time.Minute, "the workflow ends then, and does not wait for the term")
}

func TestFixedTermEndsByItself(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	l.input.Subscribe.EndsAfter = 3
	l.run(20)
	l.ended()
	require.Len(t, l.world.charged, 3)
	require.Equal(t, "term_ended", l.state.EndReason)
	require.Equal(t, berlin(t, 2027, 4, 30, 0).UTC(), l.state.EndedAt.UTC())
}

func TestCancelAtPeriodEnd(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	answer := l.command(berlin(t, 2027, 3, 5, 12), subscription.Command{ID: "c", Kind: subscription.Cancel, AtPeriodEnd: true, Actor: "customer"})
	l.run(20)
	l.ended()
	require.Equal(t, subscription.Active, answer.result.State.Status)
	require.Len(t, l.world.charged, 2)
	require.Equal(t, berlin(t, 2027, 3, 31, 0).UTC(), l.state.EndedAt.UTC())
	require.Equal(t, "canceled_by_customer", l.state.EndReason)
}

func TestCancelBeforeTheStart(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	l.input.Subscribe.StartAt = berlin(t, 2027, 6, 1, 0)
	waiting := l.input.Subscribe
	waiting.AwaitStart = true
	awaited := l.subscribe(l.now, waiting)
	l.command(berlin(t, 2027, 3, 1, 0), subscription.Command{ID: "c", Kind: subscription.Cancel, Actor: "customer"})
	l.run(3)
	l.ended()
	require.Empty(t, l.world.charged)
	require.Equal(t, subscription.Canceled, awaited.result.State.Status, "whoever waited for the start is told")
}
