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
func CheckDecimal(d decimal.Decimal) error {
	if d.Exponent() < -MaxFractionDigits {
		return fmt.Errorf("at most %d digits may follow the point", MaxFractionDigits)
	}
	// With at most 12 fraction digits, a coefficient of more than 100 bits is
	// too large; asking that first avoids counting the digits of a giant.
	if d.Coefficient().BitLen() > 100 || !d.IsZero() && int64(d.NumDigits())+int64(d.Exponent()) > MaxIntegerDigits {
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
// half away from zero: 2.675 becomes USD 2.68, -2.675 becomes USD -2.68. It is
// the only rounding of decimals to money. A result out of range is ErrOverflow.
func FromDecimal(d decimal.Decimal, c Currency) (Amount, error) {
	if !c.known() {
		return Amount{}, fmt.Errorf("amount in unknown currency %q", clip(string(c)))
	}
	shift := int64(d.Exponent()) + int64(c.Digits())
	size := int64(d.NumDigits()) + shift
	switch {
	// These two bounds come before any power of ten is computed, so that a
	// huge exponent costs nothing.
	case d.IsZero() || size < 0:
		return Zero(c), nil
	case size > maxAmountDigits:
		return Amount{}, fmt.Errorf("amount of %d digits in %s: %w", size, c, ErrOverflow)
	}
	num, den := d.Coefficient(), big.NewInt(1)
	if shift >= 0 {
		num.Mul(num, powerOfTen(shift))
	} else {
		den = powerOfTen(-shift)
	}
	return fromBig(roundedRatio(num, den), c)
}

func powerOfTen(n int64) *big.Int {
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(n), nil)
}

// roundedRatio returns num/den rounded half away from zero; den is positive.
func roundedRatio(num, den *big.Int) *big.Int {
	quotient, remainder := new(big.Int).QuoRem(num, den, new(big.Int))
	if remainder.Lsh(remainder.Abs(remainder), 1).Cmp(den) >= 0 {
		quotient.Add(quotient, big.NewInt(int64(num.Sign())))
	}
	return quotient
}

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
		return decimal.Decimal{}, fmt.Errorf("%q is not a number: write digits with an optional point, such as -12.34", clip(s))
	case len(integer) > maxInteger:
		return decimal.Decimal{}, fmt.Errorf("number %q: at most %d digits may precede the point", clip(s), maxInteger)
	case len(fraction) > maxFraction:
		return decimal.Decimal{}, fmt.Errorf("number %q: at most %d digits may follow the point", clip(s), maxFraction)
	}
	d, err := decimal.NewFromString(s)
	if err != nil {
		return decimal.Decimal{}, fmt.Errorf("number %q: %w", clip(s), err)
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
