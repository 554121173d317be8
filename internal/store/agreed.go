package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/money"
)

// AgreedPrice are the prices of a plan version that were agreed for a subscription.
type AgreedPrice struct {
	SubscriptionID string         `db:"subscription_id" json:"-"`
	PlanID         string         `db:"plan_id" json:"plan"`
	PlanVersion    int            `db:"plan_version" json:"plan_version"`
	Prices         catalog.Agreed `db:"prices" json:"prices"`
	// CommandID is the command that they came with; nil for the agreement with which the subscription began.
	CommandID *string   `db:"command_id" json:"-"`
	AgreedAt  time.Time `db:"agreed_at" json:"agreed_at"`
}

const agreedColumns = `subscription_id, plan_id, plan_version, prices, command_id, agreed_at`

// AddAgreedPrice records prices, and what they need to know of meters. What came with the same command is left as it is.
func (tx Tx) AddAgreedPrice(ctx context.Context, a AgreedPrice) error {
	version, err := tx.Plan(ctx, a.PlanID, a.PlanVersion)
	if err != nil {
		return err
	}
	if err := tx.MeasureMeters(ctx, version.EntityID, version.Plan.WithAgreed(a.Prices), a.AgreedAt); err != nil {
		return err
	}
	_, err = tx.exec(ctx, "agree on prices for "+a.SubscriptionID, `
		INSERT INTO agreed_price (subscription_id, plan_id, plan_version, prices, command_id, agreed_at) VALUES ($1, $2, $3, $4, $5, $6)
		    ON CONFLICT (subscription_id, command_id) DO NOTHING`,
		a.SubscriptionID, a.PlanID, a.PlanVersion, a.Prices, a.CommandID, a.AgreedAt)
	return err
}

// AgreedPrices lists the prices that were agreed for subscriptions, those that count of each plan version.
func (q Queries) AgreedPrices(ctx context.Context, subscriptionIDs ...string) ([]AgreedPrice, error) {
	return many[AgreedPrice](ctx, q.db, "agreed prices", `
		SELECT DISTINCT ON (subscription_id, plan_id, plan_version) `+agreedColumns+`
		  FROM agreed_price WHERE subscription_id = ANY($1) ORDER BY subscription_id, plan_id, plan_version, id DESC`, subscriptionIDs)
}

// Agreed are the prices that were agreed for a subscription and a plan version; nil if none were.
func (q Queries) Agreed(ctx context.Context, subscriptionID, planID string, version int) (catalog.Agreed, error) {
	found, err := one[AgreedPrice](ctx, q.db, fmt.Sprintf("agreed prices of plan %q version %d for subscription %s", planID, version, subscriptionID), `
		SELECT `+agreedColumns+` FROM agreed_price
		 WHERE subscription_id = $1 AND plan_id = $2 AND plan_version = $3 ORDER BY id DESC LIMIT 1`, subscriptionID, planID, version)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	return found.Prices, err
}

// AsSold is a plan version of the catalogue as a subscription has it: at the prices that were agreed for it and, where these
// and the catalogue have none in its currency, at the converted ones that it was sold at. What it was sold at is a record,
// never computed again.
func (q Queries) AsSold(ctx context.Context, plan catalog.Plan, subscriptionID string, currency money.Currency) (catalog.Plan, error) {
	agreed, err := q.Agreed(ctx, subscriptionID, plan.ID, plan.Version)
	if err != nil || slices.Contains(plan.WithAgreed(agreed).Currencies(), currency) {
		return plan.WithAgreed(agreed), err
	}
	lock, err := q.PriceLock(ctx, subscriptionID, plan.ID, plan.Version)
	if errors.Is(err, ErrNotFound) {
		return plan.WithAgreed(agreed), nil // not sold yet: whoever needs its price says that there is none
	}
	return lock.Conversion.Apply(plan, lock.LockedAt.UTC()).WithAgreed(agreed), err
}

// AddAgreement records what was asked for when a subscription was agreed.
func (tx Tx) AddAgreement(ctx context.Context, subscriptionID string, request any) error {
	_, err := tx.exec(ctx, "record the agreement of "+subscriptionID, `INSERT INTO agreement (subscription_id, request) VALUES ($1, $2)`, subscriptionID, request)
	return err
}

// Agreement reads into request what was asked for when a subscription was agreed; ErrNotFound when that is not on record.
func (q Queries) Agreement(ctx context.Context, subscriptionID string, request any) error {
	row, err := one[struct {
		Request json.RawMessage `db:"request"`
	}](ctx, q.db, fmt.Sprintf("agreement of subscription %q", subscriptionID), `SELECT request FROM agreement WHERE subscription_id = $1`, subscriptionID)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(row.Request, request); err != nil {
		return fmt.Errorf("agreement of subscription %q: %w", subscriptionID, err)
	}
	return nil
}
