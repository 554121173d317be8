package discount

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/perennial-billing/perennial/billing/money"
)

// Code is what a customer types to get a coupon. Its limits hold besides the coupon's own.
type Code struct {
	// Text is as ParseCode returns it.
	Text     string `json:"code"`
	CouponID string `json:"coupon"`
	// CustomerID, if set, is the only customer who can redeem it.
	CustomerID     string    `json:"customer,omitzero"`
	MaxRedemptions int       `json:"max_redemptions,omitzero"`
	ExpiresAt      time.Time `json:"expires_at,omitzero"`
}

const (
	shortestCode = 3
	longestCode  = 40
)

// ParseCode reads what a customer typed: 3 to 40 letters from A to Z, digits, dashes and underscores. Case and surrounding
// spaces do not matter; the result is in upper case. Letters of other scripts are refused, also where they look the same.
func ParseCode(s string) (string, error) {
	code := strings.Trim(s, " \t\r\n")
	if len(code) < shortestCode || len(code) > longestCode {
		return "", fmt.Errorf("code must have %d to %d characters, got %d", shortestCode, longestCode, len(code))
	}
	text := []byte(code)
	for i, r := range text {
		switch {
		case r >= 'a' && r <= 'z':
			text[i] = r - 'a' + 'A'
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_':
		default:
			return "", fmt.Errorf("code %q: use letters from A to Z, digits, dashes and underscores", code)
		}
	}
	return string(text), nil
}

// Refusal is why a coupon cannot be redeemed. Code is stable, for programs; Message is for people.
type Refusal struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

func (r *Refusal) Error() string { return r.Message }

func refuse(code, format string, args ...any) *Refusal {
	return &Refusal{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Sold is a plan, and the product that it sells.
type Sold struct{ PlanID, ProductID string }

func (s Sold) plan() string    { return s.PlanID }
func (s Sold) product() string { return s.ProductID }

// Request is a customer who wants a coupon.
type Request struct {
	At         time.Time
	CustomerID string
	Currency   money.Currency
	// Plans are those that the customer has or is about to have.
	Plans []Sold
	// FirstTime says that the customer was never charged anything.
	FirstTime bool
	// Redeemed is how often the coupon was redeemed by anybody, ByCustomer by this customer.
	Redeemed   int
	ByCustomer int
	// Code is what was typed, nil when a coupon is given without one; CodeRedeemed is how often it was redeemed.
	Code         *Code
	CodeRedeemed int
	// Has are the coupons in force for the customer already.
	Has []Coupon
}

// Check says whether the coupon can be redeemed. It changes nothing: whoever records a redemption counts and records under
// one lock. The error is a *Refusal with one of the codes
//
//	coupon_expired, code_expired             it could be redeemed until then
//	coupon_exhausted, code_exhausted         as many as there were have been redeemed
//	coupon_used                              the customer has redeemed it as often as a customer can
//	code_of_another_coupon, code_of_another_customer
//	coupon_for_first_time_customers
//	coupon_not_in_currency, coupon_not_for_product, coupon_not_for_plan   it would take nothing off
//	coupon_not_combinable                    it or one that the customer has is exclusive
func (c Coupon) Check(r Request) error {
	if err := c.checkCode(r); err != nil {
		return err
	}
	switch {
	case expired(c.ExpiresAt, r.At):
		return refuse("coupon_expired", "coupon %s could be redeemed until %s", c.ID, c.ExpiresAt.Format(time.RFC3339))
	case exhausted(c.MaxRedemptions, r.Redeemed):
		return refuse("coupon_exhausted", "coupon %s has been redeemed %d times, which is all there were", c.ID, r.Redeemed)
	case exhausted(c.MaxPerCustomer, r.ByCustomer):
		return refuse("coupon_used", "coupon %s can be redeemed %d times by a customer, and %s has done so", c.ID, c.MaxPerCustomer, r.CustomerID)
	case c.FirstTimeOnly && !r.FirstTime:
		return refuse("coupon_for_first_time_customers", "coupon %s is for customers who were never charged before, which %s was", c.ID, r.CustomerID)
	}
	return c.checkFit(r)
}

func (c Coupon) checkCode(r Request) error {
	code := r.Code
	switch {
	case code == nil:
		return nil
	case code.CouponID != c.ID:
		return refuse("code_of_another_coupon", "code %s is for coupon %s, not %s", code.Text, code.CouponID, c.ID)
	case code.CustomerID != "" && code.CustomerID != r.CustomerID:
		return refuse("code_of_another_customer", "code %s is for another customer than %s", code.Text, r.CustomerID)
	case expired(code.ExpiresAt, r.At):
		return refuse("code_expired", "code %s could be redeemed until %s", code.Text, code.ExpiresAt.Format(time.RFC3339))
	case exhausted(code.MaxRedemptions, r.CodeRedeemed):
		return refuse("code_exhausted", "code %s has been redeemed %d times, which is all there were", code.Text, r.CodeRedeemed)
	}
	return nil
}

func (c Coupon) checkFit(r Request) error {
	_, priced := c.AmountOff[r.Currency]
	if len(c.AmountOff) > 0 && !priced {
		return refuse("coupon_not_in_currency", "coupon %s has no amount in %s: add amount_off.%s to it", c.ID, r.Currency, r.Currency)
	}
	if err := c.checkSold(r.Plans); err != nil {
		return err
	}
	if clash := slices.IndexFunc(r.Has, func(other Coupon) bool { return c.Exclusive || other.Exclusive }); clash >= 0 {
		return refuse("coupon_not_combinable", "coupons %s and %s cannot be combined: remove the one that the customer has first", c.ID, r.Has[clash].ID)
	}
	return nil
}

// checkSold requires of a coupon that is for some products or plans that a plan is sold that it takes something off.
func (c Coupon) checkSold(sold []Sold) error {
	t := c.AppliesTo
	left := slices.DeleteFunc(slices.Clone(sold), func(s Sold) bool { return !allows(t.Products, s.ProductID) })
	if len(t.Products) > 0 && len(left) == 0 {
		return refuse("coupon_not_for_product", "coupon %s is for products %s, not %s", c.ID, strings.Join(t.Products, ", "), listed(sold, Sold.product))
	}
	if len(t.Plans) > 0 && !slices.ContainsFunc(left, func(s Sold) bool { return allows(t.Plans, s.PlanID) }) {
		return refuse("coupon_not_for_plan", "coupon %s is for plans %s, not %s", c.ID, strings.Join(t.Plans, ", "), listed(left, Sold.plan))
	}
	return nil
}

// listed names some of what is sold, each once, or says that it is nothing.
func listed(sold []Sold, name func(Sold) string) string {
	var names []string
	for _, s := range sold {
		if !slices.Contains(names, name(s)) {
			names = append(names, name(s))
		}
	}
	if len(names) == 0 {
		return "for a customer without a subscription"
	}
	return strings.Join(names, ", ")
}

func expired(at, now time.Time) bool { return !at.IsZero() && !now.Before(at) }

func exhausted(limit, redeemed int) bool { return limit > 0 && redeemed >= limit }
