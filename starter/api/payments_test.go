package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/starter/service"
	"github.com/perennial-billing/perennial/starter/startertest"
)

func TestRefundOverHTTP(t *testing.T) {
	t.Parallel()
	id := running.Seller(t)
	running.Customer(t, startertest.NewCustomer(id, id+"-c"))
	running.Subscribe(t, service.NewSubscription{ID: id + "-s", Customer: id + "-c", Plan: id + "-pro"})
	list := call(t, "GET", "/v1/payments?customer="+id+"-c", nil).json(t)["data"].([]any)
	require.Len(t, list, 1)
	payment := list[0].(map[string]any)
	require.Equal(t, "succeeded", payment["status"])
	path := "/v1/payments/" + payment["id"].(string)

	refused := call(t, "POST", path+"/refunds", fill(id, `{"id":"$-r","amount":250}`))
	require.Equal(t, http.StatusUnprocessableEntity, refused.status)
	require.Contains(t, string(refused.body), "credit_too_small")
	unnamed := call(t, "POST", path+"/refunds", `{"amount":250}`)
	require.Equal(t, http.StatusBadRequest, unnamed.status, "a POST that cannot be repeated safely")
	require.Equal(t, http.StatusNotFound, call(t, "POST", "/v1/payments/pay_none/refunds", `{"id":"x"}`).status)

	body := fill(id, `{"id":"$-r","amount":250,"goodwill":true,"reason":"outage"}`)
	made := call(t, "POST", path+"/refunds", body)
	require.Equal(t, http.StatusCreated, made.status, string(made.body))
	require.Equal(t, "succeeded", made.json(t)["status"])
	require.Equal(t, made.json(t), call(t, "POST", path+"/refunds", body).json(t))
	other := call(t, "POST", path+"/refunds", fill(id, `{"id":"$-r","amount":251,"goodwill":true,"reason":"outage"}`))
	require.Equal(t, http.StatusConflict, other.status)

	shown := call(t, "GET", path, nil).json(t)
	require.EqualValues(t, 250, shown["refunded"])
	require.Len(t, shown["refunds"], 1)
}

func TestRetryOverHTTP(t *testing.T) {
	t.Parallel()
	d := newDebtor(t, "pm_card_chargeCustomerFail")
	payments := func() []any {
		return call(t, "GET", "/v1/payments?invoice="+d.invoice, nil).json(t)["data"].([]any)
	}
	path := "/v1/payments/" + payments()[0].(map[string]any)["id"].(string) + "/retry"
	made := call(t, "POST", path, nil)
	require.Equal(t, http.StatusOK, made.status, string(made.body))
	require.EqualValues(t, 2, made.json(t)["attempt"])
	require.Equal(t, "failed", made.json(t)["status"])
	require.Equal(t, made.json(t), call(t, "POST", path, nil).json(t))
	require.Len(t, payments(), 2)
	require.Equal(t, http.StatusNotFound, call(t, "POST", "/v1/payments/pay_none/retry", nil).status)
}
