package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/internal/sandbox"
)

// Every webhook arrives, some twice and in another order, although every third delivery finds a dead API.
func TestPostmanDeliversAtLeastOnceAndNoBetter(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var arrived []string
	tries := 0
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if tries++; tries%3 == 0 {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err == nil && r.Header.Get("Stripe-Signature") == "signed "+string(body) {
			arrived = append(arrived, string(body))
		}
	}))
	t.Cleanup(api.Close)
	p, err := newPostman(t.Context(), api.URL, random(1, "webhooks"))
	require.NoError(t, err)
	const events = 40
	var sent []string
	for i := range events {
		body := fmt.Sprintf("event %02d", i)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.url(), strings.NewReader(body))
		require.NoError(t, err)
		req.Header.Set("Stripe-Signature", "signed "+body)
		res, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.Equal(t, http.StatusOK, res.StatusCode)
		sent = append(sent, body)
	}
	require.Eventually(t, func() bool { return p.total().pending == 0 }, 30*time.Second, 10*time.Millisecond)
	require.NoError(t, p.close())

	counts := p.total()
	require.Equal(t, events, counts.Events)
	require.Positive(t, counts.Duplicated)
	require.Positive(t, counts.Delayed)
	require.Positive(t, counts.Again)
	require.Len(t, arrived, events+counts.Duplicated)
	require.False(t, slices.IsSorted(arrived), "some overtook others")
	slices.Sort(arrived)
	require.Equal(t, sent, slices.Compact(arrived))
}

// The share of the calls that is asked for fails, in every way there is.
func TestSaboteurKeepsToItsShare(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var mu sync.Mutex
	asked := map[sandbox.FaultKind]int{}
	confirming := 0
	calls := 0
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if r.Method == http.MethodPost {
			var f sandbox.Fault
			if err := json.NewDecoder(r.Body).Decode(&f); err == nil {
				asked[f.Kind]++
			}
			if f.PathPrefix == confirmations {
				confirming++
			}
			return
		}
		_ = json.NewEncoder(w).Encode(sandboxState{Requests: calls})
		calls = 10_000 // all of them between the first look and the second
	}))
	t.Cleanup(provider.Close)
	s := newSaboteur(provider.URL, 5, random(1, "faults"))
	done := make(chan error, 1)
	go func() { done <- s.work(ctx) }()
	require.Eventually(t, func() bool { seen, _ := s.total(); return seen == 10_000 }, 60*time.Second, 10*time.Millisecond)
	cancel()
	require.NoError(t, <-done)

	_, faults := s.total()
	require.InDelta(t, 500, faults, 75)
	require.Len(t, asked, len(faultShares))
	require.InDelta(t, 250, confirming, 60, "half of them hit the call that takes the money")
}

// mortal is a process that a test kills: its first starts may fail.
type mortal struct {
	done     chan struct{}
	failures int
	starts   int
}

func (m *mortal) Kill() error           { close(m.done); return nil }
func (m *mortal) Done() <-chan struct{} { return m.done }

func (m *mortal) Start(context.Context) error {
	if m.starts++; m.starts <= m.failures {
		return errors.New("its neighbour is down")
	}
	m.done = make(chan struct{})
	return nil
}

func TestHunterStartsAgainWhatEnded(t *testing.T) {
	t.Parallel()
	m := &mortal{done: make(chan struct{}), failures: 2}
	h := &hunter{kind: killWorker, process: m}
	require.NoError(t, h.watch(t.Context(), time.Millisecond), "it lives")
	close(m.done)
	require.NoError(t, h.watch(t.Context(), time.Minute))
	require.Equal(t, 3, m.starts)
	require.Equal(t, summary{Kind: killWorker, ByItself: 1, StartsFailed: 2}, h.summary())
}
