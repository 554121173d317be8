package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/perennial-billing/perennial/internal/sandbox"
)

// faultShares are the kinds of faults out of a thousand. A time-out costs its caller half a minute: there are few.
var faultShares = []struct {
	kind  sandbox.FaultKind
	share int
}{
	{sandbox.TooManyRequests, 150},
	{sandbox.ServerError, 150},
	{sandbox.ServerErrorAfter, 150},
	{sandbox.DropBefore, 150},
	{sandbox.DropAfterCommit, 150},
	{sandbox.Delay, 115},
	{sandbox.HTML502, 125},
	{sandbox.TimeoutAfterCommit, 10},
}

// drawFault draws a fault for the next call or, as often, for the next confirmation of a payment intent, the call that
// takes the money: the calls that come before it in an attempt would otherwise use up nearly all faults.
func drawFault(r *rand.Rand) sandbox.Fault {
	fault := sandbox.Fault{Kind: sandbox.ServerError}
	n := r.IntN(1000)
	for _, f := range faultShares {
		if n -= f.share; n < 0 {
			fault.Kind, fault.DelayMS = f.kind, delayOf(f.kind, r)
			break
		}
	}
	if r.IntN(2) == 0 {
		fault.Method, fault.PathPrefix = http.MethodPost, confirmations
	}
	return fault
}

// confirmations begin the paths of what is done to a payment intent that exists: it is confirmed and, rarely, reduced.
const confirmations = "/v1/payment_intents/"

func delayOf(kind sandbox.FaultKind, r *rand.Rand) int {
	if kind != sandbox.Delay {
		return 0
	}
	return 100 + r.IntN(1400)
}

// saboteur has a share of the calls to the provider fail: as calls are made, it asks for faults in the next ones.
type saboteur struct {
	url    string
	share  float64
	random *rand.Rand

	mu      sync.Mutex
	calls   int
	waiting int // faults that no call came for
	kinds   map[sandbox.FaultKind]int
}

// lookEvery is the pause between two looks at the number of calls.
const lookEvery = 100 * time.Millisecond

func newSaboteur(url string, percent float64, r *rand.Rand) *saboteur {
	return &saboteur{url: url, share: percent / 100, random: r, kinds: map[sandbox.FaultKind]int{}}
}

// work goes on until ctx ends.
func (s *saboteur) work(ctx context.Context) error {
	first, err := s.state(ctx)
	if err != nil {
		return err
	}
	seen := first.Requests
	for pause(ctx, lookEvery) {
		now, err := s.state(ctx)
		if err != nil {
			return ignoreEnd(ctx, err)
		}
		for ; seen < now.Requests; seen++ {
			if err := s.maybe(ctx); err != nil {
				return ignoreEnd(ctx, err)
			}
		}
	}
	return nil
}

// maybe asks for a fault with the probability of the share.
func (s *saboteur) maybe(ctx context.Context) error {
	s.mu.Lock()
	s.calls++
	hit := s.random.Float64() < s.share
	fault := drawFault(s.random)
	if hit {
		s.kinds[fault.Kind]++
	}
	s.mu.Unlock()
	if !hit {
		return nil
	}
	return sandbox.AddFault(ctx, s.url, fault)
}

// sandboxState is what the sandbox says of itself.
type sandboxState struct {
	Requests int            `json:"requests"`
	Faults   int            `json:"faults"` // that wait for a request
	Objects  map[string]int `json:"objects"`
}

func (s *saboteur) state(ctx context.Context) (sandboxState, error) {
	var state sandboxState
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/_sandbox/", nil)
	if err != nil {
		return state, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return state, fmt.Errorf("ask the sandbox for its state: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	if err := json.NewDecoder(res.Body).Decode(&state); err != nil {
		return state, fmt.Errorf("read the sandbox's state: %w", err)
	}
	return state, nil
}

// total is how many calls were seen and how many were made to fail.
func (s *saboteur) total() (calls, faults int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.kinds {
		faults += n
	}
	return s.calls, faults - s.waiting
}

// ignoreEnd drops the error of something that was under way when ctx ended.
func ignoreEnd(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	return nil
}

// forget ends all faults: from now on the provider works.
func (s *saboteur) forget(ctx context.Context) error {
	state, err := s.state(ctx)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.share, s.waiting = 0, state.Faults
	s.mu.Unlock()
	req, err := http.NewRequestWithContext(ctx, http.MethodDelete, s.url+"/_sandbox/faults", nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("forget the faults: %w", err)
	}
	return res.Body.Close()
}
