package money

import (
	"strings"

	iso "github.com/bojanz/currency"
)

// Format returns the amount as people in the locale write it, by the rules of
// CLDR: "$1,234.50" for en-US, "1.234,50 €" for de-DE. The locale is a BCP 47
// tag; one without rules of its own falls back to its language, then to English.
// Digits are always Latin, also where the locale's own are others, because tax
// documents need them. Expect no-break spaces and direction marks in the result.
//
// Several locales print a plain "$" for their own dollar: put the currency code
// beside the total of a document.
func (a Amount) Format(locale string) string {
	amount, err := iso.NewAmountFromInt64(a.Minor, string(a.Currency))
	if err != nil || !a.Currency.known() {
		return a.String()
	}
	return latinDigits(iso.NewFormatter(formatLocale(locale)).Format(amount))
}

// formatLocale returns English for a tag without a language: the formatting
// library would find no rules for it and print nothing.
func formatLocale(tag string) iso.Locale {
	locale := iso.NewLocale(withoutExtensions(tag))
	if locale.Language == "" {
		return iso.Locale{Language: "en"}
	}
	return locale
}

// withoutExtensions cuts a tag such as "ar-EG-u-nu-arab" before its first
// one-letter subtag, which the formatting library would take for a territory.
func withoutExtensions(locale string) string {
	subtags := strings.Split(strings.ReplaceAll(locale, "_", "-"), "-")
	for i, subtag := range subtags {
		if i > 0 && len(subtag) == 1 {
			return strings.Join(subtags[:i], "-")
		}
	}
	return locale
}

// The first code points of the digit ranges in use by CLDR's currency formats:
// Arabic-Indic, its eastern variant, Devanagari, Bengali and Myanmar.
var nativeZeros = [...]rune{0x0660, 0x06F0, 0x0966, 0x09E6, 0x1040}

func latinDigits(s string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case '\u066B': // Arabic decimal separator
			return '.'
		case '\u066C': // Arabic thousands separator
			return ','
		}
		for _, zero := range nativeZeros {
			if r >= zero && r < zero+10 {
				return '0' + r - zero
			}
		}
		return r
	}, s)
}
