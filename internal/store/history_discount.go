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
