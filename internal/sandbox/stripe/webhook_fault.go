package stripe

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/perennial-billing/perennial/internal/sandbox/control"
)

const webhookFaultsBucket = "webhook_faults"

// Bounds of webhook faults, and how often a held delivery is looked at.
const (
	holdPause      = 20 * time.Millisecond
	maxFaultCount  = 1_000_000
	maxWebhookHold = time.Minute
	reorderHold    = 2 * time.Second
)

func checkWebhookFault(f control.WebhookFault) error {
	kinds := []control.WebhookFaultKind{control.DelayWebhook, control.DuplicateWebhook, control.LoseWebhook, control.ReorderWebhook}
	switch {
	case !slices.Contains(kinds, f.Kind):
		return fmt.Errorf("kind %q is unknown; use one of %v", f.Kind, kinds)
	case f.Count < 0 || f.Count > maxFaultCount:
		return fmt.Errorf("count must be between 1 and %d, not %d", maxFaultCount, f.Count)
	case (f.Kind == control.DelayWebhook) != (f.DelayMS != 0):
		return fmt.Errorf("delay_ms goes with kind %q, and only with it", control.DelayWebhook)
	case f.DelayMS < 0 || f.DelayMS > int(maxWebhookHold.Milliseconds()):
		return fmt.Errorf("delay_ms must be between 1 and %d, not %d", maxWebhookHold.Milliseconds(), f.DelayMS)
	}
	return nil
}

func (s *Server) addWebhookFault(w http.ResponseWriter, r *http.Request) {
	var f control.WebhookFault
	err := readAdmin(w, r, &f)
	if err == nil {
		err = checkWebhookFault(f)
	}
	if err != nil {
		http.Error(w, "webhook fault: "+err.Error(), http.StatusBadRequest)
		return
	}
	f.Count = max(1, f.Count)
	err = s.update(func(tx *bolt.Tx) error {
		bucketOf(tx, webhookFaultsBucket).put(binary.BigEndian.AppendUint64(nil, nextSequence(tx)), encode(f))
		return nil
	})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) forgetWebhookFaults(w http.ResponseWriter, _ *http.Request) {
	err := s.update(func(tx *bolt.Tx) error {
		var known [][]byte
		faults := bucketOf(tx, webhookFaultsBucket)
		faults.each(nil, func(key, _ []byte) bool {
			known = append(known, bytes.Clone(key))
			return true
		})
		for _, key := range known {
			faults.delete(key)
		}
		return nil
	})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// spoil uses up the first fault that matches an event and says how it is delivered.
func spoil(tx *bolt.Tx, e *event) (d delivery, lost bool) {
	d.Event = e.ID
	var key []byte
	var f control.WebhookFault
	faults := bucketOf(tx, webhookFaultsBucket)
	faults.each(nil, func(k, stored []byte) bool {
		f = control.WebhookFault{}
		decode(stored, &f)
		if strings.HasPrefix(e.Type, f.Type) {
			key = bytes.Clone(k)
		}
		return key == nil
	})
	if key == nil {
		return d, false
	}
	if f.Count--; f.Count == 0 {
		faults.delete(key)
	} else {
		faults.put(key, encode(f))
	}
	switch f.Kind {
	case control.DelayWebhook:
		d.Hold = time.Duration(f.DelayMS) * time.Millisecond
	case control.DuplicateWebhook:
		d.Copies = 1
	case control.ReorderWebhook:
		d.Behind, d.Hold = true, reorderHold
	}
	return d, f.Kind == control.LoseWebhook
}

// nextDelivery is the oldest that is not held. held says that there are only others.
func nextDelivery(tx *bolt.Tx, endpointID string, now time.Time) (key []byte, d delivery, held bool) {
	bucketOf(tx, deliveriesBucket).each(indexKey(endpointID, nil), func(k, stored []byte) bool {
		d = delivery{}
		decode(stored, &d)
		if held = d.Hold > 0 && (d.Due.IsZero() || d.Due.After(now)); !held {
			key = bytes.Clone(k)
		}
		return held
	})
	return key, d, held
}

// startHolds begins the holds of deliveries that were not looked at before.
func startHolds(tx *bolt.Tx, endpointID string, now time.Time) error {
	starting := map[string]delivery{}
	queue := bucketOf(tx, deliveriesBucket)
	queue.each(indexKey(endpointID, nil), func(k, stored []byte) bool {
		var d delivery
		decode(stored, &d)
		if d.Hold > 0 && d.Due.IsZero() {
			d.Due = now.Add(d.Hold)
			starting[string(k)] = d
		}
		return true
	})
	for k, d := range starting {
		queue.put([]byte(k), encode(d))
	}
	return nil
}

// letPass ends the hold of deliveries that waited to be overtaken.
func letPass(tx *bolt.Tx, endpointID string) {
	waiting := map[string]delivery{}
	queue := bucketOf(tx, deliveriesBucket)
	queue.each(indexKey(endpointID, nil), func(k, stored []byte) bool {
		var d delivery
		decode(stored, &d)
		if d.Behind {
			d.Behind, d.Hold, d.Due = false, 0, time.Time{}
			waiting[string(k)] = d
		}
		return true
	})
	for k, d := range waiting {
		queue.put([]byte(k), encode(d))
	}
}
