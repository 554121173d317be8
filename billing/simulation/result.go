package simulation

import (
	"maps"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/money"
)

// Result is what a simulation came to.
type Result struct {
	// Subscriptions is how many were billed again.
	Subscriptions int     `json:"subscriptions"`
	Control       Control `json:"control"`
	// Totals are by currency, Charges by plan, charge and currency, Customers by currency and, the largest first, by what
	// their bills change.
	Totals    []Total    `json:"totals"`
	Charges   []Charge   `json:"charges"`
	Customers []Customer `json:"customers"`
	// Gaps are what the other catalogue does not say, and the old price was taken for.
	Gaps []Gap `json:"gaps,omitempty"`
}

// Control is how the invoices that were issued compare with those that the catalogue in force makes again.
type Control struct {
	Invoices int `json:"invoices"`
	Lines    int `json:"lines"`
	// Differ counts the invoices that were not made again as they were issued; Differences tells of the first of them.
	Differ      int          `json:"differ"`
	Differences []Difference `json:"differences,omitempty"`
}

// Difference is an invoice that the control run did not make as it was issued.
type Difference struct {
	SubscriptionID string `json:"subscription_id"`
	// Invoice is its number, or its business identity if none was issued.
	Invoice string `json:"invoice"`
	Message string `json:"message"`
}

// Sums are what was billed, what the other catalogue would have billed, and the difference, without tax.
type Sums struct {
	Old        money.Amount `json:"old"`
	New        money.Amount `json:"new"`
	Difference money.Amount `json:"difference"`
	// Percent is the difference in per cent of Old with 2 decimals, nothing if Old is 0.
	Percent string `json:"percent,omitempty"`
}

// Total is what all customers were billed in a currency, and how many would pay more, less or the same.
type Total struct {
	Sums

	More int `json:"customers_more"`
	Less int `json:"customers_less"`
	Same int `json:"customers_same"`
}

// Charge is what a charge of a plan, in all its versions, came to. One-off charges and adjustments are no plan's: without a
// plan, Charge is one_off or adjustment.
type Charge struct {
	Plan   string `json:"plan"`
	Charge string `json:"charge"`
	Sums
}

// Customer is what a customer was billed in a currency.
type Customer struct {
	ID string `json:"id"`
	Sums
}

const (
	percentDecimals = 2
	hundred         = 100
)

// add adds amounts to the sums.
func (s *Sums) add(before, after money.Amount) error {
	var err error
	if s.Old, err = s.Old.Add(before); err != nil {
		return err
	}
	s.New, err = s.New.Add(after)
	return err
}

// compared completes the sums.
func (s Sums) compared() (Sums, error) {
	var err error
	if s.Difference, err = s.New.Sub(s.Old); err != nil {
		return s, err
	}
	if !s.Old.IsZero() {
		share := s.Difference.Decimal().Mul(decimal.NewFromInt(hundred)).DivRound(s.Old.Decimal().Abs(), percentDecimals)
		s.Percent = share.StringFixed(percentDecimals)
	}
	return s, nil
}

func zeroSums(currency money.Currency) Sums {
	return Sums{Old: money.Zero(currency), New: money.Zero(currency)}
}

// Result is what all subscriptions that were added come to.
func (s *Simulation) Result() (Result, error) {
	gaps := slices.SortedFunc(maps.Keys(s.gaps), Gap.compare)
	result, err := s.report.result()
	result.Gaps = gaps
	return result, err
}
