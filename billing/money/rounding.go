package money

import (
	"fmt"
	"math"
	"math/big"
	"math/bits"

	"github.com/shopspring/decimal"
)

// Mode is a way to round an exact number to the minor unit.
type Mode string

// Modes of rounding. The zero value is HalfUp. A negative number is rounded as the positive one of its size, so that a
// credit is as large as the charge that it takes back.
const (
	HalfUp   Mode = "half_up"   // to the nearest, halves away from zero: 2.5 → 3, -2.5 → -3
	HalfEven Mode = "half_even" // to the nearest, halves to the even neighbour: 2.5 → 2, 3.5 → 4
	Up       Mode = "up"        // away from zero: 2.1 → 3
	Down     Mode = "down"      // towards zero: 2.9 → 2
)

// Modes are all modes of rounding.
var Modes = []Mode{HalfUp, HalfEven, Up, Down}

// FromFraction rounds d × num/den, a number of major units, to the minor unit of the currency: exactly and once, whatever
// the fraction. The denominator must be above 0. A result out of range is ErrOverflow.
func FromFraction(d decimal.Decimal, num, den int64, c Currency, mode Mode) (Amount, error) {
	if !c.known() {
		return Amount{}, fmt.Errorf("amount in unknown currency %.40q", c)
	}
	if den <= 0 {
		return Amount{}, fmt.Errorf("a part of %d/%d: the denominator must be above 0", num, den)
	}
	digits := c.Digits()
	if minor, ok := roundedSmall(d, num, den, digits, mode); ok {
		return New(minor, c), nil
	}
	shift := int64(d.Exponent()) + int64(digits)
	size := int64(d.NumDigits()) + shift
	switch {
	// These two bounds come before any power of ten is computed, so that a huge exponent costs nothing. An int64 that
	// multiplies can add 19 digits.
	case d.IsZero() || num == 0:
		return Zero(c), nil
	case size < -maxAmountDigits:
		return tiny(d.Sign()*sign(num), c, mode), nil
	case size > 2*maxAmountDigits:
		return Amount{}, fmt.Errorf("amount of %d digits in %s: %w", size, c, ErrOverflow)
	}
	n, m := d.Coefficient(), big.NewInt(den)
	n.Mul(n, big.NewInt(num))
	if shift >= 0 {
		n.Mul(n, powerOfTen(shift))
	} else {
		m.Mul(m, powerOfTen(-shift))
	}
	return fromBig(mode.quotient(n, m), c)
}

// tiny is what a number far below the minor unit is rounded to.
func tiny(sign int, c Currency, mode Mode) Amount {
	if mode == Up {
		return New(int64(sign), c)
	}
	return Zero(c)
}

func sign(n int64) int {
	switch {
	case n > 0:
		return 1
	case n < 0:
		return -1
	}
	return 0
}

// quotient divides by a positive number and rounds.
func (m Mode) quotient(num, den *big.Int) *big.Int {
	quotient, remainder := new(big.Int).QuoRem(num, den, new(big.Int))
	if remainder.Sign() == 0 {
		return quotient
	}
	half := remainder.Lsh(remainder.Abs(remainder), 1).Cmp(den)
	if m.Raises(half, quotient.Bit(0) == 1) {
		quotient.Add(quotient, big.NewInt(int64(num.Sign())))
	}
	return quotient
}

// Raises says whether a remainder that is not zero moves the quotient away from zero; half compares it with a half.
func (m Mode) Raises(half int, odd bool) bool {
	switch m {
	case Up:
		return true
	case Down:
		return false
	case HalfEven:
		return half > 0 || half == 0 && odd
	default:
		return half >= 0
	}
}

// roundedSmall is FromFraction in machine words: nearly every amount of an invoice fits, and needs no memory.
func roundedSmall(d decimal.Decimal, num, den int64, digits int, mode Mode) (int64, bool) {
	shift := int(d.Exponent()) + digits
	if shift > 0 || shift < -18 || d.NumDigits() > 18 || num < 0 {
		return 0, false
	}
	coefficient := d.CoefficientInt64()
	divisor := uint64(pow10[-shift])
	over, size := bits.Mul64(uint64(den), divisor)
	if over != 0 || size > math.MaxInt64 {
		return 0, false
	}
	high, low := bits.Mul64(magnitude(coefficient), uint64(num))
	if high >= size {
		return 0, false
	}
	quotient, remainder := bits.Div64(high, low, size)
	if remainder != 0 {
		half := 1
		if twice := remainder << 1; twice < size {
			half = -1
		} else if twice == size {
			half = 0
		}
		if mode.Raises(half, quotient&1 == 1) {
			quotient++
		}
	}
	if quotient > math.MaxInt64 {
		return 0, false
	}
	if coefficient < 0 {
		return -int64(quotient), true
	}
	return int64(quotient), true
}

func magnitude(n int64) uint64 {
	if n < 0 {
		return uint64(-n)
	}
	return uint64(n)
}

// pow10 are the powers of ten that fit into an int64.
var pow10 = func() (powers [19]int64) {
	powers[0] = 1
	for i := 1; i < len(powers); i++ {
		powers[i] = powers[i-1] * 10
	}
	return powers
}()
