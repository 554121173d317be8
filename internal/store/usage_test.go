package store_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/perennial-billing/perennial/internal/store"
)

func event(id string, quantity string, at time.Time) store.UsageEvent {
	return store.UsageEvent{ID: id, Meter: "calls", Quantity: decimal.RequireFromString(quantity), At: at}
}

// claim bills a subscription's usage of a stretch of time.
func claim(t *testing.T, s *store.Store, subscription string, from, to time.Time) (quantity, late string) {
	t.Helper()
	var used store.ClaimedUsage
	require.NoError(t, s.Tx(t.Context(), func(tx store.Tx) (err error) {
		used, err = tx.ClaimUsage(t.Context(), subscription, store.UsageClaim{Meter: "calls", To: to, LateBefore: from})
		return err
	}))
	if len(used.Groups) == 0 {
		return "0", "0"
	}
	require.Len(t, used.Groups, 1)
	return used.Groups[0].Quantity.String(), used.Groups[0].Late.String()
}

// firstHour is a claim of all that was used of a meter before and in the hour that begins now.
func firstHour(meter string) store.UsageClaim {
	return store.UsageClaim{Meter: meter, To: now.Add(time.Hour), LateBefore: now}
}

func TestUsageIsStoredOnce(t *testing.T) {
	t.Parallel()
	s, ctx := open(t), t.Context()
	events := []store.UsageEvent{event("a", "1.5", now), event("b", "0.000000000001", now), event("a", "1.5", now)}
	added, err := s.AddUsage(ctx, "ada", events)
	require.NoError(t, err)
	require.EqualValues(t, 2, added)
	added, err = s.AddUsage(ctx, "ada", append(events, event("c", "0", now.Add(time.Hour))))
	require.NoError(t, err)
	require.EqualValues(t, 1, added)
	added, err = s.AddUsage(ctx, "bob", events)
	require.NoError(t, err)
	require.EqualValues(t, 2, added, "another customer's events are other events")
	totals, err := s.UsageTotals(ctx, "ada", now, now.Add(24*time.Hour))
	require.NoError(t, err)
	require.Len(t, totals, 1)
	require.Equal(t, "1.500000000001", totals[0].Quantity.String())
	require.EqualValues(t, 3, totals[0].Events)
	_, err = s.AddUsage(ctx, "nobody", events)
	require.Error(t, err)
	_, err = s.AddUsage(ctx, "ada", []store.UsageEvent{event("d", "5", now), event("e", "-1", now)})
	require.Error(t, err)
	totals, err = s.UsageTotals(ctx, "ada", now, now.Add(24*time.Hour))
	require.NoError(t, err)
	require.EqualValues(t, 3, totals[0].Events, "a batch with a bad event leaves nothing behind")
}

// Clients that repeat a batch after a time-out send the same events again while the first are still being stored, in
// any order. Nothing is counted twice, and nobody is told to come back because of a deadlock.
func TestUsageFromManyClientsAtOnce(t *testing.T) {
	t.Parallel()
	s, ctx := open(t), t.Context()
	subscribed(t, s, "sub", "ada")
	const n = 400
	batch := make([]store.UsageEvent, n)
	for i := range batch {
		batch[i] = event(fmt.Sprintf("e%03d", i), "2", now.Add(time.Duration(i*7%n)*time.Minute))
	}
	var group errgroup.Group
	for client := range 8 {
		group.Go(func() error {
			mine := slices.Clone(batch)
			if client%2 == 1 {
				slices.Reverse(mine)
			}
			for start := range 4 { // overlapping pieces
				if _, err := s.AddUsage(ctx, "ada", mine[start*n/8:]); err != nil {
					return err
				}
			}
			return nil
		})
	}
	require.NoError(t, group.Wait())
	quantity, _ := claim(t, s, "sub", now, now.Add(48*time.Hour))
	require.Equal(t, "800", quantity)
}

// What is claimed is billed: claims that run at once, and usage that arrives meanwhile, never count anything twice.
func TestUsageIsClaimedOnce(t *testing.T) {
	t.Parallel()
	s, ctx := open(t), t.Context()
	subscribed(t, s, "sub", "ada")
	claimed := make([]decimal.Decimal, 4)
	var group errgroup.Group
	for worker := range claimed {
		group.Go(func() error {
			for i := range 25 {
				id := fmt.Sprintf("w%d-%d", worker, i)
				if _, err := s.AddUsage(ctx, "ada", []store.UsageEvent{event(id, "1", now.Add(time.Duration(i)*time.Minute))}); err != nil {
					return err
				}
				err := s.Tx(ctx, func(tx store.Tx) error {
					used, err := tx.ClaimUsage(ctx, "sub", firstHour("calls"))
					for _, sum := range used.Groups {
						claimed[worker] = claimed[worker].Add(sum.Quantity)
					}
					return err
				})
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	require.NoError(t, group.Wait())
	total := decimal.Zero
	for _, part := range claimed {
		total = total.Add(part)
	}
	require.Equal(t, "100", total.String())
}

func TestUsageIsClaimedByQuarterHours(t *testing.T) {
	t.Parallel()
	s, ctx := open(t), t.Context()
	subscribed(t, s, "sub", "ada")
	_, err := s.AddUsage(ctx, "ada", []store.UsageEvent{
		event("first", "1", now), event("before", "2", now.Add(time.Hour-time.Nanosecond)), event("at", "4", now.Add(time.Hour)),
	})
	require.NoError(t, err)
	quantity, late := claim(t, s, "sub", now, now.Add(time.Hour))
	require.Equal(t, "3", quantity)
	require.Equal(t, "0", late)
	_, err = s.AddUsage(ctx, "ada", []store.UsageEvent{event("late", "8", now.Add(time.Minute))})
	require.NoError(t, err)
	quantity, late = claim(t, s, "sub", now.Add(time.Hour), now.Add(2*time.Hour))
	require.Equal(t, "12", quantity)
	require.Equal(t, "8", late)
	quantity, _ = claim(t, s, "sub", now.Add(time.Hour), now.Add(2*time.Hour))
	require.Equal(t, "0", quantity)
}

// A claim that is taken back with its transaction leaves the usage to the next.
func TestClaimsAreTakenBack(t *testing.T) {
	t.Parallel()
	s, ctx := open(t), t.Context()
	subscribed(t, s, "sub", "ada")
	_, err := s.AddUsage(ctx, "ada", []store.UsageEvent{event("a", "5", now)})
	require.NoError(t, err)
	err = s.Tx(ctx, func(tx store.Tx) error {
		if _, err := tx.ClaimUsage(ctx, "sub", firstHour("calls")); err != nil {
			return err
		}
		return store.ErrBusy
	})
	require.ErrorIs(t, err, store.ErrBusy)
	quantity, _ := claim(t, s, "sub", now, now.Add(time.Hour))
	require.Equal(t, "5", quantity)
}

// An invoice may claim meters in another order than usage is stored in: whoever brings usage never notices.
func TestUsageMeetsAnInvoiceTheOtherWayRound(t *testing.T) {
	t.Parallel()
	s, ctx := open(t), t.Context()
	subscribed(t, s, "sub", "ada")
	both := func(id string) []store.UsageEvent {
		a, z := event(id, "1", now), event(id, "1", now)
		a.Meter, z.Meter = "a", "z"
		return []store.UsageEvent{a, z}
	}
	var group errgroup.Group
	for client := range 2 {
		group.Go(func() error {
			for i := range 15 {
				if _, err := s.AddUsage(ctx, "ada", both(fmt.Sprintf("%d-%d", client, i))); err != nil {
					return err
				}
			}
			return nil
		})
	}
	group.Go(func() error {
		for range 15 {
			// A claim that loses is tried again by Temporal.
			_ = s.Tx(ctx, func(tx store.Tx) error {
				for _, meter := range []string{"z", "a"} {
					if _, err := tx.ClaimUsage(ctx, "sub", firstHour(meter)); err != nil {
						return err
					}
				}
				return nil
			})
		}
		return nil
	})
	require.NoError(t, group.Wait())
	totals, err := s.UsageTotals(ctx, "ada", now, now.Add(time.Hour))
	require.NoError(t, err)
	for _, total := range totals {
		require.EqualValues(t, 30, total.Events)
	}
}
