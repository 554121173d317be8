package activities

import (
	"fmt"
	"strings"

	"github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/billing/money"
)

// Stripe counts a few currencies in other units than ISO 4217 does.
// Source: https://docs.stripe.com/currencies, "Zero-decimal", "Special cases".
var (
	// ISK and UGX have no minor unit any more, but Stripe's amounts still have two decimals.
	providerTwoDecimals = map[money.Currency]bool{"ISK": true, "UGX": true}
	// Stripe takes whole ariary, though ISO gives it two digits.
	providerNoDecimals = map[money.Currency]bool{"MGA": true}
)

// providerAmount converts an amount into Stripe's units. What Stripe cannot charge is an error: a part of an ariary,
// or a thousandth that does not end in 0.
func providerAmount(a money.Amount) (int64, error) {
	switch {
	case providerTwoDecimals[a.Currency]:
		scaled, err := a.MulRatio(100, 1)
		return scaled.Minor, err
	case providerNoDecimals[a.Currency]:
		if a.Minor%100 != 0 {
			return 0, fmt.Errorf("%s cannot be charged: %s has no smaller unit than 1", a, a.Currency)
		}
		return a.Minor / 100, nil
	case a.Currency.Digits() == 3 && a.Minor%10 != 0:
		return 0, fmt.Errorf("%s cannot be charged: the last of three digits must be 0", a)
	}
	return a.Minor, nil
}

// fromProvider is the inverse of providerAmount.
func fromProvider(units int64, currency money.Currency) (money.Amount, error) {
	amount := money.New(units, currency)
	switch {
	case providerTwoDecimals[currency]:
		return amount.MulRatio(1, 100)
	case providerNoDecimals[currency]:
		return amount.MulRatio(100, 1)
	}
	return amount, nil
}

func sameCurrency(a stripe.Currency, b money.Currency) bool {
	return strings.EqualFold(string(a), string(b))
}
