package catalog

import (
	"slices"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/entitlement"
	"github.com/perennial-billing/perennial/billing/money"
)

func TestDiffNamesEveryField(t *testing.T) {
	t.Parallel()
	price := func(p *Plan, charge int, currency money.Currency, f func(*Price)) {
		changed := p.Charges[charge].Prices[currency]
		changed.Tiers = slices.Clone(changed.Tiers)
		f(&changed)
		p.Charges[charge].Prices[currency] = changed
	}
	for _, test := range []struct {
		change func(*Plan)
		want   []string
	}{
		{func(p *Plan) { p.Version = 7 }, nil},
		{func(p *Plan) { p.Entitlements = []entitlement.Entitlement{} }, nil},
		{func(p *Plan) {
			price(p, 0, "USD", func(x *Price) { x.UnitAmount = decimal.RequireFromString("8.7500") })
		}, nil},
		{func(p *Plan) { p.Name = "Teams" }, []string{"name Team → Teams"}},
		{func(p *Plan) { p.TrialDays = 0 }, []string{"trial_days 14 → (none)"}},
		{func(p *Plan) {
			price(p, 0, "USD", func(x *Price) { x.UnitAmount = decimal.RequireFromString("9.25") })
		}, []string{"charges.seats.prices.USD.unit_amount 8.75 → 9.25"}},
		{func(p *Plan) {
			price(p, 1, "USD", func(x *Price) { x.Tiers[1].UnitAmount = decimal.RequireFromString("0.00000250000000001") })
		}, []string{"charges.tokens.prices.USD.tiers[1].unit_amount 0.0000025 → 0.00000250000000001"}},
		{func(p *Plan) { price(p, 1, "USD", func(x *Price) { x.Tiers = x.Tiers[2:] }) }, []string{
			`charges.tokens.prices.USD.tiers [{"flat_amount":"5","unit_amount":"0.000003","up_to":"1000000"},{"unit_amount":"0.0000025","up_to":"2500000"},` +
				`{"unit_amount":"0.000002"}] → [{"unit_amount":"0.000002"}]`,
		}},
		{func(p *Plan) { delete(p.Charges[0].Prices, "JPY") }, []string{
			`charges.seats.prices.JPY {"model":"per_unit","unit_amount":"1050"} → (none)`,
		}},
		{func(p *Plan) { slices.Reverse(p.Charges) }, []string{"charges in the order seats, tokens → tokens, seats"}},
		{func(p *Plan) {
			p.Charges[1].ID = "tokens2"
			p.Charges[1].Prices = map[money.Currency]Price{"USD": {Model: PerUnit}}
		}, []string{
			`charges.tokens {"id":"tokens","kind":"usage","meter":"tokens","name":"Tokens","prices":{"EUR":{"model":"per_unit","unit_amount":"0.000003"},` +
				`"JPY":{"free_units":"100","model":"package","package_size":"1000000","unit_amount":"500"},"USD":{"flat_at_zero":true,"model":"graduated",` +
				`"tiers":[{"flat_amount":"5","unit_amount":"0.000003","up_to":"1000000"},{"unit_amount":"0.0000025","up_to":"2500000"},` +
				`{"unit_amount":"0.000002"}]}},"tax_category":"saas","timing":"arrears"} → (none)`,
			`charges.tokens2 (none) → {"id":"tokens2","kind":"usage","meter":"tokens","name":"Tokens","prices":{"USD":{"model":"per_unit"}},` +
				`"tax_category":"saas","timing":"arrears"}`,
		}},
		{func(p *Plan) {
			p.Entitlements = []entitlement.Entitlement{{Feature: "export"}}
		}, []string{`entitlements (none) → [{"feature":"export"}]`}},
	} {
		old, changed := team(t), team(t)
		test.change(&changed)
		differences, err := Diff(old, changed)
		require.NoError(t, err)
		var told []string
		for _, difference := range differences {
			told = append(told, difference.String())
		}
		require.Equal(t, test.want, told)
	}
}
