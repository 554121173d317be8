package catalog

import (
	"encoding/json"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/money"
)

func n(s string) decimal.Decimal { return decimal.RequireFromString(s) }

// aMatrix is a valid price by region.
func aMatrix() Price {
	fallback := n("0.01")
	return Price{
		Model: Matrix, Dimensions: []string{"region"}, DefaultUnitAmount: &fallback,
		Cells: []Cell{{Values: map[string]string{"region": "eu"}, UnitAmount: n("0.05")}, {Values: map[string]string{"region": "us"}}},
	}
}

func committed(c Commitment) Price { return Price{Model: PerUnit, UnitAmount: n("1"), Commitment: &c} }

func TestModelsValidate(t *testing.T) {
	t.Parallel()
	for _, good := range []Price{
		{Model: Stairstep, Tiers: []Tier{{UpTo: bound("10"), FlatAmount: n("5")}, {}}, FlatAtZero: true},
		{Model: Percentage, Percent: n("1.5"), EventAmount: n("0.3"), FreeUnits: n("100"), FreeEvents: 3, FreeRule: FreeEvents, EventMinimum: n("1"), EventMaximum: n("1")},
		{Model: GraduatedPercentage, Tiers: []Tier{{UpTo: bound("10"), Percent: n("2"), FlatAmount: n("1")}, {Percent: n("1")}}},
		{Model: Dynamic, Multiplier: n("1.2"), Minimum: n("5"), Maximum: n("5"), Rounding: money.HalfEven},
		{Model: PerUnit, UnitAmount: n("0.0000000000000001"), FreeUnits: n("5")},
		{Model: Graduated, PackageSize: n("10"), PackagesAcrossTiers: true, Tiers: []Tier{{}}},
		{Model: Volume, TierByProrated: true, Tiers: []Tier{{}}},
		aMatrix(),
		committed(Commitment{Amount: n("10"), OverageFactor: n("1.5"), Paid: PaidInAdvance}),
		committed(Commitment{Quantity: n("10"), OverageUnitAmount: n("2"), Paid: PaidInArrears}),
	} {
		require.NoError(t, good.Validate())
	}
}

func TestModelsRefuse(t *testing.T) {
	t.Parallel()
	one := n("1")
	spoiled := func(spoil func(*Price)) Price {
		p := aMatrix()
		spoil(&p)
		return p
	}
	for _, test := range []struct {
		want  string
		price Price
	}{
		{`event_amount is not used by model per_unit: remove it`, Price{Model: PerUnit, EventAmount: one}},
		{`free_events is not used by model package: remove it`, Price{Model: Package, PackageSize: one, FreeEvents: 1}},
		{`free_events must not be negative, got -1`, Price{Model: Percentage, FreeEvents: -1}},
		{`free_rule is not used by model flat`, Price{Model: Flat, FreeRule: FreeEvents}},
		{`free_rule "both" must be one of separately, events`, Price{Model: Percentage, FreeRule: "both"}},
		{`event_maximum must not be below event_minimum 2, got 1`, Price{Model: Percentage, EventMinimum: n("2"), EventMaximum: one}},
		{`maximum must not be below minimum 2, got 1`, Price{Model: Flat, Minimum: n("2"), Maximum: one}},
		{`minimum must not be negative, got -1`, Price{Model: Flat, Minimum: n("-1")}},
		{`multiplier is not used by model flat`, Price{Model: Flat, Multiplier: one}},
		{`percent: at most 12 digits may follow the point`, Price{Model: Percentage, Percent: n("0.0000000000001")}},
		{`rounding "bankers" must be one of half_up, half_even, up, down`, Price{Model: Flat, Rounding: "bankers"}},
		{`package_rounding "nearest" must be one of half_up, half_even, up, down`, Price{Model: Package, PackageSize: n("1"), PackageRounding: "nearest"}},
		{`package_rounding needs a package_size`, Price{Model: Volume, PackageRounding: "up", Tiers: []Tier{{}}}},
		{`package_rounding is not used by model per_unit`, Price{Model: PerUnit, PackageRounding: "up"}},
		{`packages_across_tiers needs a package_size`, Price{Model: Graduated, PackagesAcrossTiers: true, Tiers: []Tier{{}}}},
		{`packages_across_tiers is not used by model volume`, Price{Model: Volume, PackagesAcrossTiers: true, Tiers: []Tier{{}}}},
		{`tier_by_prorated is not used by model graduated`, Price{Model: Graduated, TierByProrated: true, Tiers: []Tier{{}}}},
		{`tiers[0].unit_amount is not used by model stairstep`, Price{Model: Stairstep, Tiers: []Tier{{UnitAmount: one}}}},
		{`tiers[0].percent is not used by model graduated`, Price{Model: Graduated, Tiers: []Tier{{Percent: one}}}},
		{`tiers[0].percent must not be negative`, Price{Model: GraduatedPercentage, Tiers: []Tier{{Percent: one.Neg()}}}},
		{`dimensions is not used by model flat`, Price{Model: Flat, Dimensions: []string{"region"}}},
		{`default_unit_amount is required`, spoiled(func(p *Price) { p.DefaultUnitAmount = nil })},
		{`default_unit_amount must not be negative`, spoiled(func(p *Price) { *p.DefaultUnitAmount = one.Neg() })},
		{`dimensions must be 1 to 8, got 0`, spoiled(func(p *Price) { p.Dimensions = nil })},
		{`dimensions[0] "a b" must be`, spoiled(func(p *Price) { p.Dimensions[0] = "a b" })},
		{`dimensions[1] "region" is named twice`, spoiled(func(p *Price) { p.Dimensions = []string{"region", "region"} })},
		{`cells[0].values.size is missing: give a value for each of region, size`, spoiled(func(p *Price) { p.Dimensions = []string{"region", "size"} })},
		{`cells[1].values has 2 entries: the dimensions are region`, spoiled(func(p *Price) { p.Cells[1].Values["size"] = "s" })},
		{`cells[1].values are those of cells[0]`, spoiled(func(p *Price) { p.Cells[1].Values["region"] = "eu" })},
		{`cells[1].unit_amount must not be negative`, spoiled(func(p *Price) { p.Cells[1].UnitAmount = one.Neg() })},
		{`commitment.amount is of no use to model flat`, Price{Model: Flat, Commitment: &Commitment{Amount: one}}},
		{`commitment.amount or quantity must be above 0, and not both`, committed(Commitment{})},
		{`commitment.amount or quantity must be above 0, and not both`, committed(Commitment{Amount: one, Quantity: one})},
		{`commitment.quantity is not used by model dynamic: commit to an amount`, Price{Model: Dynamic, Commitment: &Commitment{Quantity: one}}},
		{`commitment.overage_unit_amount needs a committed quantity`, committed(Commitment{Amount: one, OverageUnitAmount: one})},
		{`commitment.overage_factor cannot be combined with overage_unit_amount`, committed(Commitment{Quantity: one, OverageUnitAmount: one, OverageFactor: one})},
		{`commitment.paid "later" must be one of arrears, advance`, committed(Commitment{Amount: one, Paid: "later"})},
		{`minimum cannot be combined with a commitment`, Price{Model: PerUnit, Minimum: one, Commitment: &Commitment{Amount: one}}},
	} {
		require.ErrorContains(t, test.price.Validate(), test.want)
	}
}

// A price has at most twelve digits of the minor unit.
func TestPriceDigitsDependOnTheCurrency(t *testing.T) {
	t.Parallel()
	for currency, most := range map[money.Currency]int32{"JPY": 12, "USD": 14, "KWD": 15, "CLF": 16} {
		require.NoError(t, Price{Model: PerUnit, UnitAmount: decimal.New(1, -most)}.ValidateIn(currency))
		require.ErrorContains(t, Price{Model: Volume, Tiers: []Tier{{UpTo: bound("1")}, {UnitAmount: decimal.New(1, -most-1)}}}.ValidateIn(currency),
			"tiers[1].unit_amount: at most")
	}
}

func TestChargesRefuseModels(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		want  string
		spoil func(*Plan)
	}{
		{`plan "team": charges[0].prices.USD.model dynamic prices what a meter counts: make it a usage charge`, func(p *Plan) { p.Charges[0].Prices["USD"] = Price{Model: Dynamic} }},
		{`plan "team": charges[0].prices.USD.commitment.paid advance is only for usage charges`, func(p *Plan) {
			p.Charges[0].Prices["USD"] = committed(Commitment{Amount: n("1"), Paid: PaidInAdvance})
		}},
		{`plan "team": charges[1].prices.USD.tiers[1].up_to must exceed 10, got 9.5`, func(p *Plan) {
			p.Charges[1].Prices["USD"] = Price{Model: Volume, Tiers: []Tier{{UpTo: bound("10")}, {UpTo: bound("9.5")}, {}}}
		}},
		{`plan "team": spend.EUR: the plan is not sold in that currency, but in JPY, USD`, func(p *Plan) { p.Spend = map[money.Currency]Spend{"EUR": {}} }},
		{`plan "team": spend.USD.minimum or maximum must be above 0`, func(p *Plan) { p.Spend = map[money.Currency]Spend{"USD": {}} }},
		{`plan "team": spend.USD.minimum must not be negative`, func(p *Plan) { p.Spend = map[money.Currency]Spend{"USD": {Minimum: n("-1")}} }},
		{`plan "team": spend.JPY.minimum: at most 0 digits may follow the point in JPY`, func(p *Plan) { p.Spend = map[money.Currency]Spend{"JPY": {Minimum: n("0.5")}} }},
		{`plan "team": spend.USD.tax_category is required with a minimum`, func(p *Plan) { p.Spend = map[money.Currency]Spend{"USD": {Minimum: n("1.00")}} }},
		{`plan "team": spend.USD.maximum must not be below minimum 2, got 1`, func(p *Plan) { p.Spend = map[money.Currency]Spend{"USD": {Minimum: n("2"), Maximum: n("1")}} }},
		{`plan "team": spend.USD.overage_factor must be at least 1, got 0.5`, func(p *Plan) { p.Spend = map[money.Currency]Spend{"USD": {Minimum: n("2"), OverageFactor: n("0.5")}} }},
		{`plan "team": spend.USD.overage_factor needs a minimum`, func(p *Plan) { p.Spend = map[money.Currency]Spend{"USD": {Maximum: n("2"), OverageFactor: n("2")}} }},
	} {
		plan := team(t)
		test.spoil(&plan)
		require.ErrorContains(t, plan.Validate(), test.want)
	}
	plan := team(t)
	plan.Spend = map[money.Currency]Spend{"USD": {Minimum: n("100"), Maximum: n("1000.50"), OverageFactor: n("1.2"), TaxCategory: "saas"}}
	require.NoError(t, plan.Validate())
	requireStable(t, []Plan{plan})
}

func TestWithAmounts(t *testing.T) {
	t.Parallel()
	double := func(d decimal.Decimal) (decimal.Decimal, error) { return d.Add(d), nil }
	for _, test := range []struct{ from, want string }{
		{
			`{"model":"graduated","tiers":[{"up_to":"10","unit_amount":"2","flat_amount":"3"},{}],"minimum":"5"}`,
			`{"model":"graduated","tiers":[{"up_to":"10","unit_amount":"4","flat_amount":"6"},{}],"minimum":"10"}`,
		},
		{
			`{"model":"percentage","percent":"2","free_units":"10","event_amount":"1","event_minimum":"1","event_maximum":"3","free_events":3}`,
			`{"model":"percentage","percent":"2","free_units":"20","event_amount":"2","event_minimum":"2","event_maximum":"6","free_events":3}`,
		},
		{`{"model":"graduated_percentage","tiers":[{"up_to":"10","percent":"2"},{}]}`, `{"model":"graduated_percentage","tiers":[{"up_to":"20","percent":"2"},{}]}`},
		{`{"model":"package","unit_amount":"2","package_size":"10","free_units":"5"}`, `{"model":"package","unit_amount":"4","package_size":"10","free_units":"5"}`},
		{
			`{"model":"matrix","dimensions":["a"],"cells":[{"values":{"a":"x"},"unit_amount":"1"}],"default_unit_amount":"2"}`,
			`{"model":"matrix","dimensions":["a"],"cells":[{"values":{"a":"x"},"unit_amount":"2"}],"default_unit_amount":"4"}`,
		},
		{`{"model":"per_unit","commitment":{"quantity":"5","overage_unit_amount":"2"}}`, `{"model":"per_unit","commitment":{"quantity":"5","overage_unit_amount":"4"}}`},
		{`{"model":"per_unit","commitment":{"amount":"5","overage_factor":"2"}}`, `{"model":"per_unit","commitment":{"amount":"10","overage_factor":"2"}}`},
	} {
		var price Price
		require.NoError(t, json.Unmarshal([]byte(test.from), &price))
		doubled, err := price.WithAmounts(double)
		require.NoError(t, err)
		got, err := json.Marshal(doubled)
		require.NoError(t, err)
		require.JSONEq(t, test.want, string(got))
		unchanged, err := json.Marshal(price)
		require.NoError(t, err)
		require.JSONEq(t, test.from, string(unchanged))
	}
}
