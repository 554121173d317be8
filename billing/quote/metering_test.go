package quote_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/quote"
)

// eventful charges payments by each of them, renders by their amounts and storage by its dimensions.
const eventful = `
catalog:
  - {id: shop, version: 1, name: Shop, interval: {unit: month, count: 1}, proration: day, billed_by: renewal, charges: [
      {id: payments, name: payments, kind: usage, meter: payments, timing: arrears, tax_category: saas_b2b,
       prices: {USD: {model: percentage, percent: 2.9, event_amount: 0.30, event_minimum: 0.50, event_maximum: 5}}},
      {id: renders, name: renders, kind: usage, meter: renders, timing: arrears, tax_category: saas_b2b, prices: {USD: {model: dynamic, multiplier: 1.1}}},
      {id: storage, name: storage, kind: usage, meter: storage, timing: arrears, tax_category: saas_b2b,
       prices: {USD: {model: matrix, dimensions: [region, class], default_unit_amount: 0.1, cells: [{values: {region: eu, class: fast}, unit_amount: 0.3}]}}}]}
customers:
  - {id: ada, zone: America/New_York, country: US, currency: USD}
until: 2027-03-02
timeline:
  - {at: 2027-01-01, subscribe: {id: a, plan: shop, plan_version: 1}}
`

func playEvents(t *testing.T, entries string) ([]string, error) {
	t.Helper()
	scenario, err := quote.Parse(strings.NewReader(eventful + entries))
	if err != nil {
		return nil, err
	}
	result, err := quote.Run(t.Context(), scenario)
	if err != nil {
		return nil, err
	}
	require.Empty(t, result.Refused)
	var invoices []string
	for _, invoice := range result.Invoices {
		var lines []string
		for _, line := range invoice.Lines {
			lines = append(lines, line.Charge+" "+line.Amount.Amount)
		}
		invoices = append(invoices, strings.Join(lines, ", "))
	}
	return invoices, nil
}

// Payments of 10, 1000 and 0.10 cost 0.59, at most 5 and at least 0.50; renders 1.1 × (0.4 + 0.6); storage 2 × 0.30 where it
// has a price of its own, and 3 + 4 + 5 at the default: a class that is missing, a region that nobody knows, no values at all.
func TestEntriesThatAreOneEvent(t *testing.T) {
	t.Parallel()
	invoices, err := playEvents(t, `
  - {at: 2027-01-05, usage: {meter: payments, quantity: 10, detail: {event_count: 1}}}
  - {at: 2027-01-06, usage: {meter: payments, quantity: 1000.1, detail: {events: [{quantity: 1000}, {quantity: 0.1}]}}}
  - {at: 2027-01-07, usage: {meter: renders, quantity: 1, amount: 0.4}}
  - {at: 2027-01-07, usage: {meter: renders, quantity: 2, detail: {amount: 0.6, event_count: 2}}}
  - {at: 2027-01-08, usage: {meter: storage, quantity: 2, values: {region: eu, class: fast}}}
  - {at: 2027-01-08, usage: {meter: storage, quantity: 3, values: {region: eu}}}
  - {at: 2027-01-08, usage: {meter: storage, quantity: 4, detail: {groups: [{values: {region: mars, class: fast}, quantity: 4}]}}}
  - {at: 2027-01-08, usage: {meter: storage, quantity: 5}}
  - {at: 2027-02-03, usage: {meter: payments, quantity: 100, happened_at: 2027-01-05, detail: {event_count: 1}}}
`)
	require.NoError(t, err)
	require.Equal(t, []string{"payments 6.09, renders 1.10, storage 1.80", "payments 3.20"}, invoices)
}

func TestEntriesThatAreMeasuredWrong(t *testing.T) {
	t.Parallel()
	for entry, want := range map[string]string{
		"{meter: renders, quantity: 1}": "timeline[1].usage.amount: is missing: the meter is charged by the amounts",
		"{meter: renders, quantity: 2, detail: {events: [{quantity: 1, amount: 1}, {quantity: 1}]}}": "timeline[1].usage.detail.events[1].amount: is missing",
		"{meter: renders, quantity: 1, amount: -1}":                                                  "timeline[1].usage.amount: must not be negative, got -1",
		"{meter: renders, quantity: 1, amount: 1e999}":                                               "timeline[1].usage.amount: at most 18 digits",
		"{meter: renders, quantity: 1, amount: 1, detail: {event_count: 2}}":                         "timeline[1].usage.detail: amount and values are those of one event",
		"{meter: renders, quantity: 1, detail: {amount: -1}}":                                        "timeline[1].usage.detail.amount: must not be negative",
		"{meter: storage, quantity: 1, values: {regoin: eu}}":                                        "timeline[1].usage.values.regoin: no price of the meter has this dimension: use class, region",
		"{meter: payments, quantity: 1, values: {region: eu}}":                                       "timeline[1].usage.values.region: no price of the meter has dimensions: leave values out",
		"{meter: storage, quantity: 1, detail: {groups: [{values: {zone: a}, quantity: 1}]}}":        "timeline[1].usage.detail.groups[0].values.zone: no price of the meter has this",
		"{meter: storage, quantity: 1, detail: {groups: [{values: {region: eu}, quantity: 2}]}}":     "timeline[1].usage.detail: quantity 1 is not the sum of the groups, 2",
		"{meter: payments, quantity: 5, detail: {event_count: 3}}":                                   `plan "shop" charge "payments": events are required: event_minimum looks at each of them`,
	} {
		_, err := playEvents(t, "  - {at: 2027-01-05, usage: "+entry+"}\n")
		require.ErrorContains(t, err, want, entry)
	}
}

// An event's amount is in the customer's currency, and so must be what charges it.
func TestAmountsOfEventsAreInTheCustomersCurrency(t *testing.T) {
	t.Parallel()
	scenario, err := quote.Parse(strings.NewReader(strings.Replace(eventful, "currency: USD}", "currency: EUR}", 1) +
		"  - {at: 2027-01-02, subscribe: {id: b, plan: shop, plan_version: 1, currency: USD}}\n"))
	require.NoError(t, err)
	result, err := quote.Run(t.Context(), scenario)
	require.NoError(t, err)
	require.Equal(t, "amounts_in_other_currency", result.Refused[len(result.Refused)-1].Code)
	require.Contains(t, result.Refused[len(result.Refused)-1].Message, `charges "renders" by the amounts of events, which are in the customer's currency, EUR, not in USD`)
}

// Prices that are agreed with a customer may ask for what no price of the catalogue does.
func TestAgreedPricesAreMeasured(t *testing.T) {
	t.Parallel()
	plan, begun, _ := strings.Cut(modelled, "  - {id: committed")
	_, customers, _ := strings.Cut(begun, "customers:")
	text := plan + "customers:" + customers + `
until: 2027-02-10
timeline:
  - {at: 2027-01-01, subscribe: {id: a, plan: pay, plan_version: 1, prices: {transfers: {USD: {model: dynamic}}}}}
  - {at: 2027-01-05, usage: {meter: transfers, quantity: 1, amount: 90}}
  - {at: 2027-01-06, usage: {meter: transfers, quantity: 1`
	for end, want := range map[string]string{"}}": "timeline[2].usage.amount: is missing", ", amount: 1}}": ""} {
		scenario, err := quote.Parse(strings.NewReader(text + end))
		require.NoError(t, err)
		result, err := quote.Run(t.Context(), scenario)
		if want != "" {
			require.ErrorContains(t, err, want)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, "91.00", result.Invoices[1].Lines[0].Amount.Amount)
	}
}
