package stripe

import (
	"strconv"
	"time"

	bolt "go.etcd.io/bbolt"
)

// call is one request in execution, inside its transaction.
type call struct {
	args      args
	asOf      time.Time         // billing time of the caller
	baseURL   string            // where this caller reaches the sandbox, for links
	dueNow    bool              // something is to happen right after the commit
	emitted   bool              // events wait for delivery after the commit
	id        string            // {id} of the path
	item      string            // {item} of the path, a part of what {id} names
	key       string            // idempotency key, empty if none
	made      map[string]string // what test methods such as pm_card_visa became in this request, by their names
	minted    int               // ids made so far
	path      string
	requestID string
	seed      string // what this call's ids are derived from
	tx        *bolt.Tx
}

func (r *call) now() int64 { return r.asOf.Unix() }

// idChars is the length of the random-looking part of ids.
const idChars = 24

// newID derives an id from the idempotency key, or from the sequence of requests when there is none: the
// same billing run gets the same ids, whatever the order in which its requests arrive.
func newID[T resource](r *call, c collection[T]) string {
	if r.seed == "" {
		r.seed = r.key + "\x00" + r.path
		if r.key == "" {
			r.seed += strconv.FormatUint(nextSequence(r.tx), 10)
		}
	}
	for {
		r.minted++
		id := c.prefix + derive(idChars, r.seed, c.prefix, strconv.Itoa(r.minted))
		if c.orderOf(r.tx, id) == nil { // taken when an expired idempotency key is used again
			return id
		}
	}
}

// secret derives the client_secret of an intent.
func secret(id string) string { return id + "_secret_" + derive(25, "client_secret", id) }
