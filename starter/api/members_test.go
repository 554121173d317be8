package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/starter/startertest"
)

func TestMembersOverHTTP(t *testing.T) {
	t.Parallel()
	id := running.Seller(t)
	buyer := startertest.NewCustomer(id, id+"-c")
	buyer.Zone = "UTC"
	running.Customer(t, buyer)
	made := call(t, http.MethodPost, "/v1/subscriptions", fill(id, `{"id":"$-s","customer":"$-c","plan":"$-team","fair_billing":{"minimum_seats":2,"members":[{"id":"u1"}]}}`))
	require.Equal(t, http.StatusCreated, made.status, string(made.body))
	require.InDelta(t, 2, made.json(t)["seats"], 0)
	activity := "/v1/subscriptions/" + id + "-s/member-activity"
	today := made.json(t)["started_at"].(string)[:10]
	for _, joined := range []float64{1, 0} {
		told := call(t, http.MethodPost, activity, `{"actions":[{"member":"u2","at":"`+today+`"},{"member":"u1","at":"`+today+`"}]}`)
		require.Equal(t, http.StatusOK, told.status, string(told.body))
		require.Equal(t, map[string]any{"accepted": 2.0, "new": joined, "joined": joined}, told.json(t))
	}
	wrong := call(t, http.MethodPost, activity, `{"actions":[{"member":"u3","at":"`+today+`"},{"member":"","at":"2999-01-01"}]}`)
	require.Equal(t, http.StatusBadRequest, wrong.status)
	require.Contains(t, string(wrong.body), "actions[1].member")
	require.Contains(t, string(wrong.body), "actions[1].at")
	left := call(t, http.MethodDelete, "/v1/subscriptions/"+id+"-s/members/u1", nil)
	require.Equal(t, http.StatusOK, left.status, string(left.body))
	require.Equal(t, today, left.json(t)["until"])
	listed := call(t, http.MethodGet, "/v1/subscriptions/"+id+"-s/members?limit=1", nil).json(t)
	require.Equal(t, "u1", listed["next"])
	require.Equal(t, []any{map[string]any{"id": "u1", "since": today, "until": today, "active": false}}, listed["data"])
	require.Equal(t, http.StatusNotFound, call(t, http.MethodDelete, "/v1/subscriptions/"+id+"-s/members/u9", nil).status)
	require.Equal(t, http.StatusNotFound, call(t, http.MethodGet, "/v1/subscriptions/"+id+"-s/member-statement", nil).status)
	require.Contains(t, string(call(t, http.MethodGet, "/v1/subscriptions/none/members", nil).body), "not found")
}
