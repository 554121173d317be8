package stripe

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/perennial-billing/perennial/internal/sandbox/control"
	"github.com/perennial-billing/perennial/internal/sandbox/fault"
)

// APIVersion is the only version spoken here.
const APIVersion = "2024-06-20"

// Options configure a Server.
type Options struct {
	Path      string           // database file; its folder is made if needed
	WallClock func() time.Time // nil means time.Now; for retention of keys and signatures
}

// Server is the Stripe side of the sandbox. It is an http.Handler; Close releases its file.
type Server struct {
	boot      uint64
	clock     atomic.Int64 // unix seconds the settlement clock was moved to, 0 if never
	db        *bolt.DB
	delivery  *courier
	faults    *fault.Queue
	handler   http.Handler
	inUse     keysInUse
	requests  atomic.Uint64
	simulated atomic.Bool // a request had a billing time of its own
	stop      context.CancelFunc
	stopping  context.Context
	wallClock func() time.Time
	watching  sync.WaitGroup
}

// initialMap is address space, not memory: a file that outgrows its map must wait for every reader, and
// somebody reading the books slowly would stop all payments.
const initialMap = 1 << 30

// Open loads or creates the state and starts delivering webhooks.
func Open(options Options) (*Server, error) {
	if err := os.MkdirAll(filepath.Dir(options.Path), 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of the Stripe sandbox's state: %w", err)
	}
	// NoSync: the state must outlive any process, not a power failure.
	db, err := bolt.Open(options.Path, 0o600, &bolt.Options{
		Timeout: 2 * time.Second, NoSync: true, NoFreelistSync: true, FreelistType: bolt.FreelistMapType,
		InitialMmapSize: initialMap,
	})
	if err != nil {
		return nil, fmt.Errorf("open the Stripe sandbox's state %s (is another sandbox using it?): %w", options.Path, err)
	}
	s := &Server{db: db, wallClock: options.WallClock, faults: &fault.Queue{Kinds: []control.FaultKind{
		control.Delay, control.DropAfterCommit, control.DropBefore, control.HTML502, control.LockTimeout, control.ServerError,
		control.ServerErrorAfter, control.TimeoutAfterCommit, control.TooManyRequests,
	}, Reasons: rateLimits()}}
	if s.wallClock == nil {
		s.wallClock = time.Now
	}
	s.stopping, s.stop = context.WithCancel(context.Background())
	if err := s.begin(); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	s.handler = s.routes()
	s.delivery = newCourier(s)
	s.watching.Go(s.watchClock)
	return s, nil
}

// begin numbers this start, so that request ids never repeat, and forgets expired idempotency keys.
func (s *Server) begin() error {
	return s.update(func(tx *bolt.Tx) error {
		s.boot = nextSequence(tx)
		s.loadClock(tx)
		return forgetExpired(tx, s.wallClock())
	})
}

// ServeHTTP answers API requests, the admin API and the pages for people.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Stop ends waiting requests and, after draining deliveries for at most the given time, the deliveries.
func (s *Server) Stop(drain time.Duration) {
	s.delivery.drain(drain)
	s.stop()
	s.delivery.wait()
}

// Close releases the state. Call it after Stop, once no request is being served.
func (s *Server) Close() error {
	s.stop()
	s.watching.Wait()
	s.delivery.wait()
	if err := s.db.Close(); err != nil {
		return fmt.Errorf("close the Stripe sandbox's state: %w", err)
	}
	return nil
}

func (s *Server) nextRequestID() string {
	return "req_" + derive(14, strconv.FormatUint(s.boot, 10), strconv.FormatUint(s.requests.Add(1), 10))
}

// update runs one write transaction; a failing disk becomes an error and rolls back.
func (s *Server) update(do func(*bolt.Tx) error) error {
	return s.db.Update(func(tx *bolt.Tx) (err error) {
		defer recoverFailure(&err)
		return do(tx)
	})
}

func (s *Server) view(do func(*bolt.Tx) error) error {
	return s.db.View(func(tx *bolt.Tx) (err error) {
		defer recoverFailure(&err)
		return do(tx)
	})
}

func recoverFailure(err *error) {
	switch failure := recover().(type) {
	case nil:
	case storeFailure:
		*err = failure.err
	default:
		panic(failure)
	}
}
