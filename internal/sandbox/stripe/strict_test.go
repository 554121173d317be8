package stripe_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	stripego "github.com/stripe/stripe-go/v79"
)

// What Stripe refuses is refused here, or a mistake in a client would come to light only with real money.
func TestRefusesWhatStripeRefuses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p, err := b.api.PaymentIntents.New(onSession("pm_card_visa", 2000, "usd"))
	require.NoError(t, err)
	hold := onSession("pm_card_visa", 2000, "usd")
	hold.CaptureMethod = stripego.String("manual")
	held, err := b.api.PaymentIntents.New(hold)
	require.NoError(t, err)
	const payment = "amount=2000&currency=usd&"
	cases := []struct {
		method, path, form, code, param, phrase string
	}{
		// An id that was not filled in.
		{"POST", "/v1/payment_intents", payment + "customer=", "parameter_invalid_empty", "customer", "'customer' cannot be unset"},
		{"POST", "/v1/payment_intents", payment + "payment_method=", "parameter_invalid_empty", "payment_method", "cannot be unset"},
		{"POST", "/v1/refunds", "charge=", "parameter_invalid_empty", "charge", "cannot be unset"},
		{"GET", "/v1/charges?payment_intent=", "", "parameter_invalid_empty", "payment_intent", "cannot be unset"},
		{"GET", "/v1/payment_intents?customer=", "", "parameter_invalid_empty", "customer", "cannot be unset"},
		{"GET", "/v1/customers?email=", "", "parameter_invalid_empty", "email", "cannot be unset"},
		{"GET", "/v1/customers?starting_after=", "", "parameter_invalid_empty", "starting_after", "cannot be unset"},
		// A value that means nothing.
		{"POST", "/v1/customers", "email=nobody", "email_invalid", "email", "Invalid email address: nobody"},
		{"POST", "/v1/payment_intents", payment + "receipt_email=a@b@c", "email_invalid", "receipt_email", "Invalid email address"},
		{"POST", "/v1/customers", "metadata[a]=%ff", "", "", `"metadata[a]" is not UTF-8`},
		{"POST", "/v1/customers", "metadata[%fe]=x", "", "", "is not UTF-8"},
		{"POST", "/v1/webhook_endpoints", "url=https://shop.example&enabled_events[]=charge.succeded", "", "enabled_events[0]", "charge.succeded is not an event"},
		// Parameters of elsewhere.
		{"POST", "/v1/customers", "shipping[name]=A&shipping[address][city]=B&shipping[carrier]=C", "parameter_unknown", "shipping[carrier]", "unknown parameter"},
		{"POST", "/v1/customers", "shipping[name]=A", "parameter_missing", "shipping[address]", "Missing required param"},
		{"POST", "/v1/payment_intents", payment + "client_secret=x", "parameter_unknown", "client_secret", "unknown parameter"},
		{"POST", "/v1/payment_intents", payment + "payment_method_options[card][bogus]=x", "parameter_unknown", "payment_method_options[card][bogus]", "unknown parameter"},
		{"GET", "/v1/payment_methods?customer=cus_x&created[gte]=1", "", "parameter_unknown", "created", "unknown parameter"},
		{"POST", "/v1/refunds", "charge=" + p.LatestCharge.ID + "&payment_intent=" + p.ID, "", "charge", "only specify one of these parameters: charge, payment_intent"},
		{"POST", "/v1/refunds", "charge=" + p.LatestCharge.ID + "&currency=eur", "", "currency", "is in usd and cannot be refunded in eur"},
		{"POST", "/v1/payment_intents/" + held.ID + "/capture", "amount_to_capture=500&final_capture=false", "", "final_capture", "can be captured only once"},
		{"POST", "/v1/setup_intents", "payment_method=pm_card_visa&confirm=true", "", "return_url", "you must provide a `return_url`"},
		{"POST", "/v1/setup_intents", "payment_method_types[]=card&automatic_payment_methods[enabled]=true", "", "payment_method_types", "only specify one"},
	}
	for _, tc := range cases {
		res, body := b.raw(t, tc.method, tc.path, tc.form, nil)
		e := errorOf(body)
		require.Equal(t, http.StatusBadRequest, res.StatusCode, "%v: %v", tc, body)
		require.Contains(t, e["message"], tc.phrase, tc)
		require.Equal(t, tc.code, text(e["code"]), tc)
		require.Equal(t, tc.param, text(e["param"]), tc)
	}
	res, body := b.raw(t, http.MethodGet, "/v1/customers", "", map[string]string{"Stripe-Account": "acct_1"})
	require.Equal(t, http.StatusForbidden, res.StatusCode)
	require.Equal(t, "account_invalid", errorOf(body)["code"])
	res, body = b.raw(t, http.MethodGet, "/v1/invoices/search?query=status:'open'", "", nil)
	require.Equal(t, http.StatusNotFound, res.StatusCode)
	require.Contains(t, errorOf(body)["message"], "Unrecognized request URL")
}

// onSession describes a payment by a customer who is present and redirected if need be.
func onSession(method string, amount int64, currency string) *stripego.PaymentIntentParams {
	return &stripego.PaymentIntentParams{
		Amount: &amount, Currency: &currency, PaymentMethod: &method, Confirm: stripego.Bool(true), ReturnURL: stripego.String("https://shop.example/back"),
	}
}

func TestEmptyValuesUnset(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, err := b.api.Customers.New(&stripego.CustomerParams{Name: stripego.String("Ada"), TaxExempt: stripego.String("reverse")})
	require.NoError(t, err)
	c, err = b.api.Customers.Update(c.ID, &stripego.CustomerParams{Name: stripego.String(""), TaxExempt: stripego.String("")})
	require.NoError(t, err)
	require.Empty(t, c.Name)
	require.Equal(t, stripego.CustomerTaxExemptNone, c.TaxExempt)

	c, err = b.api.Customers.Update(c.ID, &stripego.CustomerParams{InvoiceSettings: &stripego.CustomerInvoiceSettingsParams{
		CustomFields:     []*stripego.CustomerInvoiceSettingsCustomFieldParams{{Name: stripego.String("PO"), Value: stripego.String("42")}},
		RenderingOptions: &stripego.CustomerInvoiceSettingsRenderingOptionsParams{AmountTaxDisplay: stripego.String("exclude_tax")},
	}})
	require.NoError(t, err)
	require.Equal(t, "42", c.InvoiceSettings.CustomFields[0].Value)
	require.Equal(t, "exclude_tax", c.InvoiceSettings.RenderingOptions.AmountTaxDisplay)
	_, body := b.raw(t, http.MethodPost, "/v1/customers/"+c.ID, "invoice_settings[custom_fields]=&invoice_settings[rendering_options]=", nil)
	require.Nil(t, body["invoice_settings"].(map[string]any)["custom_fields"])
	require.Nil(t, body["invoice_settings"].(map[string]any)["rendering_options"])

	p, err := b.api.PaymentIntents.New(&stripego.PaymentIntentParams{
		Amount: stripego.Int64(2000), Currency: stripego.String("usd"), SetupFutureUsage: stripego.String("off_session"),
	})
	require.NoError(t, err)
	p, err = b.api.PaymentIntents.Update(p.ID, &stripego.PaymentIntentParams{SetupFutureUsage: stripego.String("")})
	require.NoError(t, err)
	require.Empty(t, p.SetupFutureUsage)
}

func TestTimesAtTheEndOfTimeMatchNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer(t)
	for _, filter := range []string{"created[gt]=9223372036854775807", "created[lt]=-9223372036854775808"} {
		_, body := b.raw(t, http.MethodGet, "/v1/customers?"+filter, "", nil)
		require.Empty(t, body["data"], filter)
	}
}
