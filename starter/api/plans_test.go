package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/presentment"
	"github.com/perennial-billing/perennial/billing/tax"
	"github.com/perennial-billing/perennial/starter/startertest"
)

func TestALocalPriceIsQuotedAndTaken(t *testing.T) {
	t.Parallel()
	id := running.Seller(t)
	running.Customer(t, startertest.NewCustomer(id, id+"-c"))
	refused := call(t, "GET", fill(id, "/v1/plans/$-team/price?currency=JPY"), nil)
	require.Equal(t, http.StatusUnprocessableEntity, refused.status)
	require.Equal(t, "currency_not_priced", refused.json(t)["code"])
	_, err := running.Service.SetPresentment(t.Context(), id, &presentment.Policy{
		BaseCurrency: "USD", MarkupPercent: decimal.NewFromInt(2), MaxRateAgeDays: 7, QuoteHours: 24, RateSource: id,
	})
	require.NoError(t, err)
	yesterday := calendar.Zone{}.DateOf(time.Now().AddDate(0, 0, -1))
	require.NoError(t, running.Service.AddRate(t.Context(), tax.Rate{From: "USD", To: "JPY", Date: yesterday, Value: decimal.RequireFromString("150.25"), Source: id}))

	asked := time.Now()
	price := call(t, "GET", fill(id, "/v1/plans/$-team/price?country=JP"), nil)
	require.Equal(t, http.StatusOK, price.status, string(price.body))
	got := price.json(t)
	require.Equal(t, "JPY", got["currency"])
	require.Equal(t, []any{"USD"}, got["catalogue_currencies"])
	charge := got["charges"].([]any)[0].(map[string]any)
	require.Equal(t, map[string]any{"model": "per_unit", "unit_amount": "1226"}, charge["price"]) // 8 × 150.25 × 1.02 = 1226.04
	quote := got["quote"].(map[string]any)
	conversion := quote["conversion"].(map[string]any)
	require.Equal(t, []any{"150.25", id, yesterday.String(), "2"}, []any{conversion["rate"], conversion["source"], conversion["rate_date"], conversion["markup_percent"]})
	until, err := time.Parse(time.RFC3339, quote["valid_until"].(string))
	require.NoError(t, err)
	require.WithinRange(t, until, asked.Add(24*time.Hour), time.Now().Add(25*time.Hour))

	sold := call(t, "POST", "/v1/subscriptions", fill(id, `{"id":"$-s","customer":"$-c","plan":"$-team","seats":2,"quote":"`+quote["id"].(string)+`"}`))
	require.Equal(t, http.StatusCreated, sold.status, string(sold.body))
	invoice := sold.json(t)["invoice"].(map[string]any)
	require.Equal(t, map[string]any{"minor": 2452.0, "currency": "JPY"}, invoice["total"])
	shown := call(t, "GET", "/v1/invoices/"+invoice["invoice_id"].(string), nil).json(t)
	line := shown["lines"].([]any)[0].(map[string]any)
	noted := line["explanation"].(map[string]any)["conversion"].(map[string]any)
	require.Equal(t, []any{"USD", "150.25", id}, []any{noted["from"], noted["rate"], noted["source"]})
	require.NotEmpty(t, noted["locked_at"])
	page := call(t, "GET", "/invoices/"+shown["page_key"].(string), nil)
	require.Contains(t, string(page.body), "Price in USD, converted at 1 USD = 150.25 JPY")

	for path, status := range map[string]int{
		"/v1/plans/$-none/price": http.StatusNotFound, "/v1/plans/$-team/price?currency=XXB": http.StatusBadRequest,
		"/v1/plans/$-team/price?country=ZZ": http.StatusBadRequest, "/v1/plans/$-team/price?version=x": http.StatusBadRequest,
		"/v1/plans/$-team/price?colour=red": http.StatusBadRequest,
	} {
		require.Equal(t, status, call(t, "GET", fill(id, path), nil).status, path)
	}
}

func TestAddOnsOverHTTP(t *testing.T) {
	t.Parallel()
	id := running.Seller(t)
	running.Customer(t, startertest.NewCustomer(id, id+"-c"))
	_, err := running.Service.AddPlans(t.Context(), id, strings.NewReader(fill(id, `[{"id":"$-roomy","version":1,"name":"Roomy","interval":{"unit":"month","count":1},"proration":"day","billed_by":"renewal",
		"charges":[{"id":"base","name":"base","kind":"recurring","per":"subscription","timing":"advance","tax_category":"saas_b2c","prices":{"USD":{"model":"flat","flat_amount":"20"}}}],
		"add_ons":[{"id":"storage","name":"Storage","charges":[
			{"id":"block","name":"blocks","kind":"recurring","per":"quantity","timing":"advance","tax_category":"saas_b2c","prices":{"USD":{"model":"per_unit","unit_amount":"6"}}}]}]}]`)))
	require.NoError(t, err)

	price := call(t, "GET", fill(id, "/v1/plans/$-roomy/price?currency=USD"), nil).json(t)
	require.Equal(t, "storage", price["add_ons"].([]any)[0].(map[string]any)["id"])
	sold := call(t, "POST", "/v1/subscriptions", fill(id, `{"id":"$-s","customer":"$-c","plan":"$-roomy","currency":"USD","add_ons":[{"id":"storage","quantity":3}]}`))
	require.Equal(t, http.StatusCreated, sold.status, string(sold.body))
	require.Equal(t, map[string]any{"minor": 3800.0, "currency": "USD"}, sold.json(t)["invoice"].(map[string]any)["total"])
	for body, field := range map[string]string{
		`{"id":"$-t","customer":"$-c","plan":"$-roomy","currency":"USD","add_ons":[{"id":"backup","quantity":3}]}`:   "backup",
		`{"id":"$-t","customer":"$-c","plan":"$-roomy","currency":"USD","add_ons":[{"id":"storage","quantity":-1}]}`: "storage",
	} {
		bad := call(t, "POST", "/v1/subscriptions", fill(id, body))
		require.Contains(t, []int{http.StatusBadRequest, http.StatusUnprocessableEntity}, bad.status, string(bad.body))
		require.Contains(t, string(bad.body), field)
	}
	require.Equal(t, http.StatusNotFound, call(t, "GET", fill(id, "/v1/subscriptions/$-t"), nil).status)
}
