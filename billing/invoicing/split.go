package invoicing

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/rating"
)

// unused is what is given back of a line for a part of its time, exactly and rounded: never more than was charged, because
// a smaller share of the same price is never rounded to more.
//
// It is a share of the price from which the line was rounded, and is rounded as the line was, so that taking the rest of a
// period back and charging it again at the same price comes to nothing, however often that happens. A share of the rounded
// line would not: USD 1 for 30 days is 0.67 for the last 20 of them, of which the last 10 are 0.335, but 0.33 of the price.
func (b BilledLine) unused(part rating.Share) (exact decimal.Decimal, rounded money.Amount, err error) {
	price, share, mode, known := b.price()
	if !known {
		rounded, err = b.Line.Amount.MulRatio(part.Num, part.Den)
		return part.Of(b.Line.Amount.Decimal(), exactPlaces), rounded, err
	}
	share = rating.Share{Num: share.Num * part.Num, Den: share.Den * part.Den}
	rounded, err = money.FromFraction(price, share.Num, share.Den, b.Line.Amount.Currency, mode)
	if err != nil {
		return decimal.Decimal{}, money.Amount{}, err
	}
	return share.Of(price, exactPlaces), rounded, nil
}

// price is what the line's charge costs for a whole period, the share of it that the line charged, and how that was rounded.
// It is not known of a line that did not come to this amount, such as one with a discount: of that the customer gets back a
// share of what was paid.
func (b BilledLine) price() (whole decimal.Decimal, share rating.Share, mode money.Mode, known bool) {
	charge, err := b.Plan.Charge(b.Line.ChargeID)
	if err != nil {
		return decimal.Decimal{}, rating.Share{}, "", false
	}
	share, mode = b.Line.Explanation.share(), charge.Prices[b.Line.Amount.Currency].Rounding
	for _, step := range b.Line.Explanation.Steps {
		whole = whole.Add(step.Amount)
	}
	charged, err := money.FromFraction(whole, share.Num, share.Den, b.Line.Amount.Currency, mode)
	return whole, share, mode, err == nil && charged == b.Line.Amount
}

// ofExact is what explains a credit that is not a share of just what was charged.
func (b BilledLine) ofExact() string {
	whole, share, _, known := b.price()
	if exact := share.Of(whole, exactPlaces); known && !exact.Equal(b.Line.Amount.Decimal()) {
		return exact.String()
	}
	return ""
}

// lineAfter makes the line of a part of a period before which other parts have passed: the rounded price of all of it so far
// less that of what came before. So the lines of a period that was split add up to what the whole costs where the price
// stayed the same, however it was split.
func (f Facts) lineAfter(it item, passed int64) (Line, error) {
	line, err := f.line(it)
	if err != nil || passed == 0 {
		return line, err
	}
	before, soFar := it, it
	before.part.Num, soFar.part.Num = passed, passed+it.part.Num
	less, err := f.line(before)
	if err != nil {
		return line, err
	}
	all, err := f.line(soFar)
	if err != nil {
		return line, err
	}
	line.Explanation.Passed = passed
	line.Amount, err = all.Amount.Sub(less.Amount)
	return line, err
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
