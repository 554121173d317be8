package store

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"time"

	"github.com/perennial-billing/perennial/billing/discount"
	"github.com/perennial-billing/perennial/billing/money"
)

type couponRow struct {
	Terms json.RawMessage `db:"terms"`
}

func (r couponRow) read() (discount.Coupon, error) {
	var coupon discount.Coupon
	if err := json.Unmarshal(r.Terms, &coupon); err != nil {
		return coupon, fmt.Errorf("terms of a coupon: %w", err)
	}
	return coupon, nil
}

// AddCoupon records a coupon of an entity. The same one again changes nothing; another one of the id is ErrExists.
func (q Queries) AddCoupon(ctx context.Context, entityID string, coupon discount.Coupon, at time.Time) error {
	terms, err := json.Marshal(coupon)
	if err != nil {
		return fmt.Errorf("coupon %q: %w", coupon.ID, err)
	}
	added, err := q.exec(ctx, "add coupon "+coupon.ID,
		`INSERT INTO coupon (entity_id, id, terms, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`, entityID, coupon.ID, terms, at)
	if err != nil || added > 0 {
		return err
	}
	existing, err := one[couponRow](ctx, q.db, fmt.Sprintf("coupon %q", coupon.ID),
		`SELECT terms FROM coupon WHERE entity_id = $1 AND id = $2`, entityID, coupon.ID)
	if err == nil && !sameJSON(existing.Terms, terms) {
		err = fmt.Errorf("coupon %q %w with other terms: what was promised does not change, give the new terms another id", coupon.ID, ErrExists)
	}
	return err
}

// Coupons lists an entity's coupons by id.
func (q Queries) Coupons(ctx context.Context, entityID string) ([]discount.Coupon, error) {
	rows, err := many[couponRow](ctx, q.db, "coupons", `SELECT terms FROM coupon WHERE entity_id = $1 ORDER BY id`, entityID)
	if err != nil {
		return nil, err
	}
	coupons := make([]discount.Coupon, len(rows))
	for i, row := range rows {
		if coupons[i], err = row.read(); err != nil {
			return nil, err
		}
	}
	return coupons, nil
}

// LockCoupon reads a coupon and makes others who redeem it wait until the transaction ends.
func (tx Tx) LockCoupon(ctx context.Context, entityID, id string) (discount.Coupon, error) {
	row, err := one[couponRow](ctx, tx.db, fmt.Sprintf("coupon %q", id),
		`SELECT terms FROM coupon WHERE entity_id = $1 AND id = $2 FOR UPDATE`, entityID, id)
	if err != nil {
		return discount.Coupon{}, err
	}
	return row.read()
}

type codeRow struct {
	Code           string     `db:"code"`
	CouponID       string     `db:"coupon_id"`
	CustomerID     *string    `db:"customer_id"`
	MaxRedemptions int        `db:"max_redemptions"`
	ExpiresAt      *time.Time `db:"expires_at"`
}

// AddCode records what customers type to redeem a coupon. A code that there is already is ErrExists.
func (q Queries) AddCode(ctx context.Context, entityID string, c discount.Code, at time.Time) error {
	added, err := q.exec(ctx, "add code "+c.Text, `
		INSERT INTO coupon_code (entity_id, code, coupon_id, customer_id, max_redemptions, expires_at, created_at)
		VALUES ($1, $2, $3, NULLIF($4, ''), $5, $6, $7) ON CONFLICT DO NOTHING`,
		entityID, c.Text, c.CouponID, c.CustomerID, c.MaxRedemptions, orNull(c.ExpiresAt), at)
	if err == nil && added == 0 {
		err = fmt.Errorf("code %s %w: choose another", c.Text, ErrExists)
	}
	return err
}

// Code reads a code.
func (q Queries) Code(ctx context.Context, entityID, text string) (discount.Code, error) {
	row, err := one[codeRow](ctx, q.db, "code "+text,
		`SELECT code, coupon_id, customer_id, max_redemptions, expires_at FROM coupon_code WHERE entity_id = $1 AND code = $2`, entityID, text)
	if err != nil {
		return discount.Code{}, err
	}
	code := discount.Code{Text: row.Code, CouponID: row.CouponID, MaxRedemptions: row.MaxRedemptions}
	if row.CustomerID != nil {
		code.CustomerID = *row.CustomerID
	}
	if row.ExpiresAt != nil {
		code.ExpiresAt = *row.ExpiresAt
	}
	return code, nil
}

// Discount is a coupon that a customer has, for one subscription or, with an empty SubscriptionID, for all.
type Discount struct {
	discount.Discount

	SubscriptionID string
	Code           string
	Uses           []discount.Use
}

type discountRow struct {
	ID             string          `db:"id"`
	Terms          json.RawMessage `db:"terms"`
	Code           *string         `db:"code"`
	SubscriptionID *string         `db:"subscription_id"`
	AppliedAt      time.Time       `db:"applied_at"`
	RemovedAt      *time.Time      `db:"removed_at"`
}

func (r discountRow) read() (Discount, error) {
	coupon, err := couponRow{Terms: r.Terms}.read()
	d := Discount{Discount: discount.Discount{ID: r.ID, Coupon: coupon, AppliedAt: r.AppliedAt}}
	if r.Code != nil {
		d.Code = *r.Code
	}
	if r.SubscriptionID != nil {
		d.SubscriptionID = *r.SubscriptionID
	}
	if r.RemovedAt != nil {
		d.RemovedAt = *r.RemovedAt
	}
	return d, err
}

type useRow struct {
	DiscountID  string         `db:"discount_id"`
	PeriodStart time.Time      `db:"period_start"`
	Currency    money.Currency `db:"currency"`
	Amount      int64          `db:"amount"`
}

// Discounts lists a customer's discounts with their uses in a currency, as they were redeemed, those that ended included.
func (q Queries) Discounts(ctx context.Context, customerID string, currency money.Currency) ([]Discount, error) {
	rows, err := many[discountRow](ctx, q.db, "discounts of customer "+customerID, `
		SELECT d.id, c.terms, d.code, d.subscription_id, d.applied_at, d.removed_at
		  FROM discount d JOIN coupon c ON (c.entity_id, c.id) = (d.entity_id, d.coupon_id)
		 WHERE d.customer_id = $1 ORDER BY d.applied_at, d.id`, customerID)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	uses, err := many[useRow](ctx, q.db, "uses of discounts of customer "+customerID, `
		SELECT u.discount_id, u.period_start, u.currency, u.amount FROM discount_use u
		 WHERE u.customer_id = $1 AND u.currency = $2`, customerID, currency)
	if err != nil {
		return nil, err
	}
	discounts := make([]Discount, len(rows))
	for i, row := range rows {
		if discounts[i], err = row.read(); err != nil {
			return nil, err
		}
		for _, use := range uses {
			if use.DiscountID == row.ID {
				discounts[i].Uses = append(discounts[i].Uses, discount.Use{Period: use.PeriodStart, Amount: money.New(use.Amount, use.Currency)})
			}
		}
	}
	return discounts, nil
}

// AddDiscount records that a customer has redeemed a coupon.
func (tx Tx) AddDiscount(ctx context.Context, entityID, customerID string, d Discount) error {
	_, err := tx.exec(ctx, "add discount "+d.ID, `
		INSERT INTO discount (customer_id, id, entity_id, coupon_id, code, subscription_id, applied_at)
		VALUES ($1, $2, $3, $4, NULLIF($5, ''), NULLIF($6, ''), $7)`,
		customerID, d.ID, entityID, d.Coupon.ID, d.Code, d.SubscriptionID, d.AppliedAt)
	return err
}

// RemoveDiscount ends a discount. One that has ended stays as it is.
func (q Queries) RemoveDiscount(ctx context.Context, customerID, id string, at time.Time) error {
	found, err := q.exec(ctx, "remove discount "+id,
		`UPDATE discount SET removed_at = COALESCE(removed_at, GREATEST($3, applied_at)) WHERE customer_id = $1 AND id = $2`, customerID, id, at)
	if err == nil && found == 0 {
		err = fmt.Errorf("discount %q of customer %s: %w", id, customerID, ErrNotFound)
	}
	return err
}

// AddDiscountUse records what a discount took off an invoice.
func (tx Tx) AddDiscountUse(ctx context.Context, customerID, discountID, invoiceID string, use discount.Use) error {
	_, err := tx.exec(ctx, "add use of discount "+discountID, `
		INSERT INTO discount_use (customer_id, discount_id, invoice_id, period_start, currency, amount) VALUES ($1, $2, $3, $4, $5, $6)`,
		customerID, discountID, invoiceID, use.Period, use.Amount.Currency, use.Amount.Minor)
	return err
}

// Redemptions are how often a coupon was redeemed.
type Redemptions struct {
	All        int `db:"all_of_them"`
	ByCustomer int `db:"by_customer"`
	ByCode     int `db:"by_code"`
}

// Redemptions counts how often a coupon was redeemed, by anybody, by the customer and with the code.
func (tx Tx) Redemptions(ctx context.Context, entityID, couponID, customerID, code string) (Redemptions, error) {
	return one[Redemptions](ctx, tx.db, "redemptions of coupon "+couponID, `
		SELECT count(*) AS all_of_them, count(*) FILTER (WHERE customer_id = $3) AS by_customer, count(*) FILTER (WHERE code = $4) AS by_code
		  FROM discount WHERE entity_id = $1 AND coupon_id = $2`, entityID, couponID, customerID, code)
}

// WasCharged says whether a customer ever had an invoice of more than nothing, in whosever name.
func (q Queries) WasCharged(ctx context.Context, customerID string) (bool, error) {
	var charged bool
	err := q.db.QueryRow(ctx, `
		SELECT EXISTS (SELECT FROM invoice i JOIN invoice_part p ON p.invoice_id = i.id
			WHERE p.owner_id = $1 AND i.total > 0 AND i.status <> 'void')`, customerID).Scan(&charged)
	return charged, err
}

func orNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func sameJSON(a, b []byte) bool {
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}
