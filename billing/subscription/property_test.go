package subscription_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/subscription"
)

// story plays a subscription as its owner does: boundaries that are due come before commands, refused commands change nothing.
type story struct {
	state subscription.State
	now   time.Time
	trial bool
	seen  []string // unpaid invoices ever
}

func drawStory(rt *rapid.T) *story {
	billedBy := rapid.SampledFrom([]catalog.BilledBy{catalog.ByRenewal, catalog.ByInvoiceRun}).Draw(rt, "billed by")
	endsAfter := rapid.IntRange(0, 3).Draw(rt, "ends after")
	return &story{
		state: subscription.New("sub_1", "cus_1", team, billedBy, day(0), endsAfter),
		now:   day(-10), trial: rapid.Bool().Draw(rt, "trial"),
	}
}

// boundary is what happens by itself at an instant.
func (s *story) boundary(due time.Time) subscription.State {
	if c, rest, is := s.state.PlannedFor(due); is {
		if err := rest.Check(c); err != nil {
			return rest.Miss(c, err)
		}
		return carriedOut(rest, c)
	}
	next := s.state.MeetBoundary(due)
	if next.Ended() {
		return next
	}
	if reason, ends := next.EndsAtBoundary(); ends {
		return next.End(due, reason)
	}
	if next.Status == subscription.Scheduled && s.trial {
		return next.StartTrial(anchor, due.AddDate(0, 0, 14))
	}
	if next.Cycle < 0 {
		next = next.Reanchor(anchor)
	}
	period := calendar.Period{Start: due, End: due.AddDate(0, 0, 30)}
	if next.PausesAtBoundary() {
		next = next.PauseAtBoundary(due)
		if !next.InPeriod() {
			return next
		}
	}
	if next.PassesBoundary() {
		return next.PassCycle(period, period)
	}
	return next.BeginCycle(period)
}

var anyKind = rapid.SampledFrom([]subscription.Kind{
	subscription.ChangeTerms, subscription.Pause, subscription.Resume, subscription.Cancel, subscription.Reactivate,
	subscription.Transfer, subscription.Withdraw,
})

var anyMode = rapid.SampledFrom([]subscription.PauseMode{"", subscription.PauseCredit, subscription.PauseKeep, subscription.PauseExtend})

func (s *story) drawCommand(rt *rapid.T) subscription.Command {
	c := subscription.Command{
		ID: "cmd", At: s.now.Add(-time.Duration(rapid.IntRange(-1, 36).Draw(rt, "age")) * time.Hour), Actor: "customer",
		Kind: anyKind.Draw(rt, "kind"), AtPeriodEnd: rapid.Bool().Draw(rt, "at period end"),
	}
	if !c.AtPeriodEnd && rapid.IntRange(0, 3).Draw(rt, "planned") == 0 {
		c.On = c.At.Add(time.Duration(rapid.IntRange(0, 50*24).Draw(rt, "ahead")) * time.Hour)
	}
	switch c.Kind {
	case subscription.Pause:
		c.Mode = anyMode.Draw(rt, "mode")
	case subscription.Transfer:
		c.Customer = rapid.SampledFrom([]string{"cus_1", "cus_2"}).Draw(rt, "customer")
	case subscription.Withdraw:
		c.Withdraws = "cmd"
	case subscription.ChangeTerms:
		c.Terms = &subscription.Terms{
			PlanID:      rapid.SampledFrom([]string{"team", "pro"}).Draw(rt, "plan"),
			PlanVersion: rapid.IntRange(1, 2).Draw(rt, "version"), Seats: rapid.Int64Range(4, 5).Draw(rt, "seats"),
		}
	}
	return c
}

// underWay gives one billed by the monthly run the month that its deferred command waits for.
func (s *story) underWay(c subscription.Command) subscription.State {
	state := s.state
	if c.AtPeriodEnd && state.Running() && state.BilledBy == catalog.ByInvoiceRun {
		state.Period = calendar.Period{Start: c.At.AddDate(0, 0, -3), End: c.At.AddDate(0, 0, 27)}
	}
	return state
}

func (s *story) step(rt *rapid.T) subscription.State {
	switch rapid.SampledFrom([]string{"time", "command", "command", "fails", "collected"}).Draw(rt, "step") {
	case "time":
		s.now = s.now.Add(time.Duration(rapid.IntRange(1, 40*24).Draw(rt, "hours")) * time.Hour)
		if due, ok := s.state.NextDue(); ok && !due.After(s.now) {
			s.now = due
			return s.boundary(due)
		}
	case "command":
		c := s.drawCommand(rt)
		if due, ok := s.state.NextDue(); s.state.Check(c) == nil && (!ok || c.At.Before(due)) {
			return carriedOut(s.underWay(c), c)
		}
	case "fails":
		if s.state.Cycle >= 0 {
			s.seen = append(s.seen, fmt.Sprintf("inv_%d", len(s.seen)))
			return s.state.PaymentFailed(s.seen[len(s.seen)-1])
		}
	case "collected":
		if len(s.seen) > 0 {
			return s.state.CollectionEnded(rapid.SampledFrom(s.seen).Draw(rt, "invoice"))
		}
	}
	return s.state
}

func TestNoStoryReachesAnImpossibleState(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		s := drawStory(rt)
		for range rapid.IntRange(1, 40).Draw(rt, "steps") {
			before := s.state
			text, err := json.Marshal(before)
			require.NoError(rt, err)
			s.state = s.step(rt)
			after, err := json.Marshal(before)
			require.NoError(rt, err)
			require.Equal(rt, string(text), string(after), "the old state is left alone")
			requirePossible(rt, s.state)
			requireFollows(rt, before, s.state)
			require.Equal(rt, s.state, carried(rt, s.state))
		}
	})
}

func requirePossible(t require.TestingT, s subscription.State) {
	due, hasDue := s.NextDue()
	require.Equal(t, s.Ended(), s.EndedAt != nil)
	require.Equal(t, s.Ended(), s.EndReason != "")
	require.NotEmpty(t, s.Terms.PlanID)
	switch s.Status {
	case subscription.Canceled:
		require.False(t, hasDue)
		require.Nil(t, s.AtPeriodEnd)
		require.Empty(t, s.Planned)
	case subscription.Paused:
		require.NotNil(t, s.PausedAt)
		require.True(t, hasDue || !s.InPeriod() && len(s.Planned) == 0 || s.BilledBy == catalog.ByInvoiceRun)
		require.True(t, s.InPeriod() || s.AtPeriodEnd == nil || !s.AtPeriodEnd.Cancel, "a cancellation is not forgotten in a pause")
	case subscription.Scheduled, subscription.Trialing:
		require.True(t, hasDue)
		require.Equal(t, -1, s.Cycle)
		require.Empty(t, s.Unpaid)
	case subscription.Active:
		require.Empty(t, s.Unpaid)
	case subscription.PastDue:
		require.NotEmpty(t, s.Unpaid)
	}
	if s.Running() {
		require.True(t, s.Period.End.After(s.Period.Start))
		require.Equal(t, s.BilledBy == catalog.ByRenewal || s.AtPeriodEnd != nil || len(s.Planned) > 0, hasDue)
	}
	if hasDue {
		require.False(t, due.Before(s.LastAt), "what comes next is not in the past")
	}
	if change := s.AtPeriodEnd; change != nil {
		other := change.Terms != nil || change.Pause != "" || change.Resume || change.Customer != ""
		require.NotEqual(t, change.Cancel, other, "the end or something else")
		require.True(t, change.Terms == nil || *change.Terms != s.Terms)
	}
	require.Equal(t, s.Status == subscription.Paused, s.PausedAt != nil)
	require.True(t, s.Status == subscription.Paused || s.PauseMode == "" && !s.Uncharged)
	require.True(t, slices.IsSortedFunc(s.Planned, func(a, b subscription.Command) int { return a.On.Compare(b.On) }))
	if s.EndsAfter > 0 {
		require.Less(t, s.Cycle, s.EndsAfter)
	}
}

func requireFollows(t require.TestingT, before, after subscription.State) {
	require.False(t, after.LastAt.Before(before.LastAt))
	require.GreaterOrEqual(t, after.Cycle, before.Cycle)
	require.LessOrEqual(t, after.Cycle-before.Cycle, 1)
	require.Equal(t, before.StartAt, after.StartAt)
	if before.Ended() && after.Ended() {
		after.Unpaid = before.Unpaid
		require.Equal(t, before, after, "only collection goes on after the end")
	}
	if ending := before.AtPeriodEnd; ending != nil && ending.Cancel {
		require.Equal(t, before.Cycle, after.Cycle, "no period begins after a cancellation that nobody withdrew")
	}
}
