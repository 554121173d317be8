package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/perennial-billing/perennial/billing/money"
)

// Payout is money that the provider sends to our bank account (takes from it, if the amount is negative), as it told us
// last. Amounts are ISO minor units.
type Payout struct {
	ID        string         `db:"id" json:"id"`
	Status    string         `db:"status" json:"status"`
	Amount    int64          `db:"amount" json:"amount"`
	Currency  money.Currency `db:"currency" json:"currency"`
	Automatic bool           `db:"automatic" json:"automatic"`
	Failure   string         `db:"failure" json:"failure,omitempty"`
	CreatedAt time.Time      `db:"created_at" json:"created_at"`
	ArrivesAt time.Time      `db:"arrives_at" json:"arrives_at"`
}

// The states of a payout.
const (
	PayoutPending   = "pending"
	PayoutInTransit = "in_transit"
	PayoutPaid      = "paid"
	PayoutFailed    = "failed"
	PayoutCanceled  = "canceled"
)

// PayoutShare is a legal entity's part of a payout.
type PayoutShare struct {
	EntityID string `db:"entity_id" json:"entity_id"`
	Amount   int64  `db:"amount" json:"amount"`
}

const payoutColumns = `id, status, amount, currency, automatic, failure, created_at, arrives_at`

// Payout reads a payout.
func (q Queries) Payout(ctx context.Context, id string) (Payout, error) {
	return one[Payout](ctx, q.db, fmt.Sprintf("payout %q", id), `SELECT `+payoutColumns+` FROM payout WHERE id = $1`, id)
}

// KnownPayout reads a payout if we have it.
func (q Queries) KnownPayout(ctx context.Context, id string) (p Payout, found bool, err error) {
	p, err = q.Payout(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return p, false, nil
	}
	return p, err == nil, err
}

// PayoutShares lists whose money a payout is.
func (q Queries) PayoutShares(ctx context.Context, id string) ([]PayoutShare, error) {
	return many[PayoutShare](ctx, q.db, "shares of payout "+id, `SELECT entity_id, amount FROM payout_share WHERE payout_id = $1 ORDER BY entity_id`, id)
}

// LockPayout reads a payout and holds it until the transaction ends. Another one that records it for the first time waits, too.
func (tx Tx) LockPayout(ctx context.Context, id string) (Payout, error) {
	if _, err := tx.exec(ctx, "lock payout "+id, `SELECT pg_advisory_xact_lock(hashtextextended('payout:' || $1, 0))`, id); err != nil {
		return Payout{}, err
	}
	return tx.Payout(ctx, id)
}

// AddPayout records a payout with its shares, which must sum to it (constraint payout_is_shared_whole).
func (tx Tx) AddPayout(ctx context.Context, p Payout, shares []PayoutShare) error {
	_, err := tx.exec(ctx, "add payout "+p.ID, `
		INSERT INTO payout (id, status, amount, currency, automatic, failure, created_at, arrives_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		p.ID, p.Status, p.Amount, p.Currency, p.Automatic, p.Failure, p.CreatedAt, p.ArrivesAt)
	for _, share := range shares {
		if err != nil {
			return err
		}
		_, err = tx.exec(ctx, "share out payout "+p.ID, `INSERT INTO payout_share (payout_id, entity_id, amount) VALUES ($1, $2, $3)`,
			p.ID, share.EntityID, share.Amount)
	}
	return err
}

// MovePayout records where a payout stands now.
func (tx Tx) MovePayout(ctx context.Context, p Payout) error {
	_, err := tx.exec(ctx, "move payout "+p.ID, `UPDATE payout SET status = $2, failure = $3, arrives_at = $4 WHERE id = $1`,
		p.ID, p.Status, p.Failure, p.ArrivesAt)
	return err
}

// PayoutFilter narrows a list of payouts; empty fields do not.
type PayoutFilter struct {
	EntityID, Status string
	// After continues after a payout's id.
	After string
	Limit int
}

// Payouts lists payouts by when they were made.
func (q Queries) Payouts(ctx context.Context, f PayoutFilter) ([]Payout, error) {
	return many[Payout](ctx, q.db, "payouts", `
		SELECT `+payoutColumns+` FROM payout p
		 WHERE ($1 = '' OR EXISTS (SELECT FROM payout_share s WHERE s.payout_id = p.id AND s.entity_id = $1)) AND ($2 = '' OR status = $2)
		   AND ($3 = '' OR (created_at, id) > (SELECT created_at, id FROM payout WHERE id = $3))
		 ORDER BY created_at, id LIMIT $4`, f.EntityID, f.Status, f.After, f.Limit)
}

// UnfinishedPayouts lists the payouts that are on their way, or arrived after an instant: the bank may send those back.
func (q Queries) UnfinishedPayouts(ctx context.Context, arrivedAfter time.Time) ([]Payout, error) {
	return many[Payout](ctx, q.db, "payouts on their way", `
		SELECT `+payoutColumns+` FROM payout WHERE status IN ('pending', 'in_transit') OR status = 'paid' AND arrives_at > $1 ORDER BY id`, arrivedAfter)
}

// ProviderAccountOwner is the legal entity whose the provider's account is: the one that was said to own it, or the only
// one there is; empty when there are several and none was.
func (q Queries) ProviderAccountOwner(ctx context.Context) (id string, err error) {
	err = q.db.QueryRow(ctx, `
		SELECT COALESCE(MAX(id) FILTER (WHERE owns_provider_account), CASE COUNT(*) WHEN 1 THEN MAX(id) END, '') FROM legal_entity`).Scan(&id)
	if err != nil {
		return "", fmt.Errorf("owner of the provider's account: %w", err)
	}
	return id, nil
}

// SetProviderAccountOwner makes a legal entity the owner of the provider's account, instead of any other.
func (tx Tx) SetProviderAccountOwner(ctx context.Context, entityID string) error {
	_, err := tx.exec(ctx, "release the provider's account",
		`UPDATE legal_entity SET owns_provider_account = FALSE WHERE owns_provider_account AND id <> $1`, entityID)
	if err != nil {
		return err
	}
	changed, err := tx.exec(ctx, "give the provider's account to "+entityID, `UPDATE legal_entity SET owns_provider_account = TRUE WHERE id = $1`, entityID)
	if err == nil && changed == 0 {
		return fmt.Errorf("legal entity %q: %w", entityID, ErrNotFound)
	}
	return err
}
