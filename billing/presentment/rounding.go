package presentment

import (
	"fmt"
	"math/big"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/money"
)

// Rounding is a rule that makes a converted amount a price. The amounts of a rule are evenly spaced; the nearest one is
// taken, the higher of two that are equally near. An amount below the rule's smallest one is rounded to the minor unit
// instead (half up), so that a cheap thing does not become dear: 0.30 under "ends:.99" stays 0.30. A rule therefore never
// changes the order of two prices, and a positive price becomes zero only if it is, before any markup, below half a
// minor unit.
//
// The zero value rounds to the minor unit. Rules are written as text:
//
//	minor          to the minor unit
//	whole          to whole units of the currency
//	multiple:50    to a multiple: 0.05 for Swiss cash, 50 for won
//	ends:.99       to the nearest amount whose digits end so: 0.99, 1.99, …; ends:9 is 9, 19, …; ends:90 is 90, 190, …
type Rounding struct {
	text string
	// The rule's amounts are ending, ending+step, …, without zero. A step of zero is the minor unit.
	step, ending decimal.Decimal
}

// How rules are written.
const (
	minorUnit  = "minor"
	wholeUnit  = "whole"
	multipleOf = "multiple:"
	endsIn     = "ends:"
)

// Longest numbers in a rule: no price tag ends in more.
const (
	ruleDigits   = 9
	ruleDecimals = 4
)

// ParseRounding reads a rule. The error says how rules are written.
func ParseRounding(text string) (Rounding, error) {
	if number, found := strings.CutPrefix(text, multipleOf); found {
		step, err := ruleNumber(number)
		if err != nil {
			return Rounding{}, err
		}
		if !step.IsPositive() {
			return Rounding{}, fmt.Errorf("rule %q: the multiple must be above 0", text)
		}
		return Rounding{text: text, step: step}, nil
	}
	if number, found := strings.CutPrefix(text, endsIn); found {
		ending, err := ruleNumber(number)
		integer, _, _ := strings.Cut(number, ".")
		return Rounding{text: text, step: decimal.New(1, int32(len(integer))), ending: ending}, err
	}
	switch text {
	case minorUnit, "":
		return Rounding{}, nil
	case wholeUnit:
		return Rounding{text: text, step: decimal.New(1, 0)}, nil
	}
	return Rounding{}, fmt.Errorf("rule %.40q: write minor, whole, multiple:0.05 or ends:.99", text)
}

// ruleNumber reads digits with an optional point; as people write prices, the digits before it may be left out.
func ruleNumber(text string) (decimal.Decimal, error) {
	integer, fraction, _ := strings.Cut(text, ".")
	number := text
	if integer == "" {
		number = "0" + text
	}
	d, err := money.ParseDecimal(number)
	if err != nil || text == "" || strings.HasPrefix(text, "-") || len(integer) > ruleDigits || len(fraction) > ruleDecimals {
		return decimal.Decimal{}, fmt.Errorf("%.40q: write up to %d digits and, after a point, up to %d more, such as .99", text, ruleDigits, ruleDecimals)
	}
	return d, nil
}

// String is the rule as ParseRounding reads it.
func (r Rounding) String() string {
	if r.text == "" {
		return minorUnit
	}
	return r.text
}

// MarshalText writes the rule.
func (r Rounding) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (r *Rounding) UnmarshalText(text []byte) (err error) {
	*r, err = ParseRounding(string(text))
	return err
}

// check says whether the rule's amounts can be paid in the currency.
func (r Rounding) check(currency money.Currency) error {
	digits := int32(currency.Digits())
	if !r.step.Equal(r.step.Truncate(digits)) || !r.ending.Equal(r.ending.Truncate(digits)) {
		return fmt.Errorf("rule %q has more decimals than amounts in %s, which have %d", r, currency, digits)
	}
	return nil
}

// smallest is the least amount of the rule.
func (r Rounding) smallest() *big.Rat {
	if r.ending.IsPositive() {
		return r.ending.Rat()
	}
	return r.step.Rat()
}

// round rounds an amount of 0 or more by the rule or, below its smallest amount, to a number of decimals.
func (r Rounding) round(x *big.Rat, decimals int32) decimal.Decimal {
	if r.step.IsZero() || x.Cmp(r.smallest()) < 0 {
		return halfUp(x, decimals)
	}
	steps := new(big.Rat).Sub(x, r.ending.Rat())
	steps.Quo(steps, r.step.Rat())
	return r.ending.Add(r.step.Mul(halfUp(steps, 0)))
}

// halfUp rounds 0 or more to a number of decimals.
func halfUp(x *big.Rat, decimals int32) decimal.Decimal {
	scaled := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(decimals)), nil)
	scaled.Mul(scaled, x.Num()).Lsh(scaled, 1).Add(scaled, x.Denom())
	return decimal.NewFromBigInt(scaled.Quo(scaled, new(big.Int).Lsh(x.Denom(), 1)), -decimals)
}
