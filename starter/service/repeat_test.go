package service_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/starter/service"
	"github.com/perennial-billing/perennial/starter/startertest"
)

// A request that leaves the version out means the one that was sold when it was made first, whatever became of the plan and
// of the subscription since. Another request is refused with what differs.
func TestARepeatedSubscriptionIsTheSameWhateverBecameOfIt(t *testing.T) {
	t.Parallel()
	id := running.Seller(t)
	running.Customer(t, startertest.NewCustomer(id, id+"-c"))
	running.Customer(t, startertest.NewCustomer(id, id+"-d"))
	request := service.NewSubscription{ID: id + "-s", Customer: id + "-c", Plan: id + "-team", Seats: 2}
	first := running.Subscribe(t, request)
	_, err := running.Service.AddPlans(t.Context(), id, strings.NewReader(startertest.Fill(id, `[
		{"id":"$-team","version":2,"name":"Team","interval":{"unit":"month","count":1},"proration":"day","billed_by":"renewal",
		 "charges":[{"id":"seats","name":"seats","kind":"recurring","per":"seat","timing":"advance","tax_category":"saas_b2c",
		  "prices":{"USD":{"model":"per_unit","unit_amount":"8.5"}}}]}]`)))
	require.NoError(t, err)
	again := func() {
		t.Helper()
		require.Equal(t, first.Invoice.InvoiceID, running.Subscribe(t, request).Invoice.InvoiceID)
	}
	again()
	six := int64(6)
	for _, change := range []service.Order{
		service.Change{PlanVersion: 2, Seats: &six}, service.Change{Plan: id + "-pro", Seats: new(int64)}, service.HandOver{Customer: id + "-d"},
	} {
		_, err := running.Service.CarryOut(t.Context(), id+"-s", change)
		require.NoError(t, err)
		again()
	}

	other := request
	other.PlanVersion, other.Seats = 2, 3
	_, err = running.Service.Subscribe(t.Context(), other)
	refused := requireKind(t, err, service.Conflict, "subscription_exists")
	require.Contains(t, refused.Message, "exists with other terms (plan_version 2 instead of 1, seats 3 instead of 2)")
}
