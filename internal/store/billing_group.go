package store

import "context"

// SetBillingGroup says with what a subscription shares invoices from now on (empty: with nothing), and which purchase order
// is on them.
func (q Queries) SetBillingGroup(ctx context.Context, subscriptionID, group, poNumber string) error {
	_, err := q.exec(ctx, "set billing group of "+subscriptionID,
		`UPDATE subscription SET billing_group = $2, po_number = $3 WHERE id = $1`, subscriptionID, group, poNumber)
	return err
}

// sharing is what subscriptions have to have in common to share an invoice, as one text; a subscription's own id
// where it shares none.
const sharing = `CASE WHEN billing_group = '' THEN id
	ELSE jsonb_build_array(customer_id, currency, zone, billing_group, po_number)::text END`
