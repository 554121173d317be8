package rating

import (
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/money"
)

// events makes events of the given quantities.
func events(quantities ...string) Usage {
	var u Usage
	for _, quantity := range quantities {
		u.Events = append(u.Events, Event{Quantity: d(quantity)})
	}
	return u
}

func counted(quantity string, events int64) Usage {
	return Usage{Quantity: d(quantity), Detail: Detail{EventCount: events}}
}

// Lago's figures for percentages: 1.3 % and 2 for each of four transactions of 50, 100, 250 and 400. It lets whole
// transactions go free until the first of its two allowances is used up.
func TestPublishedPercentages(t *testing.T) {
	t.Parallel()
	base := catalog.Price{Model: catalog.Percentage, Percent: d("1.3"), EventAmount: d("2"), FreeRule: catalog.FreeEvents}
	free := func(units string, events int64) catalog.Price {
		p := base
		p.FreeUnits, p.FreeEvents = d(units), events
		return p
	}
	four := events("50", "100", "250", "400")
	for _, test := range []struct {
		why   string
		price catalog.Price
		usage Usage
		want  string
	}{
		{"250 and 3 events free: the amount is used up first", free("250", 3), four, "11.15"},
		{"250 free", free("250", 0), four, "11.15"},
		{"3 events free", free("0", 3), four, "7.2"},
		{"500 and 3 events free: the events are used up first", free("500", 3), four, "7.2"},
		{"nothing free", base, counted("800", 4), "18.4"},
		{"more events free than there are", free("0", 5), events("50", "100", "250"), "0"},
		{"no fee", catalog.Price{Model: catalog.Percentage, Percent: d("2.9")}, Units(d("4")), "0.116"},
		{"no rate", catalog.Price{Model: catalog.Percentage, EventAmount: d("2")}, counted("800", 4), "8"},
	} {
		requireRated(t, test.why, test.price, test.usage, test.want)
	}
}

// Lago's figures for the least and the most of a transaction: 2.99 %, from 1.75 to 12, of 10, 80 and 10,000.
func TestPublishedPercentagesWithLimitsOfEvents(t *testing.T) {
	t.Parallel()
	base := catalog.Price{Model: catalog.Percentage, Percent: d("2.99"), EventMinimum: d("1.75"), EventMaximum: d("12"), FreeRule: catalog.FreeEvents}
	with := func(change func(*catalog.Price)) catalog.Price {
		p := base
		change(&p)
		return p
	}
	three := events("10", "80", "10000")
	requireRated(t, "limits", base, three, "16.142")
	requireRated(t, "no limits", with(func(p *catalog.Price) { p.EventMinimum, p.EventMaximum = decimal.Zero, decimal.Zero }), three, "301.691")
	requireRated(t, "with a fee", with(func(p *catalog.Price) { p.EventAmount = d("2") }), three, "18.691")
	requireRated(t, "2 events free", with(func(p *catalog.Price) { p.FreeEvents = 2 }), three, "12")
	requireRated(t, "30 free", with(func(p *catalog.Price) { p.FreeUnits = d("30") }), three, "13.794")
	requireRated(t, "10,000 and 3 events free", with(func(p *catalog.Price) { p.FreeUnits, p.FreeEvents = d("10000"), 3 }), three, "2.691")
}

// Lago's figures for graduated percentages.
func TestPublishedGraduatedPercentages(t *testing.T) {
	t.Parallel()
	tier := func(upTo, flat, percent string) catalog.Tier {
		made := catalog.Tier{FlatAmount: d(flat), Percent: d(percent)}
		if upTo != "" {
			bound := d(upTo)
			made.UpTo = &bound
		}
		return made
	}
	price := catalog.Price{Model: catalog.GraduatedPercentage, Tiers: []catalog.Tier{tier("10", "200", "1"), tier("20", "300", "2"), tier("", "400", "3")}}
	requirePriced(t, "three ranges", price, priced{
		{"0", "0"}, {"1", "200.01"}, {"10", "200.1"}, {"11", "500.12"}, {"12", "500.14"}, {"21", "900.33"},
	})
	price.FlatAtZero = true
	requirePriced(t, "three ranges, also at zero", price, priced{{"0", "200"}, {"1", "200.01"}})
}

// Figures of Stripe's documentation on packages and OpenMeter's on prices with a markup.
func TestPublishedDynamicPrices(t *testing.T) {
	t.Parallel()
	amount := d("100")
	markup := catalog.Price{Model: catalog.Dynamic, Multiplier: d("1.2")}
	requireRated(t, "20 % on top", markup, Usage{Detail: Detail{Amount: &amount}}, "120")
	requireRated(t, "as it comes", catalog.Price{Model: catalog.Dynamic}, Usage{Quantity: d("3"), Detail: Detail{Amount: &amount}}, "100")
}

// Lago prices a part of the units by the tier of them all.
func TestProratedQuantities(t *testing.T) {
	t.Parallel()
	half := func(full, prorated string) Usage {
		units := d(prorated)
		return Usage{Quantity: d(full), Detail: Detail{ProratedQuantity: &units}}
	}
	volume := catalog.Price{Model: catalog.Volume, Tiers: []catalog.Tier{tier("5", "10", "0"), tier("", "8", "3")}}
	requireRated(t, "by the full quantity", volume, half("10", "5"), "43")
	volume.TierByProrated = true
	requireRated(t, "by the prorated quantity", volume, half("10", "5"), "50")
	perUnit := catalog.Price{Model: catalog.PerUnit, UnitAmount: d("10")}
	requireRated(t, "per unit", perUnit, half("10", "5"), "50")
	_, err := Rate(catalog.Price{Model: catalog.Stairstep, Tiers: []catalog.Tier{{}}}, half("10", "5"))
	require.EqualError(t, err, "prorated_quantity is not used by model stairstep: prorate the amount, or rate a smaller quantity")
	_, err = Rate(perUnit, half("10", "11"))
	require.EqualError(t, err, "prorated_quantity must not exceed quantity 10, got 11")
}

// Flexprice counts packages on the total by volume, and inside each tier when graduated.
func TestPackagesInTiers(t *testing.T) {
	t.Parallel()
	tiers := []catalog.Tier{tier("25", "10", "0"), tier("", "8", "1")}
	requirePriced(t, "volume", catalog.Price{Model: catalog.Volume, PackageSize: d("10"), Tiers: tiers}, priced{{"25", "30"}, {"26", "25"}, {"31", "33"}})
	graduated := catalog.Price{Model: catalog.Graduated, PackageSize: d("10"), Tiers: tiers}
	requirePriced(t, "each tier for itself", graduated, priced{{"25", "30"}, {"26", "39"}, {"35", "39"}, {"36", "47"}})
	graduated.PackagesAcrossTiers = true
	requirePriced(t, "across tiers", graduated, priced{{"25", "30"}, {"26", "31"}, {"30", "31"}, {"31", "39"}})
}

// What becomes of a package that was begun: Stripe's packages and OpenMeter's units are rounded up or down, OpenMeter's to
// the nearest, too.
func TestPublishedPackageRounding(t *testing.T) {
	t.Parallel()
	rounded := func(amount, size string, mode money.Mode) catalog.Price {
		return catalog.Price{Model: catalog.Package, UnitAmount: d(amount), PackageSize: d(size), PackageRounding: mode}
	}
	requirePriced(t, "OpenMeter, down", rounded("5", "1000", money.Down), priced{{"1999", "5"}, {"999", "0"}, {"2000", "10"}})
	requirePriced(t, "OpenMeter, up", rounded("10", "1000000", money.Up), priced{{"1500001", "20"}, {"1", "10"}, {"0", "0"}})
	requirePriced(t, "OpenMeter, to the nearest", rounded("10", "1000", money.HalfUp), priced{{"1499.999", "10"}, {"1500", "20"}, {"500", "10"}, {"499", "0"}})
	requirePriced(t, "halves to the even one", rounded("10", "1000", money.HalfEven), priced{{"500", "0"}, {"1500", "20"}, {"2500", "20"}, {"2501", "30"}})
	// Stripe: minutes of a car rental by the hour, the last started hour free.
	requirePriced(t, "Stripe, down", rounded("10", "60", money.Down), priced{{"150", "20"}, {"59", "0"}})
	// OpenMeter converts before it looks for tiers; here the bounds are in units, and packages count over all tiers.
	converted := catalog.Price{
		Model: catalog.Graduated, PackageSize: d("1000000"), PackagesAcrossTiers: true,
		Tiers: []catalog.Tier{tier("5000000", "10", "0"), tier("", "8", "0")},
	}
	requirePriced(t, "OpenMeter, graduated", converted, priced{{"7500001", "74"}})
	converted.PackageRounding = money.Down
	requirePriced(t, "graduated, down", converted, priced{{"7500001", "66"}, {"5999999", "50"}, {"999999", "0"}})
	volume := catalog.Price{Model: catalog.Volume, PackageSize: d("10"), PackageRounding: money.Down, Tiers: []catalog.Tier{tier("25", "10", "0"), tier("", "8", "1")}}
	requirePriced(t, "volume, down", volume, priced{{"25", "20"}, {"39", "25"}})
}

func requireRated(t *testing.T, why string, price catalog.Price, usage Usage, want string) Rated {
	t.Helper()
	rated, err := Rate(price, usage)
	require.NoError(t, err, why)
	require.Equal(t, want, rated.Exact.String(), why)
	requireExplained(t, rated)
	return rated
}
