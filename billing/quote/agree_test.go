package quote_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What was agreed for a version waits for the command that takes it up, and is the price of all that follows.
func TestAgreedPricesWaitForTheirVersion(t *testing.T) {
	t.Parallel()
	play(t, `
until: 2027-04-02
timeline:
  - {at: 2027-01-01, subscribe: {id: a, plan: seats, plan_version: 1, seats: 2}}
  - {at: 2027-01-10, change: {plan_version: 2, when: period_end, prices: {seat: {USD: {model: per_unit, unit_amount: 9}}}}}
  - {at: 2027-01-11, change: {seats: 2, when: period_end}}
  - {at: 2027-02-10, change: {id: c, plan_version: 2, on: 2027-03-01, prices: {seat: {USD: {model: per_unit, unit_amount: 8}}}}}
  - {at: 2027-02-11, change: {id: c, plan_version: 2, on: 2027-03-01, prices: {seat: {USD: {model: per_unit, unit_amount: 8}}}}}
expect:
  refused: []
  invoices: [{total: 20}, {total: 20}, {total: 16, lines: [{explanation: {agreed: true}}]}, {total: 16}]
`)
}

// A version that the subscription has, or had, keeps its prices, and what is refused agrees on nothing.
func TestAgreedPricesAreRefused(t *testing.T) {
	t.Parallel()
	result := play(t, `
until: 2027-03-02
timeline:
  - {at: 2027-01-01, subscribe: {id: a, plan: seats, plan_version: 1, seats: 2}}
  - {at: 2027-01-10, change: {seats: 3, prices: {seat: {USD: {model: per_unit, unit_amount: 1}}}}}
  - {at: 2027-01-11, change: {plan_version: 2, seats: 0, prices: {seat: {USD: {model: per_unit, unit_amount: 1}}}}}
  - {at: 2027-02-01, change: {plan_version: 2}}
  - {at: 2027-02-02, change: {plan_version: 1, prices: {seat: {USD: {model: per_unit, unit_amount: 1}}}}}
expect:
  refused: [{path: "timeline[1]", code: price_agreed}, {path: "timeline[2]", code: seats_missing}, {path: "timeline[4]", code: price_agreed}]
  invoices: [{total: 20}, {total: 20}, {reason: change, total: 4}, {total: 24}]
`)
	require.Contains(t, result.Refused[0].Message, `was sold plan "seats" version 1 already`)
}

// With a price for every charge a plan is sold in a currency that the catalogue does not have.
func TestAgreedInAnotherCurrency(t *testing.T) {
	t.Parallel()
	play(t, `
until: 2027-01-02
timeline:
  - {at: 2027-01-01, subscribe: {id: a, plan: yearly, currency: GBP, prices: {fee: {GBP: {model: flat, flat_amount: 300}}}}}
expect:
  invoices: [{total: 300}]
`)
	require.Equal(t, `timeline[0].subscribe.prices.fee.USD is missing: the subscription is billed in that currency`, fault(t, sold+`
until: 2027-01-02
timeline:
  - {at: 2027-01-01, subscribe: {id: a, plan: yearly, prices: {fee: {GBP: {model: flat, flat_amount: 300}}}}}
`))
}
