package stripe

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"
)

// A delivery is an event on its way to one endpoint. It is queued in the transaction that made the event
// and leaves the queue only after a 2xx answer: at least once, in the order of creation per endpoint.
type delivery struct {
	Attempts  int           `json:"attempts"`
	Behind    bool          `json:"behind,omitempty"` // waits for another delivery to overtake it, at most for the hold
	Copies    int           `json:"copies,omitempty"` // deliveries to come after the first
	Delivered bool          `json:"delivered,omitempty"`
	Due       time.Time     `json:"due,omitzero"` // wall time of the end of the hold
	Event     string        `json:"event"`
	First     time.Time     `json:"first"` // wall time of the first attempt
	Hold      time.Duration `json:"hold,omitempty"`
}

const deliveriesBucket = "deliveries"

// Timing of deliveries, by wall time. Stripe gives up after three days; its pauses are longer than ours.
const (
	deliveryTimeout = 20 * time.Second
	firstPause      = 200 * time.Millisecond
	giveUpAfter     = 72 * time.Hour
	longestPause    = time.Minute
)

func queueDelivery(tx *bolt.Tx, endpointID string, d delivery) {
	order := binary.BigEndian.AppendUint64(nil, nextSequence(tx))
	bucketOf(tx, deliveriesBucket).put(indexKey(endpointID, order), encode(d))
}

// dropDeliveries forgets what a deleted endpoint was still to get.
func dropDeliveries(tx *bolt.Tx, endpointID string) {
	var dropped [][]byte
	queue := bucketOf(tx, deliveriesBucket)
	queue.each(indexKey(endpointID, nil), func(key, _ []byte) bool {
		dropped = append(dropped, bytes.Clone(key))
		return true
	})
	for _, key := range dropped {
		queue.delete(key)
	}
}

// courier delivers in the background: one goroutine for each endpoint that has something waiting.
type courier struct {
	busy   map[string]bool // endpoints being served
	client *http.Client
	idle   *sync.Cond // signalled when an endpoint's queue is empty
	mu     sync.Mutex
	server *Server
}

func newCourier(s *Server) *courier {
	c := &courier{busy: map[string]bool{}, server: s, client: &http.Client{
		Timeout: deliveryTimeout,
		// A redirect counts as a failure.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	c.idle = sync.NewCond(&c.mu)
	c.wake()
	return c
}

// wake starts serving every endpoint that has deliveries and is not being served.
func (c *courier) wake() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.server.stopping.Err() != nil {
		return
	}
	for _, id := range c.waiting() {
		if !c.busy[id] {
			c.busy[id] = true
			go c.serve(id)
		}
	}
}

func (c *courier) waiting() []string {
	var ids []string
	_ = c.server.view(func(tx *bolt.Tx) error { // reading our own records cannot fail
		webhookEndpoints.all(tx, func(w *webhookEndpoint) bool {
			if anyDelivery(tx, w.ID) {
				ids = append(ids, w.ID)
			}
			return true
		})
		return nil
	})
	return ids
}

func anyDelivery(tx *bolt.Tx, endpointID string) (found bool) {
	bucketOf(tx, deliveriesBucket).each(indexKey(endpointID, nil), func(_, _ []byte) bool {
		found = true
		return false
	})
	return found
}

// serve delivers one endpoint's queue until it is empty or the sandbox stops.
func (c *courier) serve(endpointID string) {
	for c.server.stopping.Err() == nil {
		more, pause := c.deliverNext(endpointID)
		if !more && c.finish(endpointID) {
			return
		}
		sleep(c.server.stopping, pause)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.busy, endpointID)
	c.idle.Broadcast()
}

// finish ends the service of an endpoint unless something arrived in the meantime.
func (c *courier) finish(endpointID string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	empty := true
	_ = c.server.view(func(tx *bolt.Tx) error {
		empty = !anyDelivery(tx, endpointID)
		return nil
	})
	if empty {
		delete(c.busy, endpointID)
		c.idle.Broadcast()
	}
	return empty
}

// deliverNext tries the oldest delivery once and says how long to wait before the next try.
func (c *courier) deliverNext(endpointID string) (more bool, pause time.Duration) {
	var key []byte
	var d delivery
	var e *event
	var w *webhookEndpoint
	var found, held bool
	now := c.server.wallClock()
	_ = c.server.view(func(tx *bolt.Tx) error {
		if key, d, held = nextDelivery(tx, endpointID, now); key != nil {
			e, _ = events.get(tx, d.Event)
			w, found = webhookEndpoints.get(tx, endpointID)
		}
		return nil
	})
	switch {
	case held:
		if err := c.server.update(func(tx *bolt.Tx) error { return startHolds(tx, endpointID, now) }); err != nil {
			return true, longestPause // the disk is failing; the next try will tell
		}
		return true, holdPause
	case key == nil:
		return false, 0
	}
	if d.Attempts == 0 {
		d.First = now
	}
	delivered := !found || w.Status != "enabled" || c.send(w, e, now) == nil
	d.Attempts++
	if err := c.record(key, d, delivered, now); err != nil {
		return true, longestPause // the disk is failing; the next try will tell
	}
	if delivered {
		return true, 0
	}
	return true, min(firstPause<<min(d.Attempts-1, 16), longestPause)
}

// record takes a delivered event off the queue, or counts the failed attempt.
func (c *courier) record(key []byte, d delivery, delivered bool, now time.Time) error {
	return c.server.update(func(tx *bolt.Tx) error {
		queue := bucketOf(tx, deliveriesBucket)
		if queue.get(key) == nil {
			return nil // the endpoint was deleted meanwhile
		}
		if !delivered && now.Sub(d.First) < giveUpAfter {
			queue.put(key, encode(d))
			return nil
		}
		queue.delete(key)
		if !delivered {
			return nil
		}
		if e, found := events.get(tx, d.Event); found && !d.Delivered {
			e.PendingWebhooks--
			events.put(tx, e)
		}
		endpointID := string(key[:bytes.IndexByte(key, 0)])
		if d.Copies > 0 {
			queueDelivery(tx, endpointID, delivery{Copies: d.Copies - 1, Delivered: true, Event: d.Event})
		}
		letPass(tx, endpointID)
		return nil
	})
}

// send posts the event with a signature of this moment.
func (c *courier) send(w *webhookEndpoint, e *event, now time.Time) error {
	payload := encode(e)
	req, err := http.NewRequestWithContext(c.server.stopping, http.MethodPost, w.URL, bytes.NewReader(payload))
	if err != nil {
		return fmt.Errorf("build delivery to %s: %w", w.URL, err)
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("User-Agent", "Stripe/1.0 (+https://stripe.com/docs/webhooks)")
	req.Header.Set("Stripe-Signature", signature(webhookSecret(w.ID), payload, now))
	res, err := c.client.Do(req)
	if err != nil {
		return fmt.Errorf("deliver %s to %s: %w", e.ID, w.URL, err)
	}
	defer func() { _ = res.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, maxBody))
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return fmt.Errorf("deliver %s to %s: answered %d", e.ID, w.URL, res.StatusCode)
	}
	return nil
}

// signature is Stripe's scheme v1: HMAC-SHA256 over "<unix time>.<payload>".
func signature(secret string, payload []byte, at time.Time) string {
	stamp := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(stamp + "."))
	mac.Write(payload)
	return "t=" + stamp + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}

func sleep(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// drain waits until nothing is waiting for delivery, at most for the given time.
func (c *courier) drain(limit time.Duration) {
	over := false
	timer := time.AfterFunc(limit, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		over = true
		c.idle.Broadcast()
	})
	defer timer.Stop()
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.busy) > 0 && !over {
		c.idle.Wait()
	}
}

// wait returns when no delivery goroutine is left; the server must be stopping.
func (c *courier) wait() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.busy) > 0 {
		c.idle.Wait()
	}
}
