package service_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/starter/service"
	"github.com/perennial-billing/perennial/starter/startertest"
)

// What is planned happens on its day on the real engine, and a preview says beforehand what it costs.
func TestPlannedOnARealEngine(t *testing.T) {
	t.Parallel()
	id := running.Seller(t)
	start := startertest.NextYear()
	running.Clock(t, id+"-clock", start)
	customer := startertest.NewCustomer(id, id+"-c")
	customer.TestClock = id + "-clock"
	running.Customer(t, customer)
	running.Subscribe(t, service.NewSubscription{ID: id + "-s", Customer: id + "-c", Plan: id + "-team", Seats: 2})

	six := int64(6)
	more := service.Change{Asked: service.Asked{CommandID: "more"}, Seats: &six, On: start.AddDate(0, 0, 10)}
	preview, err := running.Service.Preview(t.Context(), id+"-s", more)
	require.NoError(t, err)
	require.Len(t, preview.Invoices, 1)
	planned, err := running.Service.Change(t.Context(), id+"-s", more)
	require.NoError(t, err)
	require.Nil(t, planned.Invoice)
	again, err := running.Service.Change(t.Context(), id+"-s", more)
	require.NoError(t, err)
	require.Equal(t, planned, again)
	_, err = running.Service.CarryOut(t.Context(), id+"-s", service.Cancel{Asked: service.Asked{CommandID: "end"}, On: start.AddDate(0, 0, 20)})
	require.NoError(t, err)
	plans, err := running.Service.Agenda(t.Context(), id+"-s")
	require.NoError(t, err)
	require.Len(t, plans.Planned, 2)
	_, err = running.Service.CarryOut(t.Context(), id+"-s", service.Withdraw{Planned: "end"})
	require.NoError(t, err)

	_, err = running.Service.AdvanceClock(t.Context(), id+"-clock", start.AddDate(0, 0, 25), nil)
	require.NoError(t, err)
	found, err := running.Service.Subscription(t.Context(), id+"-s")
	require.NoError(t, err)
	require.Equal(t, subscription.Active, found.Status)
	require.EqualValues(t, 6, found.Seats)
	invoices, err := running.Service.Invoices(t.Context(), service.InvoiceQuery{Subscription: id + "-s"})
	require.NoError(t, err)
	require.Len(t, invoices.Data, 2)
	var changed int64
	for _, invoice := range invoices.Data {
		if invoice.Reason == "change" {
			changed = invoice.Total
			require.Equal(t, more.On, invoice.IssuedAt.UTC())
		}
	}
	require.Equal(t, preview.Invoices[0].Total.Minor, changed, "what was previewed is what happened")
	plans, err = running.Service.Agenda(t.Context(), id+"-s")
	require.NoError(t, err)
	require.Empty(t, plans.Planned)
}
