package money

import (
	"fmt"
	"math/big"
	"strings"

	"github.com/shopspring/decimal"
)

// Limits of the decimals that enter the system as prices, rates and quantities.
const (
	// MaxIntegerDigits is the number of digits allowed before the point.
	MaxIntegerDigits = 18
	// MaxFractionDigits is the number of digits allowed after the point.
	MaxFractionDigits = 12
	// MaxPriceDigits is the number of digits allowed after the point of a price in any currency: 12 of the minor unit,
	// which is at most four digits behind the point. See Currency.PriceDigits.
	MaxPriceDigits = 16
)

// An int64 has up to 19 digits, so an amount may have one more than a quantity.
const maxAmountDigits = 19

// ParseDecimal reads a decimal in plain notation: an optional minus sign, 1 to
// 18 digits, and optionally a point followed by 1 to 12 digits. Exponents, plus
// signs, spaces and grouping are errors: what a spreadsheet means by "1,000" or
// "1e3" is for its importer to decide, and a short text such as 1e999999999
// must not be able to demand gigabytes.
func ParseDecimal(s string) (decimal.Decimal, error) {
	return parsePlain(s, MaxIntegerDigits, MaxFractionDigits)
}

// CheckDecimal reports whether a decimal that was made in another way, such as
// by decoding JSON, is within the limits of ParseDecimal.
func CheckDecimal(d decimal.Decimal) error { return checkDigits(d, MaxFractionDigits) }

// CheckPrice is CheckDecimal for an amount of money per something, which may have MaxPriceDigits after the point.
func CheckPrice(d decimal.Decimal) error { return checkDigits(d, MaxPriceDigits) }

func checkDigits(d decimal.Decimal, fraction int) error {
	if int64(d.Exponent()) < -int64(fraction) {
		return fmt.Errorf("at most %d digits may follow the point", fraction)
	}
	// With so few fraction digits, a coefficient of more than 120 bits is too large; asking that first avoids counting the
	// digits of a giant.
	if d.Coefficient().BitLen() > 120 || !d.IsZero() && int64(d.NumDigits())+int64(d.Exponent()) > MaxIntegerDigits {
		return fmt.Errorf("at most %d digits may precede the point", MaxIntegerDigits)
	}
	return nil
}

// Parse reads an amount in major units, such as "12.34", in the notation of
// ParseDecimal. More fraction digits than the currency has are an error, even
// zeros: the text was probably meant for another currency.
func Parse(s string, c Currency) (Amount, error) {
	d, err := parsePlain(s, maxAmountDigits, MaxFractionDigits)
	if err != nil {
		return Amount{}, err
	}
	if digits := c.Digits(); c.known() && int(-d.Exponent()) > digits {
		return Amount{}, fmt.Errorf("amount %q: %s has %d decimal digits, got %d", s, c, digits, -d.Exponent())
	}
	return FromDecimal(d, c)
}

// FromDecimal rounds a number of major units to the minor unit of the currency,
// half away from zero: 2.675 becomes USD 2.68, -2.675 becomes USD -2.68. A
// result out of range is ErrOverflow.
func FromDecimal(d decimal.Decimal, c Currency) (Amount, error) {
	return FromFraction(d, 1, 1, c, HalfUp)
}

func powerOfTen(n int64) *big.Int {
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(n), nil)
}

// roundedRatio returns num/den rounded half away from zero; den is positive.
func roundedRatio(num, den *big.Int) *big.Int { return HalfUp.quotient(num, den) }

func fromBig(minor *big.Int, c Currency) (Amount, error) {
	// BitLen ignores the sign, which gives the symmetric range of an Amount.
	if minor.BitLen() > 63 {
		return Amount{}, fmt.Errorf("%s minor units of %s: %w", minor, c, ErrOverflow)
	}
	return New(minor.Int64(), c), nil
}

func parsePlain(s string, maxInteger, maxFraction int) (decimal.Decimal, error) {
	integer, fraction, hasPoint := strings.Cut(strings.TrimPrefix(s, "-"), ".")
	switch {
	case !onlyDigits(integer) || hasPoint && !onlyDigits(fraction):
		return decimal.Decimal{}, fmt.Errorf("%.40q is not a number: write digits with an optional point, such as -12.34", s)
	case len(integer) > maxInteger:
		return decimal.Decimal{}, fmt.Errorf("number %.40q: at most %d digits may precede the point", s, maxInteger)
	case len(fraction) > maxFraction:
		return decimal.Decimal{}, fmt.Errorf("number %.40q: at most %d digits may follow the point", s, maxFraction)
	}
	d, err := decimal.NewFromString(s)
	if err != nil {
		return decimal.Decimal{}, fmt.Errorf("number %.40q: %w", s, err)
	}
	return d, nil
}

func onlyDigits(s string) bool {
	for _, r := range []byte(s) {
		if r < '0' || r > '9' {
			return false
		}
	}
	return s != ""
}
