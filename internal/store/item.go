package store

import (
	"context"
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/invoicing"
)

// Item is a one-off charge or an adjustment of a subscription. It waits while it has neither an InvoiceID nor a CanceledAt.
type Item struct {
	SubscriptionID string             `db:"subscription_id" json:"subscription"`
	ID             string             `db:"id" json:"id"`
	Kind           invoicing.LineKind `db:"kind" json:"kind" enum:"one_off,adjustment"`
	Description    string             `db:"description" json:"description"`
	Quantity       decimal.Decimal    `db:"quantity" json:"quantity"`
	UnitAmount     decimal.Decimal    `db:"unit_amount" json:"unit_amount" doc:"In major units, below 0 for what is given back."`
	TaxCategory    string             `db:"tax_category" json:"tax_category"`
	AddedAt        time.Time          `db:"added_at" json:"added_at"`
	InvoiceID      *string            `db:"invoice_id" json:"invoice_id,omitempty" doc:"The invoice that has it."`
	CanceledAt     *time.Time         `db:"canceled_at" json:"canceled_at,omitempty"`
}

const itemColumns = `subscription_id, id, kind, description, quantity, unit_amount, tax_category, added_at, invoice_id, canceled_at`

// waits is the condition that nothing has become of an item yet.
const waits = `invoice_id IS NULL AND canceled_at IS NULL`

// Items lists the items of a subscription in the order in which they were added, after a given one.
func (q Queries) Items(ctx context.Context, subscriptionID, after string, limit int) ([]Item, error) {
	return many[Item](ctx, q.db, "items of "+subscriptionID, `SELECT `+itemColumns+` FROM item
		 WHERE subscription_id = $1 AND ($2 = '' OR (added_at, id) > (SELECT added_at, id FROM item WHERE subscription_id = $1 AND id = $2))
		 ORDER BY added_at, id LIMIT $3`, subscriptionID, after, limit)
}

// AddItem has an item wait; ErrExists when the subscription has or had one with its id.
func (tx Tx) AddItem(ctx context.Context, subscriptionID string, item invoicing.Item, at time.Time) error {
	added, err := tx.exec(ctx, "add item "+item.ID, `
		INSERT INTO item (subscription_id, id, kind, description, quantity, unit_amount, tax_category, added_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING`,
		subscriptionID, item.ID, item.Kind, item.Description, item.Quantity, item.Unit, item.TaxCategory, at)
	if err == nil && added == 0 {
		return fmt.Errorf("item %q of subscription %q: %w", item.ID, subscriptionID, ErrExists)
	}
	return err
}

// LockItem reads an item and holds it until the transaction ends.
func (tx Tx) LockItem(ctx context.Context, subscriptionID, id string) (Item, error) {
	return one[Item](ctx, tx.db, fmt.Sprintf("item %q of subscription %q", id, subscriptionID),
		`SELECT `+itemColumns+` FROM item WHERE subscription_id = $1 AND id = $2 FOR UPDATE`, subscriptionID, id)
}

// CancelItem keeps an item that waits from being billed.
func (tx Tx) CancelItem(ctx context.Context, subscriptionID, id string, at time.Time) error {
	_, err := tx.exec(ctx, "cancel item "+id, `UPDATE item SET canceled_at = $3 WHERE subscription_id = $1 AND id = $2`, subscriptionID, id, at)
	return err
}

// ClaimItems lists the items of a subscription that wait, by id, and holds them until the transaction ends: it must be the
// one that writes their invoice, and says so with BillItems.
func (tx Tx) ClaimItems(ctx context.Context, subscriptionID string) ([]invoicing.Item, error) {
	rows, err := many[Item](ctx, tx.db, "items of "+subscriptionID,
		`SELECT `+itemColumns+` FROM item WHERE subscription_id = $1 AND `+waits+` ORDER BY id FOR UPDATE`, subscriptionID)
	items := make([]invoicing.Item, len(rows))
	for i, row := range rows {
		items[i] = invoicing.Item{
			ID: row.ID, Kind: row.Kind, Description: row.Description, Quantity: row.Quantity, Unit: row.UnitAmount, TaxCategory: row.TaxCategory,
		}
	}
	return items, err
}

// BillItems records that an invoice has billed items, each of which must have waited.
func (tx Tx) BillItems(ctx context.Context, subscriptionID, invoiceID string, items []invoicing.Item) error {
	if len(items) == 0 {
		return nil
	}
	ids := make([]string, len(items))
	for i, item := range items {
		ids[i] = item.ID
	}
	billed, err := tx.exec(ctx, "bill items of "+subscriptionID,
		`UPDATE item SET invoice_id = $2 WHERE subscription_id = $1 AND id = ANY($3) AND `+waits, subscriptionID, invoiceID, ids)
	if err == nil && billed != int64(len(items)) {
		return fmt.Errorf("invoice %s: %d of its %d items waited for it", invoiceID, billed, len(items))
	}
	return err
}

// ItemFault is an item that was billed otherwise than once, or never will be.
type ItemFault struct {
	SubscriptionID string `db:"subscription_id"`
	ItemID         string `db:"id"`
	Problem        string `db:"problem"`
}

// ItemFaults lists items of which their invoice does not have exactly one line over what they cost, lines of items that
// nobody asked for and that settle no seat either, and items that wait though the subscription has ended and nothing more of it
// will be billed.
func (q Queries) ItemFaults(ctx context.Context) ([]ItemFault, error) {
	return many[ItemFault](ctx, q.db, "items", `
		SELECT i.subscription_id, i.id, 'has ' || COUNT(l.position) || ' lines on invoice ' || i.invoice_id AS problem
		  FROM item i LEFT JOIN invoice_line l ON (l.invoice_id, l.subscription_id) = (i.invoice_id, i.subscription_id)
		       AND l.charge_id = i.id AND l.kind = i.kind AND l.exact = i.quantity * i.unit_amount
		 WHERE i.invoice_id IS NOT NULL GROUP BY i.subscription_id, i.id, i.invoice_id HAVING COUNT(l.position) <> 1
		UNION ALL
		SELECT COALESCE(l.subscription_id, ''), l.charge_id, 'is on invoice ' || l.invoice_id || ', which has not billed it'
		  FROM invoice_line l JOIN invoice v ON v.id = l.invoice_id
		  LEFT JOIN item i ON i.subscription_id = l.subscription_id AND i.id = l.charge_id AND i.invoice_id = l.invoice_id
		 WHERE l.kind IN ('adjustment', 'one_off') AND i.id IS NULL
		   AND NOT (l.charge_id LIKE 'member:%' AND EXISTS (SELECT FROM seat_statement t WHERE t.invoice_key = v.business_key))
		UNION ALL
		SELECT i.subscription_id, i.id, 'waits, though the subscription has ended'
		  FROM item i JOIN subscription s ON s.id = i.subscription_id
		 WHERE i.invoice_id IS NULL AND i.canceled_at IS NULL AND s.ended_at IS NOT NULL AND (s.billed_by = 'renewal' OR EXISTS (
		       SELECT FROM invoice_run r WHERE r.entity_id = s.entity_id AND r.status = 'completed' AND r.as_of > s.ended_at
		          AND r.period >= to_char((s.ended_at - interval '1 microsecond') AT TIME ZONE s.zone, 'YYYY-MM')))`)
}
