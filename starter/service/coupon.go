package service

import (
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/perennial-billing/perennial/billing/discount"
	"github.com/perennial-billing/perennial/internal/store"
)

// AddCoupons records the coupons of a list in JSON. Known ones stay as they are; other terms under a known id are a Conflict.
func (s *Service) AddCoupons(ctx context.Context, entityID string, r io.Reader) ([]discount.Coupon, error) {
	if err := s.entityExists(ctx, entityID); err != nil {
		return nil, inRequest("entity", err)
	}
	coupons, err := discount.Parse(r)
	if err != nil {
		return nil, invalid("file", "%s", err)
	}
	return coupons, s.offer(ctx, entityID, coupons...)
}

// AddCoupon records a coupon, as AddCoupons does.
func (s *Service) AddCoupon(ctx context.Context, entityID string, coupon discount.Coupon) (discount.Coupon, error) {
	if err := s.entityExists(ctx, entityID); err != nil {
		return coupon, inRequest("entity", err)
	}
	if err := coupon.Validate(); err != nil {
		return coupon, &Error{Kind: Invalid, Code: "invalid_fields", Message: err.Error()}
	}
	return coupon, s.offer(ctx, entityID, coupon)
}

func (s *Service) offer(ctx context.Context, entityID string, coupons ...discount.Coupon) error {
	err := s.store.Tx(ctx, func(tx store.Tx) error {
		for _, coupon := range coupons {
			if err := tx.AddCoupon(ctx, entityID, coupon, s.wallNow()); err != nil {
				return err
			}
		}
		return nil
	})
	if errors.Is(err, store.ErrExists) {
		return conflict("coupon_exists", "%s", err)
	}
	return err
}

// Coupons lists an entity's coupons by id.
func (s *Service) Coupons(ctx context.Context, entityID string) ([]discount.Coupon, error) {
	if err := s.entityExists(ctx, entityID); err != nil {
		return nil, inRequest("entity", err)
	}
	return s.store.Coupons(ctx, entityID)
}

// AddCode records what customers type to redeem a coupon. Repeating it changes nothing.
func (s *Service) AddCode(ctx context.Context, entityID string, code discount.Code) (discount.Code, error) {
	if err := s.entityExists(ctx, entityID); err != nil {
		return code, inRequest("entity", err)
	}
	text, err := discount.ParseCode(code.Text)
	if err != nil {
		return code, invalid("code", "%s", err)
	}
	if code.MaxRedemptions < 0 {
		return code, invalid("max_redemptions", "must not be negative, got %d", code.MaxRedemptions)
	}
	code.Text = text
	if code.CustomerID != "" {
		if _, err := s.customerOf(ctx, code.CustomerID); err != nil {
			return code, err
		}
	}
	err = s.store.AddCode(ctx, entityID, code, s.wallNow())
	switch {
	case errors.Is(err, store.ErrExists):
		return s.codeAgain(ctx, entityID, code, err)
	case store.Violates(err, "code_is_of_a_coupon"):
		return code, invalid("coupon", "there is no coupon %.60q", code.CouponID)
	}
	return code, err
}

// codeAgain answers a repeated request for a code; other terms under a code that exists are a Conflict.
func (s *Service) codeAgain(ctx context.Context, entityID string, code discount.Code, exists error) (discount.Code, error) {
	first, err := s.store.Code(ctx, entityID, code.Text)
	if err != nil {
		return code, err
	}
	sameEnd := first.ExpiresAt.Equal(code.ExpiresAt.Truncate(time.Microsecond)) // as the database keeps it
	if first.ExpiresAt = code.ExpiresAt; first != code || !sameEnd {
		return code, conflict("code_exists", "%s", exists)
	}
	return code, nil
}

// Redemption asks for a coupon, by its id or by a code.
type Redemption struct {
	// ID names the discount: repeating it redeems nothing more. The coupon's id if empty.
	ID           string `json:"id,omitempty"`
	Coupon       string `json:"coupon,omitempty"`
	Code         string `json:"code,omitempty"`
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

func shownDiscount(d store.Discount) Discount {
	shown := Discount{
		ID: d.ID, Coupon: d.Coupon.ID, Name: d.Coupon.Name, Code: d.Code, Subscription: d.SubscriptionID, AppliedAt: d.AppliedAt,
	}
	if !d.RemovedAt.IsZero() {
		shown.RemovedAt = &d.RemovedAt
	}
	return shown
}

// Redeem gives a coupon to a customer, for one subscription or for all. Those who redeem the same coupon wait for each other,
// so that no more are given than there are. A refusal has one of the codes of discount.Coupon.Check.
func (s *Service) Redeem(ctx context.Context, customerID string, in Redemption) (Discount, error) {
	customer, err := s.customer(ctx, customerID)
	if err != nil {
		return Discount{}, err
	}
	at, err := s.now(ctx, customer)
	if err != nil {
		return Discount{}, err
	}
	code, err := s.codeOf(ctx, customer.EntityID, &in)
	if err != nil {
		return Discount{}, err
	}
	if err := checkID(in.Coupon); err != nil {
		return Discount{}, invalid("coupon", "%s: or give a code", err)
	}
	if in.ID == "" {
		in.ID = in.Coupon
	}
	if err := checkID(in.ID); err != nil {
		return Discount{}, invalid("id", "%s", err)
	}
	var given store.Discount
	err = s.store.Tx(ctx, func(tx store.Tx) error {
		given, err = redeem(ctx, tx, customer, in, code, at)
		return err
	})
	return shownDiscount(given), err
}

// codeOf reads the code that was typed, and completes the request by how it is written on record, by which it is counted, and by the
// coupon that it is for. Nil is none.
func (s *Service) codeOf(ctx context.Context, entityID string, in *Redemption) (*discount.Code, error) {
	if in.Code == "" {
		return nil, nil
	}
	text, err := discount.ParseCode(in.Code)
	if err != nil {
		return nil, invalid("code", "%s", err)
	}
	in.Code = text
	code, err := s.store.Code(ctx, entityID, text)
	if errors.Is(err, store.ErrNotFound) {
		return nil, refused("code_unknown", "there is no code %s", text)
	}
	in.Code = text
	if in.Coupon == "" {
		in.Coupon = code.CouponID
	}
	return &code, err
}

func redeem(ctx context.Context, tx store.Tx, customer store.Customer, in Redemption, code *discount.Code, at time.Time) (store.Discount, error) {
	coupon, err := tx.LockCoupon(ctx, customer.EntityID, in.Coupon)
	if err != nil {
		return store.Discount{}, inRequest("coupon", named(err))
	}
	has, err := tx.Discounts(ctx, customer.ID, customer.Currency)
	if err != nil {
		return store.Discount{}, err
	}
	if i := slices.IndexFunc(has, func(d store.Discount) bool { return d.ID == in.ID }); i >= 0 {
		if has[i].Coupon.ID != coupon.ID || has[i].SubscriptionID != in.Subscription {
			return store.Discount{}, conflict("discount_exists", "customer %s already has a discount %q: give this one another id", customer.ID, in.ID)
		}
		return has[i], nil
	}
	request, err := redemption(ctx, tx, customer, in, coupon, has, at)
	if err != nil {
		return store.Discount{}, err
	}
	given := store.Discount{Discount: discount.Discount{ID: in.ID, Coupon: coupon, AppliedAt: at}, SubscriptionID: in.Subscription}
	if code != nil {
		request.Code, given.Code = code, code.Text
	}
	if refusal, is := errors.AsType[*discount.Refusal](coupon.Check(request)); is {
		return store.Discount{}, refused(refusal.Code, "%s", refusal)
	}
	return given, tx.AddDiscount(ctx, customer.EntityID, customer.ID, given)
}

// Discounts lists a customer's discounts as they were redeemed, those that ended included.
func (s *Service) Discounts(ctx context.Context, customerID string) (Page[Discount], error) {
	customer, err := s.customer(ctx, customerID)
	if err != nil {
		return Page[Discount]{}, err
	}
	rows, err := s.store.Discounts(ctx, customer.ID, customer.Currency)
	page := Page[Discount]{Data: make([]Discount, len(rows))}
	for i, row := range rows {
		page.Data[i] = shownDiscount(row)
	}
	return page, err
}

// RemoveDiscount ends a discount: invoices from now on do not have it. Repeating it changes nothing.
func (s *Service) RemoveDiscount(ctx context.Context, customerID, id string) error {
	customer, err := s.customer(ctx, customerID)
	if err != nil {
		return err
	}
	at, err := s.now(ctx, customer)
	if err != nil {
		return err
	}
	return named(s.store.RemoveDiscount(ctx, customer.ID, id, at))
}
