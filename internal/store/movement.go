package store

import (
	"context"
	"fmt"
	"time"

	"github.com/perennial-billing/perennial/billing/ledger"
	"github.com/perennial-billing/perennial/billing/money"
)

// Movement is something on the provider's balance that is no payment, refund, dispute or payout of ours in its own
// currency: a fee, money that nothing explains, or the settlement of a payment in another currency. Amounts are ISO minor
// units.
type Movement struct {
	// ID is the provider's of the balance transaction, Source of what brought it about.
	ID       string `db:"id" json:"id"`
	EntityID string `db:"entity_id" json:"entity_id"`
	// Account is what it was booked against.
	Account  ledger.Account `db:"account" json:"account"`
	Category string         `db:"category" json:"category"`
	Source   string         `db:"source" json:"source,omitempty"`
	Net      int64          `db:"net" json:"net"`
	// Fee is what the provider kept of an exchange.
	Fee        int64          `db:"fee" json:"fee"`
	FeeAccount ledger.Account `db:"fee_account" json:"-"`
	Currency   money.Currency `db:"currency" json:"currency"`
	// Paid is what an exchange was in the customer's currency.
	Paid         int64          `db:"paid" json:"paid,omitempty"`
	PaidCurrency money.Currency `db:"paid_currency" json:"paid_currency,omitempty"`
	At           time.Time      `db:"at" json:"at"`
	// ExplainedAs is the account that a person moved it to out of Suspense.
	ExplainedAs  *ledger.Account `db:"explained_as" json:"explained_as,omitempty"`
	ExplainedBy  string          `db:"explained_by" json:"explained_by,omitempty"`
	ExplainedWhy string          `db:"explained_why" json:"explained_why,omitempty"`
	ExplainedAt  *time.Time      `db:"explained_at" json:"explained_at,omitempty"`
}

const movementColumns = `id, entity_id, account, category, source, net, fee, fee_account, currency, paid, paid_currency, at,
	explained_as, explained_by, explained_why, explained_at`

// Movement reads a movement.
func (q Queries) Movement(ctx context.Context, id string) (Movement, error) {
	return one[Movement](ctx, q.db, fmt.Sprintf("balance transaction %q", id), `SELECT `+movementColumns+` FROM provider_movement WHERE id = $1`, id)
}

// LockMovement reads a movement and holds it until the transaction ends.
func (tx Tx) LockMovement(ctx context.Context, id string) (Movement, error) {
	return one[Movement](ctx, tx.db, fmt.Sprintf("balance transaction %q", id), `SELECT `+movementColumns+` FROM provider_movement WHERE id = $1 FOR UPDATE`, id)
}

// AddMovement records a movement, once: false when it is recorded already.
func (tx Tx) AddMovement(ctx context.Context, m Movement) (added bool, err error) {
	rows, err := tx.exec(ctx, "add balance transaction "+m.ID, `
		INSERT INTO provider_movement (id, entity_id, account, category, source, net, fee, fee_account, currency, paid, paid_currency, at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (id) DO NOTHING`,
		m.ID, m.EntityID, m.Account, m.Category, m.Source, m.Net, m.Fee, m.FeeAccount, m.Currency, m.Paid, m.PaidCurrency, m.At)
	return rows > 0, err
}

// ExplainMovement records what a person says a movement in Suspense is.
func (tx Tx) ExplainMovement(ctx context.Context, m Movement) error {
	_, err := tx.exec(ctx, "explain balance transaction "+m.ID, `
		UPDATE provider_movement SET explained_as = $2, explained_by = $3, explained_why = $4, explained_at = $5 WHERE id = $1`,
		m.ID, m.ExplainedAs, m.ExplainedBy, m.ExplainedWhy, m.ExplainedAt)
	return err
}

// Suspense lists the movements that nobody has explained, of a legal entity or (empty) of all.
func (q Queries) Suspense(ctx context.Context, entityID string) ([]Movement, error) {
	return many[Movement](ctx, q.db, "unexplained movements", `
		SELECT `+movementColumns+` FROM provider_movement
		 WHERE account = 'Suspense' AND explained_as IS NULL AND ($1 = '' OR entity_id = $1) ORDER BY at, id`, entityID)
}

// CorrectFee records the fee of a payment that the provider told late.
func (tx Tx) CorrectFee(ctx context.Context, paymentID string, fee int64) error {
	_, err := tx.exec(ctx, "correct fee of payment "+paymentID, `UPDATE payment SET provider_fee = $2 WHERE id = $1`, paymentID, fee)
	return err
}

// CashByCurrency is what our ledger says the provider holds for us, less the refunds that it has taken off its balance and
// that are not paid yet by our books.
func (q Queries) CashByCurrency(ctx context.Context) ([]money.Amount, error) {
	type row struct {
		Currency money.Currency `db:"currency"`
		Minor    int64          `db:"minor"`
	}
	rows, err := many[row](ctx, q.db, "cash", `
		SELECT currency, SUM(amount)::bigint AS minor FROM (
		    SELECT currency, amount FROM ledger_posting WHERE account = 'Cash'
		    UNION ALL SELECT currency, -amount FROM refund WHERE status = 'pending' AND provider_refund IS NOT NULL
		  ) held GROUP BY currency ORDER BY currency`)
	amounts := make([]money.Amount, len(rows))
	for i, r := range rows {
		amounts[i] = money.New(r.Minor, r.Currency)
	}
	return amounts, err
}
