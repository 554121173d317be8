package store

import (
	"context"
	"fmt"
	"time"

	"github.com/perennial-billing/perennial/billing/fraud"
)

// HistoryFilter selects what an entity attempted in [Since, Until): Limit attempts behind a given one, which is named by its
// time and id, or the earliest.
type HistoryFilter struct {
	EntityID     string
	Since, Until time.Time
	AfterTime    time.Time
	AfterID      string
	Limit        int
}

// behind selects and orders as a HistoryFilter says. The pair is what the index payment_asked is made of.
const behind = `i.entity_id = $1 AND p.asked_at >= $2 AND p.asked_at < $3 AND (p.asked_at, p.id) > ($4, $5)`

func (f HistoryFilter) args() []any {
	return []any{f.EntityID, f.Since, f.Until, f.AfterTime, f.AfterID, f.Limit}
}

// Attempts lists attempts with their facts, earliest first, but for their velocity: of a long history that is counted in one
// pass, by fraud.Tally. Attempts without a method were not asked of the provider by us and are left out.
func (q Queries) Attempts(ctx context.Context, f HistoryFilter) ([]Attempted, error) {
	const uncounted = `NULL::bigint[] AS by_customer, NULL::bigint[] AS by_card, NULL::bigint[] AS by_domain`
	rows, err := many[attemptRow](ctx, q.db, "facts of payments", attempts(uncounted)+`
		WHERE `+behind+` AND p.method_id IS NOT NULL ORDER BY p.asked_at, p.id LIMIT $6`, f.args()...)
	list := make([]Attempted, len(rows))
	for i, row := range rows {
		list[i] = row.attempted()
	}
	return list, err
}

type triedRow struct {
	ID          string     `db:"id"`
	CustomerID  string     `db:"customer_id"`
	Fingerprint string     `db:"fingerprint"`
	Domain      string     `db:"domain"`
	AskedAt     time.Time  `db:"asked_at"`
	FailedAt    *time.Time `db:"failed_at"`
}

// Tried lists all attempts as velocity counts them, earliest first.
func (q Queries) Tried(ctx context.Context, f HistoryFilter) ([]fraud.Tried, error) {
	rows, err := many[triedRow](ctx, q.db, "attempts to pay", `
		SELECT p.id, i.payer_id AS customer_id, COALESCE(d.fingerprint, '') AS fingerprint, `+fmt.Sprintf(emailDomain, "c")+` AS domain, p.asked_at,
			CASE WHEN p.status = 'failed' THEN p.settled_at END AS failed_at
		  FROM payment p JOIN invoice i ON i.id = p.invoice_id JOIN customer c ON c.id = i.payer_id
		  LEFT JOIN payment_method_detail d ON d.method_id = p.method_id
		 WHERE `+behind+` ORDER BY p.asked_at, p.id LIMIT $6`, f.args()...)
	list := make([]fraud.Tried, len(rows))
	for i, r := range rows {
		list[i] = fraud.Tried{
			PaymentID: r.ID, CustomerID: r.CustomerID, Fingerprint: r.Fingerprint, EmailDomain: r.Domain, At: r.AskedAt, FailedAt: r.FailedAt,
		}
	}
	return list, err
}
