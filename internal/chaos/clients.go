package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

// clients post requests to the API as careful callers do: with an id or a key of their own, again and again until there
// is an answer. What was accepted is remembered, to be looked for at the end.
type clients struct {
	base string
	http *http.Client
	// patience is how long a request may go without an answer.
	patience time.Duration

	mu       sync.Mutex
	asking   map[*asking]struct{}
	promises []promise
	counts   askCounts
	refused  map[string]int
	wrong    []string
}

// askCounts are what became of requests.
type askCounts struct {
	Requests int `json:"requests"`
	Accepted int `json:"accepted"`
	Refused  int `json:"refused"`
	// Again counts requests that were sent again for want of an answer.
	Again int `json:"again"`
	// Slowest is the longest that a caller waited, with all repetitions, in milliseconds.
	Slowest int64 `json:"slowest_ms"`
}

// asking is a request that has no answer yet.
type asking struct {
	answered chan struct{}
	at       time.Time // valid once answered is closed
}

// request is one thing that a caller wants.
type request struct {
	method, path, key string
	body              any
	promise           promise
}

// promise is what an accepted request makes the system answer for.
type promise struct {
	kind         string // customer, subscription, command, usage or card
	customer     string
	subscription string
	key          string // of a command
	seats        int64  // of a change
	resumes      bool
	events       []usageEvent
	// invoice is the one that the answer named, with what is due for it in minor units.
	invoice string
	due     int64
}

func newClients(base string) *clients {
	return &clients{
		base: base, http: &http.Client{Timeout: tryFor, Transport: &http.Transport{MaxIdleConnsPerHost: 32}},
		patience: 4 * time.Minute, asking: map[*asking]struct{}{}, refused: map[string]int{},
	}
}

const (
	// tryFor is how long one try waits: the API itself waits longer, but a caller may lose patience.
	tryFor     = 15 * time.Second
	betweenTry = 100 * time.Millisecond
)

// errRefused is wrapped when a request was refused with a reason that is a matter of the subscription's state.
var errRefused = errors.New("refused")

// expected are the refusals that follow from a subscription's state. Any other means that a request that was fine was
// refused, or that a repeated one was answered otherwise than before.
var expected = []string{
	"subscription_canceled", "subscription_not_running", "cannot_change", "cannot_pause", "cannot_resume",
	"cancellation_pending", "nothing_to_change", "no_period_to_end",
}

// ask posts a request until it is answered.
func (c *clients) ask(ctx context.Context, r request) error {
	body, err := json.Marshal(r.body)
	if err != nil {
		return err
	}
	began := time.Now()
	a := c.begin()
	for {
		status, answer, err := c.try(ctx, r, body)
		if err == nil && status < http.StatusInternalServerError && status != http.StatusTooManyRequests {
			c.end(a, time.Since(began))
			return c.judge(r, status, answer)
		}
		if err == nil {
			err = fmt.Errorf("answered %d: %s", status, answer)
		}
		if ctx.Err() == nil && time.Since(began) > c.patience {
			c.end(a, time.Since(began))
			return fmt.Errorf("%s %s was not answered in %s: %w", r.method, r.path, c.patience, err)
		}
		c.mu.Lock()
		c.counts.Again++
		c.mu.Unlock()
		if !pause(ctx, betweenTry) {
			c.end(a, 0)
			return ctx.Err()
		}
	}
}

func (c *clients) begin() *asking {
	a := &asking{answered: make(chan struct{})}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asking[a] = struct{}{}
	c.counts.Requests++
	return a
}

func (c *clients) end(a *asking, took time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	a.at = time.Now()
	close(a.answered)
	delete(c.asking, a)
	c.counts.Slowest = max(c.counts.Slowest, took.Milliseconds())
}

// inHand remembers who waits for an answer now; the function it returns waits for the last of these answers and says
// when it came, the zero time if nobody waited.
func (c *clients) inHand() func(ctx context.Context) (time.Time, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	waiting := make([]*asking, 0, len(c.asking))
	for a := range c.asking {
		waiting = append(waiting, a)
	}
	return func(ctx context.Context) (last time.Time, err error) {
		for _, a := range waiting {
			select {
			case <-ctx.Done():
				return last, ctx.Err()
			case <-a.answered:
			}
			if a.at.After(last) {
				last = a.at
			}
		}
		return last, nil
	}
}

func (c *clients) try(ctx context.Context, r request, body []byte) (status int, answer []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, r.method, c.base+r.path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	if r.key != "" {
		req.Header.Set("Idempotency-Key", r.key)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = res.Body.Close() }()
	answer, err = io.ReadAll(res.Body)
	return res.StatusCode, answer, err
}

// answered is what is read from any answer.
type answered struct {
	Code    string `json:"code"`
	Detail  string `json:"detail"`
	Invoice *struct {
		InvoiceID string `json:"invoice_id"`
		AmountDue struct {
			Minor int64 `json:"minor"`
		} `json:"amount_due"`
	} `json:"invoice"`
	Accepted    int               `json:"accepted"`
	Conflicting []json.RawMessage `json:"conflicting"`
}

// judge remembers what was promised, and what should not have been answered.
func (c *clients) judge(r request, status int, raw []byte) error {
	var got answered
	if err := json.Unmarshal(raw, &got); err != nil {
		return c.blame("%s %s: answered %d with what is no JSON: %s", r.method, r.path, status, raw)
	}
	if status >= http.StatusBadRequest {
		if !slices.Contains(expected, got.Code) {
			return c.blame("%s %s (key %q): answered %d %s: %s", r.method, r.path, r.key, status, got.Code, got.Detail)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.counts.Refused++
		c.refused[got.Code]++
		return fmt.Errorf("%s %s: %w: %s", r.method, r.path, errRefused, got.Code)
	}
	if n := len(r.promise.events); n != got.Accepted || len(got.Conflicting) > 0 {
		return c.blame("%s %s: %d events were sent, %d accepted, %d conflict", r.method, r.path, n, got.Accepted, len(got.Conflicting))
	}
	p := r.promise
	if got.Invoice != nil {
		p.invoice, p.due = got.Invoice.InvoiceID, got.Invoice.AmountDue.Minor
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts.Accepted++
	c.promises = append(c.promises, p)
	return nil
}

// blame remembers an answer that is wrong by itself.
func (c *clients) blame(format string, args ...any) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wrong = append(c.wrong, fmt.Sprintf(format, args...))
	return fmt.Errorf("%w: "+format, append([]any{errRefused}, args...)...)
}

func (c *clients) total() askCounts {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.counts
}
