package store

import (
	"context"
	"time"

	"github.com/perennial-billing/perennial/billing/money"
)

// CashMovement is something that happened to the money which a customer sent the provider by bank transfer. Net, in ISO minor
// units, is what no payment has used of it more than before; it may be below zero.
type CashMovement struct {
	// ID is the provider's, and so is Kind, such as funded.
	ID         string `db:"id" json:"id"`
	CustomerID string `db:"customer_id" json:"customer_id"`
	Kind       string `db:"kind" json:"kind"`
	// Intent is the payment intent that it was applied to, or came back from.
	Intent   string         `db:"intent" json:"intent,omitempty"`
	Net      int64          `db:"net" json:"net"`
	Currency money.Currency `db:"currency" json:"currency"`
	At       time.Time      `db:"at" json:"at"`
}

// The kinds of movements within what a customer has sent: from what pays nothing yet to a payment, and back.
const (
	CashApplied   = "applied_to_payment"
	CashUnapplied = "unapplied_from_payment"
)

// AddCashMovement records a movement, once: false when it is recorded already.
func (tx Tx) AddCashMovement(ctx context.Context, m CashMovement) (added bool, err error) {
	rows, err := tx.exec(ctx, "add cash movement "+m.ID, `
		INSERT INTO cash_movement (id, customer_id, kind, intent, net, currency, at) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (id) DO NOTHING`, m.ID, m.CustomerID, m.Kind, m.Intent, m.Net, m.Currency, m.At)
	return rows > 0, err
}

// CashMovements lists those of a customer, newest first.
func (q Queries) CashMovements(ctx context.Context, customerID string) ([]CashMovement, error) {
	return many[CashMovement](ctx, q.db, "cash movements of customer "+customerID, `
		SELECT id, customer_id, kind, intent, net, currency, at FROM cash_movement WHERE customer_id = $1 ORDER BY at DESC, id`, customerID)
}

// Deposit is what a customer has sent in a currency, in minor units, and pays nothing yet.
type Deposit struct {
	CustomerID string         `db:"customer_id" json:"customer_id"`
	EntityID   string         `db:"entity_id" json:"entity_id"`
	Amount     int64          `db:"amount" json:"amount"`
	Currency   money.Currency `db:"currency" json:"currency"`
	// FundedAt is when money of the customer's arrived last.
	FundedAt time.Time `db:"funded_at" json:"funded_at"`
}

// Deposits lists what customers of a legal entity, or a single one (empty: all), have sent and pays nothing yet.
func (q Queries) Deposits(ctx context.Context, entityID, customerID string) ([]Deposit, error) {
	return many[Deposit](ctx, q.db, "deposits", `
		SELECT m.customer_id, c.entity_id, SUM(m.net)::bigint AS amount, m.currency,
		       COALESCE(MAX(m.at) FILTER (WHERE m.kind = 'funded'), MAX(m.at)) AS funded_at
		  FROM cash_movement m JOIN customer c ON c.id = m.customer_id
		 WHERE ($1 = '' OR c.entity_id = $1) AND ($2 = '' OR c.id = $2)
		 GROUP BY m.customer_id, c.entity_id, m.currency HAVING SUM(m.net) <> 0 ORDER BY m.customer_id, m.currency`, entityID, customerID)
}

// AddTransferPayer notes that a customer was told where to send money.
func (q Queries) AddTransferPayer(ctx context.Context, customerID string, at time.Time) error {
	_, err := q.exec(ctx, "add transfer payer "+customerID,
		`INSERT INTO transfer_payer (customer_id, told_at) VALUES ($1, $2) ON CONFLICT DO NOTHING`, customerID, at)
	return err
}

// TransferPayers lists the customers of a legal entity (empty: of all) who may have sent money, and whom the provider knows.
func (q Queries) TransferPayers(ctx context.Context, entityID string) ([]Customer, error) {
	return many[Customer](ctx, q.db, "transfer payers", `SELECT `+customerColumns+` FROM customer
		 WHERE ($1 = '' OR entity_id = $1) AND provider_customer_id IS NOT NULL
		   AND (id IN (SELECT customer_id FROM transfer_payer) OR id IN (SELECT customer_id FROM cash_movement)) ORDER BY id`, entityID)
}
