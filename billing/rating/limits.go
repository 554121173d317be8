package rating

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/money"
)

// Share is the part of a period that something is for, such as 16/31.
type Share struct{ Num, Den int64 }

// Whole is a whole period.
var Whole = Share{1, 1}

func (s Share) check() error {
	if s.Den < 1 || s.Num < 0 || s.Num > s.Den {
		return fmt.Errorf("part %d of %d: it must be a part of 1 or more, from 0 to all of it", s.Num, s.Den)
	}
	return nil
}

// IsWhole says that nothing is prorated.
func (s Share) IsWhole() bool { return s.Num == s.Den }

// Places that are kept of a limit's part. A fraction of seconds of the longest period, of the smallest price, differs from
// every half of a minor unit in a place before them, so that the line is rounded as if none were dropped.
const limitPlaces = 24

// Of takes the share of an amount, half away from zero at the given number of decimals if it is a true part.
func (s Share) Of(amount decimal.Decimal, places int32) decimal.Decimal {
	if s.IsWhole() || amount.IsZero() {
		return amount
	}
	return amount.Mul(decimal.NewFromInt(s.Num)).DivRound(decimal.NewFromInt(s.Den), places)
}

// limited applies commitment, minimum and maximum, each with a step that says by how much it moved the price. A part that
// counts nothing, such as one within a day that belongs to the next terms, has no maximum: else all would be free in it.
func limited(p catalog.Price, u Usage, rated Rated, part Share) Rated {
	if p.Commitment != nil {
		rated = committed(p, *p.Commitment, u, rated, part)
	}
	if p.Minimum.IsPositive() {
		if least := part.Of(p.Minimum, limitPlaces); rated.Exact.LessThan(least) {
			rated.add(adjustment(Minimum, least.Sub(rated.Exact)))
		}
	}
	if p.Maximum.IsPositive() && part.Num > 0 {
		if most := part.Of(p.Maximum, limitPlaces); rated.Exact.GreaterThan(most) {
			rated.add(adjustment(Maximum, most.Sub(rated.Exact)))
		}
	}
	return rated
}

// committed makes the commitment's part the least that is charged, and prices what exceeds it. What was paid in advance
// is taken off in the end.
func committed(p catalog.Price, c catalog.Commitment, u Usage, rated Rated, part Share) Rated {
	worth := part.Of(Commitment(p).Exact, limitPlaces)
	if c.Quantity.IsPositive() {
		rated = beyondQuantity(p, c, u, rated, part.Of(c.Quantity, money.MaxFractionDigits), worth)
	} else {
		rated = beyondAmount(c, rated, worth)
	}
	if c.Paid == catalog.PaidInAdvance && worth.IsPositive() {
		rated.add(adjustment(PaidInAdvance, worth.Neg()))
	}
	return rated
}

// Commitment is what a price's commitment costs for a whole period, nothing without one: the committed amount, or what the
// model says of the committed quantity. The price must be valid.
func Commitment(p catalog.Price) Rated {
	switch {
	case p.Commitment == nil:
		return Rated{}
	case p.Commitment.Quantity.IsZero():
		return sum([]Step{adjustment(Committed, p.Commitment.Amount)})
	}
	return ofQuantity(p, p.Commitment.Quantity)
}

// ofQuantity prices a quantity by a model of which one can be committed. None of these can fail.
func ofQuantity(p catalog.Price, quantity decimal.Decimal) Rated {
	steps, err := modelSteps(p, Usage{Quantity: quantity})
	if err != nil {
		return Rated{}
	}
	return sum(steps)
}

func beyondAmount(c catalog.Commitment, rated Rated, worth decimal.Decimal) Rated {
	beyond := rated.Exact.Sub(worth)
	switch {
	case beyond.IsNegative():
		rated.add(adjustment(Committed, beyond.Neg()))
	case beyond.IsPositive() && !c.Factor().Equal(one):
		rated.add(step(0, beyond, c.Factor().Sub(one), decimal.Zero).of(Overage))
	}
	return rated
}

// beyondQuantity prices a quantity of which a part is committed, which is worth so much. The overage costs its own unit
// price, or the difference that it makes to the model's price, times the factor. It never costs less than nothing, as the
// difference might by volume.
func beyondQuantity(p catalog.Price, c catalog.Commitment, u Usage, rated Rated, quantity, worth decimal.Decimal) Rated {
	over := u.charged().Sub(quantity)
	if !over.IsPositive() {
		return exactly(rated, worth)
	}
	within := ofQuantity(p, quantity)
	if c.OverageUnitAmount.IsPositive() {
		within = exactly(within, worth)
		within.add(step(0, over, c.OverageUnitAmount, decimal.Zero).of(Overage))
		return within
	}
	extra := rated.Exact.Sub(within.Exact)
	if !extra.IsPositive() {
		return exactly(rated, worth)
	}
	rated = exactly(rated, worth.Add(extra))
	if !c.Factor().Equal(one) {
		rated.add(step(0, extra, c.Factor().Sub(one), decimal.Zero).of(Overage))
	}
	return rated
}

// exactly makes the price what the commitment says.
func exactly(rated Rated, amount decimal.Decimal) Rated {
	if !rated.Exact.Equal(amount) {
		rated.add(adjustment(Committed, amount.Sub(rated.Exact)))
	}
	return rated
}
