// Package sendgrid is a local server that accepts mail as SendGrid's v3 API does and keeps it in a
// mailbox for people and tests to read. Nothing leaves the machine.
package sendgrid

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/perennial-billing/perennial/internal/sandbox/control"
	"github.com/perennial-billing/perennial/internal/sandbox/fault"
)

// Server is the SendGrid side of the sandbox. It is an http.Handler; Close releases its file.
type Server struct {
	db       *bolt.DB
	faults   *fault.Queue
	mux      *http.ServeMux
	stop     context.CancelFunc
	stopping context.Context
}

// Open loads or creates the mailbox in the file at path.
func Open(path string) (*Server, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of the mailbox: %w", err)
	}
	// NoSync: the mailbox must outlive any process, not a power failure.
	db, err := bolt.Open(path, 0o600, &bolt.Options{
		Timeout: 2 * time.Second, NoSync: true, NoFreelistSync: true, FreelistType: bolt.FreelistMapType,
	})
	if err != nil {
		return nil, fmt.Errorf("open the mailbox %s (is another sandbox using it?): %w", path, err)
	}
	s := &Server{db: db, mux: http.NewServeMux(), faults: &fault.Queue{Kinds: []control.FaultKind{
		control.DropAfterCommit, control.DropBefore, control.HTML502, control.ServerError, control.TimeoutAfterCommit, control.TooManyRequests,
	}}}
	s.stopping, s.stop = context.WithCancel(context.Background())
	s.mux.HandleFunc("POST /v3/mail/send", s.send)
	s.mux.HandleFunc("/v3/", s.unknown)
	s.mux.Handle("POST /_sandbox/faults", s.faults)
	s.mux.Handle("DELETE /_sandbox/faults", s.faults)
	s.mailboxRoutes()
	s.webhookRoutes()
	return s, nil
}

// ServeHTTP answers the API, the mailbox and the fault endpoint.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Stop ends requests that a fault keeps waiting.
func (s *Server) Stop() { s.stop() }

// Close releases the file. Call it once no request is being served.
func (s *Server) Close() error {
	s.stop()
	if err := s.db.Close(); err != nil {
		return fmt.Errorf("close the mailbox: %w", err)
	}
	return nil
}

func (s *Server) unknown(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/v3/mail/send" {
		refuse(w, http.StatusMethodNotAllowed, problem("", "", "method not allowed"))
		return
	}
	refuse(w, http.StatusNotFound, problem("", "", "not found"))
}

// send accepts or refuses one request.
func (s *Server) send(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxMessageBytes))
	if err != nil {
		refuse(w, http.StatusRequestEntityTooLarge, problem("", "", "The message may have at most 30 MB."))
		return
	}
	injected := s.faults.Take(r.Method, r.URL.Path, "")
	if s.failBefore(w, injected.Kind) {
		return
	}
	m, asOf, refusal := admit(r, body)
	switch {
	case refusal != nil:
		refuse(w, refusal.status, refusal.errors...)
		return
	case m.MailSettings.SandboxMode.Enable:
		w.WriteHeader(http.StatusOK)
		return
	}
	id, err := s.accept(m, asOf)
	if err != nil {
		refuse(w, http.StatusInternalServerError, problem("", "", err.Error()))
		return
	}
	switch injected.Kind {
	case control.DropAfterCommit:
		fault.Drop(w)
	case control.TimeoutAfterCommit:
		fault.Hang(s.stopping, w, r)
	}
	w.Header().Set("X-Message-Id", id)
	w.WriteHeader(http.StatusAccepted)
}

// rejection is why a message is not accepted.
type rejection struct {
	errors []apiError
	status int
}

// admit checks the key, the kind of content, the sender's time and the message, in this order.
func admit(r *http.Request, body []byte) (message, time.Time, *rejection) {
	if reason := authorize(r); reason != "" {
		return message{}, time.Time{}, &rejection{status: http.StatusUnauthorized, errors: []apiError{problem("", "", reason)}}
	}
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/json" {
		return message{}, time.Time{}, &rejection{
			status: http.StatusUnsupportedMediaType, errors: []apiError{problem("", "", "Content-Type should be application/json.")},
		}
	}
	asOf, err := control.AsOf(r, time.Now())
	if err != nil {
		return message{}, time.Time{}, &rejection{status: http.StatusBadRequest, errors: []apiError{problem("", "", err.Error())}}
	}
	m, errs := parse(body, asOf)
	if len(errs) > 0 {
		return message{}, time.Time{}, &rejection{status: http.StatusBadRequest, errors: errs}
	}
	return m, asOf, nil
}

// failBefore plays the faults that leave no trace.
func (s *Server) failBefore(w http.ResponseWriter, kind control.FaultKind) bool {
	switch kind {
	case control.DropBefore:
		fault.Drop(w)
	case control.HTML502:
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusBadGateway)
		_, _ = io.WriteString(w, "<html><body><h1>502 Bad Gateway</h1></body></html>")
	case control.ServerError:
		refuse(w, http.StatusInternalServerError, problem("", "", "internal server error"))
	case control.TooManyRequests:
		w.Header().Set("X-RateLimit-Remaining", "0")
		w.Header().Set("X-RateLimit-Reset", fmt.Sprint(time.Now().Add(time.Second).Unix()))
		refuse(w, http.StatusTooManyRequests, problem("", "", "too many requests"))
	default:
		return false
	}
	return true
}

// realKeyChars is the length of the keys SendGrid issues: "SG.", 22 characters, a dot, 43 characters.
const realKeyChars = 69

// authorize accepts any key that looks like a fake SendGrid key, and says why it refuses others.
func authorize(r *http.Request) string {
	key, found := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	key = strings.TrimSpace(key)
	switch {
	case !found || key == "":
		return "Permission denied, wrong credentials"
	case len(key) == realKeyChars && strings.Count(key, ".") == 2:
		return "This is a local sandbox and it refuses keys that look real: use a fake such as SG.fake, and rotate the key if it was sent here by mistake."
	case !strings.HasPrefix(key, "SG.") || len(key) == len("SG."):
		return "The provided authorization grant is invalid, expired, or revoked"
	}
	return ""
}

func parse(body []byte, asOf time.Time) (m message, errs []apiError) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var sent any
	if err := decoder.Decode(&sent); err != nil {
		return m, []apiError{problem("", "", "Bad Request: the body is not JSON: "+err.Error())}
	}
	if decoder.More() {
		return m, []apiError{problem("", "", "Bad Request: the body has more than one JSON value")}
	}
	if errs := checkShape(sent, reflect.TypeFor[message](), ""); len(errs) > 0 {
		return m, errs
	}
	if err := json.Unmarshal(body, &m); err != nil {
		return m, []apiError{problem("", "", "Bad Request: the body is not a message: "+err.Error())}
	}
	return m, m.validate(asOf)
}

func refuse(w http.ResponseWriter, status int, errs ...apiError) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string][]apiError{"errors": errs}) // a caller that went away needs no answer
}
