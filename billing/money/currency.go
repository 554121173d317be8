package money

import (
	"fmt"
	"strings"

	iso "github.com/bojanz/currency"
)

// Currency is an ISO 4217 code in upper case, such as "USD". Values come from
// ParseCurrency or from constants in code; an unchecked conversion can hold
// anything, and every function that creates an Amount from text refuses it.
type Currency string

// ParseCurrency returns the currency with the given ISO 4217 code. Lower case
// is accepted and turned into upper case. A code that is not in the active ISO
// list is an error that names it.
func ParseCurrency(code string) (Currency, error) {
	c := Currency(strings.ToUpper(code))
	if !c.known() {
		return "", fmt.Errorf("unknown currency %.40q: use an active ISO 4217 code such as USD", code)
	}
	return c, nil
}

// Digits returns the number of decimal digits of the minor unit as ISO 4217
// defines it: 0 (JPY), 2 (USD), 3 (KWD) or 4 (CLF). These are the digits of our
// amounts. A payment provider may count differently (see its adapter).
// For a code that is not in the ISO list the result is 0.
func (c Currency) Digits() int {
	digits, _ := iso.GetDigits(string(c))
	return int(digits)
}

// PriceDigits returns how many digits may follow the point of a price in the currency: 12 of the minor unit, so 14 for
// USD and 12 for JPY.
func (c Currency) PriceDigits() int { return MaxFractionDigits + c.Digits() }

// The library counts the empty code as valid; to us it is no currency.
func (c Currency) known() bool {
	return c != "" && iso.IsValid(string(c))
}
