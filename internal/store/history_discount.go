package store

import (
	"context"
	"time"

	"github.com/perennial-billing/perennial/billing/discount"
	"github.com/perennial-billing/perennial/billing/money"
)

// PastDiscount is a coupon that a customer has or had, for one subscription or (empty) for all.
type PastDiscount struct {
	discount.Discount

	CustomerID     string
	SubscriptionID string
	Uses           []PastUse
}

// PastUse is what a discount took off an invoice.
type PastUse struct {
	discount.Use

	InvoiceID string
	Serial    int64
	IssuedAt  time.Time
}

type pastUseRow struct {
	CustomerID string    `db:"customer_id"`
	InvoiceID  string    `db:"invoice_id"`
	Serial     int64     `db:"serial"`
	IssuedAt   time.Time `db:"issued_at"`
	useRow
}

// PastDiscounts lists the discounts of customers, with what they took off until an instant (excluded).
func (q Queries) PastDiscounts(ctx context.Context, customers []string, to time.Time) ([]PastDiscount, error) {
	type row struct {
		CustomerID string `db:"customer_id"`
		discountRow
	}
	rows, err := many[row](ctx, q.db, "discounts", `
		SELECT d.customer_id, d.id, c.terms, d.code, d.subscription_id, d.applied_at, d.removed_at
		  FROM discount d JOIN coupon c ON (c.entity_id, c.id) = (d.entity_id, d.coupon_id)
		 WHERE d.customer_id = ANY($1) ORDER BY d.customer_id, d.applied_at, d.id`, customers)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	uses, err := many[pastUseRow](ctx, q.db, "uses of discounts", `
		SELECT u.customer_id, u.invoice_id, `+serialOf+`, i.issued_at, u.discount_id, u.period_start, u.currency, u.amount
		  FROM discount_use u JOIN invoice i ON i.id = u.invoice_id WHERE u.customer_id = ANY($1) AND i.issued_at < $2`, customers, to)
	if err != nil {
		return nil, err
	}
	discounts := make([]PastDiscount, len(rows))
	for i, row := range rows {
		read, err := row.read()
		if err != nil {
			return nil, err
		}
		discounts[i] = PastDiscount{Discount: read.Discount, CustomerID: row.CustomerID, SubscriptionID: read.SubscriptionID}
		for _, use := range uses {
			if use.CustomerID == row.CustomerID && use.DiscountID == row.ID {
				discounts[i].Uses = append(discounts[i].Uses, use.read())
			}
		}
	}
	return discounts, nil
}

func (r pastUseRow) read() PastUse {
	return PastUse{
		Use:       discount.Use{Period: r.PeriodStart, Amount: money.New(r.Amount, r.Currency)},
		InvoiceID: r.InvoiceID, Serial: r.Serial, IssuedAt: r.IssuedAt,
	}
}

// CouponShare is a subscription of a customer who has a coupon for all of theirs, or had one when it was theirs.
type CouponShare struct {
	CustomerID     string `db:"customer_id"`
	SubscriptionID string `db:"subscription_id"`
}

// ownersOf and ownedBy say whose a subscription s was, and which ones a customer c had: today, or when they were billed.
const (
	ownersOf = `(SELECT customer_id FROM subscription WHERE id = s.id UNION SELECT owner_id FROM invoice_part WHERE subscription_id = s.id)`
	ownedBy  = `(SELECT id FROM subscription WHERE customer_id = c.customer_id UNION SELECT subscription_id FROM invoice_part WHERE owner_id = c.customer_id)`
	forAll   = `EXISTS (SELECT FROM discount d WHERE d.customer_id = o.customer_id AND d.subscription_id IS NULL AND d.applied_at < $2)`
)

// CouponShares lists who shares coupons with the subscriptions given: all that were those of customers who had a coupon for all
// of theirs before an instant, and who had one of those given, or one that shares coupons with these.
func (q Queries) CouponShares(ctx context.Context, ids []string, to time.Time) ([]CouponShare, error) {
	return many[CouponShare](ctx, q.db, "subscriptions that share coupons", `
		WITH RECURSIVE sharing (customer_id) AS (
			SELECT o.customer_id FROM unnest($1::text[]) AS s (id) CROSS JOIN LATERAL `+ownersOf+` o WHERE `+forAll+`
			UNION
			SELECT o.customer_id FROM sharing c CROSS JOIN LATERAL `+ownedBy+` s CROSS JOIN LATERAL `+ownersOf+` o WHERE `+forAll+`)
		SELECT c.customer_id, s.id AS subscription_id FROM sharing c CROSS JOIN LATERAL `+ownedBy+` s ORDER BY c.customer_id, s.id`, ids, to)
}
