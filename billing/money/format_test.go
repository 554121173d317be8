package money

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestFormat(t *testing.T) {
	t.Parallel()
	const (
		nb  = "\u00a0" // no-break space
		nnb = "\u202f" // narrow no-break space
		rlm = "\u200f" // right-to-left mark
	)
	large, small := New(123456750, "EUR"), New(123450, "EUR")
	for _, test := range []struct {
		locale string
		amount Amount
		want   string
	}{
		{"en-US", large, "€1,234,567.50"},
		{"en-US", New(123450, "USD"), "$1,234.50"},
		{"en-US", New(-123450, "USD"), "-$1,234.50"},
		{"en-GB", New(123450, "USD"), "US$1,234.50"},
		{"de-DE", large, "1.234.567,50" + nb + "€"},
		{"de-AT", large, "€" + nb + "1.234.567,50"},
		{"de-AT", small, "€" + nb + "1.234,50"},
		{"de-CH", large, "€" + nb + "1'234'567.50"},
		{"de-CH", New(123450, "CHF"), "CHF" + nb + "1'234.50"},
		{"it-CH", small, "€" + nb + "1234.50"},
		{"fr-FR", large, "1" + nnb + "234" + nnb + "567,50" + nb + "€"},
		{"fr-CA", large, "1" + nb + "234" + nb + "567,50" + nb + "€"},
		{"fr-CA", New(123450, "USD"), "1" + nb + "234,50" + nb + "$" + nb + "US"},
		{"fr-CH", large, "1'234'567.50" + nb + "€"},
		{"ja-JP", large, "€1,234,567.50"},
		{"ja-JP", New(1234568, "JPY"), "\uffe51,234,568"},
		{"es-ES", large, "1.234.567,50" + nb + "€"},
		{"es-ES", small, "1234,50" + nb + "€"},
		{"pl-PL", large, "1" + nb + "234" + nb + "567,50" + nb + "€"},
		{"pl-PL", small, "1234,50" + nb + "€"},
		{"pt-PT", large, "1" + nb + "234" + nb + "567,50" + nb + "€"},
		{"es-MX", large, "€1,234,567.50"},
		{"pt-BR", large, "€" + nb + "1.234.567,50"},
		{"en-IN", large, "€12,34,567.50"},
		{"hi-IN", large, "€12,34,567.50"},
		{"ar-AE", large, rlm + "1,234,567.50" + nb + "€"},
		{"ar-SA", large, rlm + "1,234,567.50" + nb + "€"},
		{"ar-EG", large, rlm + "1,234,567.50" + nb + "€"},
		{"ar-EG-u-nu-arab", large, rlm + "1,234,567.50" + nb + "€"},
		{"sv-SE", large, "1" + nb + "234" + nb + "567,50" + nb + "€"},
		{"sv-SE", New(-500, "EUR"), "\u22125,00" + nb + "€"},
		{"tr-TR", large, "€1.234.567,50"},
		{"he-IL", large, rlm + "1,234,567.50" + nb + rlm + "€"},
		{"bn-BD", New(123450, "USD"), "1,234.50" + nb + "US$"},
		{"de_DE", small, "1.234,50" + nb + "€"},
		{"en-KW", New(5124, "KWD"), "KWD" + nb + "5.124"},
		{"xx-YY", small, "€1,234.50"},
		{"", small, "€1,234.50"},
		{"-US", small, "€1,234.50"},
		{"en-US", Amount{Minor: 5}, " 5"},
		{"en-US", New(5, "DEM"), "DEM 5"},
	} {
		require.Equal(t, test.want, test.amount.Format(test.locale), "%s in %s", test.amount, test.locale)
	}
}

func TestFormatUsesLatinDigitsEverywhere(t *testing.T) {
	t.Parallel()
	for _, locale := range []string{"fa-IR", "bn-BD", "mr-IN", "ne-NP", "my-MM", "ar-SA", "ps-AF", "ur-IN", "ckb-IQ"} {
		formatted := New(123456789, "USD").Format(locale)
		var digits []rune
		for _, r := range formatted {
			if r >= '0' && r <= '9' {
				digits = append(digits, r)
			}
		}
		require.Equal(t, "123456789", string(digits), "%s: %s", locale, formatted)
	}
}

func TestFormatAcceptsAnyLocale(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a := amounts(rapid.SampledFrom(currencies).Draw(t, "currency")).Draw(t, "a")
		require.NotEmpty(t, a.Format(rapid.String().Draw(t, "locale")))
	})
}
