package stripe

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/perennial-billing/perennial/internal/sandbox/control"
)

// The settlement clock is what billing time is for a request without the header Perennial-As-Of: the wall clock,
// or the instant the admin API has moved it to, whichever is later. It never runs backwards.
const (
	clockBucket  = "clock"
	clockKey     = "now"
	simulatedKey = "simulated" // present once a request had a billing time of its own
)

// clockTick is how often the clock lets things happen that are due, when no request does.
const clockTick = time.Second

// watchClock lets things happen at their instants also while nobody asks anything. Once a caller has sent a billing time,
// callers alone say what time it is.
func (s *Server) watchClock() {
	ticker := time.NewTicker(clockTick)
	defer ticker.Stop()
	for {
		select {
		case <-s.stopping.Done():
			return
		case <-ticker.C:
			if !s.simulated.Load() {
				_ = s.settle(s.billingTime()) // the disk is failing: the next request will say so
			}
		}
	}
}

// simulate remembers that callers bring their own time.
func (s *Server) simulate() error {
	if s.simulated.Load() {
		return nil
	}
	err := s.update(func(tx *bolt.Tx) error {
		bucketOf(tx, clockBucket).put([]byte(simulatedKey), []byte("true"))
		return nil
	})
	if err == nil {
		s.simulated.Store(true)
	}
	return err
}

func (s *Server) loadClock(tx *bolt.Tx) {
	s.simulated.Store(bucketOf(tx, clockBucket).get([]byte(simulatedKey)) != nil)
	if stored := bucketOf(tx, clockBucket).get([]byte(clockKey)); stored != nil {
		var at time.Time
		decode(stored, &at)
		s.clock.Store(at.Unix())
	}
}

// billingTime is the settlement clock's present.
func (s *Server) billingTime() time.Time {
	wall, set := s.wallClock(), time.Unix(s.clock.Load(), 0)
	if set.After(wall) {
		return set.UTC()
	}
	return wall.UTC()
}

func (s *Server) showClock(w http.ResponseWriter, _ *http.Request) {
	shown, err := s.readClock()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(shown) // a reader that went away needs no answer
}

func (s *Server) readClock() (shown control.Clock, err error) {
	shown.Now = s.billingTime()
	err = s.view(func(tx *bolt.Tx) error {
		bucketOf(tx, dueBucket).each(nil, func(key, _ []byte) bool {
			if shown.Due == 0 {
				shown.NextDue = time.Unix(int64(binary.BigEndian.Uint64(key)), 0).UTC()
			}
			shown.Due++
			return true
		})
		return nil
	})
	return shown, err
}

// advanceClock moves the clock and lets everything happen that is due by then.
func (s *Server) advanceClock(w http.ResponseWriter, r *http.Request) {
	var wanted control.Advance
	err := readAdmin(w, r, &wanted)
	var to time.Time
	if err == nil {
		to, err = target(s.billingTime(), wanted)
	}
	if err != nil {
		http.Error(w, "clock: "+err.Error(), http.StatusBadRequest)
		return
	}
	if err = s.setClock(to); err == nil {
		err = s.settle(to)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	s.showClock(w, r)
}

func target(now time.Time, wanted control.Advance) (time.Time, error) {
	to := wanted.To
	switch {
	case (wanted.By == "") == wanted.To.IsZero():
		return to, errors.New("give exactly one of to (RFC 3339) and by (a duration such as 72h)")
	case wanted.By != "":
		by, err := time.ParseDuration(wanted.By)
		if err != nil {
			return to, fmt.Errorf("by is not a duration such as 72h: %w", err)
		}
		to = now.Add(by)
	}
	if to = to.Truncate(time.Second); to.Before(now.Truncate(time.Second)) {
		return to, fmt.Errorf("it is %s already, and the clock cannot go back to %s", now.Format(time.RFC3339), to.Format(time.RFC3339))
	}
	if to.Year() > 2200 {
		return to, errors.New("to must be before the year 2201")
	}
	return to, nil
}

func (s *Server) setClock(to time.Time) error {
	err := s.update(func(tx *bolt.Tx) error {
		bucketOf(tx, clockBucket).put([]byte(clockKey), encode(to.UTC()))
		return nil
	})
	if err != nil {
		return fmt.Errorf("set the sandbox's clock: %w", err)
	}
	s.clock.Store(to.Unix())
	return nil
}
