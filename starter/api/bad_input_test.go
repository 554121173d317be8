package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/starter/service"
	"github.com/perennial-billing/perennial/starter/startertest"
)

// bad is a request that must be refused.
type bad struct {
	path, body string
	status     int
	says       string
	where      string
}

func badInput() map[string]bad {
	customer := func(field, value string) string {
		return strings.Replace(`{"id":"$-x","entity":"$","name":"X","email":"x@example.com","country":"US","zone":"America/New_York","currency":"USD"}`,
			`"`+field+`":"`+map[string]string{"id": "$-x", "entity": "$", "country": "US", "zone": "America/New_York", "currency": "USD"}[field]+`"`,
			`"`+field+`":"`+value+`"`, 1)
	}
	event := func(changes string) string {
		return `{"customer":"$-c","events":[{"id":"1","meter":"input_tokens","quantity":1,"at":"2026-01-10T10:00:00Z"},` + changes + `]}`
	}
	tomorrow := time.Now().AddDate(0, 0, 1).UTC().Format(time.RFC3339)
	return map[string]bad{
		"unknown currency":      {"/v1/customers", customer("currency", "XXB"), 400, `unknown currency \"XXB\"`, "body.currency"},
		"unknown zone":          {"/v1/customers", customer("zone", "Mars/Olympus"), 400, `unknown time zone \"Mars/Olympus\"`, "body.zone"},
		"unknown country":       {"/v1/customers", customer("country", "ZZ"), 400, `\"ZZ\" is not a country`, "body.country"},
		"unknown entity":        {"/v1/customers", customer("entity", "nobody"), 400, `legal entity \"nobody\": not found`, "body.entity"},
		"unusable id":           {"/v1/customers", customer("id", "a/b"), 400, `is not an id`, "body.id"},
		"missing fields":        {"/v1/customers", `{"id":"$-x"}`, 400, "expected required property zone", "body"},
		"unknown field":         {"/v1/customers", `{"surname":"x"}`, 400, "unexpected property", "body.surname"},
		"broken JSON":           {"/v1/customers", `{"id":`, 400, "unexpected end of JSON", "body"},
		"customer with changes": {"/v1/customers", customer("id", "$-c"), 409, "exists with other data", ""},

		"unknown plan":          {"/v1/subscriptions", `{"id":"$-y","customer":"$-c","plan":"nix"}`, 400, `unknown plan \"nix\": $ sells $-api, $-pro, $-team`, "body.plan"},
		"unknown version":       {"/v1/subscriptions", `{"id":"$-y","customer":"$-c","plan":"$-pro","plan_version":7}`, 400, "has no version 7: the newest is 1", "body.plan_version"},
		"unknown customer":      {"/v1/subscriptions", `{"id":"$-y","customer":"nix","plan":"$-pro"}`, 400, `customer \"nix\": not found`, "body.customer"},
		"currency not sold":     {"/v1/subscriptions", `{"id":"$-y","customer":"$-c","plan":"$-pro","currency":"JPY"}`, 422, `no price in \"JPY\"`, ""},
		"currency unknown":      {"/v1/subscriptions", `{"id":"$-y","customer":"$-c","plan":"$-pro","currency":"XXB"}`, 400, "unknown currency", "body.currency"},
		"negative seats":        {"/v1/subscriptions", `{"id":"$-y","customer":"$-c","plan":"$-team","seats":-1}`, 400, "-1 is negative", "body.seats"},
		"seats missing":         {"/v1/subscriptions", `{"id":"$-y","customer":"$-c","plan":"$-team"}`, 422, "seats must be 1 or more", ""},
		"seats in words":        {"/v1/subscriptions", `{"id":"$-y","customer":"$-c","plan":"$-team","seats":"many"}`, 400, "expected integer", "body.seats"},
		"seats beyond counting": {"/v1/subscriptions", `{"id":"$-y","customer":"$-c","plan":"$-team","seats":99999999999999999999}`, 400, "99999999999999999999", "body"},
		"amount overflows":      {"/v1/subscriptions", `{"id":"$-y","customer":"$-c","plan":"$-team","seats":999999999999999999}`, 400, "costs more than an amount can hold", "body.seats"},
		"start in another age":  {"/v1/subscriptions", `{"id":"$-y","customer":"$-c","plan":"$-pro","start_at":"1926-01-01T00:00:00Z"}`, 400, "more than ten years", "body.start_at"},
		"second subscription":   {"/v1/subscriptions", `{"id":"$-s","customer":"$-c","plan":"$-pro"}`, 409, "exists with other terms", ""},
		"id of an ended one":    {"/v1/subscriptions", `{"id":"$-gone","customer":"$-c","plan":"$-pro"}`, 409, "existed and has ended", ""},

		"change of a canceled":    {"/v1/subscriptions/$-gone/change", `{"seats":3}`, 422, "start a new one instead", ""},
		"change of nothing":       {"/v1/subscriptions/$-s/change", `{}`, 400, "nothing to change is named", "body.plan"},
		"change to the same":      {"/v1/subscriptions/$-s/change", `{"seats":2}`, 422, "already has plan", ""},
		"change to unknown plan":  {"/v1/subscriptions/$-s/change", `{"plan":"nix"}`, 400, "unknown plan", "body.plan"},
		"change that overflows":   {"/v1/subscriptions/$-s/change", `{"seats":999999999999999999}`, 400, "costs more than an amount can hold", "body.seats"},
		"change of nobody":        {"/v1/subscriptions/nix/change", `{"seats":3}`, 404, `subscription \"nix\": not found`, ""},
		"change of a strange id":  {"/v1/subscriptions/%00/change", `{"seats":3}`, 404, "not found", ""},
		"resume of an active one": {"/v1/subscriptions/$-s/resume", ``, 422, "only a paused one can be resumed", ""},

		"unknown meter":        {"/v1/usage", event(`{"id":"2","meter":"gpu","quantity":1,"at":"2026-01-10T10:00:00Z"}`), 400, `unknown meter \"gpu\": use one of input_tokens, output_tokens`, "body.events[1].meter"},
		"negative quantity":    {"/v1/usage", event(`{"id":"2","meter":"input_tokens","quantity":-1,"at":"2026-01-10T10:00:00Z"}`), 400, "is negative", "body.events[1].quantity"},
		"quantity in words":    {"/v1/usage", event(`{"id":"2","meter":"input_tokens","quantity":"many","at":"2026-01-10T10:00:00Z"}`), 400, `\"many\" is not a quantity`, "body.events[1].quantity"},
		"too large a quantity": {"/v1/usage", event(`{"id":"2","meter":"input_tokens","quantity":"10000000000000001","at":"2026-01-10T10:00:00Z"}`), 400, "is too large", "body.events[1].quantity"},
		"giant quantity":       {"/v1/usage", event(`{"id":"2","meter":"input_tokens","quantity":"1e999999999","at":"2026-01-10T10:00:00Z"}`), 400, "is not a quantity", "body.events[1].quantity"},
		"usage of tomorrow":    {"/v1/usage", event(`{"id":"2","meter":"input_tokens","quantity":1,"at":"` + tomorrow + `"}`), 400, "is in the future", "body.events[1].at"},
		"usage at no time":     {"/v1/usage", event(`{"id":"2","meter":"input_tokens","quantity":1,"at":"soon"}`), 400, "date-time", "body.events[1].at"},
		"one id, two contents": {"/v1/usage", event(`{"id":"1","meter":"input_tokens","quantity":2,"at":"2026-01-10T10:00:00Z"}`), 400, "occurs before in this request", "body.events[1].id"},
		"quantity of no kind":  {"/v1/usage", event(`{"id":"2","meter":"input_tokens","quantity":true,"at":"2026-01-10T10:00:00Z"}`), 400, "expected string or number", "body.events[1].quantity"},
		"no events":            {"/v1/usage", `{"customer":"$-c","events":[]}`, 400, "array length", "body.events"},
		"usage of nobody":      {"/v1/usage", strings.Replace(event(`{"id":"2","meter":"input_tokens","quantity":1,"at":"2026-01-10T10:00:00Z"}`), "$-c", "nix", 1), 400, "not found", "body.customer"},
	}
}

func TestBadInputIsRefusedAndWritesNothing(t *testing.T) { //nolint:paralleltest // it compares row counts
	id := running.Seller(t)
	running.Customer(t, startertest.NewCustomer(id, id+"-c"))
	running.Subscribe(t, service.NewSubscription{ID: id + "-s", Customer: id + "-c", Plan: id + "-team", Seats: 2})
	running.Subscribe(t, service.NewSubscription{ID: id + "-gone", Customer: id + "-c", Plan: id + "-pro"})
	_, err := running.Service.Cancel(t.Context(), id+"-gone", service.Cancel{})
	require.NoError(t, err)
	before := rows(t)

	for name, bad := range badInput() {
		got := call(t, http.MethodPost, fill(id, bad.path), fill(id, bad.body))
		said := string(got.body)
		require.Equal(t, bad.status, got.status, "%s: %s", name, said)
		require.Contains(t, said, fill(id, bad.says), name)
		require.Equal(t, "application/problem+json", got.header.Get("Content-Type"), name)
		require.NotEmpty(t, got.json(t)["code"], name)
		if bad.where != "" {
			require.Contains(t, fmt.Sprint(got.json(t)["errors"]), "location:"+bad.where+" ", "%s: %s", name, said)
		}
	}
	require.Equal(t, before, rows(t))
}

// rows counts all rows but webhooks, which come in on their own.
func rows(t *testing.T) map[string]int {
	t.Helper()
	counts := running.Rows(t)
	delete(counts, "inbound_event")
	return counts
}

func TestQuestionsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	for path, status := range map[string]int{
		"/v1/customers/nobody":              404,
		"/v1/customers/%00":                 404,
		"/v1/customers?limit=0.5":           400,
		"/v1/customers?limit=5000":          400,
		"/v1/customers?entity=%00":          400,
		"/v1/invoices?status=lost":          400,
		"/v1/invoices?after=inv_none":       400,
		"/v1/invoices/inv_none":             404,
		"/v1/invoice-runs/nobody/2026-01":   404,
		"/v1/invoice-runs/nobody/2026-13":   400,
		"/v1/usage?customer=nobody":         400,
		"/v1/tax-returns?entity=%22":        400,
		"/v1/subscriptions/nobody":          404,
		"/v1/subscriptions?customer=a%20b":  400,
		"/v1/usage?customer=x&from=a&to=b":  400,
		"/v1/nothing":                       404,
		"/v1/subscriptions/nobody/pause":    405,
		"/v1/customers/nobody/payment-metd": 404,
		"/v1/invoices?custmer=cus_1":        400,
		"/v1/invoices?limit=-1":             400,
	} {
		got := call(t, http.MethodGet, path, nil)
		require.Equal(t, status, got.status, "%s: %s", path, got.body)
		require.Equal(t, "application/problem+json", got.header.Get("Content-Type"), path)
		require.NotEmpty(t, got.json(t)["code"], path)
	}
	require.Equal(t, "POST", call(t, http.MethodGet, "/v1/subscriptions/nobody/pause", nil).header.Get("Allow"))
	got := call(t, http.MethodPost, "/v1/usage", `{"customer":"`+strings.Repeat("x", 2<<20)+`"}`)
	require.Equal(t, http.StatusRequestEntityTooLarge, got.status)
	require.Equal(t, "request_entity_too_large", got.json(t)["code"])
	got = call(t, http.MethodPost, "/v1/usage", `{}`, "Content-Type", "text/csv")
	require.Equal(t, http.StatusUnsupportedMediaType, got.status)
	require.Equal(t, "unsupported_media_type", got.json(t)["code"])
	require.Equal(t, "send the body as application/json", got.json(t)["detail"])
	got = call(t, http.MethodPost, "/v1/customers", `{"name":"Erika Mustermann","surname":"x"}`)
	require.NotContains(t, string(got.body), "Erika", "the request is not sent back")
}

func TestThousandsOfMistakesAreNotAllListed(t *testing.T) {
	t.Parallel()
	id := running.Seller(t)
	running.Customer(t, startertest.NewCustomer(id, id+"-c"))
	for name, wrong := range map[string]string{"shapes": `{}`, "values": `{"id":"1","meter":"gpu","quantity":1,"at":"2026-01-10T10:00:00Z"}`} {
		got := call(t, http.MethodPost, "/v1/usage", fill(id, `{"customer":"$-c","events":[`)+strings.Repeat(wrong+",", 999)+wrong+`]}`)
		require.Equal(t, http.StatusBadRequest, got.status, name)
		require.Len(t, got.json(t)["errors"], 100, name)
		require.Less(t, len(got.body), 50_000, name)
	}
}
