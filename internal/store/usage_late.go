package store

import (
	"context"
	"time"
)

// ArrearsLine is a line that charged time when it had passed.
type ArrearsLine struct {
	InvoiceLine
	// Kept is the line's Measured as it is stored, nil of a line without.
	Kept []byte `db:"measured"`
}

// ChargedInArrears lists the lines of some kinds that a subscription was charged for time inside [from, to) when it had passed.
func (q Queries) ChargedInArrears(ctx context.Context, subscriptionID string, kinds []string, from, to time.Time) ([]ArrearsLine, error) {
	return many[ArrearsLine](ctx, q.db, "charged in arrears of "+subscriptionID, `
		SELECT `+prefixed("l", lineColumns)+`, l.measured
		  FROM invoice_part p JOIN invoice i ON i.id = p.invoice_id
		  JOIN invoice_line l ON (l.invoice_id, l.subscription_id) = (p.invoice_id, p.subscription_id)
		 WHERE p.subscription_id = $1 AND l.kind = ANY($2) AND l.period_start >= $3 AND l.period_end <= $4
		   AND i.status <> 'void' AND NOT (`+paysAhead+`)
		 ORDER BY i.issued_at, l.invoice_id, l.position`, subscriptionID, kinds, from, to)
}

// EndedWithLateUsage lists subscriptions, at most limit behind a given one, that have ended and of which something was used
// before the end and became known after their last bill. What the monthly run is still to bill is not late.
func (q Queries) EndedWithLateUsage(ctx context.Context, after string, limit int) ([]string, error) {
	type row struct {
		ID string `db:"id"`
	}
	rows, err := many[row](ctx, q.db, "late usage", `
		SELECT s.id FROM subscription s
		 WHERE s.id > $1 AND s.ended_at > s.started_at AND s.cycle >= 0
		   AND EXISTS (SELECT FROM usage_bucket u
		        WHERE u.customer_id = s.customer_id AND u.claimed_events < u.events AND u.bucket_at < s.ended_at
		          AND (u.bucket_at < s.started_at OR EXISTS (SELECT FROM subscription_segment g WHERE g.subscription_id = s.id
		               AND g.from_at < u.bucket_at + interval '15 minutes' AND g.to_at > u.bucket_at)))
		   AND (s.billed_by <> 'invoice_run' OR EXISTS (SELECT FROM subscription_cycle c
		        WHERE c.subscription_id = s.id AND c.period_end >= s.ended_at))
		 ORDER BY s.id LIMIT $2`, after, limit)
	ids := make([]string, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	return ids, err
}
