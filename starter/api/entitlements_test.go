package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/starter/startertest"
)

func TestEntitlementsOverHTTP(t *testing.T) {
	t.Parallel()
	id := running.Seller(t)
	_, err := running.Service.AddPlans(t.Context(), id, strings.NewReader(startertest.Fill(id, `[{"id":"$-tries","version":1,"name":"Tries",
		"interval":{"unit":"month","count":1},"proration":"none","billed_by":"renewal","charges":[{"id":"fee","name":"fee","kind":"recurring",
		"per":"subscription","timing":"advance","tax_category":"saas_b2c","prices":{"USD":{"model":"flat"}}}],
		"entitlements":[{"feature":"video","limit":1,"per":"day"}]}]`)))
	require.NoError(t, err)
	running.Customer(t, startertest.NewCustomer(id, id+"-c"))
	subscribed := call(t, "POST", "/v1/subscriptions", `{"id":"`+id+`-s","customer":"`+id+`-c","plan":"`+id+`-tries"}`)
	require.Equal(t, http.StatusCreated, subscribed.status, string(subscribed.body))

	path := "/v1/customers/" + id + "-c/entitlements"
	uses := path + "/video/uses"
	first := call(t, "POST", uses, `{"id":"v1"}`).json(t)
	require.Equal(t, true, first["allowed"])
	require.EqualValues(t, 0, first["entitlement"].(map[string]any)["remaining"])
	over := call(t, "POST", uses, `{"id":"v2"}`)
	require.Equal(t, http.StatusOK, over.status, "no is an answer")
	require.Equal(t, "quota_exhausted", over.json(t)["reason"])
	require.NotEmpty(t, over.json(t)["entitlement"].(map[string]any)["resets_at"])
	listed := call(t, "GET", path, nil).json(t)["data"].([]any)
	require.EqualValues(t, 1, listed[0].(map[string]any)["used"])
	require.Equal(t, true, call(t, "DELETE", uses+"/v1", nil).json(t)["returned"])
	require.Equal(t, true, call(t, "POST", uses, `{"id":"v2"}`).json(t)["allowed"])

	require.Equal(t, http.StatusConflict, call(t, "POST", uses, `{"id":"v2","quantity":2}`).status)
	require.Equal(t, http.StatusBadRequest, call(t, "POST", uses, `{"id":"","quantity":1}`).status)
	require.Equal(t, http.StatusNotFound, call(t, "DELETE", uses+"/v9", nil).status)
	require.Equal(t, http.StatusNotFound, call(t, "GET", "/v1/customers/nobody/entitlements", nil).status)
}
