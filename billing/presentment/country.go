package presentment

import (
	"strings"

	iso "github.com/bojanz/currency"

	"github.com/perennial-billing/perennial/billing/money"
)

// DefaultCurrency is the legal tender of a country (ISO 3166-1 alpha-2) by the table of CLDR, to propose to its customers.
// It is false for a code that is no country, and for the few that have no currency of their own, such as Antarctica.
func DefaultCurrency(country string) (money.Currency, bool) {
	code, found := iso.ForCountryCode(strings.ToUpper(country))
	if !found {
		return "", false
	}
	currency, err := money.ParseCurrency(code)
	return currency, err == nil
}
