package store_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/perennial-billing/perennial/internal/store"
)

// measured is an event with an amount and dimension values.
func measured(id, quantity string, at time.Time, amount string, values map[string]string) store.UsageEvent {
	e := event(id, quantity, at)
	e.Values = values
	if amount != "" {
		e.Amount = new(decimal.RequireFromString(amount))
	}
	return e
}

// claimEach bills the first hour of a subscription's usage, event by event.
func claimEach(ctx context.Context, s *store.Store) (used store.ClaimedUsage, err error) {
	err = s.Tx(ctx, func(tx store.Tx) (err error) {
		claim := firstHour("calls")
		claim.Each = true
		used, err = tx.ClaimUsage(ctx, "sub", claim)
		return err
	})
	return used, err
}

// shownGroups writes claimed groups as "values quantity (late) events amount", and the events behind them.
func shownGroups(used store.ClaimedUsage) (groups, events []string) {
	for _, g := range used.Groups {
		amount := "-"
		if g.Amount != nil {
			amount = g.Amount.String()
		}
		groups = append(groups, fmt.Sprintf("%v %s (%s) %d %s", g.Values, g.Quantity, g.Late, g.Events, amount))
	}
	for _, quantity := range used.Events {
		events = append(events, quantity.String())
	}
	return groups, events
}

func TestUsageIsClaimedByGroups(t *testing.T) {
	t.Parallel()
	s, ctx := open(t), t.Context()
	subscribed(t, s, "sub", "ada")
	eu, us := map[string]string{"region": "eu", "size": "xl"}, map[string]string{"region": "us"}
	added, err := s.AddUsage(ctx, "ada", []store.UsageEvent{
		measured("a", "1", now.Add(time.Minute), "0.5", eu), measured("b", "2", now, "", nil), measured("c", "4", now.Add(40*time.Minute), "", us),
		measured("d", "8", now.Add(30*time.Minute), "0.000000000001", eu), measured("e", "0", now.Add(-time.Hour), "", nil),
	})
	require.NoError(t, err)
	require.EqualValues(t, 5, added)
	used, err := claimEach(ctx, s)
	require.NoError(t, err)
	groups, events := shownGroups(used)
	require.Equal(t, []string{"map[] 2 (0) 2 -", "map[region:eu size:xl] 9 (0) 2 0.500000000001", "map[region:us] 4 (0) 1 -"}, groups)
	require.Equal(t, []string{"0", "2", "1", "8", "4"}, events, "in the order of time")

	// What comes late into a quarter of an hour that was billed is told from what was billed, whichever group it is in.
	added, err = s.AddUsage(ctx, "ada", []store.UsageEvent{
		measured("b", "2", now, "", nil), measured("f", "16", now, "", nil), measured("g", "32", now.Add(2*time.Minute), "7", us), measured("h", "64", now, "1", eu),
	})
	require.NoError(t, err)
	require.EqualValues(t, 3, added)
	used, err = claimEach(ctx, s)
	require.NoError(t, err)
	groups, events = shownGroups(used)
	require.Equal(t, []string{"map[] 16 (0) 1 -", "map[region:eu size:xl] 64 (0) 1 1", "map[region:us] 32 (0) 1 7"}, groups)
	require.Equal(t, []string{"16", "64", "32"}, events)
	used, err = claimEach(ctx, s)
	require.NoError(t, err)
	require.Empty(t, used.Groups)

	totals, err := s.UsageTotals(ctx, "ada", now, now.Add(time.Hour))
	require.NoError(t, err)
	shown := make([]string, len(totals))
	for i, total := range totals {
		shown[i] = fmt.Sprintf("%v %d %s %v", total.Values, total.Events, total.Quantity, total.Amount)
	}
	require.Equal(t, []string{"map[] 2 18 <nil>", "map[region:eu size:xl] 3 73 1.500000000001", "map[region:us] 2 36 7"}, shown)
}

// An id that was stored with another amount or other values is a conflict, as one with another quantity is.
func TestConflictsOfWhatIsMeasured(t *testing.T) {
	t.Parallel()
	s, ctx := open(t), t.Context()
	eu := map[string]string{"region": "eu"}
	stored := []store.UsageEvent{measured("a", "1", now, "0.5", eu), measured("b", "1", now, "", nil)}
	_, err := s.AddUsage(ctx, "ada", stored)
	require.NoError(t, err)
	same, err := s.UsageConflicts(ctx, "ada", []store.UsageEvent{measured("a", "1.0", now, "0.50", eu), stored[1]})
	require.NoError(t, err)
	require.Empty(t, same)
	for _, other := range []store.UsageEvent{
		measured("a", "1", now, "0.6", eu), measured("a", "1", now, "", eu), measured("a", "1", now, "0.5", nil),
		measured("a", "1", now, "0.5", map[string]string{"region": "us"}),
	} {
		conflicts, err := s.UsageConflicts(ctx, "ada", []store.UsageEvent{other})
		require.NoError(t, err)
		require.Len(t, conflicts, 1)
		require.True(t, conflicts[0].Same(stored[0]), "what is stored stays")
	}
}

// Bills that take each event, while others arrive in the same quarter of an hour, take each of them once.
func TestEachEventIsClaimedOnce(t *testing.T) {
	t.Parallel()
	s, ctx := open(t), t.Context()
	subscribed(t, s, "sub", "ada")
	const workers, rounds = 4, 25
	claimed := make([]int, workers)
	var group errgroup.Group
	for worker := range workers {
		group.Go(func() error {
			for i := range rounds {
				values := map[string]string{"round": fmt.Sprint(i % 3)}
				e := measured(fmt.Sprintf("w%d-%d", worker, i), "1", now.Add(time.Duration(i)*time.Second), "2", values)
				if _, err := s.AddUsage(ctx, "ada", []store.UsageEvent{e}); err != nil {
					return err
				}
				used, err := claimEach(ctx, s)
				if err != nil {
					return err
				}
				claimed[worker] += len(used.Events)
			}
			return nil
		})
	}
	require.NoError(t, group.Wait())
	used, err := claimEach(ctx, s)
	require.NoError(t, err)
	total := len(used.Events)
	for _, part := range claimed {
		total += part
	}
	require.Equal(t, workers*rounds, total)
}
