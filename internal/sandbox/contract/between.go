package contract

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/perennial-billing/perennial/internal/sandbox/fault"
	"github.com/perennial-billing/perennial/internal/sandbox/form"
)

// Proxy stands between clients and the sandbox and finds out where their conversation leaves the description.
type Proxy struct {
	*httptest.Server

	description *Description
	target      *url.URL

	mu    sync.Mutex
	found map[string]bool
}

// maxRequest is more than the sandbox reads of a request, so that it sees for itself that one is too long.
const maxRequest = 2 << 20

// Between starts a proxy for a test and returns its URL. At the end of the test all events that the sandbox recorded are
// checked, too, and the test fails if anything was found. Start the sandbox before, so that it is still there by then.
func Between(t testing.TB, target string) string {
	t.Helper()
	p, err := Start(target)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, finding := range p.Finish() {
			t.Errorf("not as Stripe describes it: %s", finding)
		}
	})
	return p.URL
}

// Start starts a proxy to the sandbox at a URL. Close it with Finish.
func Start(target string) (*Proxy, error) {
	description, err := Stripe()
	if err != nil {
		return nil, err
	}
	to, err := url.Parse(target)
	if err != nil {
		return nil, fmt.Errorf("the sandbox's URL: %w", err)
	}
	p := &Proxy{description: description, found: map[string]bool{}, target: to}
	p.Server = httptest.NewServer(p.handler())
	return p, nil
}

// Finish checks the events that the sandbox recorded, stops the proxy and returns all that was found, sorted.
func (p *Proxy) Finish() []string {
	if err := p.checkEvents(context.Background()); err != nil {
		p.note("the events cannot be checked: " + err.Error())
	}
	p.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Sorted(maps.Keys(p.found))
}

// handler passes everything on as it is. A connection that the sandbox drops is dropped here, and a request is never
// repeated: connections are not kept, because Go's client repeats a request when a kept one turns out to be closed.
func (p *Proxy) handler() http.Handler {
	forward := &httputil.ReverseProxy{
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { fault.Drop(w) },
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(p.target)
			r.Out.Host = r.In.Host // the sandbox's links lead through the proxy
		},
		Transport: &http.Transport{DisableCompression: true, DisableKeepAlives: true},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, maxRequest))
		if err != nil {
			return // the client went away
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		watched := *forward
		watched.ModifyResponse = func(answer *http.Response) error { return p.watch(r, string(body), answer) }
		watched.ServeHTTP(w, r)
	})
}

// watch reads an answer, checks it with its request, and puts it back.
func (p *Proxy) watch(r *http.Request, sent string, answer *http.Response) error {
	isJSON := strings.HasPrefix(answer.Header.Get("Content-Type"), "application/json")
	if !strings.HasPrefix(r.URL.Path, "/v1/") || !isJSON {
		return nil
	}
	body, err := io.ReadAll(answer.Body)
	if err := errors.Join(err, answer.Body.Close()); err != nil {
		return err
	}
	answer.Body = io.NopCloser(bytes.NewReader(body))
	p.check(r, sent, answer.StatusCode, body)
	return nil
}

func (p *Proxy) check(r *http.Request, sent string, status int, body []byte) {
	var received any
	if err := json.Unmarshal(body, &received); err != nil {
		p.note(r.Method + " " + r.URL.Path + " is answered with what is not JSON: " + err.Error())
		return
	}
	o, accepted := p.description.Find(r), status == http.StatusOK
	if o == nil {
		if accepted {
			p.note(r.Method + " " + r.URL.Path + " is not in the description, and answered")
		}
		return
	}
	schema, kind := o.failed, " refuses with "
	if accepted {
		schema, kind = o.succeeded, " answers "
		p.checkParams(o, r, sent)
		exercise(o)
	}
	for _, deviation := range deviations(schema, received) {
		p.note(o.Name + kind + deviation)
	}
}

// checkParams is for requests that were accepted: tests also send what has to be refused.
func (p *Proxy) checkParams(o *Operation, r *http.Request, sent string) {
	params, err := form.Decode(strings.Trim(r.URL.RawQuery+"&"+sent, "&"))
	if err != nil {
		p.note(o.Name + " accepts a malformed form: " + err.Error())
		return
	}
	for _, deviation := range deviations(o.Params, typed(o.Params, params)) {
		p.note(o.Name + " accepts " + deviation)
	}
}

func (p *Proxy) note(finding string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.found[finding] = true
}

// exercised are the operations that succeeded through any proxy of this program.
var exercised = struct {
	sync.Mutex

	names map[string]bool
}{names: map[string]bool{}}

func exercise(o *Operation) {
	exercised.Lock()
	defer exercised.Unlock()
	exercised.names[o.Name] = true
}

// Exercised are the names of the operations that succeeded through a proxy so far, sorted.
func Exercised() []string {
	exercised.Lock()
	defer exercised.Unlock()
	return slices.Sorted(maps.Keys(exercised.names))
}
