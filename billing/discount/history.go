package discount

import (
	"slices"
	"time"

	"github.com/perennial-billing/perennial/billing/money"
)

// Discount is a coupon that a customer or a subscription has.
type Discount struct {
	ID        string    `json:"id"`
	Coupon    Coupon    `json:"coupon"`
	AppliedAt time.Time `json:"applied_at"`
	// RemovedAt is the instant from which it takes nothing off any more, zero if nobody removed it.
	RemovedAt time.Time `json:"removed_at,omitzero"`
}

// Use is what a discount took off one earlier invoice, less what the invoice gave back of what it had taken off before.
type Use struct {
	// Period is the start of the billing period that the invoice is for.
	Period time.Time
	Amount money.Amount
}

// Serves returns the discount as an invoice for the billing period that begins at the given instant meets it, and whether it
// is in force at all: one whose amount is used up in the period still is, because a credit can give something back to it. The
// uses are those on all earlier invoices; their order does not matter.
//
// In a period, a coupon with an amount takes off that amount in all, however many invoices there are: a second invoice has
// what the first one left, and what was given back with a line that was given back. A rest that is carried is added to the
// periods that follow.
func (d Discount) Serves(period, at time.Time, currency money.Currency, uses []Use) (InForce, bool, error) {
	removed := !d.RemovedAt.IsZero() && !at.Before(d.RemovedAt)
	if removed || at.Before(d.AppliedAt) {
		return InForce{}, false, nil
	}
	serves := InForce{ID: d.ID, AppliedAt: d.AppliedAt, Coupon: d.Coupon, Left: money.Zero(currency)}
	if len(d.Coupon.AmountOff) == 0 {
		return serves, d.inTime(period, uses), nil
	}
	var err error
	serves.Left, err = d.left(period, currency, uses)
	return serves, serves.Left.IsPositive() || d.inTime(period, uses), err
}

// inTime says that the coupon still lasts: for an invoice of a period that it has begun to serve, or one more.
func (d Discount) inTime(period time.Time, uses []Use) bool {
	switch d.Coupon.Duration {
	case Once:
		return len(uses) == 0
	case Periods:
		return served(period, uses) <= d.Coupon.Periods
	}
	return true
}

// left is what an amount has not taken off yet: of all periods so far when the rest is carried, else of this period alone.
func (d Discount) left(period time.Time, currency money.Currency, uses []Use) (money.Amount, error) {
	each, err := d.Coupon.each(currency)
	if err != nil {
		return each, err
	}
	carried := d.Coupon.Rest == Carried
	if !carried && !d.inTime(period, uses) {
		return money.Zero(currency), nil
	}
	total := each
	if carried {
		if total, err = each.MulRatio(d.grants(period, uses), 1); err != nil {
			return total, err
		}
	}
	for _, use := range uses {
		if carried || use.Period.Equal(period) {
			if total, err = total.Sub(use.Amount); err != nil {
				return total, err
			}
		}
	}
	return total, nil
}

// grants is how many times the amount has been granted up to and including a period.
func (d Discount) grants(period time.Time, uses []Use) int64 {
	n := served(period, uses)
	switch d.Coupon.Duration {
	case Once:
		n = 1
	case Periods:
		n = min(n, d.Coupon.Periods)
	}
	return int64(n)
}

// served counts the periods with an earlier use, and this one.
func served(period time.Time, uses []Use) int {
	periods := []int64{period.Unix()}
	for _, use := range uses {
		periods = append(periods, use.Period.Unix())
	}
	slices.Sort(periods)
	return len(slices.Compact(periods))
}
