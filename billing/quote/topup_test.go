package quote_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

const prepaying = `
catalog:
  - {id: api, version: 1, name: API, interval: {unit: month, count: 1}, proration: day, billed_by: renewal, charges: [
      {id: calls, name: calls, kind: usage, meter: calls, timing: arrears, tax_category: saas_b2b, prices: {USD: {model: per_unit, unit_amount: 0.01}}}]}
customers: [{id: ada, zone: America/New_York, country: US, currency: USD}]
`

func TestCreditIsSoldOnAnInvoice(t *testing.T) {
	t.Parallel()
	playIn(t, prepaying, `
timeline:
  - {at: 2027-01-01, subscribe: {id: api, plan: api}}
  - {at: 2027-01-01, grant: {id: pack, amount: 50, cost: 40, payment: invoice, valid_for: {unit: month, count: 2}}}
  - {at: 2027-01-02, usage: {meter: calls, quantity: 3000}}
  - {at: 2027-02-10, return_grant: {id: pack}}
  - {at: 2027-02-11, return_grant: {id: pack}}
until: 2027-03-01
expect:
  refused: []
  invoices:
    - {reason: prepaid, subscription: "", subscriptions: [], customer: ada, total: 40, amount_due: 40, owed: 0, lines: [{kind: prepaid_credit, charge: pack}]}
    - {reason: cycle, issued_at: 2027-02-01, total: 30, prepaid: [{grant: pack, amount: 30, cost: 24}], amount_due: 0}
  grants:
    - {grant: pack, left: 0, expires_at: 2027-03-01, movements: [
        {kind: granted, amount: 50, cost: 40}, {kind: spent, amount: -30, cost: -24}, {at: 2027-02-10, kind: returned, amount: -20, cost: -16}]}
  credit: [{amount: 16}]
`)
}

func TestCreditIsUsableWhenItIsPaid(t *testing.T) {
	t.Parallel()
	playIn(t, prepaying, `
settings: {collection: manual}
timeline:
  - {at: 2027-01-01, subscribe: {id: api, plan: api}}
  - {at: 2027-01-01, grant: {id: later, amount: 50, payment: invoice, valid_for: {unit: month, count: 1}}}
  - {at: 2027-01-01, grant: {id: now, amount: 10, payment: invoice, usable: at_once}}
  - {at: 2027-01-02, usage: {meter: calls, quantity: 3000}}
  - {at: 2027-01-03, return_grant: {id: later}}
  - {at: 2027-02-03, usage: {meter: calls, quantity: 1000}}
  - {at: 2027-02-05, paid: {grant: later}}
  - {at: 2027-02-05, paid: {grant: later}}
  - {at: 2027-02-06, unpaid: {grant: later}}
  - {at: 2027-02-06, paid: {grant: never}}
until: 2027-03-02
expect:
  refused: [{code: grant_not_paid}, {code: nothing_owed}, {code: grant_paid}, {code: invoice_unknown}]
  invoices:
    - {reason: prepaid, total: 50, owed: 0}
    - {reason: prepaid, total: 10, owed: 10}
    - {reason: cycle, total: 30, prepaid: [{grant: now, amount: 10}], amount_due: 20}
    - {reason: cycle, total: 10, prepaid: [{grant: later, amount: 10}], amount_due: 0}
  grants:
    - {grant: later, left: 40, expires_at: 2027-03-05, waiting: false}
    - {grant: now, left: 0}
`)
}

func TestTopUpAtALowBalance(t *testing.T) {
	t.Parallel()
	playIn(t, prepaying, `
timeline:
  - {at: 2027-01-01, subscribe: {id: api, plan: api}}
  - {at: 2027-01-01, grant: {id: welcome, amount: 20, basis: promotional}}
  - {at: 2027-01-01, top_up: {below: 10, amount: 50, most_per_month: 80}}
  - {at: 2027-01-02T12:00, usage: {meter: calls, quantity: 999}}
  - {at: 2027-01-03T12:00, usage: {meter: calls, quantity: 1}}
  - {at: 2027-01-04, usage: {meter: calls, quantity: 6000}}
  - {at: 2027-01-05, usage: {meter: calls, quantity: 6000}}
  - {at: 2027-02-02, top_up: {off: true}}
  - {at: 2027-02-03, usage: {meter: calls, quantity: 6000}}
until: 2027-02-10
expect:
  invoices:
    - {reason: prepaid, issued_at: 2027-01-03T12:15, total: 50}
    - {reason: prepaid, issued_at: 2027-01-04T00:15, total: 30}
    - {reason: cycle, issued_at: 2027-02-01, total: 130, prepaid_applied: 100, amount_due: 30}
    - {reason: prepaid, issued_at: 2027-02-01, total: 50}
  grants: [{left: 0}, {left: 0}, {left: 50}, {left: 0}]
`)
}

func TestTopUpOnASchedule(t *testing.T) {
	t.Parallel()
	playIn(t, prepaying, `
timeline:
  - {at: 2027-01-31, top_up: {every: {unit: month, count: 1}, up_to: 40, priority: 10, valid_for: {unit: day, count: 40}}}
until: 2027-05-20
expect:
  invoices:
    - {reason: prepaid, issued_at: 2027-02-28, total: 40, lines: [{charge: "top-up:USD:scheduled:2027-02-28"}]}
    - {reason: prepaid, issued_at: 2027-04-30, total: 40}
`)
}

func TestTopUpsThatCannotBe(t *testing.T) {
	t.Parallel()
	for entry, want := range map[string]string{
		"top_up: {amount: 5}":                                                                 "timeline[0].top_up.top-up: below or every is required",
		"top_up: {below: 5, amount: 0.001}":                                                   "timeline[0].top_up.amount: 0.001 has more decimals than USD",
		"top_up: {below: 5, currency: US}":                                                    "timeline[0].top_up.currency",
		"grant: {id: a, amount: 5, usable: at_once}":                                          "timeline[0].grant.usable: is only for credit that an invoice sells",
		"grant: {id: a, amount: 5, basis: promotional, payment: invoice}":                     "timeline[0].grant.payment: a present is not paid",
		"grant: {id: a, amount: 5, payment: invoice, expires_at: 2028-01-01}":                 "timeline[0].grant.expires_at: the credit can be used when it is paid",
		"grant: {id: a, amount: 5, expires_at: 2028-01-01, valid_for: {unit: day, count: 1}}": "timeline[0].grant.valid_for: excludes expires_at",
		"paid: {grant: a, invoice: 1}":                                                        "timeline[0].paid.grant: names the invoice alone",
	} {
		require.Contains(t, fault(t, prepaying+"timeline: [{at: 2027-01-01, "+entry+"}]\nuntil: 2027-02-01\n"), want)
	}
	result := playIn(t, prepaying, `
timeline: [{at: 2027-01-01, grant: {id: a, amount: 0.2, payment: invoice}}]
until: 2027-02-01
`)
	require.Equal(t, "cost_not_chargeable", result.Refused[0].Code)
	require.Empty(t, result.Grants)
}
