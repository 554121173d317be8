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

// UnbilledUsage is a meter of which a subscription that has ended used something that nobody has billed.
type UnbilledUsage struct {
	SubscriptionID string `db:"subscription_id"`
	Meter          string `db:"meter"`
}

// LateUsage lists what was used before the end of subscriptions and became known after their last bill, of at most limit
// subscriptions behind a given one. What the monthly run is still to bill is not late, and what nobody pays for is left out.
func (q Queries) LateUsage(ctx context.Context, after string, limit int) ([]UnbilledUsage, error) {
	return many[UnbilledUsage](ctx, q.db, "late usage", `
		WITH late AS (
			SELECT DISTINCT s.id AS subscription_id, u.meter
			  FROM subscription s JOIN usage_bucket u ON u.customer_id = s.customer_id
			 WHERE s.id > $1 AND s.ended_at > s.started_at AND s.cycle >= 0 AND u.claimed_events < u.events AND u.bucket_at < s.ended_at
			   AND (u.bucket_at < s.started_at OR EXISTS (SELECT FROM subscription_segment g WHERE g.subscription_id = s.id
			        AND g.from_at < u.bucket_at + interval '15 minutes' AND g.to_at > u.bucket_at))
			   AND (s.billed_by <> 'invoice_run' OR EXISTS (SELECT FROM subscription_cycle c
			        WHERE c.subscription_id = s.id AND c.period_end >= s.ended_at))
		)
		SELECT subscription_id, meter FROM late
		 WHERE subscription_id IN (SELECT DISTINCT subscription_id FROM late ORDER BY 1 LIMIT $2)
		 ORDER BY subscription_id, meter`, after, limit)
}
