package quote_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// credits is a scenario with coupons, and a subscription of two seats for 20.00. The time line goes on behind it.
const credits = `
coupons:
  - {id: ten, name: Ten, amount_off: {USD: 10}, duration: once}
  - {id: euro, name: Euro, amount_off: {EUR: 10}, duration: forever}
  - {id: sixty, name: Sixty, amount_off: {USD: 60}, duration: once, rest: carried}
codes: [{code: TEN-OFF, coupon: ten, customer: ada, max_redemptions: 1}]
until: 2027-03-15
timeline:
  - {at: 2027-01-01, subscribe: {id: sub_1, plan: seats, plan_version: 1, seats: 2}}
`

func TestRefusalsOfCredits(t *testing.T) {
	t.Parallel()
	for want, entries := range map[string]string{
		"code_unknown":           `  - {at: 2027-01-02, redeem: {code: nothing}}`,
		"coupon_not_in_currency": `  - {at: 2027-01-02, redeem: {coupon: euro}}`,
		"discount_unknown":       `  - {at: 2027-01-02, remove_discount: {id: ten}}`,
		"discount_exists":        "  - {at: 2027-01-02, redeem: {coupon: sixty}}\n  - {at: 2027-01-03, redeem: {coupon: sixty}}",
		"code_exhausted":         "  - {at: 2027-01-02, redeem: {code: ten-off}}\n  - {at: 2027-01-03, redeem: {code: Ten-Off, id: again}}",
		"no_fair_billing":        `  - {at: 2027-01-02, activity: {member: bob}}`,
		"charge_exists": "  - {at: 2027-01-02, charge: {id: x, unit_amount: 1, tax_category: saas_b2b}}\n" +
			"  - {at: 2027-01-03, charge: {id: x, unit_amount: 1, tax_category: saas_b2b}}",
		"no_next_invoice": "  - {at: 2027-01-02, cancel: {}}\n  - {at: 2027-01-03, charge: {id: x, unit_amount: 1, tax_category: saas_b2b}}",
		"member_left": "  - {at: 2027-01-02, subscribe: {id: sub_2, plan: seats, plan_version: 1, fair_billing: {members: [{id: bob}]}}}\n" +
			"  - {at: 2027-01-03, activity: {subscription: sub_2, member: bob, event: left}}\n" +
			"  - {at: 2027-01-04, activity: {subscription: sub_2, member: bob}}",
	} {
		result := play(t, credits+entries)
		require.Len(t, result.Refused, 1, want)
		require.Equal(t, want, result.Refused[0].Code)
	}
}

func TestErrorsOfCreditsNameTheEntry(t *testing.T) {
	t.Parallel()
	for entries, want := range map[string]string{
		`  - {at: 2027-01-02, redeem: {coupon: nothing}}`:                                                          `timeline[1].redeem.coupon: there is no coupon "nothing"`,
		`  - {at: 2027-01-02, redeem: {code: "a b"}}`:                                                              `timeline[1].redeem.code: code`,
		`  - {at: 2027-01-02, grant: {id: g, amount: 1.005}}`:                                                      `timeline[1].grant.amount: 1.005 has more decimals than USD`,
		`  - {at: 2027-01-02, grant: {id: g, amount: 1, cost: 2}}`:                                                 `timeline[1].grant: grant "g": cost of a paid grant must be`,
		`  - {at: 2027-01-02, charge: {id: x, unit_amount: -1, tax_category: saas_b2b}}`:                           `timeline[1].charge: item "x": unit_amount: of a one-off charge`,
		`  - {at: 2027-01-02, subscribe: {id: b, plan: seats, plan_version: 1, fair_billing: {window_days: 400}}}`: `timeline[1].subscribe.fair_billing.window_days must be`,
	} {
		require.Contains(t, fault(t, sold+credits+entries), want)
	}
	require.Contains(t, fault(t, sold+strings.Replace(credits, "duration: once, rest", "duration: weekly, rest", 1)), `coupons[2]: coupon "sixty": duration "weekly" must be one of`)
	require.Contains(t, fault(t, sold+strings.Replace(credits, "coupon: ten,", "coupon: eleven,", 1)), `codes[0].coupon: there is no coupon "eleven"`)
}

// A customer's coupon lowers the invoices of all subscriptions, and its rest is carried from one to the next.
func TestCouponOfACustomer(t *testing.T) {
	t.Parallel()
	result := play(t, credits+`
  - {at: 2027-01-02, redeem: {coupon: sixty}}
  - {at: 2027-01-15, subscribe: {id: sub_2, plan: seats, plan_version: 1, seats: 3}}`)
	var totals []string
	for _, invoice := range result.Invoices {
		totals = append(totals, invoice.Subscription+" "+invoice.Total.Amount)
	}
	require.Equal(t, []string{"sub_1 20.00", "sub_2 0.00", "sub_1 0.00", "sub_2 20.00", "sub_1 20.00", "sub_2 30.00"}, totals)
}

// What is due on an invoice for which there is money or a discount is never below zero, and a grant pays no more than it has.
func TestCreditsOnAChangeOfPlan(t *testing.T) {
	t.Parallel()
	result := play(t, credits+`
  - {at: 2027-01-02, grant: {id: g, amount: 12.50}}
  - {at: 2027-01-16, change: {seats: 1}}
  - {at: 2027-01-17, charge: {id: x, unit_amount: 1, tax_category: saas_b2b, when: now}}`)
	var due []string
	for _, invoice := range result.Invoices {
		due = append(due, invoice.Total.Amount+" - "+invoice.CreditApplied.Amount+" - "+invoice.PrepaidApplied.Amount+" = "+invoice.AmountDue.Amount)
	}
	require.Equal(t, []string{
		"20.00 - 0.00 - 0.00 = 20.00", "-5.16 - 0.00 - 0.00 = 0.00", "1.00 - 1.00 - 0.00 = 0.00",
		"10.00 - 4.16 - 5.84 = 0.00", "10.00 - 0.00 - 6.66 = 3.34",
	}, due)
}
