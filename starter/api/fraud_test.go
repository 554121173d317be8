package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/starter/service"
	"github.com/perennial-billing/perennial/starter/startertest"
)

func TestScreeningOverHTTP(t *testing.T) {
	t.Parallel()
	id := running.Seller(t)
	running.Customer(t, startertest.NewCustomer(id, id+"-c"))
	path := "/v1/entities/" + id + "/fraud"
	rule := `{"name":"first","kind":"review","expression":"payment.first","by":"ada","why":"a test"}`
	added := call(t, "POST", path+"/rules", rule)
	require.Equal(t, http.StatusOK, added.status, string(added.body))
	require.Equal(t, "draft", added.json(t)["status"])
	wrong := call(t, "POST", path+"/rules", `{"name":"wrong","kind":"block","expression":"payment.amount > 1.5","by":"ada","why":"a test"}`)
	require.Equal(t, http.StatusBadRequest, wrong.status)
	require.Contains(t, string(wrong.body), "line 1, column 16")
	early := call(t, "POST", path+"/rules/first/enable", `{"by":"ada","why":"go"}`)
	require.Equal(t, http.StatusUnprocessableEntity, early.status)
	require.Contains(t, string(early.body), "dry_run_missing")
	tried := call(t, "POST", path+"/rule-tests", `{"kind":"review","expression":"payment.first"}`)
	require.Equal(t, http.StatusOK, tried.status, string(tried.body))
	require.Equal(t, "live", call(t, "POST", path+"/rules/first/enable", `{"by":"ada","why":"go"}`).json(t)["status"])
	require.Len(t, call(t, "GET", path+"/rules?status=live", nil).json(t)["data"], 1)
	require.Len(t, call(t, "GET", path+"/rules/first", nil).json(t)["data"], 1)

	started := running.Subscribe(t, service.NewSubscription{ID: id + "-s", Customer: id + "-c", Plan: id + "-pro"})
	require.EqualValues(t, "held", started.Status)
	reviews := call(t, "GET", "/v1/fraud/reviews?status=open&customer="+id+"-c", nil).json(t)["data"].([]any)
	require.Len(t, reviews, 1)
	payment := reviews[0].(map[string]any)["payment_id"].(string)
	unnamed := call(t, "POST", "/v1/fraud/reviews/"+payment+"/approve", `{"by":"","why":"known"}`)
	require.Equal(t, http.StatusBadRequest, unnamed.status)
	approved := call(t, "POST", "/v1/fraud/reviews/"+payment+"/approve", `{"by":"grace","why":"known"}`)
	require.Equal(t, http.StatusOK, approved.status, string(approved.body))
	require.Equal(t, "approved", approved.json(t)["status"])
	declined := call(t, "POST", "/v1/fraud/reviews/"+payment+"/decline", `{"by":"grace","why":"known"}`)
	require.Equal(t, http.StatusUnprocessableEntity, declined.status)
	explained := call(t, "GET", "/v1/payments/"+payment+"/fraud", nil)
	require.Contains(t, string(explained.body), `"payment.first"`)
	require.NotContains(t, string(explained.body), "@")
	require.Equal(t, "retired", call(t, "POST", path+"/rules/first/retire", `{"by":"ada","why":"done"}`).json(t)["status"])
	require.Equal(t, http.StatusNotFound, call(t, "GET", "/v1/fraud/reviews/pay_none", nil).status)
	require.Equal(t, http.StatusNotFound, call(t, "POST", "/v1/fraud/warnings/issfr_none/refund", nil).status)
	require.Equal(t, http.StatusOK, call(t, "GET", "/v1/fraud/warnings?open=true&entity="+id, nil).status)
}

func TestListsAndPolicyOverHTTP(t *testing.T) {
	t.Parallel()
	id := running.Seller(t)
	path := "/v1/entities/" + id + "/fraud"
	require.Equal(t, http.StatusOK, call(t, "POST", path+"/lists", `{"name":"farms","type":"email_domain","by":"ada"}`).status)
	added := call(t, "POST", path+"/lists/farms/items", `{"value":"@Farm.example","by":"ada","why":"bots"}`)
	require.Equal(t, "farm.example", added.json(t)["value"])
	require.Len(t, call(t, "GET", path+"/lists/farms/items", nil).json(t)["data"], 1)
	require.Len(t, call(t, "GET", path+"/lists", nil).json(t)["data"], 1)
	require.Equal(t, http.StatusOK, call(t, "POST", path+"/lists/farms/items/remove", `{"value":"farm.example","by":"ada","why":"sold"}`).status)
	require.Empty(t, call(t, "GET", path+"/lists/farms/items", nil).json(t)["data"])
	require.EqualValues(t, 72, call(t, "GET", path+"/policy", nil).json(t)["review_hours"])
	set := call(t, "PUT", path+"/policy", `{"review_hours":24,"on_deadline":"decline","trials":{"per_fingerprint":1,"per_email":0,"per_device":0,"within_days":365}}`)
	require.Equal(t, http.StatusOK, set.status, string(set.body))
	require.Equal(t, http.StatusBadRequest, call(t, "PUT", path+"/policy", `{"review_hours":24,"on_deadline":"shrug"}`).status)
}
