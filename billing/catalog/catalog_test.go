package catalog

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/money"
)

// A team product with seats and usage, written with both kinds of number.
const teamCatalog = `[{
	"id": "team", "version": 2, "name": "Team",
	"interval": {"unit": "month", "count": 1}, "trial_days": 14,
	"proration": "day", "billed_by": "renewal",
	"charges": [
		{"id": "seats", "name": "Seats", "kind": "recurring", "per": "seat", "timing": "advance", "tax_category": "saas",
		 "prices": {
			"USD": {"model": "per_unit", "unit_amount": "8.75"},
			"JPY": {"model": "per_unit", "unit_amount": 1050}
		 }},
		{"id": "tokens", "name": "Tokens", "kind": "usage", "timing": "arrears", "meter": "tokens", "tax_category": "saas",
		 "prices": {
			"EUR": {"model": "per_unit", "unit_amount": "0.000003"},
			"USD": {"model": "graduated", "tiers": [
				{"up_to": "1000000", "unit_amount": 0.000003, "flat_amount": "5"},
				{"up_to": 2.5e6, "unit_amount": "0.0000025"},
				{"unit_amount": "0.000002"}
			], "flat_at_zero": true},
			"JPY": {"model": "package", "unit_amount": "500", "package_size": "1000000", "free_units": "100"}
		 }}
	]
}]`

func team(t require.TestingT) Plan {
	plans, err := Parse(strings.NewReader(teamCatalog))
	require.NoError(t, err)
	require.Len(t, plans, 1)
	return plans[0]
}

func TestParse(t *testing.T) {
	t.Parallel()
	plan := team(t)
	require.Equal(t, calendar.Interval{Unit: calendar.Month, Count: 1}, plan.Interval)
	require.Equal(t, []money.Currency{"JPY", "USD"}, plan.Currencies(), "no seat price in EUR")

	seats, err := plan.Charge("seats")
	require.NoError(t, err)
	price, err := seats.Price("JPY")
	require.NoError(t, err)
	require.Equal(t, "1050", price.UnitAmount.String())

	tokens, err := plan.Charge("tokens")
	require.NoError(t, err)
	price, err = tokens.Price("USD")
	require.NoError(t, err)
	require.Equal(t, "0.000003", price.Tiers[0].UnitAmount.String())
	require.Equal(t, "2500000", price.Tiers[1].UpTo.String())
	require.Nil(t, price.Tiers[2].UpTo)

	_, err = plan.Charge("storage")
	require.EqualError(t, err, `plan "team" version 2 has no charge "storage": it has seats, tokens`)
	_, err = seats.Price("EUR")
	require.EqualError(t, err, `charge "seats" has no price in "EUR": it has prices in JPY, USD`)
	require.Empty(t, Plan{}.Currencies())
}

func TestJSONRoundTrip(t *testing.T) {
	t.Parallel()
	data, err := json.Marshal([]Plan{team(t)})
	require.NoError(t, err)
	require.Contains(t, string(data), `"JPY":{"model":"per_unit","unit_amount":"1050"}`)
	plans, err := Parse(strings.NewReader(string(data)))
	require.NoError(t, err)
	again, err := json.Marshal(plans)
	require.NoError(t, err)
	require.JSONEq(t, string(data), string(again))
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	replaced := func(old, with string) string {
		require.Contains(t, teamCatalog, old)
		return strings.Replace(teamCatalog, old, with, 1)
	}
	for _, test := range []struct{ why, text, want string }{
		{"nothing", "", "catalog is empty"},
		{"not JSON", "plans:", "catalog: invalid character"},
		{"an object", `{"id": "team"}`, "put the plan between [ and ]"},
		{"a text", `"team"`, "a JSON array of plans is expected"},
		{"two values", "[] []", "unexpected data after the array"},
		{"unknown field", replaced(`"trial_days"`, `"free_days"`), `unknown field "free_days"`},
		{"the same version twice", strings.TrimSuffix(teamCatalog, "]") + "," + strings.TrimPrefix(teamCatalog, "["), `catalog: [1]: plan "team" version 2 is defined twice`},
		{"invalid plan", replaced(`"version": 2`, `"version": 0`), `catalog: [0]: plan "team": version must be at least 1, got 0`},
		{"not a number", replaced(`"8.75"`, `"eight"`), "can't convert"},
		{"NaN", replaced(`"8.75"`, `"NaN"`), "can't convert"},
		{"huge exponent", replaced(`"8.75"`, `"1e999999999"`), "exponent"},
		{"large exponent", replaced(`"8.75"`, `1e9999`), "prices.USD.unit_amount: at most 18 digits may precede the point"},
		{"small exponent", replaced(`"8.75"`, `1e-9999`), "prices.USD.unit_amount: at most 14 digits may follow the point of a price in USD"},
		{"too large", "[" + strings.Repeat(" ", largestCatalog) + "]", "larger than 8 MiB"},
	} {
		plans, err := Parse(strings.NewReader(test.text))
		require.ErrorContains(t, err, test.want, test.why)
		require.Nil(t, plans)
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		want  string
		spoil func(*Plan)
	}{
		{`plan: id "" must be 1 to 64 letters`, func(p *Plan) { p.ID = "" }},
		{`plan: id "a/b" must be`, func(p *Plan) { p.ID = "a/b" }},
		{`plan "team": name must have 1 to 200 bytes, got 0`, func(p *Plan) { p.Name = "" }},
		{`plan "team": interval.unit "fortnight" must be one of day, week, month, quarter, year`, func(p *Plan) { p.Interval.Unit = "fortnight" }},
		{`plan "team": trial_days must be between 0 and 730, got -1`, func(p *Plan) { p.TrialDays = -1 }},
		{`plan "team": proration "hour" must be one of day, day_inclusive, month_30, second, none`, func(p *Plan) { p.Proration = "hour" }},
		{`plan "team": credits "some" must be one of unused, none`, func(p *Plan) { p.Credits = "some" }},
		{`plan "team": billed_by "" must be one of renewal, invoice_run`, func(p *Plan) { p.BilledBy = "" }},
		{`plan "team": trial_days must be 0 for billed_by invoice_run, got 7`, func(p *Plan) { p.BilledBy, p.TrialDays = ByInvoiceRun, 7 }},
		{`timing must be arrears for billed_by invoice_run`, func(p *Plan) { p.BilledBy, p.TrialDays = ByInvoiceRun, 0 }},
		{`plan "team": interval must be 1 month for billed_by invoice_run, got 2 months`, func(p *Plan) { p.BilledBy, p.Interval.Count = ByInvoiceRun, 2 }},
		{`plan "team": charges must not be empty`, func(p *Plan) { p.Charges = nil }},
		{`plan "team": charges[1].id "seats" is used twice`, func(p *Plan) { p.Charges[1].ID = "seats" }},
		{`plan "team": charges[0].id "" must be`, func(p *Plan) { p.Charges[0].ID = "" }},
		{`plan "team": charges[0].name must have`, func(p *Plan) { p.Charges[0].Name = strings.Repeat("x", 201) }},
		{`plan "team": charges[0].kind "once" must be one of recurring, usage`, func(p *Plan) { p.Charges[0].Kind = "once" }},
		{`plan "team": charges[0].per "" must be one of subscription, seat`, func(p *Plan) { p.Charges[0].Per = "" }},
		{`plan "team": charges[0].meter "m" is only for usage charges`, func(p *Plan) { p.Charges[0].Meter = "m" }},
		{`plan "team": charges[0].timing "" must be one of advance, arrears`, func(p *Plan) { p.Charges[0].Timing = "" }},
		{`plan "team": charges[1].per "seat" is only for recurring charges`, func(p *Plan) { p.Charges[1].Per = PerSeat }},
		{`plan "team": charges[1].timing "advance" must be arrears`, func(p *Plan) { p.Charges[1].Timing = Advance }},
		{`plan "team": charges[1].meter "" must be`, func(p *Plan) { p.Charges[1].Meter = "" }},
		{`plan "team": charges[0].tax_category is required`, func(p *Plan) { p.Charges[0].TaxCategory = "" }},
		{`plan "team": charges[0].prices must not be empty`, func(p *Plan) { p.Charges[0].Prices = nil }},
		{`plan "team": charges[0].prices: unknown currency "XYZ"`, func(p *Plan) { p.Charges[0].Prices["XYZ"] = Price{} }},
		{`plan "team": charges[0].prices: currency "usd" must be written "USD"`, func(p *Plan) { p.Charges[0].Prices["usd"] = Price{} }},
		{`plan "team": charges[1].prices.USD.model flat does not depend on usage`, func(p *Plan) { p.Charges[1].Prices["USD"] = Price{Model: Flat} }},
		{`plan "team": charges[1].prices.JPY.package_size must be above 0, got 0`, func(p *Plan) { p.Charges[1].Prices["JPY"] = Price{Model: Package} }},
		{`plan "team": charges: no currency has a price in every charge`, func(p *Plan) {
			delete(p.Charges[0].Prices, "USD")
			delete(p.Charges[1].Prices, "JPY")
		}},
	} {
		plan := team(t)
		require.NoError(t, plan.Validate())
		test.spoil(&plan)
		require.ErrorContains(t, plan.Validate(), test.want)
	}
	monthly := team(t)
	monthly.BilledBy, monthly.TrialDays, monthly.Charges[0].Timing = ByInvoiceRun, 0, Arrears
	require.NoError(t, monthly.Validate())
}

func bound(s string) *decimal.Decimal {
	d := decimal.RequireFromString(s)
	return &d
}

func TestPriceValidate(t *testing.T) {
	t.Parallel()
	one := decimal.NewFromInt(1)
	for _, good := range []Price{
		{Model: Flat},
		{Model: Flat, FlatAmount: one},
		{Model: PerUnit, UnitAmount: one},
		{Model: Package, UnitAmount: one, PackageSize: one, FreeUnits: one},
		{Model: Volume, Tiers: []Tier{{UnitAmount: one}}, FlatAtZero: true},
		{Model: Graduated, Tiers: []Tier{{UpTo: bound("10")}, {UpTo: bound("10.5")}, {}}},
	} {
		require.NoError(t, good.Validate())
	}
	for _, test := range []struct {
		want  string
		price Price
	}{
		{`model "" must be one of flat, per_unit, graduated, volume, package`, Price{}},
		{`unit_amount is not used by model flat`, Price{Model: Flat, UnitAmount: one}},
		{`flat_amount is not used by model per_unit`, Price{Model: PerUnit, FlatAmount: one}},
		{`package_size is not used by model per_unit`, Price{Model: PerUnit, PackageSize: one}},
		{`free_units is not used by model volume`, Price{Model: Volume, FreeUnits: one}},
		{`tiers are not used by model flat`, Price{Model: Flat, Tiers: []Tier{{}}}},
		{`flat_at_zero is not used by model flat`, Price{Model: Flat, FlatAtZero: true}},
		{`unit_amount must not be negative, got -1`, Price{Model: PerUnit, UnitAmount: one.Neg()}},
		{`unit_amount: at most 16 digits may follow`, Price{Model: PerUnit, UnitAmount: decimal.New(1, -17)}},
		{`unit_amount: at most 18 digits may precede`, Price{Model: PerUnit, UnitAmount: decimal.New(-1, 2_000_000_000)}},
		{`tiers must not be empty for model graduated`, Price{Model: Graduated}},
		{`tiers[0].up_to must be left out in the last tier`, Price{Model: Volume, Tiers: []Tier{{UpTo: bound("10")}}}},
		{`tiers[0].up_to is required in every tier but the last`, Price{Model: Volume, Tiers: []Tier{{}, {}}}},
		{`tiers[0].up_to must exceed 0, got 0`, Price{Model: Volume, Tiers: []Tier{{UpTo: bound("0")}, {}}}},
		{`tiers[1].up_to must exceed 10, got 10`, Price{Model: Volume, Tiers: []Tier{{UpTo: bound("10")}, {UpTo: bound("10")}, {}}}},
		{`tiers[0].up_to: at most 18 digits`, Price{Model: Volume, Tiers: []Tier{{UpTo: bound("1e18")}, {}}}},
		{`tiers[0].unit_amount must not be negative`, Price{Model: Volume, Tiers: []Tier{{UnitAmount: one.Neg()}}}},
		{`tiers[0].flat_amount must not be negative`, Price{Model: Volume, Tiers: []Tier{{FlatAmount: one.Neg()}}}},
	} {
		require.ErrorContains(t, test.price.Validate(), test.want)
	}
}

// Every catalogue that is accepted can be written and is accepted again as the same.
func requireStable(t require.TestingT, plans []Plan) {
	data, err := json.Marshal(plans)
	require.NoError(t, err)
	again, err := Parse(strings.NewReader(string(data)))
	require.NoError(t, err, string(data))
	rewritten, err := json.Marshal(again)
	require.NoError(t, err)
	require.Equal(t, string(data), string(rewritten))
}

func TestRandomPricesRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		plan := team(t)
		unit := decimal.New(rapid.Int64Range(0, 1e15).Draw(t, "coefficient"), rapid.Int32Range(-12, 2).Draw(t, "exponent"))
		plan.Charges[0].Prices["USD"] = Price{Model: PerUnit, UnitAmount: unit}
		requireStable(t, []Plan{plan})
	})
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(teamCatalog))
	f.Add([]byte(`[]`))
	f.Add([]byte(`[{"id":"p","version":1,"charges":[{"id":"c","prices":{"USD":{"model":"flat","flat_amount":1e999999999}}}]}]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		plans, err := Parse(strings.NewReader(string(data)))
		if err == nil {
			requireStable(t, plans)
		}
	})
}
