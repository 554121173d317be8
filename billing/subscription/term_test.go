package subscription_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/subscription"
)

// until gives a state a term to a day.
func until(s subscription.State, n int) subscription.State {
	end := day(n)
	s.EndsAt = &end
	return s
}

func TestTermToAnInstant(t *testing.T) {
	t.Parallel()
	s := until(active(0), 45)
	_, ends := s.EndsAtBoundary()
	require.False(t, ends, "a period follows")
	s = s.BeginPart(calendar.Period{Start: day(30), End: day(45)}, calendar.Period{Start: day(30), End: day(60)})
	requireEnds(t, s, "term_ended")
	due, _ := s.NextDue()
	require.Equal(t, day(45), due)
	require.Equal(t, "last_period", code(t, s, command(subscription.Pause, day(31))))
	require.Equal(t, "last_period", code(t, s, atPeriodEnd(command(subscription.ChangeTerms, day(31)))))

	text, err := json.Marshal(s)
	require.NoError(t, err)
	var back subscription.State
	require.NoError(t, json.Unmarshal(text, &back))
	require.Equal(t, s, back)
	require.Zero(t, s.BeginCycle(monthFrom(60)).Full, "the next period is whole")

	held := until(paused(), 45)
	due, acts := held.NextDue()
	require.True(t, acts)
	require.Equal(t, day(45), due)
	requireEnds(t, held, "term_ended")
	_, acts = paused().NextDue()
	require.False(t, acts)
	_, ends = until(trialing(), 45).EndsAtBoundary()
	require.False(t, ends, "the trial ends, the term has not")
}

func TestStubComesBeforeItsAnchor(t *testing.T) {
	t.Parallel()
	s := scheduled(0).ReanchorAt(anchor, -1)
	require.Equal(t, 1, s.AnchorCycle, "cycle 0 is the stub, cycle 1 begins at the anchor")
	require.Equal(t, 0, scheduled(0).Reanchor(anchor).AnchorCycle)
}
