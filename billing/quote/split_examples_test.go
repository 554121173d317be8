package quote_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// splits sells two versions of a plan that cost the same: USD 1 in advance and 0.01 in arrears.
const splits = `
catalog:
  - &home {id: home, version: 1, name: Home, interval: {unit: month, count: 1}, proration: day, billed_by: renewal, charges: [
      {id: ahead, name: ahead, kind: recurring, per: subscription, timing: advance, tax_category: saas_b2b, prices: {USD: {model: flat, flat_amount: 1}}},
      {id: behind, name: behind, kind: recurring, per: subscription, timing: arrears, tax_category: saas_b2b, prices: {USD: {model: flat, flat_amount: 0.01}}}]}
  - {<<: *home, version: 2}
customers:
  - {id: ada, zone: UTC, country: US, currency: USD}
timeline:
  - {at: 2027-04-01, subscribe: {id: sub, plan: home, plan_version: 1}}
`

// Twenty and ten days of thirty are 0.67 and 0.33. Half of the 0.67 would be 0.34, and the customer would have paid 0.99.
func TestTakingBackAPartOfAPartLosesNothing(t *testing.T) {
	t.Parallel()
	playIn(t, splits, `
  - {at: 2027-04-11, change: {plan_version: 2}}
  - {at: 2027-04-21, change: {plan_version: 1}}
until: 2027-04-30
expect:
  invoices: [{total: 1}, {lines: [{amount: -0.67}, {amount: 0.67}], total: 0}, {lines: [{amount: -0.33}, {amount: 0.33}], total: 0}]
`)
}

// Half of 0.01 rounds to 0.01, twice. The second half is what is left of the whole.
func TestPartsInArrearsCostTheWhole(t *testing.T) {
	t.Parallel()
	playIn(t, splits, `
  - {at: 2027-04-16, change: {plan_version: 2}}
until: 2027-05-01
expect:
  invoices: [{total: 1}, {}, {lines: [{charge: behind, amount: 0.01}, {charge: behind, amount: 0}, {charge: ahead, amount: 1}], total: 1.01}]
`)
}

// A pause of no days moves nothing: the subscription's day is still the 31st.
func TestPauseOfNoDaysKeepsTheAnchor(t *testing.T) {
	t.Parallel()
	for _, back := range []string{"2027-02-10T09:00", "2027-02-10T17:00"} {
		result := playIn(t, kept, fmt.Sprintf(`
timeline:
  - {at: 2027-01-31, subscribe: {id: sub, plan: small}}
  - {at: 2027-02-10T09:00, pause: {mode: extend}}
  - {at: %q, resume: {}}
until: 2027-04-01
expect:
  invoices: [{}, {issued_at: 2027-02-28}, {issued_at: 2027-03-31}]
`, back))
		require.Empty(t, result.Refused)
	}
}

// Who becomes the owner at a boundary pays for the period that begins, and nothing for the one that ended.
func TestNewOwnerPaysNothingForNoTime(t *testing.T) {
	t.Parallel()
	playIn(t, `
catalog:
  - {id: tiers, version: 1, name: Tiers, interval: {unit: month, count: 1}, proration: day, billed_by: renewal, charges: [
      {id: calls, name: calls, kind: usage, meter: calls, timing: arrears, tax_category: saas_b2b, prices: {USD: {model: graduated, flat_at_zero: true, tiers: [{flat_amount: 5}]}}}]}
customers: [{id: ada, zone: UTC, country: US, currency: USD}, {id: bob, zone: UTC, country: US, currency: USD}]
`, `
timeline:
  - {at: 2027-01-01, subscribe: {id: sub, customer: ada, plan: tiers}}
  - {at: 2027-01-10, transfer: {customer: bob, when: period_end}}
until: 2027-03-01
expect:
  invoices: [{customer: ada, total: 5, issued_at: 2027-02-01}, {customer: bob, total: 5, issued_at: 2027-03-01}]
`)
}
