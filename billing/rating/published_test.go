package rating

import (
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/catalog"
)

// priced is a table of quantities and what they cost.
type priced []struct{ quantity, want string }

func requirePriced(t *testing.T, name string, price catalog.Price, table priced) {
	t.Helper()
	for _, row := range table {
		rated, err := Rate(price, Units(d(row.quantity)))
		require.NoError(t, err, name)
		require.Equal(t, row.want, rated.Exact.String(), "%s of %s", row.quantity, name)
		requireExplained(t, rated)
	}
}

// Figures that other billing systems publish in their documentation and tests. Where one of them takes the first tier's
// flat amount also when nothing was used, so does the price here.
func TestPublishedGraduatedPrices(t *testing.T) {
	t.Parallel()
	graduated := func(atZero bool, tiers ...catalog.Tier) catalog.Price {
		return catalog.Price{Model: catalog.Graduated, Tiers: tiers, FlatAtZero: atZero}
	}
	for _, test := range []struct {
		name  string
		price catalog.Price
		table priced
	}{
		{
			"Lago, three ranges with flat amounts",
			graduated(false, tier("10", "10", "2"), tier("20", "5", "3"), tier("", "5", "3")),
			priced{{"0", "0"}, {"1", "12"}, {"10", "102"}, {"11", "110"}, {"12", "115"}, {"20", "155"}, {"21", "163"}},
		},
		{
			"OpenMeter, flat tiers before unit tiers",
			graduated(true, tier("5", "0", "100"), tier("10", "0", "50"), tier("15", "10", "0"), tier("", "5", "0")),
			priced{{"0", "100"}, {"3", "100"}, {"5", "100"}, {"5.001", "150"}, {"7", "150"}, {"12", "170"}, {"22", "235"}},
		},
		{
			"Autumn, requests",
			graduated(false, tier("1000", "0.01", "0"), tier("10000", "0.008", "0"), tier("", "0.005", "0")),
			priced{{"15000", "107"}},
		},
		{
			"OpenMeter's documentation, units",
			graduated(false, tier("1000", "0.10", "0"), tier("10000", "0.05", "0"), tier("", "0.01", "0")),
			priced{{"1000", "100"}, {"10000", "550"}, {"15000", "600"}},
		},
		{
			"Lago's documentation, calls",
			graduated(false, tier("100", "1", "0"), tier("200", "0.50", "0"), tier("", "0.10", "0")),
			priced{{"100", "100"}, {"200", "150"}, {"250", "155"}},
		},
	} {
		requirePriced(t, test.name, test.price, test.table)
	}
}

func TestPublishedVolumePrices(t *testing.T) {
	t.Parallel()
	volume := func(atZero bool, tiers ...catalog.Tier) catalog.Price {
		return catalog.Price{Model: catalog.Volume, Tiers: tiers, FlatAtZero: atZero}
	}
	for _, test := range []struct {
		name  string
		price catalog.Price
		table priced
	}{
		{
			"Lago, three ranges with flat amounts",
			volume(false, tier("100", "2", "10"), tier("200", "1", "0"), tier("", "0.5", "50")),
			priced{{"0", "0"}, {"1", "12"}, {"100", "210"}, {"101", "101"}, {"200", "200"}, {"300", "200"}},
		},
		{
			"OpenMeter, flat tiers before unit tiers",
			volume(true, tier("5", "0", "100"), tier("10", "0", "150"), tier("15", "10", "0"), tier("", "5", "0")),
			priced{{"0", "100"}, {"3", "100"}, {"5", "100"}, {"6", "150"}, {"10", "150"}, {"14", "140"}, {"15", "150"}, {"16", "80"}, {"100", "500"}},
		},
		{
			"Lago's documentation, calls",
			volume(false, tier("10000", "0.0010", "10"), tier("50000", "0.0008", "10"), tier("100000", "0.0006", "10"), tier("", "0.0004", "10")),
			priced{{"65000", "49"}, {"100000", "70"}, {"100001", "50.0004"}},
		},
		{
			"OpenMeter's documentation, units",
			volume(false, tier("1000", "0.10", "0"), tier("10000", "0.05", "0"), tier("", "0.01", "0")),
			priced{{"15000", "150"}},
		},
	} {
		requirePriced(t, test.name, test.price, test.table)
	}
}

func TestPublishedPackagePrices(t *testing.T) {
	t.Parallel()
	packages := func(amount, size, free string) catalog.Price {
		return catalog.Price{Model: catalog.Package, UnitAmount: d(amount), PackageSize: d(size), FreeUnits: d(free)}
	}
	requirePriced(t, "Lago", packages("100", "10", "0"), priced{{"121", "1300"}})
	requirePriced(t, "Lago with free units", packages("100", "10", "10"), priced{{"121", "1200"}, {"10", "0"}})
	requirePriced(t, "OpenMeter", packages("15", "10", "0"), priced{
		{"0", "0"}, {"1", "15"}, {"9", "15"}, {"10", "15"}, {"11", "30"}, {"17", "30"}, {"22", "45"}, {"60", "90"}, {"110", "165"},
	})
}

// A cycle billed in two parts: the second costs the price of the whole less that of the first (OpenMeter's figures).
func TestPublishedSplitsOfACycle(t *testing.T) {
	t.Parallel()
	graduated := catalog.Price{Model: catalog.Graduated, Tiers: []catalog.Tier{tier("5", "0", "100"), tier("10", "0", "50"), tier("15", "5", "0"), tier("", "1", "0")}}
	packages := catalog.Price{Model: catalog.Package, UnitAmount: d("15"), PackageSize: d("10")}
	for _, test := range []struct {
		price                    catalog.Price
		before, after, increment string
	}{
		{graduated, "7", "8", "0"},
		{graduated, "12", "22", "22"},
		{packages, "17", "22", "15"},
		{packages, "60", "110", "75"},
	} {
		first, err := Rate(test.price, Units(d(test.before)))
		require.NoError(t, err)
		whole, err := Rate(test.price, Units(d(test.after)))
		require.NoError(t, err)
		require.Equal(t, test.increment, whole.Exact.Sub(first.Exact).String(), "%s from %s to %s", test.price.Model, test.before, test.after)
	}
}

// The largest numbers that are let in are priced exactly, without a digit lost.
func TestLargestAndSmallest(t *testing.T) {
	t.Parallel()
	perUnit := func(unit string) catalog.Price { return catalog.Price{Model: catalog.PerUnit, UnitAmount: d(unit)} }
	most := "999999999999999999.999999999999"
	requirePriced(t, "the smallest price", perUnit("0.000000000001"), priced{
		{"0.000000000001", "0.000000000000000000000001"}, {"1", "0.000000000001"}, {most, "999999.999999999999999999999999"},
	})
	requirePriced(t, "the largest price", perUnit(most), priced{
		{"0", "0"}, {"1", most}, {most, d(most).Mul(d(most)).String()},
	})
	smallest := catalog.Price{Model: catalog.Package, UnitAmount: d("1"), PackageSize: decimal.New(1, -12)}
	requirePriced(t, "packages of the smallest size", smallest, priced{{most, "999999999999999999999999999999"}})
	bounds := catalog.Price{Model: catalog.Graduated, Tiers: []catalog.Tier{tier("0.000000000001", "1", "0"), tier(most, "2", "0"), tier("", "3", "0")}}
	requirePriced(t, "bounds at both ends", bounds, priced{{"0.000000000001", "0.000000000001"}, {"0.000000000002", "0.000000000003"}})
}
