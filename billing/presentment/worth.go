package presentment

import (
	"math/big"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/tax"
)

// comparableRate is how old a rate may be, in days, for amounts to be compared by it: it covers weekends and holidays.
const comparableRate = 7

// Worth is what an amount is worth in another currency by the rates known on a day, rounded half up to its minor unit: for
// comparing amounts, not for charging them. Errors are *Error: there is no rate, or none that is recent enough.
func Worth(amount money.Amount, to money.Currency, rates []tax.Rate, day calendar.Date) (money.Amount, error) {
	if amount.Currency == to {
		return amount, nil
	}
	found, err := Policy{MaxRateAgeDays: comparableRate}.route(rates, amount.Currency, to, day)
	if err != nil {
		return money.Amount{}, err
	}
	worth := halfUp(new(big.Rat).Mul(amount.Decimal().Rat(), found.ratio), int32(to.Digits()))
	exact, err := money.FromDecimal(worth, to)
	if err != nil {
		return money.Amount{}, failed(AmountTooLarge, "%s in %s: %s", amount, to, err)
	}
	return exact, nil
}
