package main

import (
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/rating"
	"github.com/perennial-billing/perennial/starter/startertest"
)

func step(what rating.What, quantity, unit, flat, amount string) rating.Step {
	d := decimal.RequireFromString
	return rating.Step{What: what, Quantity: d(quantity), UnitAmount: d(unit), FlatAmount: d(flat), Amount: d(amount)}
}

func TestArithmeticAddsUp(t *testing.T) {
	t.Parallel()
	eu := step("", "3", "2", "0", "6")
	eu.Values = map[string]string{"region": "eu", "class": "cold"}
	limited := invoicing.Explanation{
		Steps: []rating.Step{step("", "17", "1", "0", "17"), step(rating.Minimum, "0", "0", "3", "3")}, Part: 20, Of: 31, AlreadyBilled: "20",
	}
	for want, line := range map[string]explainedLine{
		"10": {Explanation: invoicing.Explanation{Steps: []rating.Step{step("", "1", "0", "10", "10")}}, kind: invoicing.Recurring},
		"(2 × 5 + 1 + 3 × 4) × 1/2": {Explanation: invoicing.Explanation{
			Steps: []rating.Step{step("", "2", "5", "1", "11"), step("", "3", "4", "0", "12")}, Part: 1, Of: 2,
		}, kind: invoicing.ProrationCharge},
		"10 free + 90 × 0.1": {Explanation: invoicing.Explanation{
			Steps: []rating.Step{step(rating.Free, "10", "0", "0", "0"), step("", "90", "0.1", "0", "9")},
		}, kind: invoicing.UsageLine},
		"205 × 2.9 % + 1 × 0.3 (fees)": {Explanation: invoicing.Explanation{
			Steps: []rating.Step{step(rating.AtPercent, "205", "0.029", "0", "5.945"), step(rating.EventFee, "1", "0.3", "0", "0.3")},
		}, kind: invoicing.UsageLine},
		"3 × 2 (class cold, region eu) + 4 × 1 (other values)": {Explanation: invoicing.Explanation{
			Steps: []rating.Step{eu, step(rating.OtherCells, "4", "1", "0", "4")},
		}, kind: invoicing.UsageLine},
		"33 × 1 - 3 (to the maximum)": {Explanation: invoicing.Explanation{
			Steps: []rating.Step{step("", "33", "1", "0", "33"), step(rating.Maximum, "0", "0", "-3", "-3")},
		}, kind: invoicing.UsageLine},
		"17 × 1 + 3 (to the minimum) - 20 billed before, with 20/31 of the limits": {Explanation: limited, kind: invoicing.UsageLine},
		"12.00 of A-1 × 10/20": {
			Explanation: invoicing.Explanation{Steps: []rating.Step{step("", "1", "12", "0", "12")}, Part: 10, Of: 20}, kind: invoicing.ProrationCredit,
			credited: "12.00 of A-1",
		},
	} {
		require.Equal(t, want, line.arithmetic())
	}
}

func TestAnInvoiceIsExplained(t *testing.T) {
	t.Parallel()
	id := addEntity(t)
	ok(t, "plan", "add", "--entity", id, "--file", file(t, startertest.Fill(id, roomy)))
	addCustomer(t, id, id+"-c")
	ok(t, "subscription", "create", "--id", id+"-s", "--customer", id+"-c", "--plan", id+"-roomy", "--seats", "2", "--start-at", "2026-01-31", "--ends-after", "1")
	first := decoded(t, ok(t, "invoice", "list", "--subscription", id+"-s", "--json"))["data"].([]any)[0].(map[string]any)["id"].(string)

	shown := ok(t, "invoice", "show", first, "--explain")
	require.Regexp(t, `LINE +WHAT +PERIOD +ARITHMETIC +NET +TAX\n`, shown)
	require.Regexp(t, `Roomy: 2 × seats +2026-01-31 to 2026-02-28 +2 × 10 +EUR 20\.00`, shown, "days of the customer's own clock")
	require.NotContains(t, ok(t, "invoice", "show", first), "ARITHMETIC")
	require.Contains(t, decoded(t, ok(t, "invoice", "show", first, "--explain", "--json")), "lines")
}
