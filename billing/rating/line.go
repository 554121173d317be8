package rating

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/money"
)

// Request is everything that the amount of a line depends on.
type Request struct {
	Price    catalog.Price
	Currency money.Currency
	Usage    Usage
	// Part is the share of the period that the line is for. The zero value is Whole.
	Part Share
	// Metered says that Usage is what was used in the part. Then only commitment, minimum and maximum are prorated.
	// Otherwise Usage stands for a whole period, as seats do, and the price is prorated as a whole.
	Metered bool
	// AlreadyBilled is what was billed for the first part of Usage, which then is all there was in the cycle so far. The
	// zero value is nothing.
	AlreadyBilled money.Amount
}

// Line is the amount of a line and how it came about.
type Line struct {
	// Rated is the price with its steps, before a recurring price is prorated.
	Rated
	// Prorated is Exact's share, with at most 18 decimals if it is a true part. Total is rounded from the fraction itself.
	Prorated decimal.Decimal
	// Total is the rounded price of all of the usage.
	Total money.Amount
	// Amount is Total less what was already billed: below zero where more was billed than the whole now costs, as when a
	// volume tier is reached.
	Amount money.Amount
}

// exactPlaces is how many decimals are kept of a prorated amount to explain it.
const exactPlaces = 18

// Line prices a request: rated, prorated, rounded once by the price's mode, less what was already billed. However often a
// cycle is billed in between, its lines therefore add up to the price of the cycle, and rating again after a correction
// gives the difference. Errors name the field, and wrap money.ErrOverflow when an amount leaves its range.
func (r Request) Line() (Line, error) {
	part := r.Part
	if part == (Share{}) {
		part = Whole
	}
	limits, scale := Whole, part
	if r.Metered {
		limits, scale = part, Whole
	}
	if err := scale.check(); err != nil {
		return Line{}, err
	}
	rated, err := RatePart(r.Price, r.Usage, limits)
	if err != nil {
		return Line{}, err
	}
	line := Line{Rated: rated, Prorated: scale.Of(rated.Exact, exactPlaces)}
	if line.Total, err = money.FromFraction(rated.Exact, scale.Num, scale.Den, r.Currency, r.Price.Rounding); err != nil {
		return Line{}, err
	}
	line.Amount = line.Total
	if r.AlreadyBilled != (money.Amount{}) {
		if line.Amount, err = line.Total.Sub(r.AlreadyBilled); err != nil {
			return Line{}, fmt.Errorf("less what was already billed: %w", err)
		}
	}
	return line, nil
}
