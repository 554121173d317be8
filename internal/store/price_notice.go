package store

import (
	"context"
	"time"

	"github.com/perennial-billing/perennial/billing/money"
)

// PriceNotice is that a customer was told of a price that changes. Amounts recur in a billing period, before tax.
type PriceNotice struct {
	MigrationID    string         `db:"migration_id"`
	SubscriptionID string         `db:"subscription_id"`
	MessageKey     string         `db:"message_key"`
	PlanID         string         `db:"plan_id"`
	PlanVersion    int            `db:"plan_version"`
	Currency       money.Currency `db:"currency"`
	OldAmount      int64          `db:"old_amount"`
	NewAmount      int64          `db:"new_amount"`
	ChangesAt      time.Time      `db:"changes_at"`
	ToldAt         time.Time      `db:"told_at"`
}

// PriceNoticeByKey reads what a message says.
func (q Queries) PriceNoticeByKey(ctx context.Context, messageKey string) (PriceNotice, error) {
	return one[PriceNotice](ctx, q.db, "price notice "+messageKey, `
		SELECT migration_id, subscription_id, message_key, plan_id, plan_version, currency, old_amount, new_amount, changes_at, told_at
		  FROM price_notice WHERE message_key = $1`, messageKey)
}

// AddPriceNotice records a notice and queues its mail, once per subscription and migration: later ones change nothing.
func (tx Tx) AddPriceNotice(ctx context.Context, n PriceNotice, customerID string) error {
	key := "mail:" + n.SubscriptionID + ":price_change:" + n.MigrationID
	queued, err := tx.exec(ctx, "queue mail price_change", `
		INSERT INTO outbox (message_key, template, customer_id, as_of) VALUES ($1, 'price_change', $2, $3)
		ON CONFLICT (message_key) DO NOTHING`, key, customerID, n.ToldAt)
	if err != nil || queued == 0 {
		return err
	}
	_, err = tx.exec(ctx, "add price notice of "+n.SubscriptionID, `
		INSERT INTO price_notice (migration_id, subscription_id, message_key, plan_id, plan_version, currency, old_amount, new_amount,
			changes_at, told_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		n.MigrationID, n.SubscriptionID, key, n.PlanID, n.PlanVersion, n.Currency, n.OldAmount, n.NewAmount, n.ChangesAt, n.ToldAt)
	return err
}

// Migrating lists the subscriptions that a migration is for, by id after a given one: those under the plan version, and
// those that went over from it by the migration's command and whose customer has not been told.
func (q Queries) Migrating(ctx context.Context, migrationID, planID string, version int, after string, limit int) ([]Subscription, error) {
	return many[Subscription](ctx, q.db, "subscriptions to plan "+planID, `
		SELECT `+subscriptionColumns+` FROM subscription s
		 WHERE id > $4 AND plan_id = $2 AND (plan_version = $3 AND ended_at IS NULL
			OR EXISTS (SELECT FROM command c WHERE c.subscription_id = s.id AND c.id = $1)
			AND NOT EXISTS (SELECT FROM price_notice n WHERE n.subscription_id = s.id AND n.migration_id = $1))
		 ORDER BY id LIMIT $5`, migrationID, planID, version, after, limit)
}
