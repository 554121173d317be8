package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/perennial-billing/perennial/billing/account"
	"github.com/perennial-billing/perennial/billing/subscription"
)

// SetBillingGroup says with what a subscription shares invoices from now on (empty: with nothing), and which purchase order
// is on them.
func (q Queries) SetBillingGroup(ctx context.Context, subscriptionID, group, poNumber string) error {
	_, err := q.exec(ctx, "set billing group of "+subscriptionID,
		`UPDATE subscription SET billing_group = $2, po_number = $3 WHERE id = $1`, subscriptionID, group, poNumber)
	return err
}

// sharing is account.Sharing in SQL, as one text; a subscription's own id where it shares none.
const sharing = `CASE WHEN billing_group = '' THEN id
	ELSE jsonb_build_array(customer_id, currency, zone, billing_group, po_number)::text END`

// Sharing is what a subscription shares invoices by.
func (s Subscription) Sharing() account.Sharing {
	return account.Sharing{CustomerID: s.CustomerID, Currency: s.Currency, Zone: s.Zone, BillingGroup: s.BillingGroup, PONumber: s.PONumber}
}

// SharedRenewal names the renewal at an instant of the subscriptions that share an invoice with one; empty, if it shares none.
func (s Subscription) SharedRenewal(at time.Time) string {
	if s.BillingGroup == "" {
		return ""
	}
	return fmt.Sprintf("%s %s", strings.Join([]string{s.CustomerID, string(s.Currency), s.Zone, strconv.Quote(s.BillingGroup), strconv.Quote(s.PONumber)}, " "),
		at.UTC().Format(time.RFC3339))
}

// LockRenewal holds a shared renewal until the transaction ends, and says whether it has been billed.
func (tx Tx) LockRenewal(ctx context.Context, id string) (billed bool, err error) {
	err = tx.db.QueryRow(ctx, `INSERT INTO shared_renewal (id) VALUES ($1) ON CONFLICT (id) DO UPDATE SET id = EXCLUDED.id RETURNING billed`, id).Scan(&billed)
	if err != nil {
		return false, fmt.Errorf("shared renewal %q: %w", id, err)
	}
	return billed, nil
}

// JoinRenewal records that a subscription has come to a shared renewal, and says whether it is to be billed alone. Coming again
// changes no more than the state that it comes with.
func (tx Tx) JoinRenewal(ctx context.Context, id string, state subscription.State) (alone bool, err error) {
	encoded, err := json.Marshal(state)
	if err == nil {
		err = tx.db.QueryRow(ctx, `
			INSERT INTO renewal_member (renewal_id, subscription_id, state) VALUES ($1, $2, $3)
			ON CONFLICT (renewal_id, subscription_id) DO UPDATE SET state = EXCLUDED.state RETURNING alone`, id, state.ID, encoded).Scan(&alone)
	}
	if err != nil {
		return false, fmt.Errorf("subscription %s at shared renewal %q: %w", state.ID, id, err)
	}
	return alone, nil
}

// RenewalMembers lists the states with which subscriptions have come to a shared renewal, by id, without those that are billed
// alone.
func (q Queries) RenewalMembers(ctx context.Context, id string) ([]subscription.State, error) {
	type row struct {
		State []byte `db:"state"`
	}
	rows, err := many[row](ctx, q.db, "members of shared renewal "+id,
		`SELECT state FROM renewal_member WHERE renewal_id = $1 AND NOT alone ORDER BY subscription_id`, id)
	states := make([]subscription.State, len(rows))
	for i, row := range rows {
		if err := json.Unmarshal(row.State, &states[i]); err != nil {
			return nil, fmt.Errorf("shared renewal %q: %w", id, err)
		}
	}
	return states, err
}

// RenewalAwaits says that a subscription that shares an invoice with one is to be renewed at the instant, too, and has not come.
func (q Queries) RenewalAwaits(ctx context.Context, id string, with Subscription, at time.Time) (awaits bool, err error) {
	err = q.db.QueryRow(ctx, `SELECT EXISTS (SELECT FROM subscription s
		 WHERE s.customer_id = $2 AND s.currency = $3 AND s.zone = $4 AND s.billing_group = $5 AND s.po_number = $6
		   AND s.billed_by = 'renewal' AND s.status IN ('active', 'held', 'past_due') AND s.period_end = $7
		   AND NOT EXISTS (SELECT FROM renewal_member m WHERE m.renewal_id = $1 AND m.subscription_id = s.id))`,
		id, with.CustomerID, with.Currency, with.Zone, with.BillingGroup, with.PONumber, at).Scan(&awaits)
	if err != nil {
		return false, fmt.Errorf("who is to come to shared renewal %q: %w", id, err)
	}
	return awaits, nil
}

// SettleRenewal notes that those who came to a shared renewal are billed: whoever comes later is billed alone.
func (tx Tx) SettleRenewal(ctx context.Context, id string) error {
	_, err := tx.exec(ctx, "settle shared renewal "+id, `UPDATE shared_renewal SET billed = TRUE WHERE id = $1`, id)
	return err
}

// LeaveRenewal makes members of a shared renewal be billed alone.
func (tx Tx) LeaveRenewal(ctx context.Context, id string, subscriptionIDs []string) error {
	_, err := tx.exec(ctx, "leave shared renewal "+id,
		`UPDATE renewal_member SET alone = TRUE WHERE renewal_id = $1 AND subscription_id = ANY($2)`, id, subscriptionIDs)
	return err
}

// SetNextAction says when a subscription that waits for others asks again.
func (q Queries) SetNextAction(ctx context.Context, subscriptionID string, at time.Time) error {
	_, err := q.exec(ctx, "set next action of "+subscriptionID, `UPDATE subscription SET next_action_at = $2 WHERE id = $1`, subscriptionID, at)
	return err
}
