package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/starter/service"
	"github.com/perennial-billing/perennial/starter/startertest"
)

// A service offers a coupon, has it redeemed by a code, sees it on the invoice and ends it; each request is safe to repeat.
func TestCouponsOverHTTP(t *testing.T) {
	t.Parallel()
	id := running.Seller(t)
	running.Customer(t, startertest.NewCustomer(id, id+"-c"))
	twice := func(status int, method, path, body string) map[string]any {
		t.Helper()
		first := call(t, method, fill(id, path), fill(id, body))
		require.Equal(t, status, first.status, string(first.body))
		again := call(t, method, fill(id, path), fill(id, body))
		require.Equal(t, first.json(t), again.json(t))
		return first.json(t)
	}
	coupon := `{"id":"launch","name":"Launch","percent_off":12.5,"duration":"periods","periods":3}`
	added := twice(http.StatusCreated, "POST", "/v1/entities/$/coupons", coupon)
	require.Equal(t, "12.5", added["percent_off"])
	twice(http.StatusCreated, "POST", "/v1/entities/$/coupons", `{"id":"five","name":"Five off","amount_off":{"USD":"5"},"duration":"forever"}`)
	forPro := twice(http.StatusCreated, "POST", "/v1/entities/$/coupons",
		`{"id":"pro","name":"Pro","percent_off":5,"duration":"once","applies_to":{"products":["$-pro"]}}`)
	require.Equal(t, map[string]any{"products": []any{id + "-pro"}}, forPro["applies_to"])
	listed := call(t, "GET", fill(id, "/v1/entities/$/coupons"), nil).json(t)["data"].([]any)
	require.Len(t, listed, 3)
	require.Equal(t, []any{added, forPro}, listed[1:])
	twice(http.StatusCreated, "POST", "/v1/entities/$/coupon-codes", `{"code":"go-27","coupon":"launch","max_redemptions":1}`)

	given := twice(http.StatusCreated, "POST", "/v1/customers/$-c/discounts", `{"code":"Go-27"}`)
	require.Equal(t, "launch", given["coupon"])
	started := running.Subscribe(t, service.NewSubscription{ID: id + "-s", Customer: id + "-c", Plan: id + "-pro"})
	require.Equal(t, "USD 8.75", started.Invoice.Total.String())
	ended := twice(http.StatusOK, "DELETE", "/v1/customers/$-c/discounts/launch", ``)["data"].([]any)
	require.Len(t, ended, 1)
	require.NotEmpty(t, ended[0].(map[string]any)["removed_at"])
	require.Equal(t, ended, call(t, "GET", fill(id, "/v1/customers/$-c/discounts"), nil).json(t)["data"])
}

func TestBadCouponsOverHTTP(t *testing.T) { //nolint:paralleltest // it compares row counts
	id := running.Seller(t)
	running.Customer(t, startertest.NewCustomer(id, id+"-c"))
	require.Equal(t, http.StatusCreated, call(t, "POST", fill(id, "/v1/entities/$/coupons"), `{"id":"five","name":"Five","amount_off":{"USD":5},"duration":"once"}`).status)
	require.Equal(t, http.StatusCreated, call(t, "POST", fill(id, "/v1/entities/$/coupon-codes"), `{"code":"take-5","coupon":"five"}`).status)
	require.Equal(t, http.StatusCreated, call(t, "POST", fill(id, "/v1/entities/$/coupons"), `{"id":"pro","name":"Pro","percent_off":5,"duration":"once","applies_to":{"products":["nothing"]}}`).status)
	before := rows(t)
	for name, b := range map[string]bad{
		"both values":      {"/v1/entities/$/coupons", `{"id":"x","name":"X","percent_off":5,"amount_off":{"USD":5},"duration":"once"}`, 400, "exactly one of percent_off and amount_off", ""},
		"too much":         {"/v1/entities/$/coupons", `{"id":"x","name":"X","percent_off":"100.5","duration":"once"}`, 400, "percent_off must be above 0, at most 100", ""},
		"no product":       {"/v1/entities/$/coupons", `{"id":"x","name":"X","percent_off":5,"duration":"once","applies_to":{"products":["a b"]}}`, 400, `applies_to.products[0]: \"a b\" is not an id`, ""},
		"another product":  {"/v1/customers/$-c/discounts", `{"coupon":"pro"}`, 422, "is for products nothing, not for a customer", ""},
		"no number":        {"/v1/entities/$/coupons", `{"id":"x","name":"X","percent_off":true,"duration":"once"}`, 400, "expected string or number", "body.percent_off"},
		"unknown field":    {"/v1/entities/$/coupons", `{"id":"x","name":"X","percent_of":5,"duration":"once"}`, 400, "unexpected property", "body.percent_of"},
		"other terms":      {"/v1/entities/$/coupons", `{"id":"five","name":"Five","amount_off":{"USD":6},"duration":"once"}`, 409, "five", ""},
		"unknown seller":   {"/v1/entities/nobody/coupons", `{"id":"x","name":"X","percent_off":5,"duration":"once"}`, 400, `legal entity \"nobody\": not found`, "path.entity"},
		"code of nothing":  {"/v1/entities/$/coupon-codes", `{"code":"abc","coupon":"none"}`, 400, `there is no coupon \"none\"`, "body.coupon"},
		"code once more":   {"/v1/entities/$/coupon-codes", `{"code":"Take-5","coupon":"five","max_redemptions":9}`, 409, "TAKE-5 exists already", ""},
		"short code":       {"/v1/entities/$/coupon-codes", `{"code":"a","coupon":"five"}`, 400, "3 to 40", "body.code"},
		"unknown code":     {"/v1/customers/$-c/discounts", `{"code":"nope"}`, 422, "there is no code NOPE", ""},
		"unknown coupon":   {"/v1/customers/$-c/discounts", `{"coupon":"nope"}`, 400, "nope", "body.coupon"},
		"nothing named":    {"/v1/customers/$-c/discounts", `{}`, 400, "or give a code", "body.coupon"},
		"unknown customer": {"/v1/customers/nobody/discounts", `{"coupon":"five"}`, 404, "not found", ""},
	} {
		got := call(t, "POST", fill(id, b.path), fill(id, b.body))
		require.Equal(t, b.status, got.status, "%s: %s", name, got.body)
		require.Contains(t, string(got.body), b.says, name)
		if b.where != "" {
			require.Contains(t, string(got.body), `"location":"`+b.where+`"`, name)
		}
	}
	require.Equal(t, before, rows(t))
}

// Prices that are agreed over HTTP name their path when they are wrong, and are shown with the subscription.
func TestAgreedPricesOverHTTP(t *testing.T) {
	t.Parallel()
	id := running.Seller(t)
	running.Customer(t, startertest.NewCustomer(id, id+"-c"))
	subscribe := func(price string) reply {
		return call(t, "POST", "/v1/subscriptions", fill(id, `{"id":"$-s","customer":"$-c","plan":"$-team","seats":2,"prices":{"seats":{"USD":`+price+`}}}`))
	}
	refused := subscribe(`{"model":"per_unit","unit_amount":-1}`)
	require.Equal(t, http.StatusBadRequest, refused.status)
	require.Contains(t, string(refused.body), `"message":"seats.USD.unit_amount must not be negative, got -1","location":"body.prices"`)
	done := subscribe(`{"model":"per_unit","unit_amount":7.25}`)
	require.Equal(t, http.StatusCreated, done.status, string(done.body))
	require.Equal(t, map[string]any{"minor": 1450.0, "currency": "USD"}, done.json(t)["invoice"].(map[string]any)["total"])
	shown := call(t, "GET", fill(id, "/v1/subscriptions/$-s"), nil).json(t)["agreed_prices"].([]any)
	require.Equal(t, map[string]any{"seats": map[string]any{"USD": map[string]any{"model": "per_unit", "unit_amount": "7.25"}}}, shown[0].(map[string]any)["prices"])
	late := call(t, "POST", fill(id, "/v1/subscriptions/$-s/change"), `{"seats":3,"prices":{"seats":{"USD":{"model":"per_unit","unit_amount":1}}}}`)
	require.Equal(t, http.StatusUnprocessableEntity, late.status)
	require.Equal(t, "price_agreed", late.json(t)["code"])
}
