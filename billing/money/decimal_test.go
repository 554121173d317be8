package money

import (
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
)

func TestParse(t *testing.T) {
	t.Parallel()
	good := []struct {
		text string
		want Amount
	}{
		{"12.34", New(1234, "USD")},
		{"12", New(1200, "USD")},
		{"12.3", New(1230, "USD")},
		{"-0.05", New(-5, "USD")},
		{"-0", Zero("USD")},
		{"007.00", New(700, "USD")},
		{"500", New(500, "JPY")},
		{"5.124", New(5124, "KWD")},
		{"0.0001", New(1, "CLF")},
		{"92233720368547758.07", New(9223372036854775807, "USD")},
		{"9223372036854775807", New(9223372036854775807, "JPY")},
	}
	for _, test := range good {
		a, err := Parse(test.text, test.want.Currency)
		require.NoError(t, err, test.text)
		require.Equal(t, test.want, a, test.text)
	}
	bad := []struct {
		text     string
		currency Currency
		want     string
	}{
		{"12.345", "USD", "USD has 2 decimal digits, got 3"},
		{"12.0", "JPY", "JPY has 0 decimal digits, got 1"},
		{"1", "ABC", `unknown currency "ABC"`},
		{"", "USD", "is not a number"},
		{"-", "USD", "is not a number"},
		{"--1", "USD", "is not a number"},
		{"+1", "USD", "is not a number"},
		{".5", "USD", "is not a number"},
		{"5.", "USD", "is not a number"},
		{"1,000", "USD", "is not a number"},
		{" 1", "USD", "is not a number"},
		{"1e3", "USD", "is not a number"},
		{"NaN", "USD", "is not a number"},
		{"−1", "USD", "is not a number"},
		{"١", "USD", "is not a number"},
		{"92233720368547758.08", "USD", "out of range"},
		{"12345678901234567890", "USD", "precede the point"},
		{"0.1234567890123", "USD", "follow the point"},
		{strings.Repeat("9", 1<<20), "USD", "precede the point"},
	}
	for _, test := range bad {
		_, err := Parse(test.text, test.currency)
		require.ErrorContains(t, err, test.want)
		require.Less(t, len(err.Error()), 200)
	}
}

func TestParseDecimal(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"0.000003":           "0.000003",
		"-1.50":              "-1.5",
		"999999999999999999": "999999999999999999",
		"0.123456789012":     "0.123456789012",
		"10.5":               "10.5",
	} {
		d, err := ParseDecimal(text)
		require.NoError(t, err, text)
		require.Equal(t, want, d.String())
	}
	for _, text := range []string{"1e999999999", "1E5", "0x10", "1_000", "Infinity", "1.2.3", "", "1000000000000000000", "0.1234567890123"} {
		_, err := ParseDecimal(text)
		require.Error(t, err, text)
	}
}

func TestCheckDecimal(t *testing.T) {
	t.Parallel()
	require.NoError(t, CheckDecimal(decimal.Decimal{}))
	require.NoError(t, CheckDecimal(decimal.New(0, 2_000_000_000)))
	require.NoError(t, CheckDecimal(decimal.New(1, 17)))
	require.NoError(t, CheckDecimal(decimal.New(1, -12)))
	require.NoError(t, CheckDecimal(decimal.RequireFromString("999999999999999999.999999999999")))
	require.ErrorContains(t, CheckDecimal(decimal.RequireFromString(strings.Repeat("9", 1000))), "precede")
	require.ErrorContains(t, CheckDecimal(decimal.New(1, 18)), "precede")
	require.ErrorContains(t, CheckDecimal(decimal.New(1, 2_000_000_000)), "precede")
	require.ErrorContains(t, CheckDecimal(decimal.New(1, -13)), "follow")
}

func TestFromDecimalRounding(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		exact string
		want  Amount
	}{
		{"2.665", New(267, "USD")},
		{"2.675", New(268, "USD")},
		{"-2.675", New(-268, "USD")},
		{"2.6749999999999999999", New(267, "USD")},
		{"0.005", New(1, "USD")},
		{"-0.005", New(-1, "USD")},
		{"0.0049", Zero("USD")},
		{"0.5", New(1, "JPY")},
		{"-2.5", New(-3, "JPY")},
		{"1.0005", New(1001, "KWD")},
		{"1e3", New(100000, "USD")},
		{"92233720368547758.0749", New(9223372036854775807, "USD")},
	} {
		a, err := FromDecimal(decimal.RequireFromString(test.exact), test.want.Currency)
		require.NoError(t, err, test.exact)
		require.Equal(t, test.want, a, test.exact)
	}
}

// A hostile exponent must be answered at once, not after computing a power of
// ten with a billion digits.
func TestFromDecimalHugeExponents(t *testing.T) {
	t.Parallel()
	for _, exponent := range []int32{19, 100, 2_000_000_000} {
		for _, sign := range []int64{1, -1} {
			_, err := FromDecimal(decimal.New(sign, exponent), "USD")
			require.ErrorIs(t, err, ErrOverflow)
		}
	}
	_, err := FromDecimal(decimal.RequireFromString("-92233720368547758.075"), "USD")
	require.ErrorIs(t, err, ErrOverflow)
	for _, tiny := range []decimal.Decimal{decimal.New(9, -2_000_000_000), decimal.New(49, -4), decimal.New(0, 2_000_000_000)} {
		a, err := FromDecimal(tiny, "USD")
		require.NoError(t, err)
		require.Equal(t, Zero("USD"), a)
	}
	_, err = FromDecimal(decimal.New(1, 0), "")
	require.ErrorContains(t, err, "unknown currency")
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"12.34", "-0.05", "1e999999999", "92233720368547758.08", "", ".", "-", "1.2.3", "000000000000000000000"} {
		f.Add(seed, "USD")
	}
	f.Add("500", "JPY")
	f.Add("5.124", "KWD")
	f.Fuzz(func(t *testing.T, s, code string) {
		a, err := Parse(s, Currency(code))
		if err != nil {
			return
		}
		require.True(t, a.Decimal().Equal(decimal.RequireFromString(s)), "%q became %s", s, a)
	})
}

func FuzzParseDecimal(f *testing.F) {
	for _, seed := range []string{"1", "-10.5", "1e999999999", "0.123456789012", "999999999999999999.999999999999", "1.-5"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := ParseDecimal(s)
		if err != nil {
			return
		}
		require.NoError(t, CheckDecimal(d))
		require.Equal(t, 0, d.Cmp(decimal.RequireFromString(s)))
		again, err := ParseDecimal(d.String())
		require.NoError(t, err)
		require.True(t, d.Equal(again))
	})
}
