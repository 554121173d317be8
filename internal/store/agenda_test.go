package store_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/internal/store"
)

// The agenda lists what workflows will do by themselves, for one clock, earliest first.
func TestAgenda(t *testing.T) {
	t.Parallel()
	s, ctx := open(t), t.Context()
	clock := "c"
	require.NoError(t, s.AddClock(ctx, store.Clock{ID: clock, Now: now}))
	onClock := customer("eve")
	onClock.TestClockID = &clock
	require.NoError(t, s.AddCustomer(ctx, onClock))
	for id, who := range map[string]string{"sub_eve": "eve", "sub_ada": "ada"} {
		state := subscribed(t, s, id, who)
		state.Status, state.Cycle = subscription.Active, 0
		state.Period.Start, state.Period.End = now, now.AddDate(0, 1, 0)
		require.NoError(t, s.SaveSubscription(ctx, state))
	}
	invoice := issue(t, s, "inv", "sub_eve", "eve", now, nil)
	retry := now.AddDate(0, 0, 3)
	save := func(d store.Dunning) {
		d.InvoiceID, d.CustomerID, d.StartedAt = invoice.ID, "eve", now
		require.NoError(t, s.Tx(ctx, func(tx store.Tx) error { return tx.SaveDunning(ctx, d) }))
	}
	save(store.Dunning{Status: "retrying", NextActionAt: &retry})
	due, err := s.Agenda(ctx, clock, now.AddDate(0, 1, 0))
	require.NoError(t, err)
	var ids []string
	for _, entry := range due {
		ids = append(ids, entry.WorkflowID)
		require.Equal(t, "eve", entry.CustomerID)
	}
	require.Equal(t, []string{"dunning/inv", "subscription/sub_eve"}, ids)
	due, err = s.Agenda(ctx, clock, retry)
	require.NoError(t, err)
	require.Len(t, due, 1, "what is due at the very instant is due")
	due, err = s.Agenda(ctx, clock, retry.Add(-time.Microsecond))
	require.NoError(t, err)
	require.Empty(t, due)
	ended := now
	save(store.Dunning{Status: "recovered", EndedAt: &ended})
	next, err := s.NextActions(ctx, "eve")
	require.NoError(t, err)
	require.Len(t, next, 1)
	require.Equal(t, now.AddDate(0, 1, 0), next["subscription/sub_eve"].UTC())
	entities, err := s.ClockEntities(ctx, clock)
	require.NoError(t, err)
	require.Len(t, entities, 1)
}

// Several relays share one outbox: each message is claimed by one of them.
func TestMailIsClaimedOnce(t *testing.T) {
	t.Parallel()
	s, ctx := open(t), t.Context()
	subscribed(t, s, "sub", "ada")
	const n = 60
	for i := range n {
		invoice := issue(t, s, fmt.Sprintf("inv_%d", i), "sub", "ada", now, nil)
		for range 2 {
			require.NoError(t, s.Tx(ctx, func(tx store.Tx) error { return tx.QueueMail(ctx, "invoice", "ada", invoice.ID, now) }))
		}
	}
	var mu sync.Mutex
	seen := map[string]int{}
	var group errgroup.Group
	for range 6 {
		group.Go(func() error {
			for {
				mails, err := s.ClaimMail(ctx, 4)
				if err != nil || len(mails) == 0 {
					return err
				}
				mu.Lock()
				for _, mail := range mails {
					seen[mail.MessageKey]++
				}
				mu.Unlock()
			}
		})
	}
	require.NoError(t, group.Wait())
	require.Len(t, seen, n)
	for key, times := range seen {
		require.Equal(t, 1, times, key)
	}
	abandoned, err := s.AbandonedMail(ctx, time.Hour)
	require.NoError(t, err)
	require.Zero(t, abandoned)
	abandoned, err = s.AbandonedMail(ctx, 0)
	require.NoError(t, err)
	require.EqualValues(t, n, abandoned, "whether they left cannot be known")
	again, err := s.ClaimMail(ctx, n)
	require.NoError(t, err)
	require.Empty(t, again)
}

func TestInboundEventsAreStoredOnce(t *testing.T) {
	t.Parallel()
	s, ctx := open(t), t.Context()
	event := store.InboundEvent{
		ID: "evt_1", Provider: "stripe", Type: "charge.failed", Source: store.FromWebhook, OccurredAt: time.Now(), Payload: []byte(`{"a": 1}`),
	}
	for _, fresh := range []bool{true, false} {
		added, err := s.AddInboundEvent(ctx, event)
		require.NoError(t, err)
		require.Equal(t, fresh, added)
	}
	claim := func(want int) {
		claimed, err := s.ClaimEvents(ctx, 10, time.Hour)
		require.NoError(t, err)
		require.Len(t, claimed, want)
	}
	claim(1)
	claim(0) // somebody else's
	givenUp, err := s.DelayEvent(ctx, "evt_1", 0, "the workflow is away")
	require.NoError(t, err)
	require.False(t, givenUp)
	claim(1) // what could not be applied waits
	require.NoError(t, s.EndEvent(ctx, "evt_1", store.EventApplied, "told", ""))
	claim(0)
	require.NoError(t, s.EndEvent(ctx, "evt_1", store.EventIgnored, "too late", ""), "another program was faster")
	ended, err := s.InboundEvent(ctx, "evt_1")
	require.NoError(t, err)
	require.Equal(t, "told", ended.Note)
	require.Equal(t, 2, ended.Tries)
}
