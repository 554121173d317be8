package quote_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// converts sells seats of 10 dollars for yen and francs, by the rates of a Friday and of the Monday after.
const converts = `
settings: {presentment: {base_currency: USD, markup_percent: 2, rounding: {JPY: "multiple:10", CHF: "ends:.90"}}}
rates:
  - {from: EUR, to: USD, date: 2027-02-26, value: 1.0815, source: ECB}
  - {from: EUR, to: JPY, date: 2027-02-26, value: 162.42, source: ECB}
  - {from: EUR, to: CHF, date: 2027-02-26, value: 0.9402, source: ECB}
  - {from: EUR, to: JPY, date: 2027-03-01, value: 200, source: ECB}
  - {from: EUR, to: USD, date: 2027-03-01, value: 1, source: ECB}
`

// 10 × 162.42/1.0815 × 1.02 = 1531.8… is JPY 1530 on Saturday. The version keeps that price, whatever the rates do since;
// another one is priced on the day of the change: 12 × 200 × 1.02 = 2448 is JPY 2450. Back at the first, its price is as it was.
func TestConvertedPricesAreLocked(t *testing.T) {
	t.Parallel()
	result := play(t, converts+`
timeline:
  - {at: 2027-02-27, subscribe: {id: sub, plan: seats, plan_version: 1, seats: 2, currency: JPY}}
  - {at: 2027-03-05, change: {seats: 4, when: period_end}}
  - {at: 2027-04-01, change: {plan_version: 2, when: period_end}}
until: 2027-05-27
expect:
  refused: [{path: "timeline[2]", code: rate_too_old}]
  invoices: [{total: 3060}, {total: 6120}, {total: 6120}, {total: 6120}]
`)
	conversion := result.Invoices[1].Lines[0].Explanation.Conversion
	require.Equal(t, "multiple:10", conversion.Rounding)
	require.Equal(t, "2027-02-26", conversion.RateDate.String())
	play(t, converts+`
timeline:
  - {at: 2027-02-27, subscribe: {id: sub, plan: seats, plan_version: 1, seats: 2, currency: JPY}}
  - {at: 2027-03-05, change: {plan_version: 2, when: period_end}}
  - {at: 2027-04-01, change: {plan_version: 1, when: period_end}}
until: 2027-04-27
expect: {refused: [], invoices: [{total: 3060}, {total: 4900}, {total: 3060}]}
`)
}

// An agreed price is nobody's to convert, and a plan with a price of its own in the currency keeps it.
func TestOwnPricesAreNotConverted(t *testing.T) {
	t.Parallel()
	play(t, converts+`
timeline:
  - {at: 2027-02-27, subscribe: {id: agreed, plan: seats, plan_version: 1, seats: 2, currency: CHF, prices: {seat: {CHF: {model: per_unit, unit_amount: 7}}}}}
  - {at: 2027-02-27, subscribe: {id: own, plan: seats, plan_version: 1, seats: 2, currency: EUR}}
  - {at: 2027-02-27, subscribe: {id: converted, plan: seats, plan_version: 1, seats: 2, currency: CHF}}
until: 2027-03-01
expect: {refused: [], invoices: [{total: 14}, {total: 20}, {total: 17.8}]}
`)
}

func TestWrongRatesAndPolicies(t *testing.T) {
	t.Parallel()
	subscribed := "timeline: [{at: 2027-02-27, subscribe: {id: sub, plan: seats, plan_version: 1, seats: 2, currency: JPY}}]\nuntil: 2027-03-01\n"
	for text, want := range map[string]string{
		"rates: [{from: USD, to: JPY, date: 2027-02-26, value: 150}]\n":                                              "rates: nothing is converted without settings.presentment",
		"settings: {presentment: {base_currency: XXX}}\n":                                                            "settings.presentment.base_currency: ",
		"settings: {presentment: {base_currency: USD, max_rate_age_days: 400}}\n":                                    "settings.presentment.max_rate_age_days must be between 0 and 366, got 400",
		"settings: {presentment: {base_currency: USD, rounding: {JPY: 'ends:.99'}}}\n":                               "settings.presentment.rounding.JPY: ",
		"settings: {presentment: {base_currency: USD}}\nrates: [{from: USD, to: USD, date: 2027-02-26, value: 1}]\n": "rates[0].to: USD is the currency of which one unit is priced",
		"settings: {presentment: {base_currency: USD}}\nrates: [{from: USD, to: JPY, date: 2027-02-26, value: 0}]\n": "rates[0].value: 0 is not a rate",
		"settings: {presentment: {base_currency: USD}}\nrates: [{from: USD, to: JPY, value: 1}]\n":                   "rates[0].date: is missing",
	} {
		require.Contains(t, fault(t, sold+text+subscribed), want)
	}
	result := play(t, "settings: {presentment: {base_currency: USD}}\n"+subscribed)
	require.Equal(t, "rate_missing", result.Refused[0].Code)
}
