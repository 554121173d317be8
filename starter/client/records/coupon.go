package records

import (
	"context"
	"net/http"
	"time"

	"github.com/perennial-billing/perennial/billing/discount"
)

// AddCoupon offers a coupon of a legal entity. Repeating it changes nothing; other terms under the same id are refused (code
// "coupon_exists").
func (c *Client) AddCoupon(ctx context.Context, entityID string, coupon discount.Coupon) (discount.Coupon, error) {
	return send[discount.Coupon](ctx, c, http.MethodPost, path("entities", entityID, "coupons"), coupon)
}

// AddCode adds what customers type to redeem a coupon. Repeating it changes nothing; other terms under the same text are refused
// (code "code_exists").
func (c *Client) AddCode(ctx context.Context, entityID string, code discount.Code) (discount.Code, error) {
	return send[discount.Code](ctx, c, http.MethodPost, path("entities", entityID, "coupon-codes"), code)
}

// Redemption asks for a discount, by exactly one of a coupon's id and a code.
type Redemption struct {
	// ID names the discount: repeating it redeems nothing more. The coupon's id if empty.
	ID     string `json:"id,omitempty"`
	Coupon string `json:"coupon,omitempty"`
	Code   string `json:"code,omitempty"`
	// Subscription narrows the discount to one of the customer's.
	Subscription string `json:"subscription,omitempty"`
}

// Discount is a coupon that a customer has.
type Discount struct {
	ID           string     `json:"id"`
	Coupon       string     `json:"coupon"`
	Name         string     `json:"name"`
	Code         string     `json:"code,omitempty"`
	Subscription string     `json:"subscription,omitempty"`
	AppliedAt    time.Time  `json:"applied_at"`
	RemovedAt    *time.Time `json:"removed_at,omitempty"`
}

// Redeem gives a customer a coupon: invoices from now on have it. No more are given than there are.
func (c *Client) Redeem(ctx context.Context, customerID string, in Redemption) (Discount, error) {
	return send[Discount](ctx, c, http.MethodPost, path("customers", customerID, "discounts"), in)
}

// EndDiscount ends a discount for invoices from now on, and answers with all that the customer had. Repeating it changes nothing.
func (c *Client) EndDiscount(ctx context.Context, customerID, discountID string) ([]Discount, error) {
	left, err := send[struct {
		Data []Discount `json:"data"`
	}](ctx, c, http.MethodDelete, path("customers", customerID, "discounts", discountID), nil)
	return left.Data, err
}
