package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"
)

const webhookPath = "/webhooks/stripe"

// postman stands between the provider's webhooks and the API. It delivers each at least once, as the provider promises to,
// and no better: some twice, late, and in another order. What the API does not take, being dead, is brought again.
type postman struct {
	server *http.Server
	addr   string
	to     string
	client *http.Client

	stop    context.CancelFunc
	waiting sync.WaitGroup

	mu     sync.Mutex
	random *rand.Rand
	counts postCounts
}

// postCounts are what became of webhooks.
type postCounts struct {
	Events     int `json:"events"`
	Duplicated int `json:"duplicated"`
	Delayed    int `json:"delayed"`
	// Again counts deliveries that were repeated because nobody took them.
	Again   int `json:"again"`
	pending int
}

// Out of a hundred webhooks.
const (
	duplicatedShare = 10
	delayedShare    = 20
	longestDelay    = 4 * time.Second
)

func newPostman(ctx context.Context, to string, r *rand.Rand) (*postman, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for webhooks: %w", err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx)) // it ends with close
	p := &postman{addr: listener.Addr().String(), to: to, client: &http.Client{Timeout: 10 * time.Second}, stop: stop, random: r}
	p.server = &http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		p.take(ctx, letter{body: body, signature: r.Header.Get("Stripe-Signature")})
	})}
	go func() { _ = p.server.Serve(listener) }() // ends when it is closed
	return p, nil
}

func (p *postman) url() string { return "http://" + p.addr + webhookPath }

type letter struct {
	body      []byte
	signature string
}

// take decides what happens to a webhook and sends it on its way.
func (p *postman) take(ctx context.Context, l letter) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.counts.Events++
	copies := 1
	if p.random.IntN(100) < duplicatedShare {
		copies = 2
		p.counts.Duplicated++
	}
	for range copies {
		var delay time.Duration
		if p.random.IntN(100) < delayedShare {
			delay = time.Duration(p.random.Int64N(int64(longestDelay)))
			p.counts.Delayed++
		}
		p.counts.pending++
		p.waiting.Go(func() { p.carry(ctx, l, delay) })
	}
}

// carry delivers one copy, however often it takes.
func (p *postman) carry(ctx context.Context, l letter, delay time.Duration) {
	defer p.count(func(c *postCounts) { c.pending-- })
	for pause(ctx, delay) {
		if p.deliver(ctx, l) == nil {
			return
		}
		p.count(func(c *postCounts) { c.Again++ })
		delay = 200 * time.Millisecond
	}
}

func (p *postman) deliver(ctx context.Context, l letter) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.to, bytes.NewReader(l.body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Stripe-Signature", l.signature)
	res, err := p.client.Do(req)
	if err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, res.Body)
	if err := res.Body.Close(); err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("the API answered %d", res.StatusCode)
	}
	return nil
}

func (p *postman) count(change func(*postCounts)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(&p.counts)
}

func (p *postman) total() postCounts {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.counts
}

func (p *postman) close() error {
	p.stop()
	err := p.server.Close()
	p.waiting.Wait()
	return err
}

// pause waits; false when ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return ctx.Err() == nil
	}
}
