package quote_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// entitling is a catalogue of features: three tries for ever, renders by seats each month, and one feature without limit.
const entitling = `
catalog:
  - {id: free, version: 1, name: Free, interval: {unit: month, count: 1}, proration: day, billed_by: renewal,
     charges: [{id: fee, name: fee, kind: recurring, per: subscription, timing: advance, tax_category: saas_b2b, prices: {USD: {model: flat}}}],
     entitlements: [{feature: video, limit: 3, per: life}]}
  - {id: team, version: 1, name: Team, trial: {unit: day, count: 7}, interval: {unit: month, count: 1}, proration: day, billed_by: renewal,
     charges: [{id: seat, name: seats, kind: recurring, per: seat, timing: advance, tax_category: saas_b2b, prices: {USD: {model: per_unit, unit_amount: 10}}}],
     entitlements: [{feature: video, limit: 10, per: period, per_seat: true}, {feature: render, limit: 5, per: month}, {feature: export}]}
customers: [{id: ada, zone: America/New_York, country: US, currency: USD}, {id: bob, zone: UTC, country: US, currency: USD}]
`

// uses are whether each use of a scenario was allowed, and why not.
func uses(t *testing.T, timeline string) (answers []string) {
	t.Helper()
	for _, u := range playIn(t, entitling, timeline).Uses {
		switch {
		case u.Allowed:
			answers = append(answers, "ok")
		case u.Returned:
			answers = append(answers, "returned")
		default:
			answers = append(answers, string(u.Reason))
		}
	}
	return answers
}

func TestThreeFreeTriesAreThree(t *testing.T) {
	t.Parallel()
	answers := uses(t, `
timeline:
  - {at: 2027-01-01, use: {customer: ada, feature: video}}
  - {at: 2027-01-02, subscribe: {id: one, customer: ada, plan: free}}
  - {at: 2027-01-03, use: {customer: ada, feature: video, quantity: 2, id: first}}
  - {at: 2027-01-03, use: {customer: ada, feature: video, quantity: 2, id: first}}
  - {at: 2027-01-04, use: {customer: ada, feature: video, quantity: 2}}
  - {at: 2027-01-05, cancel: {subscription: one}}
  - {at: 2027-01-06, use: {customer: ada, feature: video}}
  - {at: 2027-01-07, subscribe: {id: two, customer: ada, plan: free}}
  - {at: 2027-01-08, use: {customer: ada, feature: video, id: third}}
  - {at: 2027-01-09, use: {customer: ada, feature: video}}
  - {at: 2027-01-10, return_use: {customer: ada, feature: video, id: third}}
  - {at: 2027-01-10, return_use: {customer: ada, feature: video, id: third}}
  - {at: 2027-01-11, use: {customer: ada, feature: video, id: third}}
  - {at: 2027-01-12, use: {customer: ada, feature: video}}
until: 2027-02-01
expect:
  entitlements: [{customer: ada, subscription: two, feature: video, limit: 3, used: 3, remaining: 0, per: life}]
`)
	require.Equal(t, []string{
		"not_entitled", "ok", "ok", "quota_exhausted", "not_entitled", "ok", "quota_exhausted", "returned", "ok",
	}, answers)
}

func TestQuotasOfPeriodsAndSeats(t *testing.T) {
	t.Parallel()
	answers := uses(t, `
timeline:
  - {at: 2027-01-25, subscribe: {id: team, customer: ada, plan: team, seats: 2}}
  - {at: 2027-01-26, use: {customer: ada, feature: video, quantity: 20}}
  - {at: 2027-01-27, use: {customer: ada, feature: video}}
  - {at: 2027-01-28, use: {customer: ada, feature: export, quantity: 1000000}}
  - {at: 2027-01-31T23:59:59, use: {customer: ada, feature: render, quantity: 5}}
  - {at: 2027-01-31T23:59:59, use: {customer: ada, feature: render}}
  - {at: 2027-02-01, use: {customer: ada, feature: render}}
  - {at: 2027-02-01, use: {customer: ada, feature: video, quantity: 20}}
  - {at: 2027-02-02, change: {subscription: team, seats: 3}}
  - {at: 2027-02-02, use: {customer: ada, feature: video, quantity: 10}}
  - {at: 2027-02-03, pause: {subscription: team}}
  - {at: 2027-02-04, use: {customer: ada, feature: export}}
  - {at: 2027-02-05, resume: {subscription: team}}
  - {at: 2027-02-05, use: {customer: ada, feature: video, quantity: 30}}
until: 2027-03-01
expect:
  entitlements:
    - {customer: ada, feature: video, limit: 30, used: 30, remaining: 0, resets_at: 2027-03-05}
    - {feature: render, limit: 5, used: 0, remaining: 5, resets_at: 2027-04-01}
    - {feature: export}
`)
	require.Equal(t, []string{
		"ok", "quota_exhausted", "ok", "ok", "quota_exhausted", "ok", "ok", "ok", "not_entitled", "ok",
	}, answers)
}

func TestTheOldestSubscriptionIsUsedFirst(t *testing.T) {
	t.Parallel()
	result := playIn(t, entitling, `
timeline:
  - {at: 2027-01-01, subscribe: {id: team, customer: bob, plan: team, seats: 1, starts_at: 2027-01-02}}
  - {at: 2027-01-01, subscribe: {id: free, customer: bob, plan: free}}
  - {at: 2027-01-03, use: {customer: bob, feature: video, quantity: 3}}
  - {at: 2027-01-03, use: {customer: bob, feature: video, quantity: 3}}
  - {at: 2027-01-03, use: {customer: bob, feature: video, quantity: 8}}
until: 2027-01-04
expect:
  uses:
    - {allowed: true, entitlement: {subscription: free, remaining: 0}}
    - {allowed: true, entitlement: {subscription: team, remaining: 7, resets_at: 2027-01-09}}
    - {allowed: false, reason: quota_exhausted, entitlement: {subscription: team, remaining: 7}}
`)
	require.Empty(t, result.Refused)
}

func TestUsesThatCannotBe(t *testing.T) {
	t.Parallel()
	const until = "\nuntil: 2027-02-01\n"
	require.Contains(t, fault(t, entitling+"timeline: [{at: 2027-01-01, use: {customer: ada, feature: video, quantity: 0}}]"+until),
		"timeline[0].use.quantity: must be at least 1, got 0")
	require.Contains(t, fault(t, entitling+"timeline: [{at: 2027-01-01, use: {customer: ada, feature: a b}}]"+until),
		`timeline[0].use.feature "a b" must be 1 to 64 letters`)
	require.Contains(t, fault(t, entitling+"timeline: [{at: 2027-01-01, use: {feature: video}}]"+until),
		"timeline[0].use.customer: is missing: there are several customers")
	result := playIn(t, entitling, `
timeline:
  - {at: 2027-01-01, subscribe: {id: one, customer: ada, plan: free}}
  - {at: 2027-01-02, use: {customer: ada, feature: video, id: a}}
  - {at: 2027-01-02, use: {customer: ada, feature: video, id: a, quantity: 2}}
  - {at: 2027-01-02, return_use: {customer: ada, feature: video, id: b}}
until: 2027-02-01
expect: {refused: [{code: use_id_reused}, {code: use_unknown}]}
`)
	require.Len(t, result.Uses, 1)
}
