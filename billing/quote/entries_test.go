package quote_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What waits for the next invoice can be taken back; what an invoice has billed cannot.
func TestACanceledChargeIsNotBilled(t *testing.T) {
	t.Parallel()
	play(t, `
timeline:
  - {at: 2027-01-01, subscribe: {id: a, plan: seats, plan_version: 1, seats: 1}}
  - {at: 2027-01-02, charge: {id: set-up, unit_amount: 250, tax_category: saas_b2b}}
  - {at: 2027-01-02, charge: {id: training, unit_amount: 40, tax_category: saas_b2b}}
  - {at: 2027-01-03, cancel_charge: {charge: set-up}}
  - {at: 2027-01-03, cancel_charge: {charge: nothing}}
  - {at: 2027-02-01, cancel_charge: {charge: training}}
until: 2027-02-02
expect:
  refused: [{path: "timeline[4]", code: charge_unknown}, {path: "timeline[5]", code: charge_unknown}]
  invoices: [{total: 10}, {total: 50}]
`)
}

// Subscriptions share invoices from when they are in one billing group and have one purchase order, and until one leaves it.
func TestABillingGroupThatIsJoinedAndLeft(t *testing.T) {
	t.Parallel()
	play(t, `
timeline:
  - {at: 2027-01-01, subscribe: {id: a, plan: seats, plan_version: 1, seats: 1, billing_group: office, po_number: PO-1}}
  - {at: 2027-01-01, subscribe: {id: b, plan: seats, plan_version: 1, seats: 2, po_number: PO-1}}
  - {at: 2027-01-15, billing_group: {subscription: b, billing_group: office, po_number: PO-1}}
  - {at: 2027-02-15, billing_group: {subscription: b, billing_group: office, po_number: PO-2}}
  - {at: 2027-03-15, billing_group: {subscription: b}}
until: 2027-04-02
expect:
  refused: []
  invoices:
    - {subscription: a, total: 10, po_number: PO-1}
    - {subscription: b, total: 20, po_number: PO-1}
    - {subscriptions: [a, b], total: 30, issued_at: 2027-02-01, po_number: PO-1}
    - {subscription: a, total: 10, issued_at: 2027-03-01, po_number: PO-1}
    - {subscription: b, total: 20, issued_at: 2027-03-01, po_number: PO-2}
    - {subscription: a, total: 10, issued_at: 2027-04-01}
    - {subscription: b, total: 20, issued_at: 2027-04-01}
`)
}

// Who gets below a customer has invoices in the parent's name from then on. What was charged before is given back to whom it
// was charged.
func TestAnAccountThatChanges(t *testing.T) {
	t.Parallel()
	result := play(t, `
  - {id: hq, zone: America/New_York, country: US, currency: USD}
timeline:
  - {at: 2027-01-01, subscribe: {id: a, customer: ada, plan: seats, plan_version: 1, seats: 2}}
  - {at: 2027-01-10, customer: {id: ada, invoiced_to: parent}}
  - {at: 2027-01-10, customer: {id: ada, parent: hq, invoiced_to: parent, paid_by: parent}}
  - {at: 2027-01-16, change: {seats: 1}}
  - {at: 2027-02-10, customer: {id: ada, parent: "", invoiced_to: self, paid_by: self}}
  - {at: 2027-02-10, customer: {id: hq, parent: hq}}
until: 2027-03-02
expect:
  refused: [{path: "timeline[1]", code: account_invalid}, {path: "timeline[5]", code: account_invalid}]
  invoices:
    - {customer: ada, paid_by: ada, total: 20}
    - {customer: ada, reason: change, total: -5.16}
    - {customer: hq, paid_by: hq, issued_at: 2027-02-01, total: 10, amount_due: 10}
    - {customer: ada, paid_by: ada, issued_at: 2027-03-01, total: 10, amount_due: 4.84}
`)
	require.Len(t, result.Invoices[1].Lines, 2, "16 of 31 days of two seats back, of one charged")
}

// A refund pays the customer's credit out, which then pays no later invoice; no more than there is, and than was paid.
func TestCreditThatIsPaidOut(t *testing.T) {
	t.Parallel()
	play(t, `
timeline:
  - {at: 2027-01-01, subscribe: {id: a, plan: seats, plan_version: 1, seats: 2}}
  - {at: 2027-01-05, refund: {amount: 1}}
  - {at: 2027-01-10, charge: {id: sorry, kind: adjustment, unit_amount: -27, tax_category: saas_b2b, when: now}}
  - {at: 2027-01-11, refund: {invoice: 1, amount: 20.01}}
  - {at: 2027-01-11, refund: {invoice: 1, amount: 16}}
  - {at: 2027-01-12, refund: {invoice: 1, amount: 4.01}}
until: 2027-02-02
expect:
  refused:
    - {path: "timeline[1]", code: credit_too_small}
    - {path: "timeline[3]", code: refund_too_large}
    - {path: "timeline[5]", code: refund_too_large}
  invoices: [{total: 20}, {total: -27, credit_granted: 27}, {total: 20, credit_applied: 11, amount_due: 9}]
  credit: [{amount: 0}]
`)
}

// Each subscription is moved once by a migration: who was moved back by hand stays there.
func TestAMigrationMovesOnce(t *testing.T) {
	t.Parallel()
	play(t, `
timeline:
  - {at: 2027-01-01, subscribe: {id: a, plan: seats, plan_version: 1, seats: 1}}
  - {at: 2027-01-01, subscribe: {id: b, plan: seats, plan_version: 1, seats: 1}}
  - {at: 2027-01-01, subscribe: {id: c, plan: seats, plan_version: 1, seats: 1, starts_at: 2027-01-20}}
  - {at: 2027-01-02, subscribe: {id: d, plan: seats, plan_version: 1, seats: 1}}
  - {at: 2027-01-05, cancel: {subscription: b, when: period_end}}
  - {at: 2027-01-05, change: {subscription: d, seats: 2, when: period_end}}
  - {at: 2027-01-10, migrate: {plan: seats, from: 1, to: 2, notice_days: 0}}
  - {at: 2027-02-10, change: {subscription: a, plan_version: 1, when: period_end}}
  - {at: 2027-03-10, migrate: {plan: seats, from: 1, to: 2, notice_days: 0, customers: [ada]}}
until: 2027-04-02
expect:
  refused:
    - {path: "timeline[6].migrate.b", code: canceled_at_period_end}
    - {path: "timeline[6].migrate.c", code: not_begun}
    - {path: "timeline[6].migrate.d", code: change_pending}
  subscriptions: [{id: a, plan_version: 1}, {id: b, status: canceled}, {id: c, plan_version: 2}, {id: d, plan_version: 2}]
`)
}
