package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/starter/startertest"
)

func TestPrepaidCreditOverHTTP(t *testing.T) {
	t.Parallel()
	id := running.Seller(t)
	running.Customer(t, startertest.NewCustomer(id, id+"-c"))
	grants, wallet := fill(id, "/v1/customers/$-c/grants"), fill(id, "/v1/customers/$-c/wallet")
	for range 2 {
		given := call(t, "POST", grants, `{"id":"annual","amount":12000,"cost":10000,"payment":"outside"}`)
		require.Equal(t, http.StatusOK, given.status, string(given.body))
		require.Equal(t, "usable", given.json(t)["status"])
	}
	sold := call(t, "POST", "/v1/subscriptions", fill(id, `{"id":"$-s","customer":"$-c","plan":"$-team","seats":2,"currency":"USD"}`))
	require.Equal(t, http.StatusCreated, sold.status, string(sold.body))
	shown := call(t, "GET", wallet, nil).json(t)
	require.InDelta(t, 12000-1600, shown["balance"], 0, "two seats at 8.00 were paid from it")
	require.Equal(t, http.StatusOK, call(t, "PUT", wallet+"/top-up", `{"below":1000,"amount":5000}`).status)
	returned := call(t, "DELETE", grants+"/annual", nil)
	require.Equal(t, http.StatusOK, returned.status, string(returned.body))
	require.InDelta(t, 0, call(t, "GET", wallet, nil).json(t)["balance"], 0)

	for body, field := range map[string]string{
		`{"id":"x","amount":0}`:                         "amount",
		`{"id":"x","amount":5,"payment":"loan"}`:        "payment",
		`{"id":"x","amount":5,"currency":"XXB"}`:        "currency",
		`{"id":"annual","amount":5}`:                    "annual",
		`{"id":"x","amount":5,"colour":"red"}`:          "colour",
		`{"id":"x","amount":500,"cost":1}`:              "cost",
		`{"id":"x","amount":500,"valid_for":"a while"}`: "valid_for",
	} {
		bad := call(t, "POST", grants, body)
		require.GreaterOrEqual(t, bad.status, http.StatusBadRequest, body)
		require.Less(t, bad.status, http.StatusInternalServerError, string(bad.body))
		require.Contains(t, string(bad.body), field)
	}
	require.Equal(t, http.StatusNotFound, call(t, "GET", "/v1/customers/nobody/wallet", nil).status)
}
