package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// The kinds of victims, in the order in which they are reported.
const (
	killWorker   = "worker"
	killAPI      = "api"
	killTemporal = "temporal"
	killPostgres = "postgres"
)

var kinds = []string{killWorker, killAPI, killTemporal, killPostgres}

// process can be killed and started again. Only devstack knows its number, so nothing else is ever signalled.
type process interface {
	Kill() error
	Start(ctx context.Context) error
	Done() <-chan struct{}
}

// recovery is what followed a kill.
type recovery struct {
	Kind string `json:"kind"`
	// At is the time since the beginning of the run.
	At time.Duration `json:"at"`
	// Back is how long it took until the process ran again, the time it was kept down included; Answered until a customer
	// who asked for something after the kill, and asked again until it was done, had the answer; InHand until the
	// last of those who were being answered at the moment of the kill had theirs, 0 when there were none.
	Back     time.Duration `json:"back"`
	Answered time.Duration `json:"answered"`
	InHand   time.Duration `json:"in_hand"`
}

// hunter kills one kind of process by plan and keeps it running otherwise.
type hunter struct {
	kind    string
	process process
	plan    []plannedKill
	done    func() float64 // the share of the work
	clients *clients
	probe   *prober
	began   time.Time

	mu         sync.Mutex
	recoveries []recovery
	byItself   int // how often it ended without being killed
	stubborn   int // how often a start had to be repeated
}

// hunt goes on until all planned kills are done. It is for keep to watch the process after that.
func (h *hunter) hunt(ctx context.Context) error {
	for _, next := range h.plan {
		for h.done() < next.at {
			if err := h.watch(ctx, 50*time.Millisecond); err != nil {
				return err
			}
		}
		if err := h.kill(ctx, next.down); err != nil {
			return fmt.Errorf("%s: %w", h.kind, err)
		}
	}
	return nil
}

// keep restarts the process whenever it ends, until ctx does.
func (h *hunter) keep(ctx context.Context) error {
	for ctx.Err() == nil {
		if err := h.watch(ctx, time.Second); err != nil {
			return ignoreEnd(ctx, err)
		}
	}
	return nil
}

// watch waits and, should the process end by itself meanwhile, starts it again as a supervisor would.
func (h *hunter) watch(ctx context.Context, wait time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(wait):
		return nil
	case <-h.process.Done():
		if ctx.Err() != nil {
			return ctx.Err()
		}
		h.mu.Lock()
		h.byItself++
		h.mu.Unlock()
		return h.start(ctx)
	}
}

func (h *hunter) kill(ctx context.Context, down time.Duration) error {
	inHand := h.clients.inHand()
	killed := time.Now()
	if err := h.process.Kill(); err != nil {
		return err
	}
	probed := make(chan error, 1)
	var answered time.Duration
	go func() {
		err := h.probe.ask(ctx)
		answered = time.Since(killed)
		probed <- err
	}()
	if !pause(ctx, down) {
		return ctx.Err()
	}
	if err := h.start(ctx); err != nil {
		return err
	}
	back := time.Since(killed)
	if err := <-probed; err != nil {
		return err
	}
	last, err := inHand(ctx)
	if err != nil {
		return err
	}
	r := recovery{Kind: h.kind, At: killed.Sub(h.began), Back: back, Answered: answered}
	if !last.IsZero() {
		r.InHand = max(last.Sub(killed), 0)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.recoveries = append(h.recoveries, r)
	return nil
}

const (
	startAgain = 200 * time.Millisecond
	// startPatience is how long a start may fail in a row: what it needs may itself have just been killed.
	startPatience = 2 * time.Minute
)

// start starts the process, again and again: its neighbours may be down.
func (h *hunter) start(ctx context.Context) error {
	began := time.Now()
	for {
		err := h.process.Start(ctx)
		if err == nil {
			return nil
		}
		h.mu.Lock()
		h.stubborn++
		h.mu.Unlock()
		if time.Since(began) > startPatience {
			return fmt.Errorf("it does not start again: %w", err)
		}
		if !pause(ctx, startAgain) {
			return ctx.Err()
		}
	}
}

func (h *hunter) kills() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.recoveries)
}

// summary sums up one kind.
type summary struct {
	Kind     string `json:"kind"`
	Kills    int    `json:"kills"`
	Back     spread `json:"back"`
	Answered spread `json:"answered"`
	InHand   spread `json:"in_hand"`
	// ByItself counts ends that nobody asked for, StartsFailed starts that had to be repeated because a neighbour was down.
	ByItself     int `json:"ended_by_itself"`
	StartsFailed int `json:"starts_failed"`
}

// spread is the middle and the worst of some durations, in milliseconds.
type spread struct {
	Count  int   `json:"count"`
	Median int64 `json:"median_ms"`
	Max    int64 `json:"max_ms"`
}

func spreadOf(durations []time.Duration) spread {
	if len(durations) == 0 {
		return spread{}
	}
	slices.Sort(durations)
	return spread{
		Count: len(durations), Median: durations[(len(durations)-1)/2].Milliseconds(), Max: durations[len(durations)-1].Milliseconds(),
	}
}

func (h *hunter) summary() summary {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := summary{Kind: h.kind, Kills: len(h.recoveries), ByItself: h.byItself, StartsFailed: h.stubborn}
	var back, answered, inHand []time.Duration
	for _, r := range h.recoveries {
		back, answered = append(back, r.Back), append(answered, r.Answered)
		if r.InHand > 0 {
			inHand = append(inHand, r.InHand)
		}
	}
	s.Back, s.Answered, s.InHand = spreadOf(back), spreadOf(answered), spreadOf(inHand)
	return s
}
