package stripe

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/perennial-billing/perennial/internal/sandbox/control"
	"github.com/perennial-billing/perennial/internal/sandbox/fault"
	"github.com/perennial-billing/perennial/internal/sandbox/form"
)

// request is an API request that passed every check before execution.
type request struct {
	args        args
	asOf        time.Time
	fault       control.Fault
	fingerprint string // of method, path and parameters, to compare uses of one idempotency key
	http        *http.Request
	id          string
	key         string
	requestID   string
}

// answer is what goes back over the wire.
type answer struct {
	Body        []byte    `json:"body"`
	ContentType string    `json:"content_type,omitempty"` // empty: JSON
	RequestID   string    `json:"request_id"`
	Status      int       `json:"status"`
	StoredAt    time.Time `json:"stored_at"`

	Fingerprint string `json:"fingerprint"`
	replayed    bool
}

const (
	maxBody = 1 << 20
	maxKey  = 255
)

// api wraps an endpoint in everything that surrounds execution. Faults that lose the answer come after the
// commit and after the idempotency key was released: a repetition finds the kept answer.
func (s *Server) api(e endpoint) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := &request{http: r, id: r.PathValue("id"), requestID: s.nextRequestID()}
		if r.Method == http.MethodPost {
			q.key = strings.TrimSpace(r.Header.Get("Idempotency-Key"))
		}
		q.fault = s.faults.Take(r.Method, r.URL.Path, q.key)
		switch q.fault.Kind {
		case control.DropBefore:
			fault.Drop(w)
		case control.HTML502:
			badGateway(w)
			return
		}
		var done answer
		if refusal := s.admit(e, q); refusal != nil {
			done = q.refusal(refusal)
		} else {
			done = s.execute(e, q)
		}
		switch q.fault.Kind {
		case control.DropAfterCommit:
			fault.Drop(w)
		case control.TimeoutAfterCommit:
			fault.Hang(s.stopping, w, r)
		}
		q.write(w, done)
	})
}

func badGateway(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(http.StatusBadGateway)
	_, _ = io.WriteString(w, "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>")
}

// admit checks all that Stripe checks before it executes anything.
func (s *Server) admit(e endpoint, q *request) *apiError {
	r := q.http
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxBody))
	if err != nil {
		return invalid("", "", "The request body could not be read, or is larger than %d bytes.", maxBody)
	}
	if limited := q.limited(); limited != nil {
		return limited
	}
	if refusal := authenticate(r); refusal != nil {
		return refusal
	}
	if !e.known() {
		refusal := invalid("", "", "Unrecognized request URL (%s: %s). Please see https://stripe.com/docs or we can help at https://support.stripe.com/.", r.Method, r.URL.Path)
		refusal.status = http.StatusNotFound
		return refusal
	}
	if account := r.Header.Get("Stripe-Account"); account != "" {
		return &apiError{
			Type: typeInvalid, Code: "account_invalid", status: http.StatusForbidden, unexecuted: true,
			Message: fmt.Sprintf("The provided key does not have access to account '%s' (or that account does not exist). This sandbox has no connected accounts.", account),
		}
	}
	if version := r.Header.Get("Stripe-Version"); version != "" && version != APIVersion {
		return invalid("", "", "Invalid Stripe API version: %s. This sandbox speaks %s only.", version, APIVersion)
	}
	if q.asOf, err = control.AsOf(r, s.billingTime()); err != nil {
		return invalid("", "", "%s", err)
	}
	if r.Header.Get(control.AsOfHeader) != "" {
		if err := s.simulate(); err != nil {
			return internal(err)
		}
	}
	if len(q.key) > maxKey {
		return invalid("", "", "Idempotency keys can be at most %d characters long.", maxKey)
	}
	return q.readParams(e, string(body))
}

// readParams decodes query and body together, as Stripe does for POST, and validates the result.
func (q *request) readParams(e endpoint, body string) *apiError {
	encoded := q.http.URL.RawQuery
	if q.http.Method == http.MethodPost {
		if kind := q.http.Header.Get("Content-Type"); body != "" && !strings.HasPrefix(kind, "application/x-www-form-urlencoded") {
			return invalid("", "", "Invalid request (check that your POST content type is application/x-www-form-urlencoded); it is %q.", kind)
		}
		encoded = strings.Trim(encoded+"&"+body, "&")
	}
	in, err := form.Decode(encoded)
	if err != nil {
		return invalid("", "", "Invalid request: %s", err)
	}
	if refusal := e.params.validate(in, ""); refusal != nil {
		return refusal
	}
	q.args = args{in: in}
	q.fingerprint = fingerprint(q.http, encoded)
	return validateExpand(q.args.list("expand"))
}

// fingerprint covers endpoint and all parameters, whatever their order.
func fingerprint(r *http.Request, encoded string) string {
	var pairs [][2]string
	for pair := range strings.SplitSeq(encoded, "&") {
		if pair == "" {
			continue
		}
		rawName, rawText, _ := strings.Cut(pair, "=")
		name, _ := url.QueryUnescape(rawName) // already decoded once without error
		text, _ := url.QueryUnescape(rawText)
		pairs = append(pairs, [2]string{name, text})
	}
	slices.SortStableFunc(pairs, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	sum := sha256.Sum256(append([]byte(r.Method+"\x00"+r.URL.Path+"\x00"), encode(pairs)...))
	return hex.EncodeToString(sum[:])
}

// authenticate accepts any test key, by Bearer or as the user name of basic authentication.
func authenticate(r *http.Request) *apiError {
	key, given := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !given {
		key, _, given = r.BasicAuth()
	}
	key = strings.TrimSpace(key)
	switch {
	case !given || key == "":
		return unauthorized("You did not provide an API key. You need to provide your API key in the Authorization header, " +
			"using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').")
	case strings.HasPrefix(key, "sk_live_") || strings.HasPrefix(key, "rk_live_"):
		return unauthorized("This is a local sandbox and it refuses live API keys: use a key that starts with sk_test_, and rotate the live key if it was sent here by mistake.")
	case len(key) <= len("sk_test_") || (!strings.HasPrefix(key, "sk_test_") && !strings.HasPrefix(key, "rk_test_")):
		return unauthorized("Invalid API Key provided: %s", masked(key))
	}
	return nil
}

// masked shows enough of a key to recognise it, never enough to use it.
func masked(key string) string {
	const shown = 4
	if len(key) <= 2*shown {
		return strings.Repeat("*", len(key))
	}
	return key[:shown] + strings.Repeat("*", len(key)-2*shown) + key[len(key)-shown:]
}

func (q *request) write(w http.ResponseWriter, done answer) {
	h := w.Header()
	h.Set("Content-Type", cmp.Or(done.ContentType, "application/json"))
	h.Set("Request-Id", q.requestID)
	h.Set("Stripe-Version", APIVersion)
	if q.key != "" {
		h.Set("Idempotency-Key", q.key)
	}
	if q.fault.Kind == control.TooManyRequests {
		h.Set("Stripe-Rate-Limited-Reason", cmp.Or(q.fault.RateLimitedReason, rateLimits()[0]))
	}
	if done.replayed {
		h.Set("Idempotent-Replayed", "true")
		h.Set("Original-Request", done.RequestID)
	}
	h.Set("Content-Length", fmt.Sprint(len(done.Body)))
	w.WriteHeader(done.Status)
	_, _ = w.Write(done.Body)
}
