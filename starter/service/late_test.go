package service_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/starter/service"
	"github.com/perennial-billing/perennial/starter/startertest"
)

const meteredPlan = `[{"id":"$-metered","version":1,"name":"Metered","interval":{"unit":"month","count":1},"proration":"day","billed_by":"renewal","charges":[
  {"id":"calls","name":"calls","kind":"usage","timing":"arrears","meter":"late_calls","tax_category":"saas_b2c",
   "prices":{"USD":{"model":"per_unit","unit_amount":"0.10"}}}]}]`

// The daily look bills what became known after the end, once a day, and leaves alone what nobody pays for.
func TestLateUsageIsBilledOnceADay(t *testing.T) { //nolint:paralleltest // it bills everybody's late usage
	id := running.Seller(t)
	_, err := running.Service.AddPlans(t.Context(), id, strings.NewReader(startertest.Fill(id, meteredPlan)))
	require.NoError(t, err)
	running.Customer(t, startertest.NewCustomer(id, id+"-c"))
	began := time.Now().AddDate(0, 0, -3)
	running.Subscribe(t, service.NewSubscription{ID: id + "-s", Customer: id + "-c", Plan: id + "-metered", StartAt: began})
	use := func(event, meter string) {
		_, err := running.Service.AddUsage(t.Context(), service.UsageBatch{Customer: id + "-c", Events: []service.UsageEvent{
			{ID: event, Meter: meter, Quantity: "50", At: began.Add(24 * time.Hour)},
		}})
		require.NoError(t, err)
	}
	_, err = running.Service.Cancel(t.Context(), id+"-s", service.Cancel{})
	require.NoError(t, err)
	use("free", "input_tokens")
	for range 2 {
		done, err := running.Service.BillLateUsage(t.Context())
		require.NoError(t, err)
		require.Empty(t, done.Invoices, "no plan of the subscription charges the meter")
	}
	invoices := func() (totals []string) {
		found, err := running.Service.Invoices(t.Context(), service.InvoiceQuery{Subscription: id + "-s"})
		require.NoError(t, err)
		for _, invoice := range found.Data {
			totals = append(totals, invoice.Reason+" "+invoice.Status+" "+invoice.Due().String())
		}
		return totals
	}
	use("late", "late_calls")
	for range 2 {
		_, err := running.Service.BillLateUsage(t.Context())
		require.NoError(t, err)
		require.Equal(t, []string{"final paid USD 5.00"}, invoices(), "also when it is looked for again")
	}
	use("later", "late_calls")
	done, err := running.Service.BillLateUsage(t.Context())
	require.NoError(t, err)
	require.Zero(t, done.Subscriptions, "it was billed today")
	_, err = running.Service.CarryOut(t.Context(), id+"-s", service.BillLate{Asked: service.Asked{CommandID: "by hand"}})
	require.NoError(t, err)
	require.Equal(t, []string{"final paid USD 5.00", "final paid USD 5.00"}, invoices())
	_, err = running.Service.CarryOut(t.Context(), id+"-s", service.BillLate{Asked: service.Asked{CommandID: "late-usage:2027-01-01"}})
	require.ErrorContains(t, err, "keeps for itself")
}
