package tax_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/tax"
)

func pct(s string) decimal.Decimal { return decimal.RequireFromString(s) }

func taxed(jurisdiction string, rate decimal.Decimal) tax.Decision {
	return tax.Decision{Treatment: tax.Taxed, Jurisdiction: jurisdiction, Scheme: tax.SchemeEUOSS, Rate: rate}
}

func TestComputeRoundsOnceHalfAwayFromZero(t *testing.T) {
	t.Parallel()
	tests := []struct {
		base int64
		cur  money.Currency
		rate string
		want int64
	}{
		{1000, "EUR", "19", 190},
		{10, "EUR", "25", 3}, // 2.5
		{-10, "EUR", "25", -3},
		{1, "EUR", "25.5", 0},
		{999, "EUR", "25.5", 255}, // 254.745
		{105, "JPY", "10", 11},    // 10.5
		{1234, "KWD", "5", 62},    // 61.7
		{0, "EUR", "20", 0},
	}
	for _, tc := range tests {
		got, err := tax.Compute(money.New(tc.base, tc.cur), pct(tc.rate))
		require.NoError(t, err)
		require.Equal(t, money.New(tc.want, tc.cur), got)
	}
	_, err := tax.Compute(money.New(1, "EUR"), pct("-1"))
	require.ErrorContains(t, err, "outside 0 to 100")
}

func TestApplyGroupsAndLosesNothing(t *testing.T) {
	t.Parallel()
	line := func(id string, minor int64, d tax.Decision) tax.Line {
		return tax.Line{ID: id, Net: money.New(minor, "EUR"), Decision: d}
	}
	reverse := tax.Decision{Treatment: tax.ReverseCharge, Jurisdiction: "DE"}
	groups, err := tax.Apply([]tax.Line{
		line("a", 333, taxed("DE", pct("19"))),
		line("b", 333, taxed("DE", pct("19.0"))),
		line("c", 334, taxed("DE", pct("19"))),
		line("d", 500, reverse),
		line("e", 100, taxed("AT", pct("20"))),
	})
	require.NoError(t, err)
	require.Len(t, groups, 3)
	require.Equal(t, "AT", groups[0].Jurisdiction)
	require.Equal(t, tax.ReverseCharge, groups[1].Treatment)
	require.True(t, groups[1].Tax.IsZero())
	require.Equal(t, money.New(1000, "EUR"), groups[2].Base)
	require.Equal(t, money.New(190, "EUR"), groups[2].Tax)
	// 63.27, 63.27 and 63.46: the last has the largest remainder.
	require.Equal(t, []int64{63, 63, 64}, lineTaxes(groups[2]))
}

// The VAT breakdowns of the example invoices that come with the European standard (EN 16931, CEN/TC 434).
func TestBreakdownsOfTheEuropeanStandardsExamples(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		currency money.Currency
		total    int64
		groups   [][3]string // rate, base, tax
	}{
		{"EUR", 2073, [][3]string{{"6", "183.23", "10.99"}, {"21", "46.37", "9.74"}}},
		{"DKK", 67500, [][3]string{{"12", "2500.00", "300.00"}, {"25", "1500.00", "375.00"}}},
	} {
		amount := func(text string) money.Amount {
			parsed, err := money.Parse(text, test.currency)
			require.NoError(t, err)
			return parsed
		}
		var lines []tax.Line
		for _, g := range test.groups {
			lines = append(lines, tax.Line{ID: g[0], Net: amount(g[1]), Decision: taxed("DK", pct(g[0]))})
		}
		groups, err := tax.Apply(lines)
		require.NoError(t, err)
		require.Len(t, groups, len(test.groups))
		total := money.Zero(test.currency)
		for i, g := range groups {
			require.Equal(t, amount(test.groups[i][2]), g.Tax)
			total, err = total.Add(g.Tax)
			require.NoError(t, err)
		}
		require.Equal(t, money.New(test.total, test.currency), total)
	}
}

func lineTaxes(g tax.Group) []int64 {
	taxes := make([]int64, len(g.Lines))
	for i, line := range g.Lines {
		taxes[i] = line.Tax.Minor
	}
	return taxes
}

func TestApplyRefusesBadLines(t *testing.T) {
	t.Parallel()
	d := taxed("DE", pct("19"))
	_, err := tax.Apply([]tax.Line{{ID: "a", Net: money.New(1, "EUR"), Decision: d}, {ID: "a", Net: money.New(1, "EUR"), Decision: d}})
	require.ErrorContains(t, err, `"a" is used twice`)
	_, err = tax.Apply([]tax.Line{{ID: "a", Net: money.New(1, "EUR"), Decision: d}, {ID: "b", Net: money.New(1, "USD"), Decision: d}})
	require.ErrorIs(t, err, money.ErrCurrencyMismatch)
	_, err = tax.Apply([]tax.Line{
		{ID: "a", Net: money.New(math.MaxInt64, "EUR"), Decision: d}, {ID: "b", Net: money.New(1, "EUR"), Decision: d},
	})
	require.ErrorIs(t, err, money.ErrOverflow)
}

func drawLines(rt *rapid.T) []tax.Line {
	rates := []string{"0", "5", "19", "20", "25.5", "9.975"}
	n := rapid.IntRange(0, 12).Draw(rt, "lines")
	lines := make([]tax.Line, n)
	for i := range lines {
		lines[i] = tax.Line{
			ID:       fmt.Sprint(i),
			Net:      money.New(rapid.Int64Range(-1_000_000, 1_000_000).Draw(rt, "net"), "EUR"),
			Decision: taxed(rapid.SampledFrom([]string{"DE", "FR"}).Draw(rt, "where"), pct(rapid.SampledFrom(rates).Draw(rt, "rate"))),
		}
	}
	return lines
}

func TestApplyProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		lines := drawLines(rt)
		groups, err := tax.Apply(lines)
		require.NoError(rt, err)
		seen := 0
		for _, g := range groups {
			base, sum := money.Zero("EUR"), money.Zero("EUR")
			for _, line := range g.Lines {
				seen++
				base, err = base.Add(line.Net)
				require.NoError(rt, err)
				sum, err = sum.Add(line.Tax)
				require.NoError(rt, err)
				exact := line.Net.Decimal().Mul(g.Rate).Shift(-2)
				require.True(rt, line.Tax.Decimal().Sub(exact).Abs().LessThan(pct("0.01")), "within a cent of its own tax")
			}
			require.Equal(rt, g.Base, base)
			require.Equal(rt, g.Tax, sum)
			want, err := tax.Compute(g.Base, g.Rate)
			require.NoError(rt, err)
			require.Equal(rt, want, g.Tax)
		}
		require.Equal(rt, len(lines), seen)
	})
}

func TestCreditNoteMirrorsItsInvoice(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		lines := drawLines(rt)
		credit := make([]tax.Line, len(lines))
		for i, line := range lines {
			credit[i] = line
			credit[i].Net = line.Net.Neg()
		}
		invoiced, err := tax.Apply(lines)
		require.NoError(rt, err)
		credited, err := tax.Apply(credit)
		require.NoError(rt, err)
		for g := range invoiced {
			if invoiced[g].Base.IsZero() {
				continue
			}
			for l := range invoiced[g].Lines {
				require.Equal(rt, invoiced[g].Lines[l].Tax.Neg(), credited[g].Lines[l].Tax)
			}
		}
	})
}
