package store

import "context"

// BeingCollected lists the unpaid invoices of a subscription, from the time in which a customer was its owner, that somebody is
// after: those of the longest standing first. None are nil.
func (q Queries) BeingCollected(ctx context.Context, subscriptionID, ownerID string) ([]string, error) {
	type row struct {
		ID string `db:"invoice_id"`
	}
	rows, err := many[row](ctx, q.db, "unpaid invoices of "+subscriptionID, `
		SELECT d.invoice_id FROM dunning d JOIN invoice_part p ON p.invoice_id = d.invoice_id
		 WHERE p.subscription_id = $1 AND p.owner_id = $2 AND d.ended_at IS NULL ORDER BY d.started_at, d.invoice_id`, subscriptionID, ownerID)
	var ids []string
	for _, r := range rows {
		ids = append(ids, r.ID)
	}
	return ids, err
}
