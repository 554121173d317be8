// Package money holds exact amounts: an int64 number of minor units and a
// currency. There is no floating point anywhere, and exactly one place rounds a
// decimal to an amount: FromDecimal, half away from zero. Decimals are for
// rates, unit prices and quantities only.
//
// Amounts range from -(2^63-1) to 2^63-1 minor units. The one int64 outside
// that symmetric range is never produced by this package, so that every amount
// can be negated. Operations that would leave the range return ErrOverflow;
// nothing panics.
package money

import (
	"errors"
	"fmt"
	"math"

	"github.com/shopspring/decimal"
)

// Errors of arithmetic. They arrive wrapped with the values involved.
var (
	// ErrCurrencyMismatch reports arithmetic between two currencies.
	ErrCurrencyMismatch = errors.New("currencies differ")
	// ErrOverflow reports a result outside the range of an Amount.
	ErrOverflow = errors.New("amount out of range")
)

// Amount is a sum of money. The zero value is "no amount": it has no currency
// and mixes with none.
type Amount struct {
	// Minor is the number of minor units: cents for USD, yen for JPY.
	Minor    int64    `json:"minor"`
	Currency Currency `json:"currency"`
}

// New returns the amount of minor units in the currency.
func New(minor int64, c Currency) Amount {
	return Amount{Minor: minor, Currency: c}
}

// Zero returns nothing in the currency, which still is an amount of that currency.
func Zero(c Currency) Amount {
	return Amount{Currency: c}
}

// Decimal returns the amount in major units, exactly.
func (a Amount) Decimal() decimal.Decimal {
	return decimal.New(a.Minor, int32(-a.Currency.Digits()))
}

// Add returns a + b. It fails with ErrCurrencyMismatch or ErrOverflow.
func (a Amount) Add(b Amount) (Amount, error) {
	if a.Currency != b.Currency {
		return Amount{}, fmt.Errorf("adding %s and %s: %w", a, b, ErrCurrencyMismatch)
	}
	sum := a.Minor + b.Minor
	// Two operands of one sign whose sum has the other sign have wrapped around.
	wrapped := (a.Minor >= 0) == (b.Minor >= 0) && (sum >= 0) != (a.Minor >= 0)
	if wrapped || sum == math.MinInt64 {
		return Amount{}, fmt.Errorf("adding %s and %s: %w", a, b, ErrOverflow)
	}
	return New(sum, a.Currency), nil
}

// Sub returns a - b. It fails with ErrCurrencyMismatch or ErrOverflow.
func (a Amount) Sub(b Amount) (Amount, error) {
	if b.Minor == math.MinInt64 {
		return Amount{}, fmt.Errorf("subtracting %s from %s: %w", b, a, ErrOverflow)
	}
	difference, err := a.Add(b.Neg())
	if err != nil {
		return Amount{}, fmt.Errorf("subtracting %s from %s: %w", b, a, err)
	}
	return difference, nil
}

// Neg returns -a. An amount outside the package's range (math.MinInt64 minor
// units, which only New can hold) becomes the largest amount.
func (a Amount) Neg() Amount {
	if a.Minor == math.MinInt64 {
		return New(math.MaxInt64, a.Currency)
	}
	return New(-a.Minor, a.Currency)
}

// Abs returns the amount without its sign.
func (a Amount) Abs() Amount {
	if a.Minor < 0 {
		return a.Neg()
	}
	return a
}

// IsZero reports whether the amount is nothing, in whatever currency.
func (a Amount) IsZero() bool { return a.Minor == 0 }

// IsNegative reports whether the amount is below zero.
func (a Amount) IsNegative() bool { return a.Minor < 0 }

// IsPositive reports whether the amount is above zero.
func (a Amount) IsPositive() bool { return a.Minor > 0 }

// Cmp returns -1, 0 or 1 as a is less than, equal to or greater than b. The two
// must have one currency: only the numbers of minor units are compared.
func (a Amount) Cmp(b Amount) int {
	switch {
	case a.Minor < b.Minor:
		return -1
	case a.Minor > b.Minor:
		return 1
	default:
		return 0
	}
}

// Sum adds amounts of one currency. The sum of none is zero in that currency.
func Sum(c Currency, amounts ...Amount) (Amount, error) {
	total := Zero(c)
	for i, a := range amounts {
		var err error
		if total, err = total.Add(a); err != nil {
			return Amount{}, fmt.Errorf("sum, amount %d of %d: %w", i+1, len(amounts), err)
		}
	}
	return total, nil
}

// String returns the amount for logs and machines: "USD 12.34", "JPY -500".
func (a Amount) String() string {
	return string(a.Currency) + " " + a.Decimal().StringFixed(int32(a.Currency.Digits()))
}
