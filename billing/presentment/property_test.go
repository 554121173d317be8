package presentment_test

import (
	"math/big"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/presentment"
	"github.com/perennial-billing/perennial/billing/tax"
)

// market is a currency with a rule, a rate and a markup.
type market struct {
	currency money.Currency
	rates    []tax.Rate
	policy   presentment.Policy
	// worth is what one dollar is worth, exactly.
	worth *big.Rat
}

var rulesOf = map[money.Currency][]string{
	"EUR": {"minor", "whole", "ends:.99", "ends:.95", "ends:9", "ends:9.90", "multiple:0.05", "multiple:5"},
	"JPY": {"minor", "ends:9", "ends:80", "ends:99", "multiple:10", "multiple:500"},
	"KWD": {"minor", "whole", "ends:.99", "ends:.990", "multiple:0.010", "multiple:0.250"},
}

func drawMarket(t *rapid.T) market {
	m := market{currency: rapid.SampledFrom([]money.Currency{"EUR", "JPY", "KWD"}).Draw(t, "currency")}
	dollar := decimal.New(rapid.Int64Range(1, 50_000).Draw(t, "dollar"), -4)
	m.rates = []tax.Rate{{From: "EUR", To: "USD", Date: day("2027-02-26"), Value: dollar, Source: "ECB"}}
	m.worth = new(big.Rat).Inv(dollar.Rat())
	if m.currency != "EUR" {
		local := decimal.New(rapid.Int64Range(1, 50_000_000).Draw(t, "local"), -4)
		m.rates = append(m.rates, tax.Rate{From: "EUR", To: m.currency, Date: day("2027-02-26"), Value: local, Source: "ECB"})
		m.worth.Mul(m.worth, local.Rat())
	}
	m.policy = policy(rounding(m.currency, rapid.SampledFrom(rulesOf[m.currency]).Draw(t, "rule")))
	m.policy.MarkupPercent = decimal.New(rapid.Int64Range(0, 100_0000).Draw(t, "markup"), -4)
	m.policy.RoundUsage = rapid.Bool().Draw(t, "round usage")
	return m
}

func (m market) convert(t *rapid.T, sold catalog.Plan) presentment.Conversion {
	require.NoError(t, m.policy.Validate())
	got, err := presentment.Convert(sold, m.currency, m.rates, m.policy, day("2027-02-26"))
	require.NoError(t, err)
	again, err := presentment.Convert(sold, m.currency, m.rates, m.policy, day("2027-02-26"))
	require.NoError(t, err)
	require.Equal(t, got, again, "the same facts make the same price")
	require.NoError(t, got.Apply(sold, day0).Validate())
	return got
}

var anyPrice = rapid.Custom(func(t *rapid.T) decimal.Decimal {
	return decimal.New(rapid.Int64Range(0, 1_000_000_000).Draw(t, "coefficient"), -rapid.Int32Range(0, 6).Draw(t, "decimals"))
})

func TestDearerStaysDearer(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := drawMarket(t)
		low, high := anyPrice.Draw(t, "one"), anyPrice.Draw(t, "other")
		if low.GreaterThan(high) {
			low, high = high, low
		}
		sold := plan([]catalog.Price{flat(low.String()), flat(high.String())}, []catalog.Price{perUnit(low.String()), perUnit(high.String())})
		prices := m.convert(t, sold).Prices
		require.False(t, prices[0].To.FlatAmount.GreaterThan(prices[1].To.FlatAmount), "%s, %s", prices[0].To.FlatAmount, prices[1].To.FlatAmount)
		require.False(t, prices[2].To.UnitAmount.GreaterThan(prices[3].To.UnitAmount), "%s, %s", prices[2].To.UnitAmount, prices[3].To.UnitAmount)
	})
}

func TestTiersKeepTheirOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := drawMarket(t)
		n := rapid.IntRange(1, 5).Draw(t, "tiers")
		tiers := make([]catalog.Tier, n)
		for i := range tiers {
			bound := decimal.NewFromInt(int64(10 * (i + 1)))
			tiers[i] = catalog.Tier{UpTo: &bound, UnitAmount: anyPrice.Draw(t, "unit"), FlatAmount: anyPrice.Draw(t, "flat")}
		}
		tiers[n-1].UpTo = nil
		price := catalog.Price{Model: catalog.Volume, Tiers: tiers}
		for _, converted := range m.convert(t, plan([]catalog.Price{price}, []catalog.Price{price})).Prices {
			for i := 1; i < n; i++ {
				before, after := converted.To.Tiers[i-1], converted.To.Tiers[i]
				require.Equal(t, tiers[i].UpTo, after.UpTo)
				if order := tiers[i-1].UnitAmount.Cmp(tiers[i].UnitAmount); order != 0 {
					require.NotEqual(t, -order, before.UnitAmount.Cmp(after.UnitAmount))
				}
				if order := tiers[i-1].FlatAmount.Cmp(tiers[i].FlatAmount); order != 0 {
					require.NotEqual(t, -order, before.FlatAmount.Cmp(after.FlatAmount))
				}
			}
		}
	})
}

// A price is zero only if half of the smallest unit is more than it was worth before the markup, and payable: it has no
// more decimals than the currency, or than prices may have.
func TestPricesAreNeitherLostNorUnpayable(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := drawMarket(t)
		from := anyPrice.Draw(t, "price")
		prices := m.convert(t, plan([]catalog.Price{flat(from.String())}, []catalog.Price{perUnit(from.String())})).Prices
		worth := new(big.Rat).Mul(from.Rat(), m.worth)
		half := func(decimals int) *big.Rat { return decimal.New(5, int32(-decimals-1)).Rat() }
		if prices[0].To.FlatAmount.IsZero() {
			require.Negative(t, worth.Cmp(half(m.currency.Digits())))
		}
		if prices[1].To.UnitAmount.IsZero() {
			require.Negative(t, worth.Cmp(half(money.MaxFractionDigits)))
		}
		require.True(t, prices[0].To.FlatAmount.Equal(prices[0].To.FlatAmount.Truncate(int32(m.currency.Digits()))))
		require.False(t, prices[0].To.FlatAmount.IsNegative())
	})
}

func FuzzParseRounding(f *testing.F) {
	for _, seed := range []string{"", "minor", "whole", "ends:.99", "ends:9", "multiple:0.05", "multiple:1e9", "ends:0000.0000", "ends:-.5"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		rule, err := presentment.ParseRounding(text)
		if err != nil {
			return
		}
		again, err := presentment.ParseRounding(rule.String())
		require.NoError(t, err)
		require.Equal(t, rule, again)
		p := policy()
		p.Rounding["KWD"] = rule
		if p.Validate() != nil {
			return
		}
		got, err := presentment.Convert(plan([]catalog.Price{flat("20")}, nil), "KWD", friday, p, day("2027-02-26"))
		require.NoError(t, err)
		require.True(t, got.Prices[0].To.FlatAmount.IsPositive())
	})
}
