package quote_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/quote"
)

// sold is a catalogue for tests: seats in advance, calls in arrears, a yearly plan, one billed by the monthly run, and one
// so dear that ten seats leave the range of amounts with their tax.
const sold = `
catalog:
  - {id: seats, version: 1, name: Seats, interval: {unit: month, count: 1}, proration: day, billed_by: renewal, charges: [
      {id: seat, name: seats, kind: recurring, per: seat, timing: advance, tax_category: saas_b2b, prices: {USD: &ten {model: per_unit, unit_amount: 10}, EUR: *ten}}]}
  - {id: seats, version: 2, name: Seats, interval: {unit: month, count: 1}, proration: day, billed_by: renewal, charges: [
      {id: seat, name: seats, kind: recurring, per: seat, timing: advance, tax_category: saas_b2b, prices: {USD: {model: per_unit, unit_amount: 12}}}]}
  - {id: yearly, version: 1, name: Yearly, interval: {unit: year, count: 1}, proration: day, billed_by: renewal, charges: [
      {id: fee, name: fee, kind: recurring, per: subscription, timing: advance, tax_category: saas_b2b, prices: {USD: {model: flat, flat_amount: 365}}}]}
  - {id: metered, version: 1, name: Metered, interval: {unit: month, count: 1}, proration: day, billed_by: renewal, charges: [
      {id: calls, name: calls, kind: usage, meter: calls, timing: arrears, tax_category: saas_b2b, prices: {USD: {model: per_unit, unit_amount: 90000000000000}}}]}
  - {id: run, version: 1, name: Run, interval: {unit: month, count: 1}, proration: day, billed_by: invoice_run, charges: [
      {id: calls, name: calls, kind: usage, meter: calls, timing: arrears, tax_category: saas_b2b, prices: {USD: {model: per_unit, unit_amount: 0.01}}}]}
customers:
  - {id: ada, zone: America/New_York, country: US, currency: USD}
`

// play parses and plays a scenario that sells the tests' catalogue.
func play(t *testing.T, rest string) quote.Result {
	t.Helper()
	return playIn(t, sold, rest)
}

// playIn parses and plays a scenario of a catalogue with customers and the rest.
func playIn(t *testing.T, catalog, rest string) quote.Result {
	t.Helper()
	scenario, err := quote.Parse(strings.NewReader(catalog + rest))
	require.NoError(t, err)
	result, err := quote.Run(t.Context(), scenario)
	require.NoError(t, err)
	differences, err := scenario.Expect.Compare(result)
	require.NoError(t, err)
	require.Empty(t, differences)
	return result
}

// fault is the error of a scenario, wherever it is found.
func fault(t *testing.T, text string) string {
	t.Helper()
	scenario, err := quote.Parse(strings.NewReader(text))
	if err == nil {
		var result quote.Result
		if result, err = quote.Run(t.Context(), scenario); err == nil {
			_, err = scenario.Expect.Compare(result)
		}
	}
	require.Error(t, err)
	return err.Error()
}
