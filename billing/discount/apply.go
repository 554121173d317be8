package discount

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/money"
)

// InForce is a discount as one invoice meets it.
type InForce struct {
	// ID is the discount's, not the coupon's: a customer can have a coupon twice.
	ID        string
	AppliedAt time.Time
	Coupon    Coupon
	// Left is the most that a coupon with an amount may still take off, 0 or more, in the invoice's currency. A percentage
	// has no such bound.
	Left money.Amount
}

// Line is what a discount can lower: what it costs before tax. Nothing is taken off a line that costs less than nothing, such
// as the one that limits what a plan costs, but it counts: it lowers what the others come to.
type Line struct {
	ProductID string
	PlanID    string
	ChargeID  string
	Amount    money.Amount
}

// Taken is what one discount took off one line. On a line that gives back, both amounts are below zero.
type Taken struct {
	DiscountID string `json:"discount"`
	CouponID   string `json:"coupon"`
	Name       string `json:"name"`
	// PercentOff is 0 for a coupon with an amount.
	PercentOff decimal.Decimal `json:"percent_off,omitzero"`
	// Of is what the line cost after the discounts before this one, Amount what was taken off that.
	Of     money.Amount `json:"of"`
	Amount money.Amount `json:"amount"`
}

// Apply says what the discounts take off each line, in the order in which they take it: by AppliedAt, then by ID. The order
// of the argument does not matter. Together they never take more than a line costs. Lines and amounts must have one currency
// (else money.ErrCurrencyMismatch); sums out of range are money.ErrOverflow.
func Apply(currency money.Currency, discounts []InForce, lines []Line) ([][]Taken, error) {
	taken := make([][]Taken, len(lines))
	open := make([]money.Amount, len(lines))
	for i, line := range lines {
		if line.Amount.Currency != currency {
			return nil, fmt.Errorf("discounts on charge %q of %s on an invoice in %s: %w", line.ChargeID, line.Amount, currency, money.ErrCurrencyMismatch)
		}
		open[i] = line.Amount
	}
	for _, d := range inOrder(discounts) {
		shares, err := d.shares(currency, lines, open)
		if err != nil {
			return nil, fmt.Errorf("discount %q, coupon %q: %w", d.ID, d.Coupon.ID, err)
		}
		for i, share := range shares {
			if share.IsZero() {
				continue
			}
			taken[i] = append(taken[i], d.taken(open[i], share))
			if open[i], err = open[i].Sub(share); err != nil {
				return nil, err
			}
		}
	}
	return taken, nil
}

// inOrder sorts the discounts and, if one of them is exclusive, leaves only the first such.
func inOrder(discounts []InForce) []InForce {
	sorted := slices.SortedFunc(slices.Values(discounts), func(a, b InForce) int {
		return cmp.Or(a.AppliedAt.Compare(b.AppliedAt), strings.Compare(a.ID, b.ID))
	})
	if i := slices.IndexFunc(sorted, func(d InForce) bool { return d.Coupon.Exclusive }); i >= 0 {
		return sorted[i : i+1]
	}
	return sorted
}

// shares is what the discount takes off each line, nil if nothing.
func (d InForce) shares(currency money.Currency, lines []Line, open []money.Amount) ([]money.Amount, error) {
	weights, base := make([]int64, len(lines)), money.Zero(currency)
	for i, line := range lines {
		if !d.Coupon.AppliesTo.covers(line) {
			continue
		}
		weights[i] = max(open[i].Minor, 0)
		var err error
		if base, err = base.Add(open[i]); err != nil {
			return nil, err
		}
	}
	if !base.IsPositive() {
		return nil, nil
	}
	off, err := d.off(base)
	if err != nil || off.IsZero() {
		return nil, err
	}
	return off.Allocate(weights)
}

// off is what the discount takes off a base, 0 or more and never more than the base.
func (d InForce) off(base money.Amount) (money.Amount, error) {
	if percent := d.Coupon.PercentOff; !percent.IsZero() {
		return money.FromDecimal(base.Decimal().Mul(percent).Shift(-2), base.Currency)
	}
	if d.Left.Currency != base.Currency {
		return money.Amount{}, fmt.Errorf("%s are left, the invoice is in %s: %w", d.Left, base.Currency, money.ErrCurrencyMismatch)
	}
	if d.Left.IsNegative() {
		return money.Amount{}, fmt.Errorf("what is left must not be negative, got %s", d.Left)
	}
	if d.Left.Cmp(base) > 0 {
		return base, nil
	}
	return d.Left, nil
}

func (d InForce) taken(of, amount money.Amount) Taken {
	return Taken{DiscountID: d.ID, CouponID: d.Coupon.ID, Name: d.Coupon.Name, PercentOff: d.Coupon.PercentOff, Of: of, Amount: amount}
}

// Sum is what all discounts took off a line.
func Sum(currency money.Currency, taken []Taken) (money.Amount, error) {
	amounts := make([]money.Amount, len(taken))
	for i, t := range taken {
		amounts[i] = t.Amount
	}
	return money.Sum(currency, amounts...)
}

// GivenBack is the part num/den of what was taken off a line, as a line that gives that part of the price back records it:
// with amounts below zero. Where nothing is left of a discount it is left out.
func GivenBack(taken []Taken, num, den int64) ([]Taken, error) {
	var back []Taken
	for _, t := range taken {
		var err error
		if t.Of, err = t.Of.MulRatio(-num, den); err != nil {
			return nil, err
		}
		if t.Amount, err = t.Amount.MulRatio(-num, den); err != nil {
			return nil, err
		}
		if !t.Amount.IsZero() {
			back = append(back, t)
		}
	}
	return back, nil
}

// Total is what one discount did to an invoice. Both amounts are 0 or more; the difference is a Use.
type Total struct {
	DiscountID string       `json:"discount"`
	CouponID   string       `json:"coupon"`
	Name       string       `json:"name"`
	Taken      money.Amount `json:"taken"`
	GivenBack  money.Amount `json:"given_back"`
}

// Totals adds up by discount what was taken off lines and given back with others, in the order of the discounts' ids.
func Totals(currency money.Currency, lines [][]Taken) ([]Total, error) {
	var totals []Total
	for _, t := range slices.Concat(lines...) {
		at, found := slices.BinarySearchFunc(totals, t.DiscountID, func(total Total, id string) int { return strings.Compare(total.DiscountID, id) })
		if !found {
			fresh := Total{DiscountID: t.DiscountID, CouponID: t.CouponID, Name: t.Name, Taken: money.Zero(currency), GivenBack: money.Zero(currency)}
			totals = slices.Insert(totals, at, fresh)
		}
		into := &totals[at].Taken
		if t.Amount.IsNegative() {
			into = &totals[at].GivenBack
		}
		var err error
		if *into, err = into.Add(t.Amount.Abs()); err != nil {
			return nil, fmt.Errorf("discount %q: %w", t.DiscountID, err)
		}
	}
	return totals, nil
}
