package dunning_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/dunning"
)

// simulation plays one unpaid invoice to its end: every retry is declined, and the customer sometimes reacts.
type simulation struct {
	policy  dunning.Policy
	c       dunning.Case
	now     time.Time
	changes int
	updates map[string]time.Time
	codes   []string
}

func drawPolicy(rt *rapid.T) dunning.Policy {
	if rapid.Bool().Draw(rt, "relentless") {
		// The densest policy there is, to run into the caps.
		p := dunning.Policy{MaxAttempts: 50, EndAfter: 60, End: dunning.EndCancel, TechnicalRetryHours: slices.Repeat([]int{1}, 30)}
		for d := range 60 {
			p.RetryAfter = append(p.RetryAfter, d+1)
		}
		return p
	}
	days := slices.Compact(slices.Sorted(slices.Values(rapid.SliceOfN(rapid.IntRange(1, 60), 0, 40).Draw(rt, "days"))))
	last := 1
	if len(days) > 0 {
		last = days[len(days)-1]
	}
	return dunning.Policy{
		RetryAfter:          days,
		TechnicalRetryHours: rapid.SliceOfN(rapid.IntRange(1, 24), 0, 30).Draw(rt, "hours"),
		MaxAttempts:         rapid.IntRange(1, 50).Draw(rt, "max"),
		EndAfter:            rapid.IntRange(last, 90).Draw(rt, "end"),
		End:                 dunning.EndCancel,
	}
}

func drawSimulation(rt *rapid.T) *simulation {
	zones := []string{"UTC", "America/New_York", "Asia/Kolkata", "Pacific/Apia", "Africa/Casablanca"}
	z, err := calendar.LoadZone(rapid.SampledFrom(zones).Draw(rt, "zone"))
	require.NoError(rt, err)
	first := time.Unix(rapid.Int64Range(1_700_000_000, 1_900_000_000).Draw(rt, "first"), 0).UTC()
	s := &simulation{policy: drawPolicy(rt), now: first, updates: map[string]time.Time{}}
	s.codes = rapid.SampledFrom([][]string{
		{"insufficient_funds", "generic_decline", "processing_error", "call_issuer", "stolen_card", "expired_card"},
		{"insufficient_funds", "generic_decline"},
		{"processing_error"},
	}).Draw(rt, "codes")
	s.c = dunning.Case{Zone: z, Method: dunning.Method{ID: "pm_0", Network: rapid.SampledFrom([]string{"visa", "mastercard", "amex", ""}).Draw(rt, "network")}}
	s.try(rt, first)
	return s
}

func (s *simulation) try(rt *rapid.T, when time.Time) {
	s.now = when
	s.c.Attempts = append(s.c.Attempts, dunning.Attempt{
		Number: len(s.c.Attempts) + 1, At: when, Outcome: dunning.Declined, PaymentMethodID: s.c.Method.ID,
		DeclineCode: rapid.SampledFrom(s.codes).Draw(rt, "code"),
	})
}

// react lets the customer change or update the method at some moment before the given one.
func (s *simulation) react(rt *rapid.T, before time.Time) bool {
	if s.changes >= 20 || before.Sub(s.now) < time.Second || !rapid.Bool().Draw(rt, "reacts") {
		return false
	}
	s.changes++
	s.now = s.now.Add(time.Duration(rapid.Int64Range(1, int64(before.Sub(s.now))-1).Draw(rt, "after")))
	id := fmt.Sprintf("pm_%d", rapid.IntRange(0, 3).Draw(rt, "method"))
	if id == s.c.Method.ID {
		s.updates[id] = s.now
	}
	s.c.Method.ID, s.c.Method.UpdatedAt = id, s.updates[id]
	return true
}

func TestLadderProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		s := drawSimulation(rt)
		for steps := 0; ; steps++ {
			require.Less(rt, steps, 200, "dunning must end")
			step, err := dunning.Next(s.policy, s.c, s.now)
			require.NoError(rt, err)
			again, err := dunning.Next(s.policy, s.c, s.now)
			require.NoError(rt, err)
			require.Equal(rt, step, again)
			require.False(rt, step.At.Before(s.now), "never in the past")
			if step.Kind == dunning.GiveUp {
				break
			}
			if s.react(rt, step.At) {
				continue
			}
			if step.Kind == dunning.WaitForCustomer {
				s.now = step.At
				continue
			}
			s.checkRetry(rt, step)
			s.try(rt, step.At)
		}
		s.checkCaps(rt)
		require.LessOrEqual(rt, len(s.c.Attempts), s.policy.MaxAttempts+s.changes)
	})
}

func (s *simulation) checkRetry(rt *rapid.T, step dunning.Step) {
	last := s.c.Attempts[len(s.c.Attempts)-1]
	require.True(rt, step.At.After(last.At), "times strictly increase")
	require.Equal(rt, last.Number+1, step.Attempt)
	for _, a := range s.c.Attempts {
		class := dunning.Classify(a.DeclineCode)
		if a.PaymentMethodID == s.c.Method.ID && (class == dunning.Hard || class == dunning.NeedsCustomer) {
			require.True(rt, s.c.Method.UpdatedAt.After(a.At), "no retry after a hard decline")
		}
	}
	if step.Reason != dunning.ReasonMethodChanged {
		opens := s.c.Zone.Instant(s.c.Zone.DateOf(step.At), 5, 0, 0)
		require.False(rt, step.At.Before(opens), "not at night")
	}
}

// checkCaps counts anew, without the code under test: every try and those in the window that it closes.
func (s *simulation) checkCaps(rt *rapid.T) {
	for _, limit := range dunning.Caps(s.c.Method.Network) {
		window := time.Duration(limit.WindowHours) * time.Hour
		for _, end := range s.c.Attempts {
			n := 0
			for _, a := range s.c.Attempts {
				if a.PaymentMethodID == end.PaymentMethodID && !a.At.After(end.At) && end.At.Sub(a.At) < window {
					n++
				}
			}
			require.LessOrEqual(rt, n, limit.Max, "%s: %d per %d h", limit.Network, limit.Max, limit.WindowHours)
		}
	}
}
