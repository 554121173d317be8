package rating

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/money"
)

func TestMinimumAndMaximum(t *testing.T) {
	t.Parallel()
	price := catalog.Price{Model: catalog.PerUnit, UnitAmount: d("2"), Minimum: d("100"), Maximum: d("310")}
	requirePriced(t, "limits", price, priced{{"0", "100"}, {"10", "100"}, {"50", "100"}, {"51", "102"}, {"155", "310"}, {"1000", "310"}})
	require.Equal(t, []What{"", Minimum}, whats(requireRated(t, "raised", price, Units(d("10")), "100")))
	require.Equal(t, []What{"", Maximum}, whats(requireRated(t, "lowered", price, Units(d("1000")), "310")))
}

// The limits of usage are those of the part of the period; what was used is not prorated.
func TestLimitsOfAPart(t *testing.T) {
	t.Parallel()
	price := catalog.Price{Model: catalog.PerUnit, UnitAmount: d("2"), Minimum: d("100"), Maximum: d("310")}
	for _, test := range []struct {
		quantity string
		part     Share
		metered  bool
		want     int64
	}{
		{"1", Share{16, 31}, true, 5161},     // 100 × 16/31
		{"40", Share{16, 31}, true, 8000},    // used as it was
		{"200", Share{16, 31}, true, 16000},  // 310 × 16/31
		{"200", Share{0, 1}, true, 40000},    // a part that counts nothing has no maximum
		{"0", Share{0, 1}, true, 0},          // nor a minimum
		{"1", Share{16, 31}, false, 5161},    // the price of a recurring charge is prorated with its limits
		{"40", Share{16, 31}, false, 5161},   // also where it is below the minimum,
		{"60", Share{16, 31}, false, 6194},   // between them
		{"200", Share{16, 31}, false, 16000}, // and above the maximum
		{"60", Share{}, false, 12000},
	} {
		line, err := Request{Price: price, Currency: "USD", Usage: Units(d(test.quantity)), Part: test.part, Metered: test.metered}.Line()
		require.NoError(t, err)
		require.Equal(t, money.New(test.want, "USD"), line.Amount, "%+v", test)
		requireExplained(t, line.Rated)
	}
	for _, part := range []Share{{-1, 2}, {3, 2}, {1, -1}, {1, 0}} {
		_, err := Request{Price: price, Currency: "USD", Part: part}.Line()
		require.ErrorContains(t, err, "it must be a part of 1 or more")
	}
}

func TestCommittedAmounts(t *testing.T) {
	t.Parallel()
	price := func(c catalog.Commitment) catalog.Price {
		return catalog.Price{Model: catalog.PerUnit, UnitAmount: d("2"), Commitment: &c}
	}
	arrears := price(catalog.Commitment{Amount: d("100"), OverageFactor: d("1.5")})
	requirePriced(t, "trued up, overage at 1.5", arrears, priced{{"0", "100"}, {"30", "100"}, {"50", "100"}, {"60", "130"}})
	require.Equal(t, []What{"", Committed}, whats(requireRated(t, "", arrears, Units(d("30")), "100")))
	require.Equal(t, []What{"", Overage}, whats(requireRated(t, "", arrears, Units(d("60")), "130")))
	advance := price(catalog.Commitment{Amount: d("100"), OverageFactor: d("1.5"), Paid: catalog.PaidInAdvance})
	requirePriced(t, "paid in advance", advance, priced{{"0", "0"}, {"30", "0"}, {"50", "0"}, {"60", "30"}})
	plain := price(catalog.Commitment{Amount: d("100"), Paid: catalog.PaidInArrears})
	requirePriced(t, "overage at the price", plain, priced{{"30", "100"}, {"60", "120"}})
	cheaper := price(catalog.Commitment{Amount: d("100"), OverageFactor: d("0.5")})
	requirePriced(t, "overage at half the price", cheaper, priced{{"30", "100"}, {"60", "110"}})
	require.Equal(t, "100", Commitment(plain).Exact.String())
	require.True(t, Commitment(catalog.Price{Model: catalog.Flat}).Exact.IsZero())
}

func TestCommittedQuantities(t *testing.T) {
	t.Parallel()
	graduated := func(c catalog.Commitment) catalog.Price {
		return catalog.Price{Model: catalog.Graduated, Tiers: []catalog.Tier{tier("10", "5", "0"), tier("", "3", "0")}, Commitment: &c}
	}
	// 20 units are worth 80.
	requirePriced(t, "overage by the model", graduated(catalog.Commitment{Quantity: d("20")}), priced{{"0", "80"}, {"20", "80"}, {"21", "83"}})
	requirePriced(t, "overage by a factor", graduated(catalog.Commitment{Quantity: d("20"), OverageFactor: d("2")}), priced{{"20", "80"}, {"22", "92"}})
	own := graduated(catalog.Commitment{Quantity: d("20"), OverageUnitAmount: d("7")})
	requirePriced(t, "overage at its own price", own, priced{{"19", "80"}, {"20", "80"}, {"20.5", "83.5"}, {"22", "94"}})
	rated := requireRated(t, "explained", own, Units(d("22")), "94")
	require.Equal(t, []What{"", "", Overage}, whats(rated))
	own.Commitment.Paid = catalog.PaidInAdvance
	requirePriced(t, "paid in advance", own, priced{{"19", "0"}, {"22", "14"}})
	require.Equal(t, "80", Commitment(own).Exact.String())

	half, err := RatePart(own, Units(d("12")), Share{1, 2})
	require.NoError(t, err)
	requireExplained(t, half)
	require.Equal(t, "14", half.Exact.String(), "10 of the 12 are committed and were paid with 40, two are beyond")

	volume := catalog.Price{Model: catalog.Volume, Tiers: []catalog.Tier{tier("10", "5", "0"), tier("", "1", "0")}, Commitment: &catalog.Commitment{Quantity: d("10")}}
	requirePriced(t, "more at a lower volume price does not cost less than what was committed", volume, priced{{"10", "50"}, {"11", "50"}, {"60", "60"}})
}

func TestLineLessWhatWasBilled(t *testing.T) {
	t.Parallel()
	volume := catalog.Price{Model: catalog.Volume, Tiers: []catalog.Tier{tier("100", "1", "0"), tier("", "0.5", "0")}}
	line, err := Request{Price: volume, Currency: "USD", Usage: Units(d("101")), Metered: true, AlreadyBilled: money.New(10000, "USD")}.Line()
	require.NoError(t, err)
	require.Equal(t, money.New(5050, "USD"), line.Total)
	require.Equal(t, money.New(-4950, "USD"), line.Amount, "the volume price makes the units before cheaper too")
	_, err = Request{Price: volume, Currency: "USD", AlreadyBilled: money.New(1, "EUR")}.Line()
	require.ErrorIs(t, err, money.ErrCurrencyMismatch)
	_, err = Request{Price: volume, Currency: "USD", Usage: Units(d("999999999999999999"))}.Line()
	require.ErrorIs(t, err, money.ErrOverflow)
}

func TestRoundingModes(t *testing.T) {
	t.Parallel()
	for mode, want := range map[money.Mode]int64{"": 3, money.HalfUp: 3, money.HalfEven: 2, money.Up: 3, money.Down: 2} {
		line, err := Request{
			Price: catalog.Price{Model: catalog.PerUnit, UnitAmount: d("0.005"), Rounding: mode}, Currency: "USD", Usage: Units(d("5")),
		}.Line()
		require.NoError(t, err)
		require.Equal(t, money.New(want, "USD"), line.Amount, mode)
		require.Equal(t, "0.025", line.Exact.String())
	}
}
