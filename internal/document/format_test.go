package document

import (
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/money"
)

func TestSpan(t *testing.T) {
	t.Parallel()
	day := func(text string) calendar.Date {
		d, err := calendar.ParseDate(text)
		require.NoError(t, err)
		return d
	}
	for _, test := range []struct{ first, last, elsewhere, america string }{
		{"2027-01-01", "2027-01-31", "1–31 January 2027", "January 1–31, 2027"},
		{"2027-01-31", "2027-01-31", "31 January 2027", "January 31, 2027"},
		{"2027-01-15", "2027-02-14", "15 January – 14 February 2027", "January 15 – February 14, 2027"},
		{"2026-12-15", "2027-01-14", "15 December 2026 – 14 January 2027", "December 15, 2026 – January 14, 2027"},
		{"2027-01-15", "2028-01-15", "15 January 2027 – 15 January 2028", "January 15, 2027 – January 15, 2028"},
	} {
		span := Span{First: day(test.first), Last: day(test.last)}
		require.Equal(t, test.elsewhere, formatsFor("de-DE").Span(span))
		require.Equal(t, test.elsewhere, formatsFor("en-GB").Span(span))
		require.Equal(t, test.america, formatsFor("en-US").Span(span))
	}
}

func TestSpanOf(t *testing.T) {
	t.Parallel()
	kolkata, err := calendar.LoadZone("Asia/Kolkata")
	require.NoError(t, err)
	january, err := calendar.MonthPeriod(kolkata, "2027-01")
	require.NoError(t, err)
	require.Equal(t, Span{First: date(1), Last: date(31)}, spanOf(kolkata, january))
	require.Equal(t, Span{First: date(1), Last: date(1)}, spanOf(kolkata, calendar.Period{Start: january.Start, End: january.Start}))
	noon := kolkata.Instant(date(16), 12, 0, 0)
	require.Equal(t, Span{First: date(16), Last: date(31)}, spanOf(kolkata, calendar.Period{Start: noon, End: january.End}))
	require.Equal(t, Span{First: date(1), Last: date(16)}, spanOf(kolkata, calendar.Period{Start: january.Start, End: noon}))
}

func date(day int) calendar.Date { return calendar.Date{Year: 2027, Month: time.January, Day: day} }

func TestNumbers(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ locale, number, want string }{
		{"en-US", "18059974", "18,059,974"},
		{"en-US", "0.0000035", "0.0000035"},
		{"en-US", "0.00000000045", "0.00000000045"},
		{"de-DE", "-1111.1100000045", "-1.111,1100000045"},
		{"en-US", "12.50", "12.5"},
		{"en-US", "1200", "1,200"},
		{"en-US", "-3", "-3"},
		{"en-US", "0", "0"},
		{"de-DE", "1234567.25", "1.234.567,25"},
		{"en-IN", "1234567", "12,34,567"},
		{"fr-FR", "12500.5", "12\u202f500,5"},
		{"ar-EG", "1234567.5", "1,234,567.5"},
		{"ar-EG-u-nu-arab", "1234567.5", "1,234,567.5"},
		{"de_CH", "1234.5", "1'234.5"},
		{"he-IL", "1234.5", "1,234.5"},
		{"sv-SE", "1234.5", "1\u00a0234,5"},
		{"", "1234.5", "1,234.5"},
		{"not a locale", "1234.5", "1,234.5"},
		{"und-DE", "1234.5", "1,234.5"},
		{"en-US", "123456789012345678901234567890.123456789012", "123456789012345678901234567890.123456789012"},
	} {
		got := formatsFor(test.locale).Number(decimal.RequireFromString(test.number))
		require.Equal(t, test.want, got, "%s in %q", test.number, test.locale)
	}
	f := formatsFor("en-US")
	require.Equal(t, "$0.000003", f.price(decimal.RequireFromString("0.000003"), "USD"))
	require.Equal(t, "$0.00000045", f.price(decimal.RequireFromString("0.00000045"), "USD"))
	require.Equal(t, "$12.50", f.price(decimal.RequireFromString("12.5"), "USD"))
	require.Equal(t, "$12.00", f.price(decimal.NewFromInt(12), "USD"))
	require.Equal(t, "¥150", f.price(decimal.NewFromInt(150), "JPY"))
}

// TestNumbersAreExact: no digit is lost or made up, whatever the number.
func TestNumbersAreExact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		whole := rapid.Int64Range(-1e17, 1e17).Draw(t, "coefficient")
		number := decimal.New(whole, -rapid.Int32Range(0, 12).Draw(t, "digits"))
		text := formatsFor("en-US").Number(number)
		read, err := decimal.NewFromString(strings.ReplaceAll(text, ",", ""))
		require.NoError(t, err)
		require.True(t, read.Equal(number), "%s became %s", number, text)
	})
}

func TestCoded(t *testing.T) {
	t.Parallel()
	require.Equal(t, "USD\u00a0$1,234.50", formatsFor("en-US").Coded(money.New(123450, "USD")))
	require.Equal(t, "USD\u00a01\u00a0234,50\u00a0$\u00a0US", formatsFor("fr-CA").Coded(money.New(123450, "USD")))
	require.Equal(t, "CHF\u00a01'234.50", formatsFor("de-CH").Coded(money.New(123450, "CHF")), "the code is not written twice")
}

// TestAmountsInSentences: an amount written from right to left must not reorder the sum it is part of.
func TestAmountsInSentences(t *testing.T) {
	t.Parallel()
	for _, locale := range []string{"ar-AE", "he-IL"} {
		f := formatsFor(locale)
		for _, text := range []string{f.Money(money.New(1250, "AED")), f.price(decimal.RequireFromString("12.5"), "AED")} {
			require.Truef(t, strings.HasPrefix(text, firstStrongIsolate) && strings.HasSuffix(text, popDirectionalIsolate), "%s: %q", locale, text)
		}
	}
	require.Equal(t, "12,50\u00a0€", formatsFor("de-DE").Money(money.New(1250, "EUR")))
}

func TestElapsed(t *testing.T) {
	t.Parallel()
	for seconds, want := range map[int64]string{
		0: "0 s", 59: "59 s", 60: "1 min", 86400: "1 d", 1_274_400: "14 d 18 h", 90_061: "1 d 1 h 1 min 1 s", 2_678_400: "31 d",
	} {
		require.Equal(t, want, elapsed(seconds))
	}
}

func TestCountry(t *testing.T) {
	t.Parallel()
	require.Equal(t, "Germany", country("DE"))
	require.Equal(t, "Japan", country("JP"))
	require.Equal(t, "?", country("?"))
}

func TestMethodNames(t *testing.T) {
	t.Parallel()
	for method, want := range map[string]string{
		"visa": "Visa", "us_bank_account": "ACH Direct Debit", "sepa_debit": "SEPA Direct Debit", "card": "", "cartes_bancaires": "", "": "",
	} {
		require.Equal(t, want, MethodName(method), method)
	}
}
