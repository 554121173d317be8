package tax

import (
	"fmt"
	"regexp"
	"strings"
)

// vatFormat is one country's VAT number: its shape without prefix, and its check digits.
type vatFormat struct {
	prefix  string
	country string
	shape   *regexp.Regexp
	check   func(number string) bool
}

// vatFormats holds the 27 member states, Monaco (numbered by France), the United Kingdom and Northern Ireland.
// Shapes follow the VIES structures (https://ec.europa.eu/taxation_customs/vies/) and GOV.UK "VAT EU country codes".
var vatFormats = []vatFormat{
	format("AT", "AT", `U\d{8}`, checkAT),
	format("BE", "BE", `[01]\d{9}`, checkBE),
	format("BG", "BG", `\d{9,10}`, checkBG),
	format("CY", "CY", `\d{8}[A-Z]`, checkCY),
	format("CZ", "CZ", `\d{8,10}`, checkCZ),
	format("DE", "DE", `\d{9}`, mod11_10),
	format("DK", "DK", `\d{8}`, weightedZero(11, 2, 7, 6, 5, 4, 3, 2, 1)),
	format("EE", "EE", `\d{9}`, weightedZero(10, 3, 7, 1, 3, 7, 1, 3, 7, 1)),
	format("EL", "GR", `\d{9}`, checkEL),
	format("ES", "ES", `[A-Z0-9]\d{7}[A-Z0-9]`, checkES),
	format("FI", "FI", `\d{8}`, weightedZero(11, 7, 9, 10, 5, 8, 4, 2, 1)),
	format("FR", "FR", `[A-HJ-NP-Z0-9]{2}\d{9}`, checkFR),
	format("GB", "GB", `(\d{9}|\d{12}|GD\d{3}|HA\d{3})`, checkGB),
	format("HR", "HR", `\d{11}`, mod11_10),
	format("HU", "HU", `\d{8}`, weightedZero(10, 9, 7, 3, 1, 9, 7, 3, 1)),
	format("IE", "IE", `(\d{7}[A-W][AH]?|\d[A-Z+*]\d{5}[A-W])`, checkIE),
	format("IT", "IT", `\d{11}`, luhn),
	format("LT", "LT", `(\d{9}|\d{12})`, checkLT),
	format("LU", "LU", `\d{8}`, checkLU),
	format("LV", "LV", `\d{11}`, checkLV),
	format("MC", "FR", `[A-HJ-NP-Z0-9]{2}\d{9}`, checkFR),
	format("MT", "MT", `\d{8}`, weightedZero(37, 3, 4, 6, 7, 8, 9, 10, 1)),
	format("NL", "NL", `\d{9}B(0[1-9]|[1-9]\d)`, checkNL),
	format("PL", "PL", `\d{10}`, weightedZero(11, 6, 5, 7, 2, 3, 4, 5, 6, 7, -1)),
	format("PT", "PT", `[1-9]\d{8}`, checkPT),
	format("RO", "RO", `[1-9]\d{1,9}`, checkRO),
	format("SE", "SE", `\d{10}01`, func(n string) bool { return luhn(n[:10]) }),
	format("SI", "SI", `[1-9]\d{7}`, checkSI),
	format("SK", "SK", `[1-9]\d[2-47-9]\d{7}`, func(n string) bool { return mod(n, 11) == 0 }),
	format("XI", "GB", `(\d{9}|\d{12}|GD\d{3}|HA\d{3})`, checkGB),
}

func format(prefix, country, shape string, check func(string) bool) vatFormat {
	return vatFormat{prefix: prefix, country: country, shape: regexp.MustCompile(`^` + shape + `$`), check: check}
}

// NormaliseVATID upper-cases an id and removes the blanks, dots, dashes and slashes people write into it.
func NormaliseVATID(id string) string {
	return strings.NewReplacer(" ", "", ".", "", "-", "", "/", "").Replace(strings.ToUpper(strings.TrimSpace(id)))
}

// CheckVATID checks the country prefix, the shape and the check digits of an EU or UK VAT number, written with or
// without separators. Passing does not mean that the number is registered: only VIES or HMRC can say that. Czech birth
// numbers from before 1954 and Latvian personal codes beginning with 32 have no check digit.
func CheckVATID(id string) error {
	number := NormaliseVATID(id)
	f, ok := vatFormatOf(number)
	if !ok {
		return fmt.Errorf("VAT id %q: does not start with the two-letter prefix of an EU country or GB", id)
	}
	number = number[2:]
	if !f.shape.MatchString(number) {
		return fmt.Errorf("VAT id %q: does not have the form of a number of %s (%s followed by %s)",
			id, f.country, f.prefix, strings.Trim(f.shape.String(), "^$"))
	}
	if !f.check(number) {
		return fmt.Errorf("VAT id %q: the check digits of this %s number are wrong: look for a mistyped digit", id, f.country)
	}
	return nil
}

func vatFormatOf(normalised string) (vatFormat, bool) {
	for _, f := range vatFormats {
		if strings.HasPrefix(normalised, f.prefix) {
			return f, true
		}
	}
	return vatFormat{}, false
}

// taxIDCountry is the tax jurisdiction of an id by its prefix, or "" when it is not an EU or UK one.
func taxIDCountry(id string) string {
	f, _ := vatFormatOf(NormaliseVATID(id))
	return f.country
}
