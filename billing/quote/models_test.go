package quote_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/quote"
)

// modelled sells what subscriptions cannot yet be measured for, and nothing else.
const modelled = `
catalog:
  - {id: pay, version: 1, name: Pay, interval: {unit: month, count: 1}, proration: day, billed_by: renewal,
     spend: {USD: {minimum: 120, tax_category: saas_b2b}}, charges: [
      {id: fee, name: fee, kind: recurring, per: subscription, timing: advance, tax_category: saas_b2b, prices: {USD: {model: flat, flat_amount: 60}}},
      {id: transfers, name: transfers, kind: usage, meter: transfers, timing: arrears, tax_category: saas_b2b,
       prices: {USD: {model: percentage, percent: 1, event_amount: 0.25}}},
      {id: machines, name: machines, kind: usage, meter: machines, timing: arrears, tax_category: saas_b2b,
       prices: {USD: {model: matrix, dimensions: [size], default_unit_amount: 1, cells: [{values: {size: large}, unit_amount: 3}]}}}]}
  - {id: committed, version: 1, name: Committed, interval: {unit: month, count: 1}, proration: day, billed_by: renewal, charges: [
      {id: calls, name: calls, kind: usage, meter: calls, timing: arrears, tax_category: saas_b2b,
       prices: {USD: {model: per_unit, unit_amount: 0.1, commitment: {quantity: 1000, overage_unit_amount: 0.2, paid: advance}}}}]}
  - {id: aligned, version: 1, name: Aligned, interval: {unit: month, count: 1}, alignment: {to: calendar}, proration: day, billed_by: renewal,
     spend: {USD: {minimum: 62, tax_category: saas_b2b}}, charges: [
      {id: fee, name: fee, kind: recurring, per: subscription, timing: advance, tax_category: saas_b2b, prices: {USD: {model: flat, flat_amount: 31}}}]}
  - {id: team, version: 1, name: Team, interval: {unit: month, count: 1}, proration: day, billed_by: renewal,
     spend: {USD: {minimum: 100, tax_category: saas_b2b}}, charges: [
      {id: seat, name: seats, kind: recurring, per: seat, timing: advance, tax_category: saas_b2b, prices: {USD: {model: per_unit, unit_amount: 31}}}]}
customers:
  - {id: ada, zone: America/New_York, country: US, currency: USD}
`

func playModels(t *testing.T, rest string) [][]string {
	t.Helper()
	scenario, err := quote.Parse(strings.NewReader(modelled + rest))
	require.NoError(t, err)
	result, err := quote.Run(t.Context(), scenario)
	require.NoError(t, err)
	require.Empty(t, result.Refused)
	var invoices [][]string
	for _, invoice := range result.Invoices {
		var lines []string
		for _, line := range invoice.Lines {
			lines = append(lines, string(line.Kind)+" "+line.Charge+" "+line.Amount.Amount)
		}
		invoices = append(invoices, lines)
	}
	return invoices
}

// What was paid in advance counts for the minimum: 60 + 11 + 7 are 42 short of 120.
func TestAPlanWithEventsGroupsAndAMinimum(t *testing.T) {
	t.Parallel()
	require.Equal(t, [][]string{
		{"recurring fee 60.00"},
		{"usage transfers 11.00", "usage machines 7.00", "true_up  42.00", "recurring fee 60.00"},
	}, playModels(t, `
until: 2027-02-10
timeline:
  - {at: 2027-01-01, subscribe: {id: a, plan: pay, plan_version: 1}}
  - {at: 2027-01-05, usage: {meter: transfers, quantity: 1000, detail: {event_count: 3}}}
  - {at: 2027-01-06, usage: {meter: transfers, quantity: 0, detail: {event_count: 1}}}
  - {at: 2027-01-07, usage: {meter: machines, quantity: 3, detail: {groups: [{values: {size: large}, quantity: 2}, {values: {size: small}, quantity: 1}]}}}
`))
}

func TestACommitmentPaidInAdvance(t *testing.T) {
	t.Parallel()
	require.Equal(t, [][]string{{"commitment calls 100.00"}, {"usage calls 40.00", "commitment calls 100.00"}}, playModels(t, `
until: 2027-02-10
timeline:
  - {at: 2027-01-01, subscribe: {id: a, plan: committed, plan_version: 1}}
  - {at: 2027-01-05, usage: {meter: calls, quantity: 1200}}
`))
}

// What was charged in advance counts for the time that it was charged for: ten days before the pause, and the eleven of the
// stub after it, at a dollar a day where two are the least.
func TestAdvanceCountsForItsOwnPeriod(t *testing.T) {
	t.Parallel()
	require.Equal(t, [][]string{
		{"recurring fee 31.00"},
		{"true_up  10.00", "proration_credit fee -21.00"},
		{"recurring fee 11.00"},
		{"true_up  11.00", "recurring fee 31.00"},
	}, playModels(t, `
until: 2027-02-10
timeline:
  - {at: 2027-01-01, subscribe: {id: a, plan: aligned, plan_version: 1}}
  - {at: 2027-01-11, pause: {}}
  - {at: 2027-01-21, resume: {}}
`))
}

// Who pauses and resumes at one instant has paid for nothing twice: the credit belongs to the period that the pause ended.
func TestACreditCountsForThePeriodOfItsLine(t *testing.T) {
	t.Parallel()
	require.Equal(t, [][]string{
		{"recurring fee 31.00"},
		{"true_up  10.00", "proration_credit fee -21.00"},
		{"recurring fee 21.00"},
		{"true_up  21.00", "recurring fee 31.00"},
	}, playModels(t, `
until: 2027-02-10
timeline:
  - {at: 2027-01-01, subscribe: {id: a, plan: aligned, plan_version: 1}}
  - {at: 2027-01-11, pause: {}}
  - {at: 2027-01-11, resume: {}}
`))
}

// A seat that came for the last 21 days counts for the minimum, whichever invoice charges it.
func TestAChangeCountsWheneverItIsBilled(t *testing.T) {
	t.Parallel()
	timeline := func(bill string) string {
		return `
until: 2027-02-10
timeline:
  - {at: 2027-01-01, subscribe: {id: a, plan: team, plan_version: 1, seats: 1}}
  - {at: 2027-01-11, change: {seats: 2, bill: ` + bill + `}}
`
	}
	require.Equal(t, [][]string{
		{"recurring seat 31.00"}, {"proration_credit seat -21.00", "proration_charge seat 42.00"}, {"true_up  48.00", "recurring seat 62.00"},
	}, playModels(t, timeline("now")))
	require.Equal(t, [][]string{
		{"recurring seat 31.00"}, {"true_up  48.00", "proration_credit seat -21.00", "proration_charge seat 42.00", "recurring seat 62.00"},
	}, playModels(t, timeline("next")))
}
