package invoicing_test

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/money"
)

// hybrid are the facts of a renewal: a fee and seats in advance, three meters in arrears.
func hybrid(t require.TestingT) invoicing.Facts {
	z := zone(t, "Europe/London")
	january, february := month(t, z, "2027-01"), month(t, z, "2027-02")
	p := plan(t, "team", catalog.GrainDay, base("49"), seats("8.75"),
		used("calls", tiers(catalog.Graduated, false, tier("1000", "0.10", "5"), tier("10000", "0.05", "0"), tier("", "0.01", "0"))),
		used("tokens", perUnit("0.000003")),
		used("storage", catalog.Price{Model: catalog.Package, UnitAmount: number("5"), PackageSize: number("100"), FreeUnits: number("100")}))
	f := taxedIn("GB", untaxed(z, february.Start))
	f.Opens = &invoicing.Opening{Period: february, Terms: terms(p, 12)}
	f.Closes = &invoicing.Closing{Period: january, Full: january, Segments: []invoicing.Segment{{Period: january, Terms: terms(p, 12), Usage: []invoicing.Usage{
		{Meter: "calls", Quantity: number("12000.5")}, {Meter: "tokens", Quantity: number("18059974")}, {Meter: "storage", Quantity: number("1234")},
	}}}}
	return f
}

func TestHybridInvoice(t *testing.T) {
	t.Parallel()
	inv, err := invoicing.Build(hybrid(t))
	require.NoError(t, err)
	require.Equal(t, []string{
		"usage team/calls 12000.5 USD 575.01", "usage team/tokens 18059974 USD 54.18", "usage team/storage 1234 USD 60.00",
		"recurring team/base 1 USD 49.00", "recurring team/seats 12 USD 105.00",
	}, shown(inv))
	require.Equal(t, "USD 168.64", inv.Tax.String(), "20 % of 843.19")
}

// BenchmarkBuild makes an invoice of five lines with tax from its facts. The floor is five multiplications of decimals,
// each rounded: what the same invoice costs who does not check, tax, prorate or explain it.
func BenchmarkBuild(b *testing.B) {
	f := hybrid(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := invoicing.Build(f); err != nil {
			b.Fatal(err)
		}
	}
	spent := b.Elapsed()
	quantity, unit := decimal.RequireFromString("12000.5"), decimal.RequireFromString("0.05")
	begun := time.Now()
	for range b.N * 5 {
		if _, err := money.FromDecimal(quantity.Mul(unit), "USD"); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(spent)/float64(time.Since(begun)), "x-floor")
}
