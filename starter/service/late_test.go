package service_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/perennial-billing/perennial/starter/service"
	"github.com/perennial-billing/perennial/starter/startertest"
	"github.com/perennial-billing/perennial/workflows/message"
)

const meteredPlan = `[{"id":"$-metered","version":1,"name":"Metered","interval":{"unit":"month","count":1},"proration":"day","billed_by":"renewal","charges":[
  {"id":"calls","name":"calls","kind":"usage","timing":"arrears","meter":"late_calls","tax_category":"saas_b2c",
   "prices":{"USD":{"model":"per_unit","unit_amount":"0.10"}}}]}]`

// billLateUsage looks for late usage as the schedule does, at an instant (zero: now), and answers with the invoices that came of it.
func billLateUsage(t *testing.T, at time.Time) []string {
	t.Helper()
	run, err := running.Temporal.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{TaskQueue: message.BillingQueue},
		message.LateUsageWorkflow, message.LateUsageInput{At: at})
	require.NoError(t, err)
	var billed message.LateUsageBilled
	require.NoError(t, run.Get(t.Context(), &billed))
	return billed.Invoices
}

// metered is a seller of meteredPlan with a customer who has it.
type metered struct {
	*testing.T
	id string
}

func newMetered(t *testing.T, began time.Time, clock string) metered {
	t.Helper()
	m := metered{t, running.Seller(t)}
	_, err := running.Service.AddPlans(t.Context(), m.id, strings.NewReader(startertest.Fill(m.id, meteredPlan)))
	require.NoError(t, err)
	if clock != "" {
		clock = m.id + clock
		running.Clock(t, clock, began)
	}
	customer := startertest.NewCustomer(m.id, m.id+"-c")
	customer.TestClock = clock
	running.Customer(t, customer)
	running.Subscribe(t, service.NewSubscription{ID: m.id + "-s", Customer: m.id + "-c", Plan: m.id + "-metered", StartAt: began})
	return m
}

func (m metered) use(event, meter string, at time.Time) {
	m.Helper()
	_, err := running.Service.AddUsage(m.Context(), service.UsageBatch{Customer: m.id + "-c", Events: []service.UsageEvent{
		{ID: event, Meter: meter, Quantity: "50", At: at},
	}})
	require.NoError(m, err)
}

func (m metered) invoices() (totals []string) {
	m.Helper()
	found, err := running.Service.Invoices(m.Context(), service.InvoiceQuery{Subscription: m.id + "-s"})
	require.NoError(m, err)
	for _, invoice := range found.Data {
		totals = append(totals, invoice.Reason+" "+invoice.Status+" "+invoice.Due().String())
	}
	return totals
}

// The hourly look bills what became known after the end, once a day, and leaves alone what nobody pays for.
func TestLateUsageIsBilledOnceADay(t *testing.T) { //nolint:paralleltest // it bills everybody's late usage
	began := time.Now().AddDate(0, 0, -3)
	m := newMetered(t, began, "")
	_, err := running.Service.Cancel(t.Context(), m.id+"-s", service.Cancel{})
	require.NoError(t, err)
	m.use("free", "input_tokens", began.Add(24*time.Hour))
	today := time.Now().UTC().Truncate(time.Second)
	for range 2 {
		require.Empty(t, billLateUsage(t, today), "no plan of the subscription charges the meter")
	}
	m.use("late", "late_calls", began.Add(24*time.Hour))
	for range 2 {
		billLateUsage(t, today)
		require.Equal(t, []string{"final paid USD 5.00"}, m.invoices(), "also when it is looked for again")
	}
	m.use("later", "late_calls", began.Add(24*time.Hour))
	require.Empty(t, billLateUsage(t, today), "it was billed today")
	_, err = running.Service.CarryOut(t.Context(), m.id+"-s", service.BillLate{Asked: service.Asked{CommandID: "by hand"}})
	require.NoError(t, err)
	require.Equal(t, []string{"final paid USD 5.00", "final paid USD 5.00"}, m.invoices())
	_, err = running.Service.CarryOut(t.Context(), m.id+"-s", service.BillLate{Asked: service.Asked{CommandID: "late-usage:2027-01-01"}})
	require.ErrorContains(t, err, "keeps for itself")
}

// Who is on a test clock is billed in the time of the clock, on which the schedule has no say.
func TestLateUsageOnATestClock(t *testing.T) { //nolint:paralleltest // it bills everybody's late usage
	start := startertest.NextYear()
	m := newMetered(t, start, "-clock")
	at := start.AddDate(0, 0, 40)
	_, err := running.Service.AdvanceClock(t.Context(), m.id+"-clock", at, nil)
	require.NoError(t, err)
	_, err = running.Service.Cancel(t.Context(), m.id+"-s", service.Cancel{})
	require.NoError(t, err)
	m.use("late", "late_calls", at.AddDate(0, 0, -1))
	billLateUsage(t, time.Time{})
	require.Contains(t, m.invoices(), "final paid USD 5.00")
	found, err := running.Service.Invoices(t.Context(), service.InvoiceQuery{Subscription: m.id + "-s"})
	require.NoError(t, err)
	require.Equal(t, at, found.Data[0].IssuedAt.UTC())
}

// The worker has scheduled the look.
func TestLateUsageIsScheduled(t *testing.T) {
	t.Parallel()
	shown, err := running.Temporal.ScheduleClient().GetHandle(t.Context(), "late-usage/hourly").Describe(t.Context())
	require.NoError(t, err)
	require.Equal(t, time.Hour, shown.Schedule.Spec.Intervals[0].Every)
	action, is := shown.Schedule.Action.(*client.ScheduleWorkflowAction)
	require.True(t, is)
	require.Equal(t, message.LateUsageWorkflow, action.Workflow)
}
