package store

import (
	"context"
	"fmt"
	"time"
)

// Difference is where our books and the provider's differ, or did.
type Difference struct {
	ID int64 `db:"id" json:"id"`
	// Kind is stable, for programs; Subject is the provider's id of what it is about.
	Kind      string  `db:"kind" json:"kind"`
	Subject   string  `db:"subject" json:"subject"`
	EntityID  *string `db:"entity_id" json:"entity_id,omitempty"`
	InvoiceID string  `db:"invoice_id" json:"invoice_id,omitempty"`
	Detail    string  `db:"detail" json:"detail"`
	// Status is open, healed (by a comparison), gone (a later one found them to agree) or settled (by a person).
	Status string `db:"status" json:"status"`
	// OccurredAt is when its subject came about.
	OccurredAt time.Time `db:"occurred_at" json:"occurred_at"`
	FirstSeen  time.Time `db:"first_seen" json:"first_seen"`
	LastSeen   time.Time `db:"last_seen" json:"last_seen"`
	SettledBy  string    `db:"settled_by" json:"settled_by,omitempty"`
	SettledWhy string    `db:"settled_why" json:"settled_why,omitempty"`
}

// The states of a difference.
const (
	DifferenceOpen    = "open"
	DifferenceHealed  = "healed"
	DifferenceGone    = "gone"
	DifferenceSettled = "settled"
)

const differenceColumns = `id, kind, subject, entity_id, invoice_id, detail, status, occurred_at, first_seen, last_seen, settled_by, settled_why`

// KeepDifference records that a difference was found, open or healed, and returns how it stands: one that a person has
// settled stays so while it is the same difference.
func (tx Tx) KeepDifference(ctx context.Context, d Difference) (Difference, error) {
	return one[Difference](ctx, tx.db, "difference "+d.Kind+" of "+d.Subject, `
		INSERT INTO reconciliation_difference AS known (kind, subject, entity_id, invoice_id, detail, status, occurred_at, first_seen, last_seen)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)
		ON CONFLICT (kind, subject) DO UPDATE SET last_seen = GREATEST(known.last_seen, EXCLUDED.last_seen), detail = EXCLUDED.detail,
			status = CASE WHEN known.status = 'settled' AND known.detail = EXCLUDED.detail THEN 'settled' ELSE EXCLUDED.status END
		RETURNING `+differenceColumns,
		d.Kind, d.Subject, d.EntityID, d.InvoiceID, d.Detail, d.Status, d.OccurredAt, d.LastSeen)
}

// ForgetDifferences marks as gone the open differences that a comparison which went over them did not find: those of what
// came about in [from, to), of a legal entity or (empty) of all, but those that it saw.
func (tx Tx) ForgetDifferences(ctx context.Context, entityID string, from, to time.Time, seen []int64) error {
	_, err := tx.exec(ctx, "forget differences", `
		UPDATE reconciliation_difference SET status = 'gone'
		 WHERE status = 'open' AND occurred_at >= $2 AND occurred_at < $3 AND id <> ALL($4) AND ($1 = '' OR entity_id = $1)`,
		entityID, from, to, seen)
	return err
}

// DifferenceFilter narrows a list of differences; empty fields do not.
type DifferenceFilter struct {
	EntityID, Status string
	// After continues after a difference's id.
	After int64
	Limit int
}

// Differences lists differences, first found first.
func (q Queries) Differences(ctx context.Context, f DifferenceFilter) ([]Difference, error) {
	return many[Difference](ctx, q.db, "differences", `
		SELECT `+differenceColumns+` FROM reconciliation_difference
		 WHERE ($1 = '' OR entity_id = $1) AND ($2 = '' OR status = $2) AND id > $3 ORDER BY id LIMIT $4`, f.EntityID, f.Status, f.After, f.Limit)
}

// SettleDifference records that a person has settled an open difference. ErrNotFound when there is no such one.
func (q Queries) SettleDifference(ctx context.Context, id int64, by, why string) (Difference, error) {
	return one[Difference](ctx, q.db, fmt.Sprintf("open difference %d", id), `
		UPDATE reconciliation_difference SET status = 'settled', settled_by = $2, settled_why = $3 WHERE id = $1 AND status = 'open'
		RETURNING `+differenceColumns, id, by, why)
}
