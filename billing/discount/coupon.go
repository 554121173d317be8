// Package discount says what coupons take off an invoice. A coupon lowers what lines cost before tax, so tax is computed on
// what is really charged, and a line that is given back later gives back what it really cost.
//
// How several discounts combine: in the order in which they were applied, each on what the ones before it have left. An
// exclusive one keeps all others away. What a discount takes off is rounded once, on the sum of the lines that it concerns,
// and split among them by what they cost, without losing a unit.
package discount

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/money"
)

// Duration is for how long a coupon takes something off.
type Duration string

// Durations of a coupon. Once and Periods of 1 differ when something changes in mid-period: the invoice of the change has
// nothing left of a coupon that concerned one invoice, and its share of one that concerns the period.
const (
	Once    Duration = "once"    // the first invoice on which it takes something off
	Periods Duration = "periods" // every invoice of the first n billing periods in which it takes something off
	Forever Duration = "forever"
)

// Rest is what becomes of an amount that is more than a period's lines.
type Rest string

// What becomes of the rest. Stripe loses it, Lago carries it over.
const (
	Lost    Rest = "lost"
	Carried Rest = "carried" // it is taken off later invoices until nothing is left, also after the last period
)

// Coupon is what a discount consists of. Exactly one of PercentOff and AmountOff is set. The zero value of every other
// field but Duration does not restrict.
type Coupon struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// PercentOff is above 0 and at most 100, with at most 4 decimals.
	PercentOff decimal.Decimal `json:"percent_off,omitzero"`
	// AmountOff is what is taken off in each period, in major units, by currency. In other currencies the coupon cannot be used.
	AmountOff map[money.Currency]decimal.Decimal `json:"amount_off,omitempty"`
	Duration  Duration                           `json:"duration"`
	// Periods is the number of billing periods for the duration of that name, 1 or more.
	Periods int `json:"periods,omitzero"`
	// Rest is Lost if empty, and for amounts only: a percentage leaves none.
	Rest      Rest   `json:"rest,omitzero"`
	AppliesTo Target `json:"applies_to,omitzero"`
	// Exclusive coupons are not combined with any other.
	Exclusive bool `json:"exclusive,omitzero"`
	// FirstTimeOnly is for customers who never were charged anything before.
	FirstTimeOnly  bool `json:"first_time_only,omitzero"`
	MaxRedemptions int  `json:"max_redemptions,omitzero"`
	MaxPerCustomer int  `json:"max_per_customer,omitzero"`
	// ExpiresAt is the instant from which it cannot be redeemed any more. What was redeemed before goes on.
	ExpiresAt time.Time `json:"expires_at,omitzero"`
}

// Target restricts a coupon to lines of any of the products, to any of the plans, and to any of the charges (or one-off
// items). Empty: all.
type Target struct {
	// Products are those that plans sell (catalog.Plan.ProductID).
	Products []string `json:"products,omitempty"`
	Plans    []string `json:"plans,omitempty"`
	Charges  []string `json:"charges,omitempty"`
}

const (
	mostPeriods     = 1200
	mostRedemptions = 1_000_000_000
	percentDecimals = 4
	longestName     = 200
)

var (
	idPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$`)
	hundred   = decimal.NewFromInt(100)
)

// Validate checks the coupon and names the first field that is wrong.
func (c Coupon) Validate() error {
	if !idPattern.MatchString(c.ID) {
		return fmt.Errorf("coupon: id %.80q must be 1 to 64 letters, digits, dots, dashes or underscores, starting with a letter or digit", c.ID)
	}
	for _, check := range []func() error{c.checkName, c.checkValue, c.checkDuration, c.checkRest, c.checkLimits} {
		if err := check(); err != nil {
			return fmt.Errorf("coupon %q: %w", c.ID, err)
		}
	}
	return nil
}

func (c Coupon) checkName() error {
	if c.Name == "" || len(c.Name) > longestName {
		return fmt.Errorf("name must have 1 to %d bytes, got %d", longestName, len(c.Name))
	}
	return nil
}

func (c Coupon) checkValue() error {
	percent := !c.PercentOff.IsZero()
	if percent == (len(c.AmountOff) > 0) {
		return errors.New("exactly one of percent_off and amount_off is required")
	}
	if percent {
		return c.checkPercent()
	}
	//workflowcheck:ignore the order of the map does not survive the sorting
	for _, currency := range slices.Sorted(maps.Keys(c.AmountOff)) {
		if known, err := money.ParseCurrency(string(currency)); err != nil || known != currency {
			return fmt.Errorf("amount_off: unknown currency %.40q: use an active ISO 4217 code such as USD", currency)
		}
		if err := checkAmount(c.AmountOff[currency], currency); err != nil {
			return fmt.Errorf("amount_off.%s: %w", currency, err)
		}
	}
	return nil
}

// checkPercent looks at the size first: printing a number with a huge exponent would write out all its zeros.
func (c Coupon) checkPercent() error {
	if err := money.CheckDecimal(c.PercentOff); err != nil {
		return fmt.Errorf("percent_off: %w", err)
	}
	if !c.PercentOff.IsPositive() || c.PercentOff.GreaterThan(hundred) || !c.PercentOff.Equal(c.PercentOff.Truncate(percentDecimals)) {
		return fmt.Errorf("percent_off must be above 0, at most 100 and have at most %d decimals, got %s", percentDecimals, c.PercentOff)
	}
	return nil
}

func checkAmount(d decimal.Decimal, currency money.Currency) error {
	if err := money.CheckDecimal(d); err != nil {
		return err
	}
	amount, err := money.FromDecimal(d, currency)
	if err != nil {
		return err
	}
	if !amount.IsPositive() || !amount.Decimal().Equal(d) {
		return fmt.Errorf("must be above 0 with at most %d decimals, got %s", currency.Digits(), d)
	}
	return nil
}

func (c Coupon) checkDuration() error {
	switch c.Duration {
	case Once, Forever:
		if c.Periods != 0 {
			return fmt.Errorf("periods is only for duration %s, got %d with duration %s", Periods, c.Periods, c.Duration)
		}
	case Periods:
		if c.Periods < 1 || c.Periods > mostPeriods {
			return fmt.Errorf("periods must be between 1 and %d, got %d", mostPeriods, c.Periods)
		}
	default:
		return fmt.Errorf("duration %.40q must be one of %s, %s, %s", c.Duration, Once, Periods, Forever)
	}
	return nil
}

func (c Coupon) checkRest() error {
	switch c.Rest {
	case "", Lost, Carried:
	default:
		return fmt.Errorf("rest %.40q must be one of %s, %s", c.Rest, Lost, Carried)
	}
	if c.Rest != "" && len(c.AmountOff) == 0 {
		return errors.New("rest is only for amount_off: a percentage leaves none")
	}
	return nil
}

func (c Coupon) checkLimits() error {
	for _, limit := range []struct {
		field string
		value int
	}{{"max_redemptions", c.MaxRedemptions}, {"max_per_customer", c.MaxPerCustomer}} {
		if limit.value < 0 || limit.value > mostRedemptions {
			return fmt.Errorf("%s must be between 0 (no limit) and %d, got %d", limit.field, mostRedemptions, limit.value)
		}
	}
	for _, list := range []struct {
		field string
		ids   []string
	}{{"applies_to.products", c.AppliesTo.Products}, {"applies_to.plans", c.AppliesTo.Plans}, {"applies_to.charges", c.AppliesTo.Charges}} {
		for i, id := range list.ids {
			if !idPattern.MatchString(id) {
				return fmt.Errorf("%s[%d]: %.80q is not an id", list.field, i, id)
			}
		}
	}
	return nil
}

// each is the amount per period in the currency, zero if there is none.
func (c Coupon) each(currency money.Currency) (money.Amount, error) {
	return money.FromDecimal(c.AmountOff[currency], currency)
}

func (t Target) covers(l Line) bool {
	return allows(t.Products, l.ProductID) && allows(t.Plans, l.PlanID) && allows(t.Charges, l.ChargeID)
}

// allows says whether a list that is empty for all has an id.
func allows(ids []string, id string) bool { return len(ids) == 0 || slices.Contains(ids, id) }
