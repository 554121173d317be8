package api_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/starter/startertest"
)

func TestAYearOnATestClockOverHTTP(t *testing.T) {
	t.Parallel()
	id := running.Seller(t)
	start := startertest.NextYear()
	path := "/v1/test-clocks/" + id + "-clock"
	made := call(t, "POST", "/v1/test-clocks", `{"id":"`+id+`-clock","at":"`+start.Format(time.RFC3339)+`"}`)
	require.Equal(t, http.StatusCreated, made.status, string(made.body))
	running.Customer(t, startertest.NewCustomer(id, id+"-c"))
	require.Equal(t, http.StatusOK, call(t, "POST", path+"/customers", `{"customer":"`+id+`-c"}`).status)
	require.Equal(t, http.StatusCreated, call(t, "POST", "/v1/subscriptions", `{"id":"`+id+`-s","customer":"`+id+`-c","plan":"`+id+`-pro"}`).status)
	to := start.AddDate(0, 2, 1).Format(time.RFC3339)
	moved := call(t, "POST", path+"/advance", `{"to":"`+to+`"}`)
	require.Equal(t, http.StatusOK, moved.status, string(moved.body))
	require.Equal(t, to, moved.json(t)["now"])
	require.Equal(t, moved.json(t), call(t, "GET", path, nil).json(t))
	require.Len(t, call(t, "GET", "/v1/invoices?customer="+id+"-c", nil).json(t)["data"].([]any), 3, "the first and two renewals")

	require.Equal(t, http.StatusBadRequest, call(t, "POST", path+"/advance", `{"to":"2020-01-01T00:00:00Z"}`).status)
	require.Equal(t, http.StatusNotFound, call(t, "POST", "/v1/test-clocks/none/advance", `{"to":"`+to+`"}`).status)
	require.Equal(t, http.StatusUnprocessableEntity, call(t, "POST", path+"/customers", `{"customer":"`+other(t, id)+`"}`).status)
}

// other is a customer who has a subscription in real time.
func other(t *testing.T, id string) string {
	t.Helper()
	running.Customer(t, startertest.NewCustomer(id, id+"-d"))
	require.Equal(t, http.StatusCreated, call(t, "POST", "/v1/subscriptions", `{"id":"`+id+`-t","customer":"`+id+`-d","plan":"`+id+`-pro"}`).status)
	return id + "-d"
}
