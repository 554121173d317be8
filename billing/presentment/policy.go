// Package presentment says what a plan costs in a currency in which its catalogue has no price: the catalogue's price in
// the seller's base currency, times a published exchange rate, plus a markup, rounded once to a price that looks like one
// in the customer's currency. Everything is a function of the facts that come in; the arithmetic is exact fractions until
// the one rounding at the end.
package presentment

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/money"
)

// Policy is how a legal entity makes local prices.
type Policy struct {
	// BaseCurrency is the currency that prices are converted from. A plan without a price in it is not converted.
	BaseCurrency money.Currency `json:"base_currency"`
	// MarkupPercent is added to the rate: 2 makes 1.02 of a price. 0 to 100, at most 4 decimals.
	MarkupPercent decimal.Decimal `json:"markup_percent"`
	// Rounding is the rule for recurring prices per currency; in a currency without one they are rounded to its minor unit.
	Rounding map[money.Currency]Rounding `json:"rounding,omitempty"`
	// RoundUsage applies the rule to the prices of usage as well, as far as they reach the rule's smallest amount. Otherwise
	// they keep up to 12 decimals.
	RoundUsage bool `json:"round_usage,omitempty"`
	// MaxRateAgeDays is how many days before the day of the conversion a rate may have been published for, 0 to 366. Rates
	// are not published on weekends and holidays: 7 covers them all.
	MaxRateAgeDays int `json:"max_rate_age_days"`
	// RateSource, if set, is the only publisher whose rates are used, such as "ECB" or "manual".
	RateSource string `json:"rate_source,omitempty"`
	// QuoteHours is how long a price holds at least that was shown to a customer, 1 to 720.
	QuoteHours int `json:"quote_hours"`
}

// The limits of a policy.
const (
	mostMarkup     = 100
	markupDecimals = 4
	oldestRate     = 366
	longestQuote   = 720
	longestSource  = 200
)

// Validate checks the policy and names the first field that is wrong.
func (p Policy) Validate() error {
	if _, err := money.ParseCurrency(string(p.BaseCurrency)); err != nil {
		return fmt.Errorf("base_currency: %w", err)
	}
	if err := p.checkMarkup(); err != nil {
		return fmt.Errorf("markup_percent: %w", err)
	}
	//workflowcheck:ignore the order of the map does not survive the sorting
	for _, currency := range slices.Sorted(maps.Keys(p.Rounding)) {
		if known, err := money.ParseCurrency(string(currency)); err != nil || known != currency {
			return fmt.Errorf("rounding: unknown currency %.40q: use an active ISO 4217 code such as USD", currency)
		}
		if err := p.Rounding[currency].check(currency); err != nil {
			return fmt.Errorf("rounding.%s: %w", currency, err)
		}
	}
	switch {
	case p.MaxRateAgeDays < 0 || p.MaxRateAgeDays > oldestRate:
		return fmt.Errorf("max_rate_age_days must be between 0 and %d, got %d", oldestRate, p.MaxRateAgeDays)
	case p.QuoteHours < 1 || p.QuoteHours > longestQuote:
		return fmt.Errorf("quote_hours must be between 1 and %d, got %d", longestQuote, p.QuoteHours)
	case len(p.RateSource) > longestSource:
		return fmt.Errorf("rate_source must have at most %d bytes, got %d", longestSource, len(p.RateSource))
	}
	return nil
}

func (p Policy) checkMarkup() error {
	if err := money.CheckDecimal(p.MarkupPercent); err != nil {
		return err
	}
	if p.MarkupPercent.IsNegative() || p.MarkupPercent.GreaterThan(decimal.NewFromInt(mostMarkup)) {
		return fmt.Errorf("must be between 0 and %d, got %s", mostMarkup, p.MarkupPercent)
	}
	if !p.MarkupPercent.Equal(p.MarkupPercent.Truncate(markupDecimals)) {
		return fmt.Errorf("at most %d digits may follow the point, got %s", markupDecimals, p.MarkupPercent)
	}
	return nil
}

// Error is why there is no local price. Code is stable, Message names the remedy.
type Error struct{ Code, Message string }

func (e *Error) Error() string { return e.Message }

// The codes of an Error.
const (
	CurrencyUnknown = "currency_unknown"    // no active ISO 4217 currency
	NotPriced       = "currency_not_priced" // the plan has no price in the base currency
	RateMissing     = "rate_missing"        // no rate was published by the day
	RateTooOld      = "rate_too_old"        // the newest rate is older than the policy allows
	AmountTooLarge  = "amount_too_large"    // the converted price leaves the range of prices
)

func failed(code, format string, args ...any) error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Code is the code of an Error, or "" if err is none.
func Code(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return ""
}
