package rating

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/money"
)

// lines are one request for each model, of the size that invoices have.
func lines() map[catalog.Model]Request {
	fallback, amount := d("0.01"), d("1234.5678")
	three := func(unit bool) []catalog.Tier {
		tiers := []catalog.Tier{tier("1000", "0", "5"), tier("10000", "0", "10"), tier("", "0", "20")}
		for i, price := range []string{"0.10", "0.05", "0.01"} {
			if unit {
				tiers[i].UnitAmount = d(price)
			}
		}
		return tiers
	}
	percent := three(false)
	for i := range percent {
		percent[i].Percent = d("1.5")
	}
	twenty := events("10", "80", "10000", "5.25", "12", "99.99", "1", "250", "3000", "42", "10", "80", "10000", "5.25", "12", "99.99", "1", "250", "3000", "42")
	matrix := catalog.Price{Model: catalog.Matrix, Dimensions: []string{"region"}, DefaultUnitAmount: &fallback}
	grouped := Usage{}
	for _, region := range []string{"eu", "us", "jp", "in"} {
		values := map[string]string{"region": region}
		matrix.Cells = append(matrix.Cells, catalog.Cell{Values: values, UnitAmount: d("0.02")})
		grouped.Groups = append(grouped.Groups, Group{Values: values, Quantity: d("1234.5")})
	}
	many := Units(d("12000.5"))
	return map[catalog.Model]Request{
		catalog.Flat:                {Price: catalog.Price{Model: catalog.Flat, FlatAmount: d("29.90")}, Usage: Units(one)},
		catalog.PerUnit:             {Price: catalog.Price{Model: catalog.PerUnit, UnitAmount: d("0.000003")}, Usage: Units(d("18059974"))},
		catalog.Graduated:           {Price: catalog.Price{Model: catalog.Graduated, Tiers: three(true)}, Usage: many},
		catalog.Volume:              {Price: catalog.Price{Model: catalog.Volume, Tiers: three(true)}, Usage: many},
		catalog.Package:             {Price: catalog.Price{Model: catalog.Package, UnitAmount: d("5"), PackageSize: d("100"), FreeUnits: d("100")}, Usage: many},
		catalog.Stairstep:           {Price: catalog.Price{Model: catalog.Stairstep, Tiers: three(false)}, Usage: many},
		catalog.Percentage:          {Price: catalog.Price{Model: catalog.Percentage, Percent: d("2.99"), EventMinimum: d("1.75"), EventMaximum: d("12")}, Usage: twenty},
		catalog.GraduatedPercentage: {Price: catalog.Price{Model: catalog.GraduatedPercentage, Tiers: percent}, Usage: many},
		catalog.Dynamic:             {Price: catalog.Price{Model: catalog.Dynamic, Multiplier: d("1.2")}, Usage: Usage{Quantity: d("7"), Detail: Detail{Amount: &amount}}},
		catalog.Matrix:              {Price: matrix, Usage: grouped},
	}
}

// BenchmarkLine prices one line of each model; "floor" is the least any of them could do: one multiplication of decimals and
// one rounding, without limits, checks and explanation. Percentage looks at 20 events, matrix at four cells.
func BenchmarkLine(b *testing.B) {
	for _, model := range catalog.Models {
		request := lines()[model]
		request.Currency, request.Metered = "USD", true
		b.Run(string(model), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := request.Line(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed())/float64(floor(b, b.N)), "x-floor")
		})
	}
}

func floor(b *testing.B, times int) time.Duration {
	b.Helper()
	quantity, unit := decimal.RequireFromString("12000.5"), decimal.RequireFromString("0.05")
	begun := time.Now()
	for range times {
		_, err := money.FromDecimal(quantity.Mul(unit), "USD")
		require.NoError(b, err)
	}
	return time.Since(begun)
}
