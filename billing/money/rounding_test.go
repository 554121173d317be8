package money

import (
	"math/big"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestModes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		number                     string
		halfUp, halfEven, up, down int64
	}{
		{"0.005", 1, 0, 1, 0},
		{"0.015", 2, 2, 2, 1},
		{"0.025", 3, 2, 3, 2},
		{"0.0249", 2, 2, 3, 2},
		{"0.0251", 3, 3, 3, 2},
		{"0.02", 2, 2, 2, 2},
		{"0", 0, 0, 0, 0},
		{"0.0000000000000000000000000000000001", 0, 0, 1, 0},
		{"90071992547409.925", 9007199254740993, 9007199254740992, 9007199254740993, 9007199254740992},
	} {
		for _, sign := range []int64{1, -1} {
			d := decimal.RequireFromString(test.number).Mul(decimal.NewFromInt(sign))
			for mode, want := range map[Mode]int64{"": test.halfUp, HalfUp: test.halfUp, HalfEven: test.halfEven, Up: test.up, Down: test.down} {
				got, err := FromFraction(d, 1, 1, "USD", mode)
				require.NoError(t, err)
				require.Equal(t, New(sign*want, "USD"), got, "%s %s", d, mode)
			}
		}
	}
}

func TestFromFraction(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		number   string
		num, den int64
		want     int64
	}{
		{"10", 21, 31, 677},                     // 6.774…
		{"0.01", 1, 2, 1},                       // a half
		{"0.01", 1, 3, 0},                       // less
		{"8.00", 20, 30, 533},                   // Slack's unused days
		{"-8.00", 20, 30, -533},                 // and taken back
		{"5", -1, 3, -167},                      // a negative part
		{"5", 0, 31, 0},                         // none of it
		{"1e16", 1, 1e18, 1},                    // powers beyond the point
		{"0.004999999999999999999999", 1, 1, 0}, // no rounding in two steps
	} {
		got, err := FromFraction(decimal.RequireFromString(test.number), test.num, test.den, "USD", HalfUp)
		require.NoError(t, err)
		require.Equal(t, New(test.want, "USD"), got, "%s × %d/%d", test.number, test.num, test.den)
	}
	_, err := FromFraction(decimal.NewFromInt(1), 1, 0, "USD", HalfUp)
	require.ErrorContains(t, err, "the denominator must be above 0")
	_, err = FromFraction(decimal.NewFromInt(1), 1, 1, "XYZ", HalfUp)
	require.ErrorContains(t, err, "unknown currency")
	for _, big := range []decimal.Decimal{decimal.New(1, 30), decimal.New(1, 2_000_000_000), decimal.New(1, 17)} {
		_, err = FromFraction(big, 1, 1, "USD", HalfUp)
		require.ErrorIs(t, err, ErrOverflow)
	}
}

// Whatever way a fraction takes through the code, it is rounded as the exact fraction would be.
func TestFromFractionIsExact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := decimal.New(rapid.Int64().Draw(t, "coefficient"), rapid.Int32Range(-24, 2).Draw(t, "exponent"))
		num, den := rapid.Int64Range(0, 1e9).Draw(t, "num"), rapid.Int64Range(1, 1e9).Draw(t, "den")
		mode := rapid.SampledFrom(Modes).Draw(t, "mode")
		currency := rapid.SampledFrom([]Currency{"JPY", "USD", "KWD", "CLF"}).Draw(t, "currency")
		got, err := FromFraction(d, num, den, currency, mode)
		exact := new(big.Rat).Mul(d.Shift(int32(currency.Digits())).Rat(), big.NewRat(num, den))
		if err != nil {
			require.ErrorIs(t, err, ErrOverflow)
			require.Positive(t, exact.Abs(exact).Cmp(new(big.Rat).SetInt64(1<<62)))
			return
		}
		distance := new(big.Rat).Sub(new(big.Rat).SetInt64(got.Minor), exact)
		away := distance.Sign() * exact.Sign()
		half := distance.Abs(distance).Cmp(big.NewRat(1, 2))
		switch mode {
		case Up:
			require.GreaterOrEqual(t, away, 0)
			require.Negative(t, distance.Cmp(big.NewRat(1, 1)))
		case Down:
			require.LessOrEqual(t, away, 0)
			require.Negative(t, distance.Cmp(big.NewRat(1, 1)))
		case HalfEven:
			require.True(t, half < 0 || half == 0 && got.Minor%2 == 0)
		default:
			require.True(t, half < 0 || half == 0 && away > 0)
		}
	})
}

func TestCheckPrice(t *testing.T) {
	t.Parallel()
	require.Equal(t, 14, Currency("USD").PriceDigits())
	require.Equal(t, 12, Currency("JPY").PriceDigits())
	most := decimal.RequireFromString("999999999999999999.9999999999999999")
	require.NoError(t, CheckPrice(most))
	require.ErrorContains(t, CheckDecimal(most), "at most 12 digits may follow")
	require.ErrorContains(t, CheckPrice(most.Add(decimal.New(1, -16))), "at most 18 digits may precede")
	require.ErrorContains(t, CheckPrice(decimal.New(1, -17)), "at most 16 digits may follow")
	require.ErrorContains(t, CheckPrice(decimal.New(1, 2_000_000_000)), "at most 18 digits may precede")
	require.NoError(t, CheckPrice(decimal.New(0, 2_000_000_000)))
}
