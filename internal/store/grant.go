package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/wallet"
)

// Grant is prepaid credit of a customer, with what is left of it.
type Grant struct {
	wallet.Held

	CustomerID string
	// InvoiceID is the invoice that sells it, PaidOutside that it was paid where these books do not see it.
	InvoiceID   string
	PaidOutside bool
	GrantedAt   time.Time
	// Waiting says that it cannot be used before its invoice is paid. Its From is then GrantedAt.
	Waiting bool
	// ValidFor is how long it is good from when it is usable, if that was not known when it was granted.
	ValidFor *calendar.Interval
}

// grantTerms are the terms of a grant that no statement asks for.
type grantTerms struct {
	AppliesTo wallet.Purpose     `json:"applies_to,omitzero"`
	Rollover  *wallet.Rollover   `json:"rollover,omitempty"`
	ValidFor  *calendar.Interval `json:"valid_for,omitempty"`
}

type grantRow struct {
	CustomerID  string          `db:"customer_id"`
	ID          string          `db:"id"`
	Currency    money.Currency  `db:"currency"`
	Basis       wallet.Basis    `db:"basis"`
	Amount      int64           `db:"amount"`
	Cost        int64           `db:"cost"`
	Priority    int             `db:"priority"`
	Terms       json.RawMessage `db:"terms"`
	InvoiceID   *string         `db:"invoice_id"`
	PaidOutside bool            `db:"paid_outside"`
	GrantedAt   time.Time       `db:"granted_at"`
	UsableFrom  *time.Time      `db:"usable_from"`
	ExpiresAt   *time.Time      `db:"expires_at"`
	AmountLeft  int64           `db:"amount_left"`
	CostLeft    int64           `db:"cost_left"`
}

const grantColumns = `customer_id, id, currency, basis, amount, cost, priority, terms, invoice_id, paid_outside, granted_at, usable_from,
	expires_at, amount_left, cost_left`

func (r grantRow) read() (Grant, error) {
	var terms grantTerms
	if err := json.Unmarshal(r.Terms, &terms); err != nil {
		return Grant{}, fmt.Errorf("terms of grant %q: %w", r.ID, err)
	}
	in := func(minor int64) money.Amount { return money.New(minor, r.Currency) }
	g := Grant{
		Held: wallet.Held{
			Grant: wallet.Grant{
				ID: r.ID, Basis: r.Basis, Amount: in(r.Amount), Cost: in(r.Cost), Priority: r.Priority, From: r.GrantedAt.UTC(),
				AppliesTo: terms.AppliesTo, Rollover: terms.Rollover,
			},
			Left: in(r.AmountLeft), CostLeft: in(r.CostLeft),
		},
		CustomerID: r.CustomerID, PaidOutside: r.PaidOutside, GrantedAt: r.GrantedAt.UTC(), Waiting: r.UsableFrom == nil, ValidFor: terms.ValidFor,
	}
	if r.InvoiceID != nil {
		g.InvoiceID = *r.InvoiceID
	}
	if r.UsableFrom != nil {
		g.Grant.From = r.UsableFrom.UTC()
	}
	if r.ExpiresAt != nil {
		g.Grant.ExpiresAt = r.ExpiresAt.UTC()
	}
	return g, nil
}

func readGrants(rows []grantRow, err error) ([]Grant, error) {
	if err != nil {
		return nil, err
	}
	grants := make([]Grant, len(rows))
	for i, row := range rows {
		if grants[i], err = row.read(); err != nil {
			return nil, err
		}
	}
	return grants, nil
}

// AddGrant records a grant with nothing in it: what it holds comes with its first movement.
func (tx Tx) AddGrant(ctx context.Context, g Grant) error {
	terms, err := json.Marshal(grantTerms{AppliesTo: g.Grant.AppliesTo, Rollover: g.Grant.Rollover, ValidFor: g.ValidFor})
	if err != nil {
		return fmt.Errorf("terms of grant %q: %w", g.Grant.ID, err)
	}
	from := &g.Grant.From
	if g.Waiting {
		from = nil
	}
	_, err = tx.exec(ctx, "add grant "+g.Grant.ID, `
		INSERT INTO credit_grant (customer_id, id, currency, basis, amount, cost, priority, terms, invoice_id, paid_outside, granted_at, usable_from, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, NULLIF($9, ''), $10, $11, $12, $13)`,
		g.CustomerID, g.Grant.ID, g.Grant.Amount.Currency, g.Grant.Basis, g.Grant.Amount.Minor, g.Grant.Cost.Minor, g.Grant.Priority, terms,
		g.InvoiceID, g.PaidOutside, g.GrantedAt, from, orNull(g.Grant.ExpiresAt))
	return err
}

// MoveGrant records a movement, which changes what is left of its grant. InvoiceID is the invoice that a Spent one pays. A
// key that is there already is an error, and so is what would overspend the grant.
func (tx Tx) MoveGrant(ctx context.Context, customerID string, m wallet.Movement, invoiceID string) error {
	_, err := tx.exec(ctx, "move prepaid credit "+m.Key, `
		INSERT INTO credit_grant_movement (customer_id, key, grant_id, kind, amount, cost, invoice_id, at)
		VALUES ($1, $2, $3, $4, $5, $6, NULLIF($7, ''), $8)`,
		customerID, m.Key, m.GrantID, m.Kind, m.Amount.Minor, m.Cost.Minor, invoiceID, m.At)
	return err
}

// OpenGrant makes a grant that waited for its payment usable from an instant on.
func (tx Tx) OpenGrant(ctx context.Context, customerID, id string, from, expiresAt time.Time) error {
	_, err := tx.exec(ctx, "open grant "+id, `UPDATE credit_grant SET usable_from = $3, expires_at = $4
		WHERE customer_id = $1 AND id = $2 AND usable_from IS NULL`, customerID, id, from, orNull(expiresAt))
	return err
}

// Grant reads a grant of a customer.
func (q Queries) Grant(ctx context.Context, customerID, id string) (Grant, error) {
	row, err := one[grantRow](ctx, q.db, fmt.Sprintf("grant %q of customer %s", id, customerID),
		`SELECT `+grantColumns+` FROM credit_grant WHERE customer_id = $1 AND id = $2`, customerID, id)
	if err != nil {
		return Grant{}, err
	}
	return row.read()
}

// GrantSold reads the grant that an invoice sells; ErrNotFound when it sells none.
func (q Queries) GrantSold(ctx context.Context, invoiceID string) (Grant, error) {
	row, err := one[grantRow](ctx, q.db, "grant sold by invoice "+invoiceID, `SELECT `+grantColumns+` FROM credit_grant WHERE invoice_id = $1`, invoiceID)
	if err != nil {
		return Grant{}, err
	}
	return row.read()
}

// Grants lists a customer's grants, in one currency or (empty) in all, as they were granted.
func (q Queries) Grants(ctx context.Context, customerID string, currency money.Currency) ([]Grant, error) {
	return readGrants(many[grantRow](ctx, q.db, "grants of customer "+customerID, `SELECT `+grantColumns+` FROM credit_grant
		WHERE customer_id = $1 AND ($2 = '' OR currency = $2) ORDER BY granted_at, id`, customerID, currency))
}

// UsableGrants lists the grants in a currency that may be used and of which something is left, also those that have expired
// and are not broken yet. It is exact while the caller holds the customer's wallet in the currency (LockWallet).
func (tx Tx) UsableGrants(ctx context.Context, customerID string, currency money.Currency) ([]Grant, error) {
	return readGrants(many[grantRow](ctx, tx.db, "prepaid credit of customer "+customerID, `SELECT `+grantColumns+` FROM credit_grant
		WHERE customer_id = $1 AND currency = $2 AND amount_left > 0 AND usable_from IS NOT NULL ORDER BY id`, customerID, currency))
}

// GrantMovement is what changed a grant.
type GrantMovement struct {
	GrantID string      `db:"grant_id"`
	Kind    wallet.Kind `db:"kind"`
	Amount  int64       `db:"amount"`
	Cost    int64       `db:"cost"`
	// InvoiceID and InvoiceNumber are those of the invoice that was paid, if any.
	InvoiceID     string    `db:"invoice_id"`
	InvoiceNumber string    `db:"invoice_number"`
	At            time.Time `db:"at"`
}

const grantMovements = `SELECT m.grant_id, m.kind, m.amount, m.cost, COALESCE(m.invoice_id, '') AS invoice_id, COALESCE(i.number, '') AS invoice_number, m.at
	FROM credit_grant_movement m LEFT JOIN invoice i ON i.id = m.invoice_id `

// GrantMovements lists all that changed a customer's grants in a currency, in the order in which it was recorded.
func (q Queries) GrantMovements(ctx context.Context, customerID string, currency money.Currency) ([]GrantMovement, error) {
	return many[GrantMovement](ctx, q.db, "movements of prepaid credit of customer "+customerID, grantMovements+`
		JOIN credit_grant g ON (g.customer_id, g.id) = (m.customer_id, m.grant_id)
		WHERE m.customer_id = $1 AND g.currency = $2 ORDER BY m.seq`, customerID, currency)
}

// PrepaidOf lists what grants paid of an invoice, in the order in which they were used.
func (q Queries) PrepaidOf(ctx context.Context, invoiceID string) ([]GrantMovement, error) {
	return many[GrantMovement](ctx, q.db, "prepaid credit on invoice "+invoiceID, grantMovements+`WHERE m.invoice_id = $1 ORDER BY m.seq`, invoiceID)
}

// PrepaidPolicy says which of their customers' grants an entity uses first.
func (q Queries) PrepaidPolicy(ctx context.Context, entityID string) (wallet.Policy, error) {
	var policy wallet.Policy
	err := q.db.QueryRow(ctx, `SELECT prepaid_policy FROM legal_entity WHERE id = $1`, entityID).Scan(&policy)
	if err != nil {
		return policy, fmt.Errorf("policy for prepaid credit of %s: %w", entityID, err)
	}
	return policy, nil
}

// SetPrepaidPolicy changes which grants are used first from now on.
func (q Queries) SetPrepaidPolicy(ctx context.Context, entityID string, policy wallet.Policy) error {
	_, err := q.exec(ctx, "set policy for prepaid credit of "+entityID, `UPDATE legal_entity SET prepaid_policy = $2 WHERE id = $1`, entityID, policy)
	return err
}

// family are a customer ($1) and all those below, whose invoices may be in the customer's name.
const family = ` family AS (SELECT id FROM customer WHERE id = $1 UNION SELECT c.id FROM customer c JOIN family f ON c.parent_id = f.id)`

// NotBilledUntil says whether usage of a customer in a currency from before an instant may still come to an invoice: a
// subscription has not been carried over a boundary until then, or a month of its own has not been billed by the monthly run.
// Grants that expire at the instant are not broken before.
// The subscriptions except are left out: they are being billed.
func (q Queries) NotBilledUntil(ctx context.Context, customerID string, currency money.Currency, at time.Time, except ...string) (bool, error) {
	var waits bool
	err := q.db.QueryRow(ctx, `
		WITH RECURSIVE`+family+`
		SELECT EXISTS (SELECT FROM subscription s
		 WHERE s.customer_id IN (SELECT id FROM family) AND s.currency = $2 AND s.id <> ALL($4) AND s.status <> 'scheduled' AND (
			s.next_action_at <= $3
			OR s.billed_by = 'invoice_run' AND s.started_at < date_trunc('month', $3::timestamptz AT TIME ZONE s.zone) AT TIME ZONE s.zone
			   AND (s.ended_at IS NULL OR s.ended_at > (date_trunc('month', $3::timestamptz AT TIME ZONE s.zone) - interval '1 month') AT TIME ZONE s.zone)
			   AND NOT EXISTS (SELECT FROM invoice_run_member m JOIN invoice_run r ON r.id = m.run_id
			                    WHERE m.subscription_id = s.id AND (m.invoice_id IS NOT NULL OR m.skipped_because IS NOT NULL)
			                      AND r.period = to_char(date_trunc('month', $3::timestamptz AT TIME ZONE s.zone) - interval '1 month', 'YYYY-MM'))))`,
		customerID, currency, at, append([]string{}, except...)).Scan(&waits)
	if err != nil {
		return false, fmt.Errorf("what customer %s has not been billed: %w", customerID, err)
	}
	return waits, nil
}

// GrantsWait says whether a customer has bought credit in a currency whose invoice is still being collected.
func (q Queries) GrantsWait(ctx context.Context, customerID string, currency money.Currency) (bool, error) {
	var wait bool
	err := q.db.QueryRow(ctx, `SELECT EXISTS (SELECT FROM credit_grant g JOIN invoice i ON i.id = g.invoice_id
		WHERE g.customer_id = $1 AND g.currency = $2 AND i.status = 'open')`, customerID, currency).Scan(&wait)
	if err != nil {
		return false, fmt.Errorf("credit that customer %s has bought: %w", customerID, err)
	}
	return wait, nil
}

// RunningSubscriptions lists, by id, the subscriptions of a customer, and of those below, in a currency that have begun and not ended.
func (q Queries) RunningSubscriptions(ctx context.Context, customerID string, currency money.Currency) ([]string, error) {
	type row struct {
		ID string `db:"id"`
	}
	rows, err := many[row](ctx, q.db, "subscriptions of customer "+customerID, `WITH RECURSIVE`+family+` SELECT id FROM subscription
		WHERE customer_id IN (SELECT id FROM family) AND currency = $2 AND status NOT IN ('scheduled', 'canceled') ORDER BY id`, customerID, currency)
	ids := make([]string, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	return ids, err
}
