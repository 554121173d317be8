package service_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/starter/service"
	"github.com/perennial-billing/perennial/starter/startertest"
	"github.com/perennial-billing/perennial/starter/usagecsv"
)

// measuredPlans charge payments by each of them, renders by their amounts and storage by its dimensions.
const measuredPlans = `[{"id":"$-measured","version":1,"name":"Measured","interval":{"unit":"month","count":1},"proration":"day","billed_by":"invoice_run","charges":[
	{"id":"payments","name":"payments","kind":"usage","meter":"payments","timing":"arrears","tax_category":"saas_b2b","prices":{
	 "USD":{"model":"percentage","percent":"2.9","event_amount":"0.30","event_minimum":"0.50","event_maximum":"5"}}},
	{"id":"renders","name":"renders","kind":"usage","meter":"renders","timing":"arrears","tax_category":"saas_b2b","prices":{"USD":{"model":"dynamic","multiplier":"1.1"}}},
	{"id":"storage","name":"storage","kind":"usage","meter":"storage","timing":"arrears","tax_category":"saas_b2b","prices":{
	 "USD":{"model":"matrix","dimensions":["region","class"],"default_unit_amount":"0.10","cells":[
	  {"values":{"region":"eu","class":"fast"},"unit_amount":"0.30"}]}}}]}]`

// sellMeasured adds a customer of a seller who measures events.
func sellMeasured(t *testing.T) (id string) {
	t.Helper()
	id = running.Seller(t)
	running.Customer(t, startertest.NewCustomer(id, id+"-c"))
	_, err := running.Service.AddPlans(t.Context(), id, strings.NewReader(startertest.Fill(id, measuredPlans)))
	require.NoError(t, err)
	return id
}

// Payments of 10, 1000 and 0.10 cost 0.59, at most 5 and at least 0.50; renders 1.1 times their amounts of 0.40 and 0.6;
// storage 2 × 0.30 where it has a price of its own and 3 + 4 at 0.10 where not.
func TestMeasuredEventsAreBilled(t *testing.T) {
	t.Parallel()
	id := sellMeasured(t)
	running.Subscribe(t, service.NewSubscription{ID: id + "-s", Customer: id + "-c", Plan: id + "-measured", StartAt: time.Date(2023, 11, 1, 12, 0, 0, 0, time.UTC)})
	at := time.Date(2023, 11, 10, 12, 0, 0, 0, time.UTC)
	amount := func(text service.Quantity) *service.Quantity { return &text }
	batch := service.UsageBatch{Customer: id + "-c", Events: []service.UsageEvent{
		{ID: "1", Meter: "payments", Quantity: "10", At: at},
		{ID: "2", Meter: "payments", Quantity: "1000", At: at.Add(time.Second)},
		{ID: "3", Meter: "renders", Quantity: "1", At: at, Amount: amount("0.40")},
		{ID: "4", Meter: "storage", Quantity: "2", At: at, Values: map[string]string{"region": "eu", "class": "fast"}},
		{ID: "5", Meter: "storage", Quantity: "3", At: at, Values: map[string]string{"region": "eu"}},
	}}
	for round, fresh := range []int64{5, 0} {
		result, err := running.Service.AddUsage(t.Context(), batch)
		require.NoError(t, err)
		require.Equal(t, fresh, result.New, round)
		require.Empty(t, result.Conflicting)
	}
	batch.Events[2].Amount = amount("0.41")
	result, err := running.Service.AddUsage(t.Context(), batch)
	require.NoError(t, err)
	require.Len(t, result.Conflicting, 1)
	require.Equal(t, "0.4", result.Conflicting[0].Amount.String(), "what is stored stays")

	file := "when,id,paid,cost,gb,where\n2023-11-11 00:00:00,6,0.10,0.6,4,us\n"
	mapping := usagecsv.Mapping{
		Time: "when", ID: "id", Meters: []usagecsv.MeterColumn{{Meter: "payments", Column: "paid"}, {Meter: "renders", Column: "gb"}, {Meter: "storage", Column: "gb"}},
		Amounts: []usagecsv.MeterColumn{{Meter: "renders", Column: "cost"}}, Values: []usagecsv.ValueColumn{{Dimension: "region", Column: "where"}},
	}
	for _, fresh := range []int64{3, 0} {
		summary, err := running.Service.ImportUsage(t.Context(), id+"-c", strings.NewReader(file), mapping, usagecsv.Options{})
		require.NoError(t, err)
		require.Equal(t, fresh, summary.New, summary.RejectedLines)
	}
	run, err := running.Service.StartInvoiceRun(t.Context(), id, "2023-11", true)
	require.NoError(t, err)
	require.Equal(t, "completed", run.Status)
	invoices, err := running.Service.Invoices(t.Context(), service.InvoiceQuery{Customer: id + "-c"})
	require.NoError(t, err)
	require.Len(t, invoices.Data, 1)
	invoice, err := running.Service.Invoice(t.Context(), invoices.Data[0].ID)
	require.NoError(t, err)
	amounts := make([]int64, len(invoice.Lines))
	for i, line := range invoice.Lines {
		amounts[i] = line.Amount
	}
	require.Equal(t, []int64{609, 110, 130}, amounts)

	used, err := running.Service.Usage(t.Context(), id+"-c", at.AddDate(0, 0, -9), at.AddDate(0, 1, 0))
	require.NoError(t, err)
	require.Len(t, used.Totals, 5, "storage by three combinations of values")
	require.Equal(t, "1", used.Totals[1].Amount.String())
	require.Equal(t, map[string]string{"class": "fast", "region": "eu"}, used.Totals[2].Values)
}

// What is wrong with amounts and values is named, and nothing is stored of the request.
func TestEventsThatAreMeasuredWrong(t *testing.T) { //nolint:paralleltest // it compares row counts
	id := sellMeasured(t)
	before := running.Rows(t)
	at := time.Date(2023, 11, 10, 12, 0, 0, 0, time.UTC)
	good := service.UsageEvent{ID: "1", Meter: "payments", Quantity: "1", At: at}
	amount := func(text service.Quantity) *service.Quantity { return &text }
	for want, e := range map[string]service.UsageEvent{
		"events[1].amount: is missing: the meter is charged by the amounts":                    {Meter: "renders"},
		`events[1].amount: "much" is not an amount`:                                            {Meter: "renders", Amount: amount("much")},
		`events[1].amount: "-1" is negative`:                                                   {Meter: "renders", Amount: amount("-1")},
		`events[1].amount: "10000000000000001" is too large`:                                   {Meter: "renders", Amount: amount("10000000000000001")},
		"events[1].values.regoin: no price of the meter has this dimension: use class, region": {Meter: "storage", Values: map[string]string{"regoin": "eu"}},
		"events[1].values.region: no price of the meter has dimensions: leave values out":      {Meter: "payments", Values: map[string]string{"region": "eu"}},
		"events[1].values.region: must have at most 200 bytes":                                 {Meter: "storage", Values: map[string]string{"region": strings.Repeat("x", 201)}},
		"events[1].values.class: holds characters that are not text":                           {Meter: "storage", Values: map[string]string{"class": "\x00"}},
		"events[2].id: \"2\" occurs before in this request with other content":                 {Meter: "storage", Values: map[string]string{"class": "fast"}},
	} {
		e.ID, e.Quantity, e.At = "2", "1", at
		events := []service.UsageEvent{good, e}
		if strings.HasPrefix(want, "events[2]") {
			e.Values = map[string]string{"class": "slow"}
			events = append(events, e)
		}
		_, err := running.Service.AddUsage(t.Context(), service.UsageBatch{Customer: id + "-c", Events: events})
		require.ErrorContains(t, err, want)
	}
	require.Equal(t, before, running.Rows(t))
}

// A row of a file is stored whole or not at all, and a mapping that cannot serve its meters is refused before.
func TestFilesThatAreMeasuredWrong(t *testing.T) {
	t.Parallel()
	id := sellMeasured(t)
	mapping := usagecsv.Mapping{
		Time: "when", Meters: []usagecsv.MeterColumn{{Meter: "payments", Column: "n"}, {Meter: "renders", Column: "n"}},
	}
	_, err := running.Service.ImportUsage(t.Context(), id+"-c", strings.NewReader("when,n,cost\n"), mapping, usagecsv.Options{})
	require.ErrorContains(t, err, "map: meter renders is charged by the amounts of its events: add amount:renders=COLUMN")
	mapping.Amounts = []usagecsv.MeterColumn{{Meter: "renders", Column: "cost"}}
	mapping.Values = []usagecsv.ValueColumn{{Dimension: "region", Column: "n"}}
	_, err = running.Service.ImportUsage(t.Context(), id+"-c", strings.NewReader("when,n,cost\n"), mapping, usagecsv.Options{})
	require.ErrorContains(t, err, "map: values.region: no price of the meter has dimensions")
	mapping.Values = nil
	summary, err := running.Service.ImportUsage(t.Context(), id+"-c", strings.NewReader(
		"when,n,cost\n2026-01-10 10:00:00,1,2\n2026-01-10 10:00:01,1,\n2026-01-10 10:00:02,1,free\n"), mapping, usagecsv.Options{})
	require.NoError(t, err)
	require.EqualValues(t, 2, summary.New)
	require.Equal(t, 2, summary.Rejected)
	require.Equal(t, []usagecsv.Rejected{
		{Line: 3, Field: "cost", Reason: "is missing: the meter is charged by the amounts of its events"},
		{Line: 4, Field: "cost", Reason: `"free" is not an amount: write at most 18 digits and, after a point, at most 12, such as 0.43`},
	}, summary.RejectedLines)
	require.Equal(t, "1", summary.Totals[0].Quantity.String(), "payments of the rejected row are not counted")
}
