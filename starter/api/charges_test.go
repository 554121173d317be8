package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/starter/startertest"
)

func TestChargesOverHTTP(t *testing.T) {
	t.Parallel()
	id := running.Seller(t)
	running.Customer(t, startertest.NewCustomer(id, id+"-c"))
	require.Equal(t, http.StatusCreated, call(t, "POST", "/v1/subscriptions", fill(id, `{"id":"$-s","customer":"$-c","plan":"$-team","seats":2}`)).status)
	charges := fill(id, "/v1/subscriptions/$-s/charges")
	fee := `{"id":"fee","unit_amount":"30","tax_category":"saas_b2b"}`
	require.Len(t, call(t, "POST", fill(id, "/v1/subscriptions/$-s/preview/charge"), fee).json(t)["invoices"], 1)
	require.Empty(t, call(t, "GET", charges, nil).json(t)["data"], "a preview charges nothing")
	first := call(t, "POST", charges, fee)
	require.Equal(t, http.StatusOK, first.status, first)
	require.Equal(t, first.json(t), call(t, "POST", charges, fee).json(t))
	require.Equal(t, http.StatusConflict, call(t, "POST", charges, `{"id":"fee","unit_amount":"31","tax_category":"saas_b2b"}`).status)

	require.Len(t, call(t, "GET", charges, nil).json(t)["data"], 1)
	require.Equal(t, http.StatusOK, call(t, "DELETE", charges+"/fee", nil).status)
	require.Equal(t, http.StatusOK, call(t, "DELETE", charges+"/fee", nil).status, "asked for again, it is canceled as it was")
	now := call(t, "POST", charges, `{"id":"visit","unit_amount":"10","tax_category":"saas_b2b","when":"now"}`).json(t)
	require.Equal(t, "paid", now["invoice"].(map[string]any)["payment"])
	require.Equal(t, http.StatusUnprocessableEntity, call(t, "DELETE", charges+"/visit", nil).status)
	require.Equal(t, http.StatusUnprocessableEntity, call(t, "DELETE", charges+"/nix", nil).status)
	bad := call(t, "POST", charges, `{"id":"x","unit_amount":"-1","tax_category":"saas_b2b"}`)
	require.Equal(t, http.StatusBadRequest, bad.status)
	require.Contains(t, string(bad.body), "unit_amount")
	require.Len(t, call(t, "GET", charges, nil).json(t)["data"], 2)
}
