package stripe_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	stripego "github.com/stripe/stripe-go/v79"
)

func TestKeys(t *testing.T) {
	t.Parallel()
	b := setup(t)
	cases := map[string]string{
		"":                     "did not provide an API key",
		"Bearer sk_live_fake":  "refuses live API keys",
		"Bearer rk_live_fake":  "refuses live API keys",
		"Bearer nonsense":      "Invalid API Key provided: ********",
		"Bearer sk_test_":      "Invalid API Key provided",
		"Basic c2tfdGVzdF94Og": "did not provide an API key",
	}
	for header, want := range cases {
		res, body := b.raw(t, http.MethodGet, "/v1/customers", "", map[string]string{"Authorization": header})
		require.Equal(t, http.StatusUnauthorized, res.StatusCode, header)
		require.Contains(t, errorOf(body)["message"], want, header)
		require.NotContains(t, errorOf(body)["message"], "sk_live_fake")
	}
	res, _ := b.raw(t, http.MethodGet, "/v1/customers", "", map[string]string{"Authorization": "Basic c2tfdGVzdF94Og=="})
	require.Equal(t, http.StatusOK, res.StatusCode)
	require.Regexp(t, `^req_\w+$`, res.Header.Get("Request-Id"))
	require.Equal(t, stripego.APIVersion, res.Header.Get("Stripe-Version"))
}

func errorOf(body map[string]any) map[string]any {
	e, _ := body["error"].(map[string]any)
	return e
}

func TestBadRequests(t *testing.T) {
	t.Parallel()
	b := setup(t)
	cases := []struct {
		method, path, form  string
		status              int
		code, param, phrase string
	}{
		{"GET", "/v1/nonsense", "", 404, "", "", "Unrecognized request URL (GET: /v1/nonsense)"},
		{"PATCH", "/v1/customers", "", 404, "", "", "Unrecognized request URL"},
		{"GET", "/v1/customers/cus_none", "", 404, "resource_missing", "id", "No such customer: 'cus_none'"},
		{"GET", "/v1/payment_intents/pi_none", "", 404, "resource_missing", "intent", "No such payment_intent: 'pi_none'"},
		{"POST", "/v1/customers", "colour=red", 400, "parameter_unknown", "colour", "Received unknown parameter: colour"},
		{"POST", "/v1/customers", "address[street]=x", 400, "parameter_unknown", "address[street]", "unknown parameter"},
		{"POST", "/v1/customers", "tax_exempt=maybe", 400, "", "tax_exempt", "must be one of none, exempt, reverse"},
		{"POST", "/v1/customers", "balance=x", 400, "parameter_invalid_integer", "balance", "Invalid integer: x"},
		{"POST", "/v1/customers", "balance=", 400, "parameter_invalid_empty", "balance", "empty string"},
		{"POST", "/v1/customers", "address=x", 400, "", "address", "Invalid object"},
		{"POST", "/v1/customers", "preferred_locales=x", 400, "", "preferred_locales", "Invalid array"},
		{"POST", "/v1/customers", "name=" + strings.Repeat("x", 257), 400, "", "name", "at most 256"},
		{"POST", "/v1/customers", "metadata[" + strings.Repeat("k", 41) + "]=v", 400, "", "metadata", "up to 40"},
		{"POST", "/v1/customers", "metadata[k]=" + strings.Repeat("v", 501), 400, "", "metadata[k]", "up to 500"},
		{"POST", "/v1/customers", manyKeys(51), 400, "", "metadata", "up to 50"},
		{"POST", "/v1/customers", "payment_method=pm_none", 400, "resource_missing", "payment_method", "No such PaymentMethod"},
		{"POST", "/v1/customers", "a=%zz", 400, "", "", "not URL-encoded"},
		{"POST", "/v1/payment_intents", "currency=usd", 400, "parameter_missing", "amount", "Missing required param: amount."},
		{"POST", "/v1/payment_intents", "amount=2000", 400, "parameter_missing", "currency", "Missing required param"},
		{"POST", "/v1/payment_intents", "amount=2000&currency=usd&confirm=true", 400, "payment_intent_unexpected_state", "", "missing a payment method"},
		{"POST", "/v1/payment_intents", "amount=2000&currency=usd&off_session=true", 400, "", "off_session", "when `confirm` is `true`"},
		{"POST", "/v1/payment_intents", "amount=2000&currency=usd&confirm=yes", 400, "", "confirm", "Invalid boolean: yes"},
		{"GET", "/v1/customers?limit=0", "", 400, "parameter_invalid_integer", "limit", "greater than or equal to 1"},
		{"GET", "/v1/customers?limit=101", "", 400, "parameter_invalid_integer", "limit", "less than or equal to 100"},
		{"GET", "/v1/customers?starting_after=cus_none", "", 400, "resource_missing", "starting_after", "No such customer"},
		{"GET", "/v1/charges?expand[]=data.a.b.c.d", "", 400, "", "expand", "more than 4 levels"},
		{"GET", "/v1/balance?expand[]=available", "", 400, "", "expand", "cannot be expanded (available)"},
		{"GET", "/v1/payment_methods", "", 400, "parameter_missing", "customer", "Missing required param"},
		{"POST", "/v1/payment_methods", "type=card&card[number]=4111111111111111&card[exp_month]=1&card[exp_year]=2099", 402, "incorrect_number", "number", "test card numbers only"},
		{"POST", "/v1/payment_methods", "type=sofort", 400, "payment_method_unsupported_type", "type", "sofort"},
		{"POST", "/v1/payment_methods/pm_none/attach", "customer=cus_none", 400, "resource_missing", "customer", "No such customer"},
		{"POST", "/v1/refunds", "", 400, "parameter_missing", "", "payment_intent or charge"},
		{"POST", "/v1/webhook_endpoints", "url=ftp://x&enabled_events[]=*", 400, "url_invalid", "url", "Invalid URL"},
	}
	for _, tc := range cases {
		res, body := b.raw(t, tc.method, tc.path, tc.form, nil)
		e := errorOf(body)
		require.Equal(t, tc.status, res.StatusCode, "%v: %v", tc, body)
		require.Contains(t, e["message"], tc.phrase, tc)
		require.Equal(t, tc.code, text(e["code"]), tc)
		require.Equal(t, tc.param, text(e["param"]), tc)
	}
	it := b.api.Customers.List(&stripego.CustomerListParams{})
	require.False(t, it.Next(), "a refused request must leave nothing behind")
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

func manyKeys(n int) string {
	var pairs []string
	for i := range n {
		pairs = append(pairs, fmt.Sprintf("metadata[k%d]=v", i))
	}
	return strings.Join(pairs, "&")
}

func TestOtherVersionsAndTimesAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	res, body := b.raw(t, http.MethodGet, "/v1/customers", "", map[string]string{"Stripe-Version": "2025-03-31.basil"})
	require.Equal(t, http.StatusBadRequest, res.StatusCode)
	require.Contains(t, errorOf(body)["message"], "speaks 2024-06-20 only")
	res, body = b.raw(t, http.MethodGet, "/v1/customers", "", map[string]string{"Perennial-As-Of": "tomorrow"})
	require.Equal(t, http.StatusBadRequest, res.StatusCode)
	require.Contains(t, errorOf(body)["message"], "RFC 3339")
	res, _ = b.raw(t, http.MethodPost, "/v1/customers", `{"name":"x"}`, map[string]string{"Content-Type": "application/json"})
	require.Equal(t, http.StatusBadRequest, res.StatusCode)
}

func TestPagination(t *testing.T) {
	t.Parallel()
	b := setup(t)
	start := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	var want []string
	for i := range 25 {
		params := &stripego.CustomerParams{Email: stripego.String(fmt.Sprintf("c%d@example.com", i%2))}
		asOf(&params.Params, start.Add(time.Duration(i)*time.Hour))
		c, err := b.api.Customers.New(params)
		require.NoError(t, err)
		want = append([]string{c.ID}, want...)
	}
	list := func(params stripego.CustomerListParams) (ids []string) {
		it := b.api.Customers.List(&params)
		for it.Next() {
			ids = append(ids, it.Customer().ID)
		}
		require.NoError(t, it.Err())
		return ids
	}
	pageOf := func(n int64) stripego.ListParams { return stripego.ListParams{Limit: &n} }
	require.Equal(t, want, list(stripego.CustomerListParams{}))
	require.Equal(t, want, list(stripego.CustomerListParams{ListParams: pageOf(7)}))
	require.Len(t, list(stripego.CustomerListParams{Email: stripego.String("c1@example.com"), ListParams: pageOf(5)}), 12)
	require.Empty(t, list(stripego.CustomerListParams{Email: stripego.String("nobody@example.com")}))

	bounds := &stripego.RangeQueryParams{GreaterThanOrEqual: start.Add(5 * time.Hour).Unix(), LesserThan: start.Add(10 * time.Hour).Unix()}
	require.Equal(t, want[15:20], list(stripego.CustomerListParams{CreatedRange: bounds}))

	before := stripego.CustomerListParams{ListParams: stripego.ListParams{EndingBefore: &want[10], Limit: stripego.Int64(4), Single: true}}
	it := b.api.Customers.List(&before)
	require.True(t, it.CustomerList().HasMore)
	var got []string
	for _, c := range it.CustomerList().Data {
		got = append(got, c.ID)
	}
	require.Equal(t, want[6:10], got)
	require.Equal(t, "/v1/customers", it.CustomerList().URL)
}

func TestExpandOnLists(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, m := b.customerWith(t, "pm_card_visa")
	p, err := b.api.PaymentIntents.New(offSession(c.ID, m.ID, 2000, "usd"))
	require.NoError(t, err)
	_, err = b.api.Refunds.New(&stripego.RefundParams{PaymentIntent: &p.ID, Amount: stripego.Int64(500)})
	require.NoError(t, err)

	params := &stripego.ChargeListParams{}
	params.AddExpand("data.payment_intent.payment_method.customer")
	params.AddExpand("data.refunds")
	it := b.api.Charges.List(params)
	require.True(t, it.Next(), "%v", it.Err())
	require.Equal(t, "Ada", it.Charge().PaymentIntent.PaymentMethod.Customer.Name)
	require.Equal(t, int64(500), it.Charge().Refunds.Data[0].Amount)

	movements := &stripego.BalanceTransactionListParams{}
	movements.AddExpand("data.source")
	for txns := b.api.BalanceTransactions.List(movements); txns.Next(); {
		require.NotNil(t, txns.BalanceTransaction().Source)
	}
}

func TestCustomerLifeCycle(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, m := b.customerWith(t, "pm_card_visa")
	params := &stripego.CustomerParams{
		Address:         &stripego.AddressParams{Country: stripego.String("DE"), City: stripego.String("Köln")},
		InvoiceSettings: &stripego.CustomerInvoiceSettingsParams{DefaultPaymentMethod: &m.ID},
		Metadata:        map[string]string{"a": "1", "b": "2"},
	}
	params.AddExpand("invoice_settings.default_payment_method")
	c, err := b.api.Customers.Update(c.ID, params)
	require.NoError(t, err)
	require.Equal(t, "Köln", c.Address.City)
	require.Equal(t, "4242", c.InvoiceSettings.DefaultPaymentMethod.Card.Last4)
	c, err = b.api.Customers.Update(c.ID, &stripego.CustomerParams{Metadata: map[string]string{"a": "", "c": "3"}, Name: stripego.String("")})
	require.NoError(t, err)
	require.Equal(t, map[string]string{"b": "2", "c": "3"}, c.Metadata)
	require.Empty(t, c.Name)

	methods := b.api.Customers.ListPaymentMethods(&stripego.CustomerListPaymentMethodsParams{Customer: &c.ID, Type: stripego.String("card")})
	require.True(t, methods.Next())
	require.Equal(t, m.ID, methods.PaymentMethod().ID)

	_, err = b.api.PaymentMethods.Detach(m.ID, nil)
	require.NoError(t, err)
	c, err = b.api.Customers.Get(c.ID, nil)
	require.NoError(t, err)
	require.Nil(t, c.InvoiceSettings.DefaultPaymentMethod)
	_, err = b.api.PaymentIntents.New(offSession(c.ID, m.ID, 2000, "usd"))
	require.Contains(t, refusal(t, err).Msg, "may not be used again")

	gone, err := b.api.Customers.Del(c.ID, nil)
	require.NoError(t, err)
	require.True(t, gone.Deleted)
	c, err = b.api.Customers.Get(c.ID, nil)
	require.NoError(t, err)
	require.True(t, c.Deleted)
	_, err = b.api.Customers.Update(c.ID, &stripego.CustomerParams{Name: stripego.String("x")})
	require.Equal(t, http.StatusNotFound, refusal(t, err).HTTPStatusCode)
}

func TestMethodsBelongToOneCustomer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, m := b.customerWith(t, "pm_card_visa")
	other := b.customer(t)
	_, err := b.api.PaymentIntents.New(offSession(other.ID, m.ID, 2000, "usd"))
	require.Contains(t, refusal(t, err).Msg, "belongs to a different Customer")
	_, err = b.api.PaymentMethods.Attach(m.ID, &stripego.PaymentMethodAttachParams{Customer: &other.ID})
	require.Contains(t, refusal(t, err).Msg, "already been attached")
	_, err = b.api.Customers.Update(other.ID, &stripego.CustomerParams{InvoiceSettings: &stripego.CustomerInvoiceSettingsParams{DefaultPaymentMethod: &m.ID}})
	require.Contains(t, refusal(t, err).Msg, "must be attached to the customer")
}

func TestCardsByNumberAndToken(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m, err := b.api.PaymentMethods.New(&stripego.PaymentMethodParams{
		Type: stripego.String("card"), Card: &stripego.PaymentMethodCardParams{
			Number:   stripego.String("5555555555554444"),
			ExpMonth: stripego.Int64(3), ExpYear: stripego.Int64(2050), CVC: stripego.String("123"),
		},
		BillingDetails: &stripego.PaymentMethodBillingDetailsParams{Name: stripego.String("Ada"), Address: &stripego.AddressParams{Country: stripego.String("FR")}},
	})
	require.NoError(t, err)
	require.Equal(t, stripego.PaymentMethodCardBrandMastercard, m.Card.Brand)
	require.Equal(t, "FR", m.BillingDetails.Address.Country)
	byToken, err := b.api.PaymentMethods.New(&stripego.PaymentMethodParams{Type: stripego.String("card"), Card: &stripego.PaymentMethodCardParams{Token: stripego.String("tok_visa")}})
	require.NoError(t, err)
	require.Equal(t, "4242", byToken.Card.Last4)
	c := b.customer(t)
	_, err = b.api.PaymentMethods.Attach(m.ID, &stripego.PaymentMethodAttachParams{Customer: &c.ID})
	require.NoError(t, err)
	m, err = b.api.PaymentMethods.Update(m.ID, &stripego.PaymentMethodParams{Card: &stripego.PaymentMethodCardParams{ExpYear: stripego.Int64(2055)}})
	require.NoError(t, err)
	require.Equal(t, int64(2055), m.Card.ExpYear)
}
