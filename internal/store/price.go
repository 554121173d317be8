package store

import (
	"context"
	"fmt"
	"time"

	"github.com/perennial-billing/perennial/billing/presentment"
)

// SetPresentment records how an entity makes local prices; nil: it makes none. What was sold stays as it was sold.
func (q Queries) SetPresentment(ctx context.Context, entityID string, policy *presentment.Policy) error {
	changed, err := q.exec(ctx, "set presentment of "+entityID, `UPDATE legal_entity SET presentment = $2 WHERE id = $1`, entityID, policy)
	if err == nil && changed == 0 {
		return fmt.Errorf("legal entity %q: %w", entityID, ErrNotFound)
	}
	return err
}

// Quote is a local price that was shown to somebody.
type Quote struct {
	ID          string                 `db:"id"`
	EntityID    string                 `db:"entity_id"`
	PlanID      string                 `db:"plan_id"`
	PlanVersion int                    `db:"plan_version"`
	Conversion  presentment.Conversion `db:"conversion"`
	QuotedAt    time.Time              `db:"quoted_at"`
	ValidUntil  time.Time              `db:"valid_until"`
}

// AddQuote records a quote. One that exists is left as it is: its id says what it is.
func (q Queries) AddQuote(ctx context.Context, quote Quote) error {
	_, err := q.exec(ctx, "add quote "+quote.ID, `
		INSERT INTO price_quote (id, entity_id, plan_id, plan_version, currency, conversion, quoted_at, valid_until)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING`,
		quote.ID, quote.EntityID, quote.PlanID, quote.PlanVersion, quote.Conversion.Currency, quote.Conversion, quote.QuotedAt, quote.ValidUntil)
	return err
}

// Quote reads a quote.
func (q Queries) Quote(ctx context.Context, id string) (Quote, error) {
	return one[Quote](ctx, q.db, fmt.Sprintf("quote %q", id), `
		SELECT id, entity_id, plan_id, plan_version, conversion, quoted_at, valid_until FROM price_quote WHERE id = $1`, id)
}

// PriceLock is what a plan version was sold at to a subscription.
type PriceLock struct {
	SubscriptionID string                 `db:"subscription_id"`
	PlanID         string                 `db:"plan_id"`
	PlanVersion    int                    `db:"plan_version"`
	Conversion     presentment.Conversion `db:"conversion"`
	// QuoteID is the quote that was taken up, if any.
	QuoteID  *string   `db:"quote_id"`
	LockedAt time.Time `db:"locked_at"`
}

// AddPriceLock records a price. One of the same instant is left as it is.
func (tx Tx) AddPriceLock(ctx context.Context, l PriceLock) error {
	c := l.Conversion
	_, err := tx.exec(ctx, "lock price for "+l.SubscriptionID, `
		INSERT INTO price_lock (subscription_id, plan_id, plan_version, locked_at, currency, from_currency, rate, rate_date, source,
			markup_percent, conversion, quote_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING`,
		l.SubscriptionID, l.PlanID, l.PlanVersion, l.LockedAt, c.Currency, c.From, c.Rate, c.RateDate.String(), c.Source, c.MarkupPercent, c, l.QuoteID)
	return err
}

// PriceLock reads what a plan version was sold at to a subscription; ErrNotFound when it was sold at the catalogue's price
// or not at all.
func (q Queries) PriceLock(ctx context.Context, subscriptionID, planID string, version int) (PriceLock, error) {
	return one[PriceLock](ctx, q.db, fmt.Sprintf("price of plan %q version %d for subscription %s", planID, version, subscriptionID), `
		SELECT subscription_id, plan_id, plan_version, conversion, quote_id, locked_at FROM price_lock
		 WHERE subscription_id = $1 AND plan_id = $2 AND plan_version = $3 ORDER BY locked_at DESC LIMIT 1`, subscriptionID, planID, version)
}

// WasInForce says whether a subscription was ever under a plan version.
func (q Queries) WasInForce(ctx context.Context, subscriptionID, planID string, version int) (bool, error) {
	var was bool
	err := q.db.QueryRow(ctx, `SELECT EXISTS (SELECT FROM subscription_segment WHERE subscription_id = $1 AND plan_id = $2 AND plan_version = $3)`,
		subscriptionID, planID, version).Scan(&was)
	return was, err
}
