package main

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// midMonth is when the customers of a month act, from its beginning.
const midMonth = 14*24*time.Hour + 9*time.Hour

// play lets the months of a market pass. What is due happens by itself; in the middle of each month the customers act.
func (c *crowd) play(ctx context.Context, o options, t *tracker) error {
	if err := c.each(ctx, c.signUp); err != nil {
		return fmt.Errorf("customers of %s sign up: %w", c.market.id, err)
	}
	for n := range o.periods {
		at := c.house.began.AddDate(0, n, 0).Add(midMonth)
		if err := c.advance(ctx, at, t); err != nil {
			return err
		}
		if err := c.each(ctx, c.month(n+1, at)); err != nil {
			return fmt.Errorf("customers of %s in month %d: %w", c.market.id, n+1, err)
		}
	}
	return c.advance(ctx, c.house.end(o), t)
}

// advance moves the market's clock, again and again when it is interrupted by a kill, as an operator would.
func (c *crowd) advance(ctx context.Context, to time.Time, t *tracker) error {
	for {
		_, err := c.house.service.AdvanceClock(ctx, c.market.id, to, func(now time.Time, waitingFor string) { t.reached(c.market.id, now, waitingFor) })
		if err == nil || ctx.Err() != nil {
			return err
		}
		t.interrupted(c.market.id, err)
		if !pause(ctx, startAgain) {
			return ctx.Err()
		}
	}
}

// tracker knows how far everything is.
type tracker struct {
	mu        sync.Mutex
	clocks    map[string]time.Time
	waiting   map[string]string
	interrupt int
	lastError string
	periods   int
	expected  int
	over      bool
	moved     time.Time
}

func newTracker(o options) *tracker {
	return &tracker{clocks: map[string]time.Time{}, waiting: map[string]string{}, expected: o.subscriptions * o.periods, moved: time.Now()}
}

func (t *tracker) reached(market string, now time.Time, waitingFor string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.waiting[market] = waitingFor
	if t.clocks[market].Before(now) {
		t.clocks[market], t.moved = now, time.Now()
	}
}

func (t *tracker) interrupted(market string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.interrupt++
	t.lastError = market + ": " + err.Error()
}

// counted notes how many periods are recorded.
func (t *tracker) counted(periods int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if periods != t.periods {
		t.periods, t.moved = periods, time.Now()
	}
}

// done is the share of the work that is done; the canceled leave a part of it undone, so that it is 1 only at the end.
func (t *tracker) done() float64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.over {
		return 1
	}
	return min(float64(t.periods)/float64(t.expected), 0.99)
}

func (t *tracker) finish() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.over = true
}

// stuckAfter is how long nothing may move before a run is given up: the provider's longest silence and every back-off are
// much shorter.
const stuckAfter = 4 * time.Minute

// stuck says what is being waited for when nothing has moved for too long.
func (t *tracker) stuck() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.over || time.Since(t.moved) < stuckAfter {
		return nil
	}
	return fmt.Errorf("nothing has moved for %s; waiting for %v; the last interruption was %q", stuckAfter, t.waiting, t.lastError)
}

func (t *tracker) at(market string) time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.clocks[market]
}

func (t *tracker) count() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.periods
}
