package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/perennial-billing/perennial/billing/money"
)

// Kinds of movements of plan credit.
const (
	PlanCreditEarned    = "earned"
	PlanCreditUsed      = "used"
	PlanCreditGivenBack = "given_back"
	PlanCreditExpired   = "expired"
)

// PlanCreditEntry is a movement of plan credit: above 0 what is earned or given back, below what is used or expires. Key is
// its business identity.
type PlanCreditEntry struct {
	Key    string    `db:"natural_key" json:"key"`
	Kind   string    `db:"kind" json:"kind"`
	Amount int64     `db:"amount" json:"amount"`
	At     time.Time `db:"at" json:"at"`
	// InvoiceID used it or gave it back; StatementID earned it; Reason says why it expired.
	InvoiceID   *string `db:"invoice_id" json:"invoice,omitempty"`
	StatementID *int64  `db:"statement_id" json:"-"`
	Reason      string  `db:"reason" json:"reason,omitempty"`
}

// PlanCredit is what members of a subscription who were not active have earned, and nothing has used. It is zero for a
// subscription that never had any.
func (q Queries) PlanCredit(ctx context.Context, subscriptionID string, currency money.Currency) (money.Amount, error) {
	row, err := one[struct {
		Balance int64 `db:"balance"`
	}](ctx, q.db, "plan credit of "+subscriptionID, `SELECT balance FROM plan_credit WHERE subscription_id = $1`, subscriptionID)
	if errors.Is(err, ErrNotFound) {
		return money.Zero(currency), nil
	}
	return money.New(row.Balance, currency), err
}

// MovePlanCredit books a movement of plan credit once; nothing is no movement. One that would take it below zero is refused
// by the database.
func (tx Tx) MovePlanCredit(ctx context.Context, subscriptionID string, currency money.Currency, e PlanCreditEntry) error {
	if e.Amount == 0 {
		return nil
	}
	what := "move plan credit of " + subscriptionID
	_, err := tx.exec(ctx, what, `
		INSERT INTO plan_credit (subscription_id, currency, balance) VALUES ($1, $2, 0) ON CONFLICT DO NOTHING`, subscriptionID, currency)
	if err != nil {
		return err
	}
	added, err := tx.exec(ctx, what, `
		INSERT INTO plan_credit_entry (natural_key, subscription_id, kind, amount, invoice_id, statement_id, reason, at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (natural_key) DO NOTHING`,
		e.Key, subscriptionID, e.Kind, e.Amount, e.InvoiceID, e.StatementID, e.Reason, e.At)
	if err != nil {
		return err
	}
	if added == 0 {
		return fmt.Errorf("plan credit of %s: movement %s %w", subscriptionID, e.Key, ErrExists)
	}
	_, err = tx.exec(ctx, what, `UPDATE plan_credit SET balance = balance + $2 WHERE subscription_id = $1`, subscriptionID, e.Amount)
	return err
}

// PlanCreditEntries lists the movements of a subscription's plan credit, oldest first.
func (q Queries) PlanCreditEntries(ctx context.Context, subscriptionID string) ([]PlanCreditEntry, error) {
	return many[PlanCreditEntry](ctx, q.db, "plan credit of "+subscriptionID, `
		SELECT natural_key, kind, amount, at, invoice_id, statement_id, reason FROM plan_credit_entry
		 WHERE subscription_id = $1 ORDER BY at, array_position(ARRAY['earned', 'given_back', 'used', 'expired'], kind), natural_key`, subscriptionID)
}

// PlanCreditFaults says where plan credit is not what its entries come to, or these are not what statements and invoices say.
func (q Queries) PlanCreditFaults(ctx context.Context) ([]LedgerFault, error) {
	return many[LedgerFault](ctx, q.db, "plan credit", `
		SELECT 'plan credit equals its entries' AS rule, c.subscription_id AS subject, c.currency, c.balance AS booked, COALESCE(SUM(e.amount), 0)::bigint AS expected
		  FROM plan_credit c LEFT JOIN plan_credit_entry e USING (subscription_id)
		 GROUP BY c.subscription_id HAVING c.balance <> COALESCE(SUM(e.amount), 0)
		UNION ALL
		SELECT 'plan credit earned equals its statement', s.subscription_id || ' ' || s.invoice_key, s.currency, COALESCE(e.amount, 0)::bigint, s.credits
		  FROM seat_statement s LEFT JOIN plan_credit_entry e ON e.statement_id = s.id WHERE s.credits <> COALESCE(e.amount, 0)
		UNION ALL
		SELECT 'statement equals its entries', s.subscription_id || ' ' || s.invoice_key, s.currency, s.charges - s.credits, COALESCE(SUM(e.amount), 0)::bigint
		  FROM seat_statement s LEFT JOIN seat_entry e ON e.statement_id = s.id AND e.kind IN ('charged', 'credited')
		 GROUP BY s.id HAVING s.charges - s.credits <> COALESCE(SUM(e.amount), 0)
		UNION ALL
		SELECT 'plan credit used equals its invoice', i.id, i.currency, COALESCE(e.used, 0)::bigint, COALESCE(l.used, 0)::bigint
		  FROM (SELECT invoice_id, -SUM(amount) AS used FROM plan_credit_entry WHERE invoice_id IS NOT NULL GROUP BY 1) e
		  FULL JOIN (SELECT l.invoice_id, SUM((d->'amount'->>'minor')::bigint) AS used
		               FROM invoice_line l JOIN fair_billing f ON f.subscription_id = l.subscription_id
		              CROSS JOIN LATERAL jsonb_array_elements(l.explanation->'discounts') d
		              WHERE d->>'discount' = 'plan-credit' GROUP BY 1) l USING (invoice_id)
		  JOIN invoice i ON i.id = invoice_id WHERE COALESCE(e.used, 0) <> COALESCE(l.used, 0)`)
}
