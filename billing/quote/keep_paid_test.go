package quote_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/quote"
)

// kept sells plans that give nothing back: small, big, and one that is paid by the year.
const kept = `
catalog:
  - &small {id: small, version: 1, name: Small, interval: {unit: month, count: 1}, proration: day, credits: none, billed_by: renewal, charges: [
      {id: fee, name: fee, kind: recurring, per: subscription, timing: advance, tax_category: saas_b2b, prices: {USD: {model: flat, flat_amount: 30}}}]}
  - {<<: *small, id: big, name: Big, charges: [
      {id: fee, name: fee, kind: recurring, per: subscription, timing: advance, tax_category: saas_b2b, prices: {USD: {model: flat, flat_amount: 90}}}]}
  - {<<: *small, id: yearly, name: Yearly, interval: {unit: year, count: 1}, charges: [
      {id: fee, name: fee, kind: recurring, per: subscription, timing: advance, tax_category: saas_b2b, prices: {USD: {model: flat, flat_amount: 300}}}]}
coupons:
  - {id: half, name: Half, percent_off: 50, duration: forever}
  - {id: ten, name: Ten off, amount_off: {USD: 10}, duration: forever}
customers:
  - {id: ada, zone: America/New_York, country: US, currency: USD}
`

func playKept(t interface {
	require.TestingT
	Context() context.Context
}, rest string,
) quote.Result {
	scenario, err := quote.Parse(strings.NewReader(kept + rest))
	require.NoError(t, err)
	result, err := quote.Run(t.Context(), scenario)
	require.NoError(t, err)
	differences, err := scenario.Expect.Compare(result)
	require.NoError(t, err)
	require.Empty(t, differences)
	return result
}

// What was paid without a discount counts towards what the new terms cost with one, and no more: 20 days of Big are worth
// 60, Small costs 20 for them, and 10 with the coupon.
func TestADiscountGivesNothingBackThatAPlanKeeps(t *testing.T) {
	t.Parallel()
	result := playKept(t, `
timeline:
  - {at: 2027-04-01, subscribe: {id: sub, plan: big}}
  - {at: 2027-04-05, redeem: {coupon: half}}
  - {at: 2027-04-11, change: {plan: small}}
until: 2027-04-12
expect:
  invoices: [{total: 90}, {total: 0, credit_granted: 0, lines: [{amount: -10}, {amount: 10, discount: 10}]}]
`)
	require.True(t, result.Invoices[1].Lines[0].Explanation.Capped)
}

// It counts towards a period of another length, too: 20 of 30 days of Big are worth 60, a year costs 300.
func TestWhatIsPaidCountsTowardsAnotherInterval(t *testing.T) {
	t.Parallel()
	playKept(t, `
timeline:
  - {at: 2027-04-01, subscribe: {id: sub, plan: big}}
  - {at: 2027-04-11, change: {plan: yearly}}
until: 2027-04-12
expect:
  invoices: [{total: 90}, {total: 240, lines: [{amount: -60}, {amount: 300}]}]
`)
	playKept(t, `
timeline:
  - {at: 2027-04-01, subscribe: {id: sub, plan: yearly}}
  - {at: 2027-04-05, redeem: {coupon: half}}
  - {at: 2027-04-11, change: {plan: big}}
until: 2027-04-12
expect:
  invoices: [{total: 300}, {total: 0, lines: [{amount: -45}, {amount: 45}]}]
`)
}

// Whatever is changed and whichever coupons come and go, such plans never make a credit note.
func TestPlansThatKeepWhatIsPaidNeverGiveBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := "timeline:\n  - {at: 2027-04-01, subscribe: {id: sub, plan: big}}\n"
		day := calendar.Date{Year: 2027, Month: 4, Day: 1}
		for range rapid.IntRange(1, 8).Draw(t, "entries") {
			day = day.AddDays(rapid.IntRange(0, 12).Draw(t, "days"))
			action := rapid.SampledFrom([]string{
				"change: {plan: small}", "change: {plan: big}", "change: {plan: yearly}", "change: {plan: small, bill: next}", "change: {plan: big, bill: next}",
				"redeem: {coupon: half}", "redeem: {coupon: ten}", "remove_discount: {id: half}", "remove_discount: {id: ten}", "pause: {}", "resume: {}",
			}).Draw(t, "action")
			text += fmt.Sprintf("  - {at: %s, %s}\n", day, action)
		}
		for _, invoice := range playKept(t, text+"until: 2028-04-01\n").Invoices {
			require.GreaterOrEqual(t, invoice.Subtotal.Minor, int64(0), "%s: %v", text, invoice)
		}
	})
}
