package paymentorder_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"

	"github.com/stripe/stripe-go/v79"
	stripeclient "github.com/stripe/stripe-go/v79/client"
)

// answer is what becomes of the provider's first answer to a request that it has carried out.
type answer string

const (
	arrives answer = "arrives"
	lost    answer = "is lost"
	timeout answer = "times out"
	failed  answer = "is an error of the provider's"
)

// line is the connection between the worker and the provider, on which the answers to some requests are lost.
type line struct {
	mu      sync.Mutex
	scripts map[string]*script // by subscription
	intents map[string]*script // by payment intent
}

// script says what happens to the answers about one payment.
type script struct {
	confirm answer
	// ask is of the question what became of the payment.
	ask answer
	// processing makes the provider say that a bank debit is under way, of which it knows the end by then.
	processing bool
	// committed is called once, when the provider has confirmed the payment and nobody knows yet.
	committed func(intent string)

	mu               sync.Mutex
	confirmed, asked bool
}

var (
	confirmPath = regexp.MustCompile(`^/v1/payment_intents/(\w+)/confirm$`)
	intentPath  = regexp.MustCompile(`^/v1/payment_intents/(\w+)$`)
)

// RoundTrip implements http.RoundTripper.
func (l *line) RoundTrip(req *http.Request) (*http.Response, error) {
	sent := []byte{}
	if req.Body != nil {
		var err error
		if sent, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
		req.Body = io.NopCloser(bytes.NewReader(sent))
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(res.Body)
	if err := errors.Join(err, res.Body.Close()); err != nil {
		return nil, err
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	switch path := req.URL.Path; {
	case req.Method == http.MethodPost && path == "/v1/payment_intents":
		l.learn(sent, body)
	case req.Method == http.MethodPost && confirmPath.MatchString(path):
		if s := l.of(confirmPath.FindStringSubmatch(path)[1]); s != nil {
			return s.confirms(res, body, confirmPath.FindStringSubmatch(path)[1])
		}
	case req.Method == http.MethodGet && intentPath.MatchString(path):
		if s := l.of(intentPath.FindStringSubmatch(path)[1]); s != nil {
			return s.asks(res)
		}
	}
	return res, nil
}

// learn notes which payment intent is whose.
func (l *line) learn(sent, body []byte) {
	form, _ := url.ParseQuery(string(sent))
	var intent struct{ ID string }
	_ = json.Unmarshal(body, &intent) // without an id nothing follows
	l.mu.Lock()
	defer l.mu.Unlock()
	if s := l.scripts[form.Get("metadata[subscription]")]; s != nil {
		l.intents[intent.ID] = s
	}
}

func (l *line) of(intent string) *script {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.intents[intent]
}

func (l *line) add(subscription string, s *script) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.scripts[subscription] = s
}

// confirms passes the answer to a confirmation on, unless it is the first and the script says otherwise. A repetition gets
// the same answer as the first.
func (s *script) confirms(res *http.Response, body []byte, intent string) (*http.Response, error) {
	s.mu.Lock()
	first := !s.confirmed
	s.confirmed = true
	s.mu.Unlock()
	if s.processing {
		body = asProcessing(body)
		res.Body, res.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	}
	if !first {
		if s.confirm == failed { // an error of the provider's is kept under the key as well
			return providerError(res), nil
		}
		return res, nil
	}
	s.committed(intent)
	return s.confirm.applied(res)
}

func (s *script) asks(res *http.Response) (*http.Response, error) {
	s.mu.Lock()
	first := !s.asked
	s.asked = true
	s.mu.Unlock()
	if !first {
		return res, nil
	}
	return s.ask.applied(res)
}

func (a answer) applied(res *http.Response) (*http.Response, error) {
	switch a {
	case lost:
		return nil, io.ErrUnexpectedEOF
	case timeout:
		return nil, os.ErrDeadlineExceeded
	case failed:
		return providerError(res), nil
	case arrives:
	}
	return res, nil
}

func providerError(res *http.Response) *http.Response {
	const body = `{"error":{"type":"api_error","message":"something went wrong"}}`
	res.StatusCode, res.Body, res.ContentLength = http.StatusInternalServerError, io.NopCloser(strings.NewReader(body)), int64(len(body))
	return res
}

// asProcessing is the answer about a payment that succeeded, as it was a moment before.
func asProcessing(body []byte) []byte {
	var intent map[string]any
	if err := json.Unmarshal(body, &intent); err != nil || intent["status"] != "succeeded" {
		return body
	}
	intent["status"], intent["amount_received"] = "processing", 0
	changed, err := json.Marshal(intent)
	if err != nil {
		return body
	}
	return changed
}

// client is Stripe's, as the worker configures it, over the line.
func (l *line) client(baseURL, key string) *stripeclient.API {
	return stripeclient.New(key, stripe.NewBackendsWithConfig(&stripe.BackendConfig{
		URL: stripe.String(baseURL), EnableTelemetry: stripe.Bool(false), MaxNetworkRetries: stripe.Int64(0),
		LeveledLogger: &stripe.LeveledLogger{Level: stripe.LevelNull}, HTTPClient: &http.Client{Transport: l},
	}))
}
