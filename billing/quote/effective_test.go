package quote_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/quote"
)

// A version is sold from its day on, which begins where the customer lives. Who has the older one keeps it, until a change
// that begins after the day.
const dated = `
catalog:
  - {id: pro, version: 1, name: Pro, interval: {unit: month, count: 1}, proration: day, billed_by: renewal, charges: [
      {id: fee, name: fee, kind: recurring, per: subscription, timing: advance, tax_category: saas_b2b, prices: {USD: {model: flat, flat_amount: 10}}}]}
  - {id: pro, version: 2, effective_from: 2027-02-10, name: Pro, interval: {unit: month, count: 1}, proration: day, billed_by: renewal, charges: [
      {id: fee, name: fee, kind: recurring, per: subscription, timing: advance, tax_category: saas_b2b, prices: {USD: {model: flat, flat_amount: 12}}}]}
  - {id: next, version: 1, effective_from: 2028-01-01T00:00:00Z, name: Next, interval: {unit: month, count: 1}, proration: day, billed_by: renewal, charges: [
      {id: fee, name: fee, kind: recurring, per: subscription, timing: advance, tax_category: saas_b2b, prices: {USD: {model: flat, flat_amount: 20}}}]}
customers:
  - {id: east, zone: Pacific/Auckland, country: NZ, currency: USD}
  - {id: west, zone: America/New_York, country: US, currency: USD}
`

func TestVersionsAreSoldFromTheirDay(t *testing.T) {
	t.Parallel()
	scenario, err := quote.Parse(strings.NewReader(dated + `
timeline:
  - {at: "2027-02-09T12:00:00Z", subscribe: {id: e, customer: east, plan: pro}}
  - {at: "2027-02-09T12:00:00Z", subscribe: {id: w, customer: west, plan: pro}}
  - {at: "2027-02-09T12:00:00Z", subscribe: {id: later, customer: west, plan: pro, starts_at: 2027-02-10}}
  - {at: "2027-02-09T12:00:00Z", subscribe: {id: x, customer: west, plan: pro, plan_version: 2}}
  - {at: "2027-02-09T12:00:00Z", subscribe: {id: y, customer: west, plan: next}}
  - {at: "2027-02-09T13:00:00Z", change: {subscription: w, plan_version: 2}}
  - {at: "2027-02-09T13:00:00Z", change: {subscription: w, plan_version: 2, when: period_end}}
until: 2027-03-10
`))
	require.NoError(t, err)
	result, err := quote.Run(t.Context(), scenario)
	require.NoError(t, err)
	var refused []string
	for _, refusal := range result.Refused {
		require.Equal(t, "plan_not_in_force", refusal.Code)
		refused = append(refused, refusal.Message)
	}
	require.Equal(t, []string{
		`plan "pro" version 2 is sold from 2027-02-10 on, and the terms would begin at 2027-02-09T07:00:00-05:00: choose an earlier version or a later time`,
		`plan "next" version 1 is sold from 2028-01-01T00:00:00Z on, and the terms would begin at 2027-02-09T07:00:00-05:00: choose an earlier version or a later time`,
		`plan "pro" version 2 is sold from 2027-02-10 on, and the terms would begin at 2027-02-09T08:00:00-05:00: choose an earlier version or a later time`,
	}, refused)
	totals := map[string][]string{}
	for _, invoice := range result.Invoices {
		totals[invoice.Subscription] = append(totals[invoice.Subscription], invoice.Total.Amount)
	}
	require.Equal(t, map[string][]string{"e": {"12.00", "12.00"}, "w": {"10.00", "12.00"}, "later": {"12.00", "12.00"}}, totals)
}
