// Package fault keeps the faults that are to be injected into the next matching requests.
package fault

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/perennial-billing/perennial/internal/sandbox/control"
)

// Limits of one fault.
const (
	maxCount = 1_000_000
	maxDelay = time.Minute
)

// Queue holds faults until requests use them up. The zero value is ready.
type Queue struct {
	Kinds   []control.FaultKind // what this server can do; others are refused
	Reasons []string            // which limits this server can say were exceeded

	faults []control.Fault
	mu     sync.Mutex
}

// Add appends a fault. It refuses kinds and reasons this server does not know, and limits out of range.
func (q *Queue) Add(f control.Fault) error {
	if !slices.Contains(q.Kinds, f.Kind) {
		return fmt.Errorf("kind %q is unknown; use one of %v", f.Kind, q.Kinds)
	}
	if f.Count == 0 {
		f.Count = 1
	}
	if f.Count < 0 || f.Count > maxCount {
		return fmt.Errorf("count must be between 1 and %d, not %d", maxCount, f.Count)
	}
	if f.DelayMS < 0 || f.DelayMS > int(maxDelay.Milliseconds()) {
		return fmt.Errorf("delay_ms must be between 0 and %d, not %d", maxDelay.Milliseconds(), f.DelayMS)
	}
	if f.RateLimitedReason != "" && (f.Kind != control.TooManyRequests || !slices.Contains(q.Reasons, f.RateLimitedReason)) {
		return fmt.Errorf("rate_limited_reason %q goes with kind %q only, and is one of %v", f.RateLimitedReason, control.TooManyRequests, q.Reasons)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.faults = append(q.faults, f)
	return nil
}

// Take returns the first fault that matches, using it up; a zero Fault when none does.
func (q *Queue) Take(method, path, idempotencyKey string) control.Fault {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i, f := range q.faults {
		if !matches(f, method, path, idempotencyKey) {
			continue
		}
		q.faults[i].Count--
		if q.faults[i].Count == 0 {
			q.faults = slices.Delete(q.faults, i, i+1)
		}
		return f
	}
	return control.Fault{}
}

// Len is the number of faults waiting.
func (q *Queue) Len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.faults)
}

func matches(f control.Fault, method, path, key string) bool {
	return (f.Method == "" || strings.EqualFold(f.Method, method)) &&
		strings.HasPrefix(path, f.PathPrefix) && strings.HasPrefix(key, f.IdempotencyKeyPrefix)
}

// ServeHTTP is the admin endpoint: POST adds a fault, DELETE forgets all of them.
func (q *Queue) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodDelete {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.faults = nil
		w.WriteHeader(http.StatusNoContent)
		return
	}
	var f control.Fault
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&f)
	if err == nil {
		err = q.Add(f)
	}
	if err != nil {
		http.Error(w, "fault: "+err.Error(), http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// Drop breaks the connection in the middle of the status line. Closing it before the first byte would not
// reach the caller: net/http silently repeats a request that has an Idempotency-Key on another connection.
func Drop(w http.ResponseWriter) {
	if connection, buffered, err := http.NewResponseController(w).Hijack(); err == nil {
		_, _ = buffered.WriteString("HTTP/1.1 2") // the connection is lost either way
		_ = buffered.Flush()
		_ = connection.Close()
	}
	panic(http.ErrAbortHandler)
}

// Hang waits until the caller gives up or the server stops, then closes the connection.
func Hang(stopping context.Context, w http.ResponseWriter, r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-stopping.Done():
	}
	Drop(w)
}

// Wait sleeps for a Delay fault; it ends early when the caller gives up or the server stops.
func Wait(stopping context.Context, r *http.Request, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	case <-stopping.Done():
	}
}
