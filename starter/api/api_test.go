package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/internal/sandbox"
	"github.com/perennial-billing/perennial/starter/api"
	"github.com/perennial-billing/perennial/starter/startertest"
)

var (
	running startertest.Stack
	// base is the API's address, and secret what its webhooks are signed with.
	base    string
	secret  string
	handler *api.API
)

func TestMain(m *testing.M) { os.Exit(startertest.Run(m, &running, serve)) }

// serve starts the API, registered at the sandbox for webhooks.
func serve() (stop func() error, err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	base = "http://" + listener.Addr().String()
	running.Service = running.Service.WithPages(base)
	ctx, cancel := context.WithCancel(context.Background())
	secret, err = api.RegisterWebhook(ctx, running.Config.Stripe(), base+"/webhooks/stripe", "")
	if err != nil {
		cancel()
		return nil, err
	}
	mailKey, err := sandbox.SetEventWebhook(ctx, running.Config.SendGridURL, base+"/webhooks/sendgrid")
	if err != nil {
		cancel()
		return nil, err
	}
	keys, err := api.MailKeys([]string{mailKey})
	handler = api.New(api.Options{
		Service: running.Service, WebhookSecrets: []string{"whsec_retired", secret}, MailKeys: keys, Log: slog.New(slog.NewTextHandler(os.Stderr, nil)),
	})
	served := make(chan error, 1)
	go func() { served <- api.Serve(ctx, listener, handler) }()
	return func() error { cancel(); return <-served }, err
}

var fill = startertest.Fill

// reply is an answer of the API.
type reply struct {
	status int
	header http.Header
	body   []byte
}

func (r reply) json(t *testing.T) map[string]any {
	t.Helper()
	var decoded map[string]any
	require.NoError(t, json.Unmarshal(r.body, &decoded), string(r.body))
	return decoded
}

// call makes a request; headers come in pairs.
func call(t *testing.T, method, path string, body any, headers ...string) reply {
	t.Helper()
	var content io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		content = strings.NewReader(b)
	default:
		encoded, err := json.Marshal(b)
		require.NoError(t, err)
		content = bytes.NewReader(encoded)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, base+path, content)
	require.NoError(t, err)
	if content != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer func() { require.NoError(t, res.Body.Close()) }()
	raw, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return reply{status: res.StatusCode, header: res.Header, body: raw}
}

func TestACustomersLifeOverHTTP(t *testing.T) {
	t.Parallel()
	id := running.Seller(t)
	created := call(t, "POST", "/v1/customers", startertest.NewCustomer(id, id+"-c"))
	require.Equal(t, http.StatusCreated, created.status, string(created.body))
	require.NotContains(t, string(created.body), "pm_card_visa", "a token is a secret")
	require.Equal(t, created.json(t), call(t, "GET", fill(id, "/v1/customers/$-c"), nil).json(t))

	started := call(t, "POST", "/v1/subscriptions", fill(id, `{"id":"$-s","customer":"$-c","plan":"$-team","seats":2}`))
	require.Equal(t, http.StatusCreated, started.status, string(started.body))
	require.Equal(t, "paid", started.json(t)["invoice"].(map[string]any)["payment"])

	more := call(t, "POST", fill(id, "/v1/subscriptions/$-s/change"), `{"seats":4}`, "Idempotency-Key", "more")
	require.Equal(t, http.StatusOK, more.status, string(more.body))
	require.Equal(t, more.json(t), call(t, "POST", fill(id, "/v1/subscriptions/$-s/change"), `{"seats":4}`, "Idempotency-Key", "more").json(t))
	require.Equal(t, http.StatusConflict, call(t, "POST", fill(id, "/v1/subscriptions/$-s/change"), `{"seats":5}`, "Idempotency-Key", "more").status)
	for command, status := range map[string]string{"pause": "paused"} {
		require.Equal(t, status, call(t, "POST", fill(id, "/v1/subscriptions/$-s/")+command, nil).json(t)["status"])
	}
	require.Equal(t, "active", call(t, "POST", fill(id, "/v1/subscriptions/$-s/resume"), `{"actor":"support","reason":"back"}`).json(t)["status"])
	late := fill(id, "/v1/subscriptions/$-s/bill-late")
	require.Equal(t, http.StatusUnprocessableEntity, call(t, "POST", late, nil).status, "it goes on")
	require.Equal(t, "canceled", call(t, "POST", fill(id, "/v1/subscriptions/$-s/cancel"), nil).json(t)["status"])
	require.Equal(t, http.StatusOK, call(t, "POST", late, nil).status)
	require.Equal(t, "canceled", call(t, "GET", fill(id, "/v1/subscriptions/$-s"), nil).json(t)["status"])
	list := call(t, "GET", fill(id, "/v1/subscriptions?customer=$-c"), nil).json(t)
	require.Len(t, list["data"], 1)
}

func TestInvoicesArePagedAndExplained(t *testing.T) {
	t.Parallel()
	id := running.Seller(t)
	running.Customer(t, startertest.NewCustomer(id, id+"-c"))
	for _, n := range []string{"1", "2", "3"} {
		require.Equal(t, http.StatusCreated, call(t, "POST", "/v1/subscriptions", fill(id, `{"id":"$-`+n+`","customer":"$-c","plan":"$-pro"}`)).status)
	}
	var seen []string
	after := ""
	for page := 0; page == 0 || after != ""; page++ {
		list := call(t, "GET", fill(id, "/v1/invoices?customer=$-c&limit=2&after=")+after, nil).json(t)
		for _, invoice := range list["data"].([]any) {
			seen = append(seen, invoice.(map[string]any)["subscription_id"].(string))
			after = invoice.(map[string]any)["id"].(string)
		}
		next, _ := list["next"].(string)
		require.True(t, next == "" || next == after)
		after = next
	}
	require.ElementsMatch(t, []string{id + "-1", id + "-2", id + "-3"}, seen)

	list := call(t, "GET", fill(id, "/v1/invoices?subscription=$-1"), nil).json(t)
	invoice := list["data"].([]any)[0].(map[string]any)["id"].(string)
	shown := call(t, "GET", "/v1/invoices/"+invoice, nil).json(t)
	line := shown["lines"].([]any)[0].(map[string]any)
	require.EqualValues(t, 1000, line["amount"])
	require.NotEmpty(t, line["explanation"])
	require.Equal(t, "succeeded", shown["payments"].([]any)[0].(map[string]any)["status"])

	page := call(t, "GET", "/invoices/"+shown["page_key"].(string), nil)
	require.Equal(t, http.StatusOK, page.status)
	require.Contains(t, page.header.Get("Content-Type"), "text/html")
	require.Contains(t, string(page.body), shown["number"])
	for _, guess := range []string{invoice, shown["number"].(string), "none", strings.Repeat("A", 300)} {
		require.Equal(t, http.StatusNotFound, call(t, "GET", "/invoices/"+guess, nil).status, "an invoice cannot be guessed")
	}
}

func TestUsageOverHTTP(t *testing.T) {
	t.Parallel()
	id := running.Seller(t)
	running.Customer(t, startertest.NewCustomer(id, id+"-c"))
	events := fill(id, `{"customer":"$-c","events":[
		{"id":"1","meter":"input_tokens","quantity":9007199254740993,"at":"2026-01-10T10:00:00Z"},
		{"id":"2","meter":"input_tokens","quantity":"0.000000000001","at":"2026-01-10T10:00:00+01:00"}]}`)
	require.Equal(t, map[string]any{"accepted": 2.0, "new": 2.0, "already_known": 0.0}, call(t, "POST", "/v1/usage", events).json(t))
	require.Equal(t, map[string]any{"accepted": 2.0, "new": 0.0, "already_known": 2.0}, call(t, "POST", "/v1/usage", events).json(t))
	total := call(t, "GET", fill(id, "/v1/usage?customer=$-c&from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z"), nil).json(t)
	require.Equal(t, []any{map[string]any{"meter": "input_tokens", "events": 2.0, "quantity": "9007199254740993.000000000001"}}, total["totals"])
}

func TestMeasuredUsageOverHTTP(t *testing.T) {
	t.Parallel()
	id := running.Seller(t)
	running.Customer(t, startertest.NewCustomer(id, id+"-c"))
	_, err := running.Service.AddPlans(t.Context(), id, strings.NewReader(fill(id, `[{"id":"$-render","version":1,"name":"Render",
		"interval":{"unit":"month","count":1},"proration":"day","billed_by":"renewal","charges":[
		{"id":"r","name":"R","kind":"usage","meter":"renders","timing":"arrears","tax_category":"saas_b2b","prices":{"USD":{"model":"dynamic"}}},
		{"id":"s","name":"S","kind":"usage","meter":"storage","timing":"arrears","tax_category":"saas_b2b","prices":{
		 "USD":{"model":"matrix","dimensions":["region"],"default_unit_amount":"1"}}}]}]`)))
	require.NoError(t, err)
	event := func(fields string) string {
		return fill(id, `{"customer":"$-c","events":[{"id":"1","quantity":1,"at":"2026-01-10T10:00:00Z",`) + fields + `}]}`
	}
	for _, fields := range []string{`"meter":"renders","amount":0.430000000001`, `"meter":"storage","values":{"region":"eu"}`} {
		require.Equal(t, map[string]any{"accepted": 1.0, "new": 1.0, "already_known": 0.0}, call(t, "POST", "/v1/usage", event(fields)).json(t))
	}
	total := call(t, "GET", fill(id, "/v1/usage?customer=$-c&from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z"), nil).json(t)
	require.Equal(t, []any{
		map[string]any{"meter": "renders", "events": 1.0, "quantity": "1", "amount": "0.430000000001"},
		map[string]any{"meter": "storage", "events": 1.0, "quantity": "1", "values": map[string]any{"region": "eu"}},
	}, total["totals"])
	for fields, location := range map[string]string{
		`"meter":"renders"`:                          "body.events[0].amount",
		`"meter":"renders","amount":true`:            "body.events[0].amount",
		`"meter":"storage","values":{"regoin":"eu"}`: "body.events[0].values.regoin",
		`"meter":"storage","values":{"region":5}`:    "body.events[0].values.region",
		`"meter":"storage","values":["eu"]`:          "body.events[0].values",
	} {
		got := call(t, "POST", "/v1/usage", event(fields))
		require.Equal(t, http.StatusBadRequest, got.status, fields)
		require.Contains(t, string(got.body), `"`+location+`"`, fields)
	}
}

func TestTheDescriptionIsOpenAPI(t *testing.T) {
	t.Parallel()
	described := call(t, "GET", "/openapi.json", nil).json(t)
	require.Regexp(t, `^3\.1\.`, described["openapi"])
	paths := described["paths"].(map[string]any)
	for _, path := range []string{
		"/v1/customers", "/v1/customers/{id}", "/v1/customers/{id}/payment-method", "/v1/subscriptions", "/v1/subscriptions/{id}",
		"/v1/subscriptions/{id}/change", "/v1/subscriptions/{id}/cancel", "/v1/subscriptions/{id}/pause", "/v1/subscriptions/{id}/resume",
		"/v1/plans/{id}/price", "/v1/usage", "/v1/invoices", "/v1/invoices/{id}", "/v1/invoice-runs/{entity}/{period}", "/v1/tax-returns",
		"/v1/payments", "/v1/payments/{id}", "/v1/payments/{id}/refunds", "/v1/disputes", "/v1/disputes/{id}",
	} {
		require.Contains(t, paths, path)
	}
	docs := call(t, "GET", "/docs", nil)
	require.Equal(t, http.StatusOK, docs.status)
	page := string(docs.body)
	require.NotRegexp(t, `(src|href)="(https?:)?//`, page, "the page needs no other host")
	for path := range paths {
		require.Contains(t, page, "<code>"+path+"</code>")
	}
	for _, anchor := range regexp.MustCompile(`href="#([^"]+)"`).FindAllStringSubmatch(page, -1) {
		require.Contains(t, page, `id="`+anchor[1]+`"`, "every link leads somewhere")
	}
	require.Equal(t, "ok\n", string(call(t, "GET", "/healthz", nil).body))
	require.Equal(t, http.StatusOK, call(t, "GET", "/v1/tax-returns", nil).status)
}

func newRecorder(t *testing.T, handler http.Handler, path string) *httptest.ResponseRecorder {
	t.Helper()
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, http.NoBody))
	return recorder
}
