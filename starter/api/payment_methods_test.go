package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/starter/startertest"
)

func TestPaymentMethodsOverHTTP(t *testing.T) {
	t.Parallel()
	id := running.Seller(t)
	in := startertest.NewCustomer(id, id+"-c")
	in.Country, in.Zone, in.Currency, in.PaymentMethod = "DE", "Europe/Berlin", "EUR", ""
	running.Customer(t, in)
	path := "/v1/customers/" + id + "-c"
	set := call(t, "PUT", path+"/payment-method", `{"payment_method":"pm_success_de"}`)
	require.Equal(t, http.StatusOK, set.status, string(set.body))
	listed := call(t, "GET", path+"/payment-methods", nil).json(t)["data"].([]any)
	require.Len(t, listed, 1)
	method := listed[0].(map[string]any)
	require.Equal(t, "sepa_debit", method["kind"])
	require.Equal(t, "usable", method["status"])
	require.NotEmpty(t, method["mandate_reference"])
	require.Equal(t, "3000", method["last4"])

	refused := call(t, "PUT", path+"/payment-method", `{"payment_method":"pm_bacsDebit_success"}`)
	require.Equal(t, http.StatusUnprocessableEntity, refused.status)
	require.Contains(t, string(refused.body), "takes GBP, not EUR")
	require.Contains(t, string(refused.body), "payment_method_unsupported")
	require.Equal(t, http.StatusBadRequest, call(t, "PUT", path+"/payment-method", `{"payment_method":"pm_1","return_url":"x"}`).status)

	verify := "/v1/payment-methods/" + method["id"].(string) + "/verify"
	require.Equal(t, "usable", call(t, "POST", verify, `{"code":"SM11AA"}`).json(t)["status"], "it needs none")
	require.Equal(t, http.StatusBadRequest, call(t, "POST", verify, `{}`).status)
	require.Equal(t, http.StatusNotFound, call(t, "POST", "/v1/payment-methods/method_none/verify", `{"amounts":[32,45]}`).status)

	offered := call(t, "GET", "/v1/payment-methods/offer?country=NL&currency=EUR", nil).json(t)["data"].([]any)
	first := offered[0].(map[string]any)
	require.Equal(t, "ideal", first["kind"])
	require.Equal(t, "sepa_debit", first["becomes"])
	require.Equal(t, http.StatusBadRequest, call(t, "GET", "/v1/payment-methods/offer?country=NL&currency=EUX", nil).status)
	require.Equal(t, http.StatusBadRequest, call(t, "GET", "/v1/payment-methods/offer?country=NL", nil).status)
}
