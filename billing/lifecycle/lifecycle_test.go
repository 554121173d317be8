package lifecycle_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/quote"
)

// catalogue sells seats by the month, the year and the monthly run, and something whose price leaves the range of amounts.
const catalogue = `
catalog:
  - {id: monthly, version: 1, name: Monthly, interval: {unit: month, count: 1}, proration: day, billed_by: renewal, charges: [
      {id: seat, name: seats, kind: recurring, per: seat, timing: advance, tax_category: saas_b2b, prices: {USD: &seat {model: per_unit, unit_amount: 10}}}]}
  - {id: yearly, version: 1, name: Yearly, interval: {unit: year, count: 1}, proration: day, billed_by: renewal, charges: [
      {id: seat, name: seats, kind: recurring, per: seat, timing: advance, tax_category: saas_b2b, prices: {USD: *seat}}]}
  - {id: euros, version: 1, name: Euros, interval: {unit: month, count: 1}, proration: day, billed_by: renewal, charges: [
      {id: fee, name: fee, kind: recurring, per: subscription, timing: advance, tax_category: saas_b2b, prices: {EUR: {model: flat, flat_amount: 1}}}]}
  - {id: untaxed, version: 1, name: Untaxed, interval: {unit: month, count: 1}, proration: day, billed_by: renewal, charges: [
      {id: fee, name: fee, kind: recurring, per: subscription, timing: advance, tax_category: rainbows, prices: {USD: {model: flat, flat_amount: 1}}}]}
  - {id: dear, version: 1, name: Dear, interval: {unit: month, count: 1}, proration: day, billed_by: renewal, charges: [
      {id: seat, name: seats, kind: recurring, per: seat, timing: advance, tax_category: saas_b2b, prices: {USD: {model: per_unit, unit_amount: 90000000000000}}}]}
  - {id: run, version: 1, name: Run, interval: {unit: month, count: 1}, proration: day, billed_by: invoice_run, charges: [
      {id: seat, name: seats, kind: recurring, per: seat, timing: arrears, tax_category: saas_b2b, prices: {USD: *seat}}]}
  - {id: untaxed-spend, version: 1, name: Untaxed, interval: {unit: month, count: 1}, proration: day, billed_by: renewal,
      spend: {USD: {minimum: 100, tax_category: rainbows}}, charges: [
      {id: seat, name: seats, kind: recurring, per: seat, timing: advance, tax_category: saas_b2b, prices: {USD: *seat}}]}
customers: [{id: ada, zone: America/New_York, country: US, currency: USD}]
until: 2027-12-31
timeline:
`

// Every agreement and every command that cannot be carried out has a code, and changes nothing.
func TestRefusals(t *testing.T) {
	t.Parallel()
	const begun = "  - {at: 2027-01-01, subscribe: {id: a, plan: monthly, seats: 3}}\n"
	for entries, code := range map[string]string{
		"  - {at: 2027-01-01, subscribe: {id: a/b, plan: monthly, seats: 3}}":                                    "subscription_id_invalid",
		"  - {at: 2027-01-01, subscribe: {id: a, plan: run, seats: 3, ends_after: 2}}":                           "term_invalid",
		"  - {at: 2027-01-01, subscribe: {id: a, plan: weekly}}":                                                 "plan_unknown",
		"  - {at: 2027-01-01, subscribe: {id: a, plan: euros}}":                                                  "currency_not_priced",
		"  - {at: 2027-01-01, subscribe: {id: a, plan: monthly}}":                                                "seats_missing",
		"  - {at: 2027-01-01, subscribe: {id: a, plan: monthly, seats: 99000000}}":                               "seats_too_many",
		"  - {at: 2027-01-01, subscribe: {id: a, plan: euros, currency: EUR, seats: 1}}":                         "seats_not_sold",
		"  - {at: 2027-01-01, subscribe: {id: a, plan: dear, seats: 9000000}}":                                   "amount_too_large",
		"  - {at: 2027-01-01, subscribe: {id: a, plan: untaxed}}":                                                "tax_undetermined",
		"  - {at: 2027-01-01, subscribe: {id: a, plan: untaxed-spend, seats: 3}}":                                "tax_undetermined",
		begun + "  - {at: 2027-01-11, change: {plan: run}}":                                                      "billing_mismatch",
		begun + "  - {at: 2027-01-11, change: {plan: untaxed}}":                                                  "tax_undetermined",
		begun + "  - {at: 2027-01-11, change: {plan: euros}}":                                                    "currency_not_priced",
		begun + "  - {at: 2027-01-11, change: {seats: 3}}":                                                       "nothing_to_change",
		begun + "  - {at: 2027-01-11, change: {plan_version: 2}}":                                                "plan_unknown",
		begun + "  - {at: 2027-01-11, cancel: {when: period_end}}\n  - {at: 2027-01-12, change: {plan: yearly}}": "last_period",
		begun + "  - {at: 2027-01-11, cancel: {when: period_end}}\n  - {at: 2027-01-12, pause: {}}":              "cancellation_pending",
		"  - {at: 2027-01-01, subscribe: {id: a, plan: monthly, seats: 3, ends_after: 4}}\n" +
			"  - {at: 2027-01-11, change: {plan: yearly}}": "fixed_term",
	} {
		result := play(t, entries)
		require.Len(t, result.Refused, 1, entries)
		require.Equal(t, code, result.Refused[0].Code, entries)
		for _, s := range result.Subscriptions {
			require.Equal(t, "monthly", s.Plan, entries)
			require.EqualValues(t, 3, s.Seats, entries)
		}
	}
}

// A change of the billing interval ends the period under way with a credit and begins a period of the new length, from
// whose day boundaries are counted from then on.
func TestAnotherInterval(t *testing.T) {
	t.Parallel()
	result := play(t, `
  - {at: 2027-01-31, subscribe: {id: a, plan: yearly, seats: 3}}
  - {at: 2027-05-30, change: {plan: monthly}}
`)
	require.Len(t, result.Invoices, 9)
	change := result.Invoices[1]
	require.Equal(t, "-20.22", change.Lines[0].Amount.Amount, "246 of 365 days of 30.00")
	require.Equal(t, "30.00", change.Lines[1].Amount.Amount)
	require.Equal(t, "2027-05-30T00:00:00-04:00", change.Period.Start.String())
	require.Equal(t, "2027-06-30T00:00:00-04:00", change.Period.End.String())
	require.Equal(t, "2027-07-30T00:00:00-04:00", result.Invoices[2].Period.End.String())
}

func play(t *testing.T, entries string) quote.Result {
	t.Helper()
	return playScenario(t, catalogue+entries)
}

func playScenario(t *testing.T, text string) quote.Result {
	t.Helper()
	scenario, err := quote.Parse(strings.NewReader(text))
	require.NoError(t, err)
	result, err := quote.Run(t.Context(), scenario)
	require.NoError(t, err)
	return result
}
