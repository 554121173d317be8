package lifecycle_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The customer was told of 12 from February on, and buys a seat and an add-on in January, and a seat from February on.
const raised = `
catalog:
  - &team {id: team, version: 1, name: Team, interval: {unit: month, count: 1}, proration: day, billed_by: renewal, charges: [
      {id: seats, name: seats, kind: recurring, per: seat, timing: advance, tax_category: saas_b2b, prices: {USD: {model: per_unit, unit_amount: "10"}}}],
      add_ons: [&desk {id: desk, name: Desk, charges: [
        {id: desk, name: desk, kind: recurring, per: subscription, timing: advance, tax_category: saas_b2b, prices: {USD: {model: flat, flat_amount: "31"}}}]},
        {id: old, name: Old, charges: [
        {id: old, name: old, kind: recurring, per: subscription, timing: advance, tax_category: saas_b2b, prices: {USD: {model: flat, flat_amount: "1"}}}]}]}
  - {<<: *team, version: 2, add_ons: [*desk], charges: [
      {id: seats, name: seats, kind: recurring, per: seat, timing: advance, tax_category: saas_b2b, prices: {USD: {model: per_unit, unit_amount: "12"}}}]}
customers: [{id: ada, zone: America/New_York, country: US, currency: USD}]
timeline:
  - {at: 2027-01-01, subscribe: {id: a, plan: team, plan_version: 1, seats: 2}}
  - {at: 2027-01-05, change: {plan: team, plan_version: 2, when: period_end}}
  - {at: 2027-01-10, change: {seats: 3}}
  - {at: 2027-01-12, change: {add_ons: [{id: desk, quantity: 1}]}}
  - {at: 2027-01-12, change: {add_ons: [{id: old, quantity: 1}]}}
  - {at: 2027-01-13, change: {seats: 4, when: period_end}}
until: 2027-02-02
`

func TestAnAnnouncedPriceOutlivesAnotherSeat(t *testing.T) {
	t.Parallel()
	result := playScenario(t, raised)
	last := result.Invoices[len(result.Invoices)-1]
	require.Equal(t, "79.00", last.Total.Amount, "4 × 12 and the desk")
	require.Len(t, result.Refused, 1)
	require.Equal(t, "add_on_unknown", result.Refused[0].Code)
	require.Contains(t, result.Refused[0].Message, `goes over to version 2 of plan "team" at the end of its period`)
}
