package stripe

import (
	"errors"
	"net/http"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/perennial-billing/perennial/internal/sandbox/control"
	"github.com/perennial-billing/perennial/internal/sandbox/fault"
)

// retention of idempotency keys by wall time. Stripe promises at least this long; the sandbox forgets
// at once, so that code which relies on more is found out.
const retention = 24 * time.Hour

const keysBucket = "idempotency_keys"

// keysInUse are the idempotency keys of requests that are executing right now.
type keysInUse struct {
	keys map[string]bool
	mu   sync.Mutex
}

func (k *keysInUse) claim(key string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.keys == nil {
		k.keys = map[string]bool{}
	}
	if k.keys[key] {
		return false
	}
	k.keys[key] = true
	return true
}

func (k *keysInUse) release(key string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.keys, key)
}

// execute answers an admitted request: from the store when its idempotency key was used before, else by
// running the endpoint.
func (s *Server) execute(e endpoint, q *request) answer {
	if q.key == "" {
		return s.run(e, q)
	}
	if !s.inUse.claim(q.key) {
		return q.refusal(&apiError{
			Type: typeIdempotency, Code: "idempotency_key_in_use", status: http.StatusConflict,
			Message: "There is currently another in-progress request using this Idempotent Key (that probably means you submitted twice, and the other request is still going through): " + q.key,
		})
	}
	defer s.inUse.release(q.key)
	stored, found := s.storedAnswer(q.key)
	if !found {
		return s.run(e, q)
	}
	if stored.Fingerprint != q.fingerprint {
		return q.refusal(&apiError{
			Type: typeIdempotency, status: http.StatusBadRequest,
			Message: "Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '" +
				q.key + "' if you meant to execute a different request.",
		})
	}
	stored.replayed = true
	return stored
}

// run executes the endpoint in one transaction, which also keeps the answer under the idempotency key.
func (s *Server) run(e endpoint, q *request) answer {
	if q.fault.Kind == control.Delay {
		fault.Wait(s.stopping, q.http, time.Duration(q.fault.DelayMS)*time.Millisecond)
	}
	if err := s.settle(q.asOf); err != nil {
		return q.refusal(internal(err))
	}
	r := &call{
		args: q.args, asOf: q.asOf, baseURL: "http://" + q.http.Host, id: q.id, key: q.key, item: q.http.PathValue("item"),
		path: q.http.URL.Path, requestID: q.requestID,
	}
	transaction := s.update
	if q.http.Method == http.MethodGet {
		transaction = s.view
	}
	var done answer
	err := transaction(func(tx *bolt.Tx) error {
		r.tx = tx
		var err error
		if done, err = r.answer(e, q); err != nil {
			return err // rolls the effects back
		}
		return s.keep(tx, q, done)
	})
	if err != nil {
		return s.refuse(q, err)
	}
	if r.emitted {
		s.delivery.wake()
	}
	if r.dueNow {
		// The request was answered for good: if this fails, the next request tries again.
		_ = s.settle(q.asOf)
	}
	return done
}

// answer runs the endpoint. A decline comes back as an answer, because its effects stay; any other failure
// comes back as an error.
func (r *call) answer(e endpoint, q *request) (answer, error) {
	crash := (&apiError{Type: typeAPI, Message: "An unknown error occurred", status: http.StatusInternalServerError})
	if q.fault.Kind == control.ServerError {
		return q.refusal(crash), nil
	}
	done := answer{Status: http.StatusOK}
	result, err := e.run(r)
	var outcome *apiError
	switch {
	case errors.As(err, &outcome) && outcome.keepsEffects:
		done = q.refusal(outcome)
	case err != nil:
		return answer{}, err
	default:
		if sent, isFile := result.(download); isFile {
			done.Body, done.ContentType = sent.contents, sent.contentType
		} else if done.Body, err = r.render(result); err != nil {
			return answer{}, err
		}
	}
	if q.fault.Kind == control.ServerErrorAfter {
		return q.refusal(crash), nil
	}
	return done, nil
}

// refuse answers after a rollback. What reached execution is kept under the key; validation is not.
func (s *Server) refuse(q *request, err error) answer {
	var refused *apiError
	if !errors.As(err, &refused) {
		refused = internal(err)
	}
	done := q.refusal(refused)
	if refused.unexecuted {
		return done
	}
	if err := s.update(func(tx *bolt.Tx) error { return s.keep(tx, q, done) }); err != nil {
		return q.refusal(internal(err))
	}
	return done
}

func (q *request) refusal(e *apiError) answer {
	return answer{Status: e.status, Body: e.body(q.requestID)}
}

// keep stores the answer for replays.
func (s *Server) keep(tx *bolt.Tx, q *request, done answer) error {
	if q.key == "" {
		return nil
	}
	done.Fingerprint, done.RequestID, done.StoredAt = q.fingerprint, q.requestID, s.wallClock()
	bucketOf(tx, keysBucket).put([]byte(q.key), encode(done))
	return nil
}

// storedAnswer ignores answers that have outlived the retention; the next execution overwrites them.
func (s *Server) storedAnswer(key string) (stored answer, found bool) {
	// A view over our own records cannot fail: nothing in it returns an error.
	_ = s.view(func(tx *bolt.Tx) error {
		if record := bucketOf(tx, keysBucket).get([]byte(key)); record != nil {
			decode(record, &stored)
			found = s.wallClock().Sub(stored.StoredAt) < retention
		}
		return nil
	})
	return stored, found
}

func forgetExpired(tx *bolt.Tx, now time.Time) error {
	var expired [][]byte
	kept := bucketOf(tx, keysBucket)
	kept.each(nil, func(key, record []byte) bool {
		var stored answer
		decode(record, &stored)
		if now.Sub(stored.StoredAt) >= retention {
			expired = append(expired, key)
		}
		return true
	})
	for _, key := range expired {
		kept.delete(key)
	}
	return nil
}
