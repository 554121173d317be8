package rating

import (
	"encoding/json"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/money"
)

func d(s string) decimal.Decimal { return decimal.RequireFromString(s) }

// tier makes a tier; an empty bound means no bound.
func tier(upTo, unit, flat string) catalog.Tier {
	t := catalog.Tier{UnitAmount: d(unit), FlatAmount: d(flat)}
	if upTo != "" {
		bound := d(upTo)
		t.UpTo = &bound
	}
	return t
}

var (
	// The tier tables of Stripe's documentation on tiered pricing.
	docsTiers     = []catalog.Tier{tier("5", "5", "0"), tier("10", "4", "0"), tier("15", "3", "0"), tier("20", "2", "0"), tier("", "1", "0")}
	docsFlatTiers = []catalog.Tier{tier("5", "5", "10"), tier("10", "4", "20"), tier("", "3", "30")}
	// Bounds at whole numbers, used with fractions of units.
	fractions = []catalog.Tier{tier("10", "2", "3"), tier("", "1", "5")}
)

func TestRate(t *testing.T) {
	t.Parallel()
	graduated := func(tiers []catalog.Tier) catalog.Price {
		return catalog.Price{Model: catalog.Graduated, Tiers: tiers}
	}
	volume := func(tiers []catalog.Tier) catalog.Price {
		return catalog.Price{Model: catalog.Volume, Tiers: tiers}
	}
	// Five dollars per started hundred, the first hundred free, as in Lago's documentation.
	packaged := catalog.Price{Model: catalog.Package, UnitAmount: d("5"), PackageSize: d("100"), FreeUnits: d("100")}
	for _, test := range []struct {
		why      string
		price    catalog.Price
		quantity string
		want     string
	}{
		{"flat, none", catalog.Price{Model: catalog.Flat, FlatAmount: d("29.90")}, "0", "29.9"},
		{"flat, many", catalog.Price{Model: catalog.Flat, FlatAmount: d("29.90")}, "7", "29.9"},
		{"per unit, none", catalog.Price{Model: catalog.PerUnit, UnitAmount: d("8.75")}, "0", "0"},
		{"per unit", catalog.Price{Model: catalog.PerUnit, UnitAmount: d("8.75")}, "3", "26.25"},
		{"input tokens", catalog.Price{Model: catalog.PerUnit, UnitAmount: d("0.000003")}, "18059974", "54.179922"},
		{"output tokens", catalog.Price{Model: catalog.PerUnit, UnitAmount: d("0.000015")}, "245896", "3.68844"},
		{"volume, first tier", volume(docsTiers), "1", "5"},
		{"volume, bound is inclusive", volume(docsTiers), "5", "25"},
		{"volume, all units at the second price", volume(docsTiers), "6", "24"},
		{"volume, last tier", volume(docsTiers), "25", "25"},
		{"volume, none", volume(docsTiers), "0", "0"},
		{"volume with flat amounts", volume(docsFlatTiers), "6", "44"},
		{"volume, a fraction above a bound is the next tier", volume(fractions), "10.5", "15.5"},
		{"graduated, first tier", graduated(docsTiers), "1", "5"},
		{"graduated, bound is inclusive", graduated(docsTiers), "5", "25"},
		{"graduated, one in the second tier", graduated(docsTiers), "6", "29"},
		{"graduated, all tiers", graduated(docsTiers), "25", "75"},
		{"graduated, none", graduated(docsTiers), "0", "0"},
		{"graduated with flat amounts", graduated(docsFlatTiers), "12", "111"},
		{"graduated, the flat amount only of tiers entered", graduated(docsFlatTiers), "5", "35"},
		{"graduated, a fraction enters the next tier", graduated(fractions), "10.5", "28.5"},
		{"graduated, below one unit", graduated(fractions), "0.25", "3.5"},
		{"package, none", packaged, "0", "0"},
		{"package, free units", packaged, "100", "0"},
		{"package, a started package is whole", packaged, "101", "5"},
		{"package, a fraction starts one", packaged, "100.000000000001", "5"},
		{"package, full", packaged, "200", "5"},
		{"package, two", packaged, "201", "10"},
		{"package of a fractional size", catalog.Price{Model: catalog.Package, UnitAmount: d("1"), PackageSize: d("0.3")}, "0.9", "3"},
	} {
		rated, err := Rate(test.price, Units(d(test.quantity)))
		require.NoError(t, err, test.why)
		require.Equal(t, test.want, rated.Exact.String(), test.why)
		requireExplained(t, rated)
	}
}

func TestRealUsageOfTokens(t *testing.T) {
	t.Parallel()
	total := money.Zero("USD")
	for quantity, unit := range map[string]string{"18059974": "0.000003", "245896": "0.000015"} {
		rated, err := Rate(catalog.Price{Model: catalog.PerUnit, UnitAmount: d(unit)}, Units(d(quantity)))
		require.NoError(t, err)
		line, err := money.FromDecimal(rated.Exact, "USD")
		require.NoError(t, err)
		total, err = total.Add(line)
		require.NoError(t, err)
	}
	require.Equal(t, money.New(5787, "USD"), total)
}

func TestFlatAtZero(t *testing.T) {
	t.Parallel()
	for _, model := range []catalog.Model{catalog.Graduated, catalog.Volume} {
		price := catalog.Price{Model: model, Tiers: docsFlatTiers}
		rated, err := Rate(price, Units(decimal.Zero))
		require.NoError(t, err)
		require.True(t, rated.Exact.IsZero())
		require.Empty(t, rated.Steps)

		price.FlatAtZero = true
		rated, err = Rate(price, Units(decimal.Zero))
		require.NoError(t, err)
		require.Equal(t, "10", rated.Exact.String())
		require.Len(t, rated.Steps, 1)
		rated, err = Rate(price, Units(d("1")))
		require.NoError(t, err)
		require.Equal(t, "15", rated.Exact.String())
	}
}

func TestSteps(t *testing.T) {
	t.Parallel()
	rated, err := Rate(catalog.Price{Model: catalog.Graduated, Tiers: docsFlatTiers}, Units(d("12")))
	require.NoError(t, err)
	want := []struct {
		tier                         int
		quantity, unit, flat, amount string
	}{{1, "5", "5", "10", "35"}, {2, "5", "4", "20", "40"}, {3, "2", "3", "30", "36"}}
	require.Len(t, rated.Steps, len(want))
	for i, s := range rated.Steps {
		require.Equal(t, want[i].tier, s.Tier)
		require.Equal(t, want[i].quantity, s.Quantity.String())
		require.Equal(t, want[i].unit, s.UnitAmount.String())
		require.Equal(t, want[i].flat, s.FlatAmount.String())
		require.Equal(t, want[i].amount, s.Amount.String())
	}
	rated, err = Rate(catalog.Price{Model: catalog.Volume, Tiers: docsTiers}, Units(d("6")))
	require.NoError(t, err)
	require.Equal(t, 2, rated.Steps[0].Tier)
}

func TestRateRefuses(t *testing.T) {
	t.Parallel()
	perUnit := catalog.Price{Model: catalog.PerUnit, UnitAmount: d("1")}
	for _, test := range []struct {
		price    catalog.Price
		quantity decimal.Decimal
		want     string
	}{
		{perUnit, d("-1"), "quantity must not be negative, got -1"},
		{perUnit, decimal.New(1, 2_000_000_000), "quantity: at most 18 digits"},
		{perUnit, decimal.New(1, -13), "quantity: at most 12 digits"},
		{catalog.Price{}, d("1"), `price: model ""`},
		{catalog.Price{Model: catalog.Volume, Tiers: []catalog.Tier{tier("5", "1", "0")}}, d("6"), "price: tiers[0].up_to must be left out"},
	} {
		_, err := Rate(test.price, Units(test.quantity))
		require.ErrorContains(t, err, test.want)
	}
}

func requireExplained(t require.TestingT, rated Rated) {
	total := decimal.Zero
	for _, s := range rated.Steps {
		require.True(t, s.Amount.Equal(s.Quantity.Mul(s.UnitAmount).Add(s.FlatAmount)))
		total = total.Add(s.Amount)
	}
	require.True(t, rated.Exact.Equal(total))
}

// Whatever a price and a quantity say, the answer is an explained price that is not negative, or an error.
func FuzzRate(f *testing.F) {
	f.Add([]byte(`{"model":"per_unit","unit_amount":"0.000003"}`), "18059974", int32(0))
	f.Add([]byte(`{"model":"package","unit_amount":5,"package_size":1e-12,"free_units":100}`), "101", int32(3))
	f.Add([]byte(`{"model":"graduated","tiers":[{"up_to":10,"unit_amount":1},{"flat_amount":1e17}],"flat_at_zero":true}`), "10.5", int32(-5))
	f.Add([]byte(`{"model":"volume","tiers":[{"up_to":1e400},{}]}`), "0", int32(2_000_000_000))
	f.Fuzz(func(t *testing.T, text []byte, quantity string, exponent int32) {
		var price catalog.Price
		if json.Unmarshal(text, &price) != nil {
			return
		}
		parsed, err := money.ParseDecimal(quantity)
		if err != nil {
			return
		}
		rated, err := Rate(price, Units(decimal.NewFromBigInt(parsed.Coefficient(), exponent)))
		if err != nil {
			return
		}
		requireExplained(t, rated)
		require.False(t, rated.Exact.IsNegative())
	})
}

func decimals(most int64) *rapid.Generator[decimal.Decimal] {
	return rapid.Custom(func(t *rapid.T) decimal.Decimal {
		return decimal.New(rapid.Int64Range(0, most).Draw(t, "coefficient"), rapid.Int32Range(-6, 0).Draw(t, "exponent"))
	})
}

// tiersWithoutFlats draws 1 to 5 tiers with increasing bounds.
func tiersWithoutFlats() *rapid.Generator[[]catalog.Tier] {
	return rapid.Custom(func(t *rapid.T) []catalog.Tier {
		var tiers []catalog.Tier
		bound := decimal.Zero
		for range rapid.IntRange(0, 4).Draw(t, "bounds") {
			bound = bound.Add(decimals(1000).Draw(t, "width")).Add(d("0.001"))
			upTo := bound
			tiers = append(tiers, catalog.Tier{UpTo: &upTo, UnitAmount: decimals(1e6).Draw(t, "unit")})
		}
		return append(tiers, catalog.Tier{UnitAmount: decimals(1e6).Draw(t, "unit")})
	})
}

func TestGraduatedIsContinuousAndMonotone(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		price := catalog.Price{Model: catalog.Graduated, Tiers: tiersWithoutFlats().Draw(t, "tiers")}
		quantity, more := decimals(5000).Draw(t, "quantity"), decimals(1e9).Draw(t, "more")
		dearest := decimal.Zero
		for _, tier := range price.Tiers {
			dearest = decimal.Max(dearest, tier.UnitAmount)
		}
		before, err := Rate(price, Units(quantity))
		require.NoError(t, err)
		after, err := Rate(price, Units(quantity.Add(more)))
		require.NoError(t, err)
		requireExplained(t, before)
		requireExplained(t, after)
		rise := after.Exact.Sub(before.Exact)
		require.False(t, rise.IsNegative(), "more units cost less")
		require.True(t, rise.LessThanOrEqual(dearest.Mul(more)), "the price jumps")
	})
}

// Rating the whole quantity each time and subtracting what was billed gives, over
// the invoices of a cycle, exactly the price of the cycle.
func TestCumulativeBillingSumsToTheTotal(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		model := rapid.SampledFrom([]catalog.Model{catalog.Graduated, catalog.Volume}).Draw(t, "model")
		price := catalog.Price{Model: model, Tiers: tiersWithoutFlats().Draw(t, "tiers")}
		billed, used := money.Zero("USD"), decimal.Zero
		for _, more := range rapid.SliceOfN(decimals(1e6), 1, 10).Draw(t, "usage") {
			used = used.Add(more)
			line, err := rateLine(price, used).Sub(billed)
			require.NoError(t, err)
			billed, err = billed.Add(line)
			require.NoError(t, err)
		}
		require.Equal(t, rateLine(price, used), billed)
	})
}

func rateLine(price catalog.Price, quantity decimal.Decimal) money.Amount {
	rated, err := Rate(price, Units(quantity))
	if err != nil {
		panic(err)
	}
	amount, err := money.FromDecimal(rated.Exact, "USD")
	if err != nil {
		panic(err)
	}
	return amount
}

func TestPackagesCoverTheUnits(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		units, size := decimals(1e12).Draw(t, "units"), decimals(1e6).Draw(t, "size").Add(d("0.000001"))
		n := packages(catalog.Price{PackageSize: size}, units)
		require.True(t, n.IsInteger())
		require.True(t, n.Mul(size).GreaterThanOrEqual(units))
		require.True(t, n.IsZero() || n.Sub(d("1")).Mul(size).LessThan(units))
	})
}
