package quote_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Commands for a date, the three kinds of pause, another owner and a beginning again, in the words of a scenario.
func TestCommandsForADate(t *testing.T) {
	t.Parallel()
	result := play(t, `
  - {id: bob, zone: Europe/Berlin, country: US, currency: USD}
timeline:
  - {at: 2027-04-01, subscribe: {id: s, customer: ada, plan: seats, plan_version: 1, seats: 3}}
  - {at: 2027-04-02, change: {id: more, seats: 6, on: 2027-04-16}}
  - {at: 2027-04-02, resume: {id: early, on: 2027-04-05}}
  - {at: 2027-04-03, cancel: {id: end, on: 2027-04-20}}
  - {at: 2027-04-04, withdraw: {planned: end}}
  - {at: 2027-04-21, pause: {mode: extend}}
  - {at: 2027-04-26, resume: {}}
  - {at: 2027-05-01, transfer: {customer: bob}}
  - {at: 2027-05-02, cancel: {when: period_end}}
  - {at: 2027-05-03, reactivate: {}}
  - {at: 2027-05-06, pause: {mode: keep}}
until: 2027-06-05
expect:
  invoices:
    - {total: 30.00, customer: ada}
    - {total: 15.00, issued_at: 2027-04-16, reason: change}
    - {total: -10.00, customer: ada, issued_at: 2027-05-01}
    - {total: 10.00, customer: bob, issued_at: 2027-05-01}
    - {total: 60.00, customer: bob, issued_at: 2027-05-06}
  refused: [{path: early, code: cannot_resume, at: 2027-04-05}]
  subscriptions: [{customer: bob, status: paused}]
`)
	require.Empty(t, result.Skipped)
}

// Who is to go over to another version at the renewal still does when seats are added meanwhile, with them. What that version
// does not sell is refused.
func TestAVersionThatWaitsIsNotLost(t *testing.T) {
	t.Parallel()
	play(t, `
timeline:
  - {at: 2027-01-01, subscribe: {id: sub, plan: seats, plan_version: 1, seats: 3}}
  - {at: 2027-01-10, change: {plan_version: 2, when: period_end}}
  - {at: 2027-01-20, change: {seats: 5}}
  - {at: 2027-01-25, change: {seats: 4, bill: next}}
until: 2027-02-01
expect:
  refused: []
  invoices: [{total: 30}, {reason: change}, {issued_at: 2027-02-01}]
  subscriptions: [{plan_version: 2, seats: 4}]
`)
	playIn(t, `
catalog:
  - &home {id: home, version: 1, name: Home, interval: {unit: month, count: 1}, proration: day, billed_by: renewal, charges: [
      {id: fee, name: fee, kind: recurring, per: subscription, timing: advance, tax_category: saas_b2b, prices: {USD: &price {model: flat, flat_amount: 10}}}],
      add_ons: [{id: extra, name: Extra, charges: [{id: block, name: blocks, kind: recurring, per: quantity, timing: advance, tax_category: saas_b2b, prices: {USD: {model: per_unit, unit_amount: 1}}}]}]}
  - {<<: *home, version: 2, add_ons: []}
customers: [{id: ada, zone: UTC, country: US, currency: USD}]
`, `
timeline:
  - {at: 2027-01-01, subscribe: {id: sub, plan: home, plan_version: 1}}
  - {at: 2027-01-10, change: {plan_version: 2, when: period_end}}
  - {at: 2027-01-20, change: {add_ons: [{id: extra}]}}
until: 2027-02-01
expect:
  refused: [{path: "timeline[2]", code: add_ons_not_sold}]
  subscriptions: [{plan_version: 2}]
`)
}
