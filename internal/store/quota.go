package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/perennial-billing/perennial/billing/entitlement"
	"github.com/perennial-billing/perennial/billing/subscription"
)

// Quota names what uses of a limited feature add up in.
type Quota struct {
	CustomerID string

	entitlement.Quota
}

// start is the window as it is stored.
func (k Quota) start() time.Time {
	if k.WindowStart.IsZero() {
		return time.Unix(0, 0).UTC()
	}
	return k.WindowStart
}

// QuotaUse is one use of a limited feature, under its caller's id.
type QuotaUse struct {
	CustomerID     string     `db:"customer_id"`
	Feature        string     `db:"feature"`
	ID             string     `db:"id"`
	SubscriptionID string     `db:"subscription_id"`
	QuotaOf        string     `db:"quota_of"`
	WindowStart    time.Time  `db:"window_start"`
	Quantity       int64      `db:"quantity"`
	At             time.Time  `db:"at"`
	ReturnedAt     *time.Time `db:"returned_at"`
}

// EntitledSubscriptions lists what entitles a customer to features, the oldest first.
func (q Queries) EntitledSubscriptions(ctx context.Context, customerID string) ([]Subscription, error) {
	return many[Subscription](ctx, q.db, "subscriptions of customer "+customerID, `SELECT `+subscriptionColumns+` FROM subscription
		WHERE customer_id = $1 AND status = ANY($2) ORDER BY started_at, id`, customerID, subscription.Entitling())
}

// LockQuotaUse makes concurrent calls under one id wait for each other until the transaction ends.
func (tx Tx) LockQuotaUse(ctx context.Context, customerID, feature, id string) error {
	_, err := tx.exec(ctx, "use of "+feature, `SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`,
		fmt.Sprintf("quota-use:%s:%s:%s", customerID, feature, id))
	return err
}

// QuotaUse reads a use; ErrNotFound when there is none under the id.
func (q Queries) QuotaUse(ctx context.Context, customerID, feature, id string) (QuotaUse, error) {
	return one[QuotaUse](ctx, q.db, fmt.Sprintf("use %q of feature %q", id, feature), `
		SELECT customer_id, feature, id, subscription_id, quota_of, window_start, quantity, at, returned_at
		FROM quota_use WHERE customer_id = $1 AND feature = $2 AND id = $3`, customerID, feature, id)
}

// TakeQuota adds a quantity to what was used if the limit allows all of it, in one statement: whoever comes at the same time
// waits, and sees the sum. used is what was used afterwards, or, when nothing was taken, before.
func (tx Tx) TakeQuota(ctx context.Context, key Quota, quantity, limit int64) (used int64, taken bool, err error) {
	if quantity > limit {
		used, err = tx.QuotaUsed(ctx, key)
		return used, false, err
	}
	err = tx.db.QueryRow(ctx, `
		INSERT INTO quota AS q (customer_id, subscription_id, feature, window_start, used) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (customer_id, feature, subscription_id, window_start) DO UPDATE SET used = q.used + $5 WHERE q.used <= $6 - $5
		RETURNING used`, key.CustomerID, key.SubscriptionID, key.Feature, key.start(), quantity, limit).Scan(&used)
	if errors.Is(err, pgx.ErrNoRows) {
		used, err = tx.QuotaUsed(ctx, key)
		return used, false, err
	}
	if err != nil {
		return 0, false, fmt.Errorf("take %d of feature %s: %w", quantity, key.Feature, err)
	}
	return used, true, nil
}

// QuotaUsed is what was used in a window.
func (q Queries) QuotaUsed(ctx context.Context, key Quota) (int64, error) {
	var used int64
	err := q.db.QueryRow(ctx, `SELECT coalesce(sum(used), 0)::BIGINT FROM quota
		WHERE customer_id = $1 AND subscription_id = $2 AND feature = $3 AND window_start = $4`,
		key.CustomerID, key.SubscriptionID, key.Feature, key.start()).Scan(&used)
	if err != nil {
		return 0, fmt.Errorf("read what was used of feature %s: %w", key.Feature, err)
	}
	return used, nil
}

// AddQuotaUse records a use that was taken.
func (tx Tx) AddQuotaUse(ctx context.Context, key Quota, use QuotaUse) error {
	_, err := tx.exec(ctx, "record use "+use.ID, `
		INSERT INTO quota_use (customer_id, feature, id, subscription_id, quota_of, window_start, quantity, at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		use.CustomerID, use.Feature, use.ID, use.SubscriptionID, key.SubscriptionID, key.start(), use.Quantity, use.At)
	return err
}

// ReturnQuotaUse takes a use back, once: what was used goes down by its quantity.
func (tx Tx) ReturnQuotaUse(ctx context.Context, use QuotaUse, at time.Time) error {
	returned, err := tx.exec(ctx, "return use "+use.ID, `UPDATE quota_use SET returned_at = $4
		WHERE customer_id = $1 AND feature = $2 AND id = $3 AND returned_at IS NULL`, use.CustomerID, use.Feature, use.ID, at)
	if err != nil || returned == 0 {
		return err
	}
	_, err = tx.exec(ctx, "return use "+use.ID, `UPDATE quota SET used = used - $5
		WHERE customer_id = $1 AND subscription_id = $2 AND feature = $3 AND window_start = $4`,
		use.CustomerID, use.QuotaOf, use.Feature, use.WindowStart, use.Quantity)
	return err
}
