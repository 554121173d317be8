package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/perennial-billing/perennial/billing/money"
)

// PrepaidWallet is a customer's prepaid credit in a currency as its workflow keeps it.
type PrepaidWallet struct {
	CustomerID string         `db:"customer_id"`
	Currency   money.Currency `db:"currency"`
	// TopUp says how credit is bought by itself; null if it is not.
	TopUp json.RawMessage `db:"top_up"`
	// Scheduled counts the boundaries of the top-up's schedule that are dealt with.
	Scheduled    int        `db:"scheduled"`
	NextActionAt *time.Time `db:"next_action_at"`
}

// PrepaidWallet reads one; ErrNotFound when there is none.
func (q Queries) PrepaidWallet(ctx context.Context, customerID string, currency money.Currency) (PrepaidWallet, error) {
	return one[PrepaidWallet](ctx, q.db, "prepaid wallet of customer "+customerID, `
		SELECT customer_id, currency, top_up, scheduled, next_action_at FROM prepaid_wallet WHERE customer_id = $1 AND currency = $2`, customerID, currency)
}

// SetTopUp records how a customer's prepaid credit is bought by itself; nil is not at all.
func (tx Tx) SetTopUp(ctx context.Context, customerID string, currency money.Currency, topUp json.RawMessage) error {
	_, err := tx.exec(ctx, "set top-up of customer "+customerID, `
		INSERT INTO prepaid_wallet (customer_id, currency, top_up) VALUES ($1, $2, $3)
		ON CONFLICT (customer_id, currency) DO UPDATE SET top_up = EXCLUDED.top_up, scheduled = 0`, customerID, currency, topUp)
	return err
}

// TopUpScheduled records that one more boundary of a top-up's schedule is dealt with.
func (tx Tx) TopUpScheduled(ctx context.Context, customerID string, currency money.Currency) error {
	_, err := tx.exec(ctx, "count top-up of customer "+customerID,
		`UPDATE prepaid_wallet SET scheduled = scheduled + 1 WHERE customer_id = $1 AND currency = $2`, customerID, currency)
	return err
}

// TopUpPurchase is credit that a top-up bought, in minor units.
type TopUpPurchase struct {
	ID        string    `db:"id"`
	Amount    int64     `db:"amount"`
	GrantedAt time.Time `db:"granted_at"`
	// Status is that of its invoice.
	Status string `db:"status"`
}

// TopUpPurchases lists what top-ups bought, whose ids begin with prefix, oldest first.
func (q Queries) TopUpPurchases(ctx context.Context, customerID string, currency money.Currency, prefix string) ([]TopUpPurchase, error) {
	return many[TopUpPurchase](ctx, q.db, "top-ups of customer "+customerID, `
		SELECT g.id, g.amount, g.granted_at, i.status FROM credit_grant g JOIN invoice i ON i.id = g.invoice_id
		 WHERE g.customer_id = $1 AND g.currency = $2 AND starts_with(g.id, $3) ORDER BY g.granted_at, g.id`, customerID, currency, prefix)
}

// ScheduleWallet records when a wallet's workflow acts next by itself; the zero instant is never.
func (tx Tx) ScheduleWallet(ctx context.Context, customerID string, currency money.Currency, next time.Time) error {
	_, err := tx.exec(ctx, "schedule prepaid wallet of customer "+customerID, `
		INSERT INTO prepaid_wallet (customer_id, currency, next_action_at) VALUES ($1, $2, $3)
		ON CONFLICT (customer_id, currency) DO UPDATE SET next_action_at = EXCLUDED.next_action_at`, customerID, currency, orNull(next))
	return err
}
