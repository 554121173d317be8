package money

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestParseCurrency(t *testing.T) {
	t.Parallel()
	digits := map[string]int{
		"USD": 2, "eur": 2, "JPY": 0, "krw": 0, "ISK": 0, "UGX": 0, "HUF": 2, "IDR": 2, "TWD": 2, "MGA": 2,
		"KWD": 3, "BHD": 3, "JOD": 3, "OMR": 3, "TND": 3, "IQD": 3, "LYD": 3, "CLF": 4, "RSD": 2, "XCG": 2,
	}
	for code, want := range digits {
		c, err := ParseCurrency(code)
		require.NoError(t, err, code)
		require.Equal(t, want, c.Digits(), code)
	}
	for _, code := range []string{"", "US", "USDT", "XXX", "XAU", "DEM", " USD", "usd\n", "€"} {
		_, err := ParseCurrency(code)
		require.ErrorContains(t, err, "unknown currency", code)
	}
	require.Zero(t, Currency("XXX").Digits())
}

func TestArithmetic(t *testing.T) {
	t.Parallel()
	sum, err := New(1050, "USD").Add(New(-2000, "USD"))
	require.NoError(t, err)
	require.Equal(t, New(-950, "USD"), sum)

	_, err = New(1, "USD").Add(New(1, "EUR"))
	require.ErrorIs(t, err, ErrCurrencyMismatch)
	require.ErrorContains(t, err, "USD 0.01 and EUR 0.01")
	_, err = New(1, "USD").Sub(Amount{})
	require.ErrorIs(t, err, ErrCurrencyMismatch)

	for _, pair := range [][2]int64{
		{math.MaxInt64, 1},
		{math.MinInt64 + 1, -1},
		{math.MinInt64 + 1, -2},
		{math.MinInt64, -1},
	} {
		_, err = New(pair[0], "JPY").Add(New(pair[1], "JPY"))
		require.ErrorIs(t, err, ErrOverflow, "%v", pair)
	}
	_, err = New(0, "JPY").Sub(New(math.MinInt64, "JPY"))
	require.ErrorIs(t, err, ErrOverflow)
	require.Equal(t, New(math.MaxInt64, "JPY"), New(math.MinInt64, "JPY").Neg())
	require.Equal(t, New(math.MaxInt64, "JPY"), New(math.MinInt64, "JPY").Abs())
}

func TestSigns(t *testing.T) {
	t.Parallel()
	require.True(t, Zero("USD").IsZero())
	require.True(t, New(-1, "USD").IsNegative())
	require.True(t, New(1, "USD").IsPositive())
	require.False(t, Zero("USD").IsPositive() || Zero("USD").IsNegative())
	require.Equal(t, New(5, "USD"), New(-5, "USD").Abs())
	require.Equal(t, New(5, "USD"), New(5, "USD").Abs())
	require.Equal(t, -1, New(-5, "USD").Cmp(New(5, "USD")))
	require.Equal(t, 0, New(5, "USD").Cmp(New(5, "USD")))
	require.Equal(t, 1, New(6, "USD").Cmp(New(5, "USD")))
}

func TestSum(t *testing.T) {
	t.Parallel()
	none, err := Sum("EUR")
	require.NoError(t, err)
	require.Equal(t, Zero("EUR"), none)
	total, err := Sum("EUR", New(1, "EUR"), New(2, "EUR"), New(-4, "EUR"))
	require.NoError(t, err)
	require.Equal(t, New(-1, "EUR"), total)
	_, err = Sum("EUR", New(1, "EUR"), New(2, "USD"))
	require.ErrorIs(t, err, ErrCurrencyMismatch)
	require.ErrorContains(t, err, "amount 2 of 2")
}

func TestString(t *testing.T) {
	t.Parallel()
	for want, a := range map[string]Amount{
		"USD 12.34":                 New(1234, "USD"),
		"USD -0.05":                 New(-5, "USD"),
		"JPY -500":                  New(-500, "JPY"),
		"KWD 1.005":                 New(1005, "KWD"),
		"CLF 0.0001":                New(1, "CLF"),
		"USD -92233720368547758.07": New(-math.MaxInt64, "USD"),
	} {
		require.Equal(t, want, a.String())
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	data, err := json.Marshal(New(1234, "USD"))
	require.NoError(t, err)
	require.Equal(t, `{"minor":1234,"currency":"USD"}`, string(data))

	good := map[string]Amount{
		`{"minor":1234,"currency":"USD"}`:                 New(1234, "USD"),
		`{"currency":"jpy","minor":-9223372036854775807}`: New(-math.MaxInt64, "JPY"),
		`{"minor":0,"currency":""}`:                       {},
	}
	for text, want := range good {
		var a Amount
		require.NoError(t, json.Unmarshal([]byte(text), &a), text)
		require.Equal(t, want, a)
	}
	bad := map[string]string{
		`{"minor":1,"currency":"XYZ"}`:                    `unknown currency "XYZ"`,
		`{"minor":1,"currency":""}`:                       `unknown currency ""`,
		`{"minor":12.5,"currency":"USD"}`:                 "integer",
		`{"minor":1e3,"currency":"USD"}`:                  "integer",
		`{"minor":"1","currency":"USD"}`:                  "integer",
		`{"minor":9223372036854775808,"currency":"USD"}`:  "integer",
		`{"minor":-9223372036854775808,"currency":"USD"}`: "out of range",
		`{"minor":1}`:        "required",
		`{"currency":"USD"}`: "required",
		`{}`:                 "required",
		`12`:                 "integer",
	}
	for text, want := range bad {
		a := New(7, "EUR")
		require.ErrorContains(t, json.Unmarshal([]byte(text), &a), want, text)
		require.Equal(t, New(7, "EUR"), a, "a refused text changes nothing")
	}
}

func FuzzUnmarshalJSON(f *testing.F) {
	for _, seed := range []string{`{"minor":1234,"currency":"USD"}`, `{"minor":-1,"currency":"jpy"}`, `{"minor":1e99}`, `null`, `{`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var a Amount
		if json.Unmarshal(data, &a) != nil {
			return
		}
		again, err := json.Marshal(a)
		require.NoError(t, err)
		var b Amount
		require.NoError(t, json.Unmarshal(again, &b))
		require.Equal(t, a, b)
	})
}

func FuzzParseCurrency(f *testing.F) {
	for _, seed := range []string{"USD", "eur", "", "ſek", "\xff\xff\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, code string) {
		c, err := ParseCurrency(code)
		if err != nil {
			return
		}
		require.Len(t, string(c), 3)
		again, err := ParseCurrency(string(c))
		require.NoError(t, err)
		require.Equal(t, c, again)
	})
}

var currencies = []Currency{"USD", "EUR", "JPY", "KWD", "CLF", "IDR"}

func amounts(c Currency) *rapid.Generator[Amount] {
	return rapid.Custom(func(t *rapid.T) Amount {
		return New(rapid.Int64Range(-math.MaxInt64, math.MaxInt64).Draw(t, "minor"), c)
	})
}

func TestAddAndSubAreInverse(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := amounts("USD").Draw(t, "a"), amounts("USD").Draw(t, "b")
		sum, err := a.Add(b)
		exact := a.Decimal().Add(b.Decimal())
		if err != nil {
			require.ErrorIs(t, err, ErrOverflow)
			require.True(t, exact.Abs().GreaterThan(New(math.MaxInt64, "USD").Decimal()))
			return
		}
		require.True(t, exact.Equal(sum.Decimal()))
		back, err := sum.Sub(b)
		require.NoError(t, err)
		require.Equal(t, a, back)
	})
}

func TestDecimalRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a := amounts(rapid.SampledFrom(currencies).Draw(t, "currency")).Draw(t, "a")
		back, err := FromDecimal(a.Decimal(), a.Currency)
		require.NoError(t, err)
		require.Equal(t, a, back)
		parsed, err := Parse(a.Decimal().StringFixed(int32(a.Currency.Digits())), a.Currency)
		require.NoError(t, err)
		require.Equal(t, a, parsed)
	})
}

func TestFromDecimalIsNearest(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.SampledFrom(currencies).Draw(t, "currency")
		d := decimal.New(rapid.Int64().Draw(t, "coefficient"), rapid.Int32Range(-12, 0).Draw(t, "exponent"))
		a, err := FromDecimal(d, c)
		if err != nil {
			require.ErrorIs(t, err, ErrOverflow)
			return
		}
		half := decimal.New(5, int32(-c.Digits()-1))
		off := a.Decimal().Abs().Sub(d.Abs())
		require.True(t, off.LessThanOrEqual(half), "off by %s", off)
		require.True(t, off.GreaterThan(half.Neg()), "a half is rounded away from zero: off by %s", off)
	})
}
