// Package stripeunit converts between amounts in ISO 4217 minor units and the integers that Stripe counts in.
// They differ for a few currencies. Source: https://docs.stripe.com/currencies, "Zero-decimal" and "Special cases".
package stripeunit

import (
	"fmt"

	"github.com/perennial-billing/perennial/billing/money"
)

// Of converts an amount into Stripe's units. What Stripe cannot move is an error: a part of an ariary, or a
// thousandth that does not end in 0.
func Of(a money.Amount) (int64, error) {
	switch {
	case a.Currency == "ISK" || a.Currency == "UGX": // no minor unit any more, yet Stripe keeps two decimals
		scaled, err := a.MulRatio(100, 1)
		return scaled.Minor, err
	case a.Currency == "MGA": // whole ariary, though ISO gives them two digits
		if a.Minor%100 != 0 {
			return 0, fmt.Errorf("%s cannot be moved through Stripe: the smallest unit is 1 %s", a, a.Currency)
		}
		return a.Minor / 100, nil
	case a.Currency.Digits() == 3 && a.Minor%10 != 0:
		return 0, fmt.Errorf("%s cannot be moved through Stripe: the last of three digits must be 0", a)
	}
	return a.Minor, nil
}

// Amount is the inverse of Of.
func Amount(units int64, currency money.Currency) (money.Amount, error) {
	amount := money.New(units, currency)
	switch currency {
	case "ISK", "UGX":
		return amount.MulRatio(1, 100)
	case "MGA":
		return amount.MulRatio(100, 1)
	}
	return amount, nil
}
