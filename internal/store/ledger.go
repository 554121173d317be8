package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/perennial-billing/perennial/billing/ledger"
	"github.com/perennial-billing/perennial/billing/money"
)

// Post writes a ledger transaction. It must be in the database transaction that writes the fact it records.
// A transaction without postings (nothing moved) is not written.
func (tx Tx) Post(ctx context.Context, t ledger.Transaction) error {
	if len(t.Postings) == 0 {
		return nil
	}
	if err := t.Validate(); err != nil {
		return err
	}
	var id int64
	err := tx.db.QueryRow(ctx, `INSERT INTO ledger_transaction (natural_key, entity_id, kind, reference, at)
		VALUES ($1, $2, $3, $4, $5) RETURNING id`, t.Key, t.EntityID, t.Kind, t.Reference, t.At).Scan(&id)
	if err != nil {
		return fmt.Errorf("post %s: %w", t.Key, err)
	}
	batch := &pgx.Batch{}
	for i, p := range t.Postings {
		batch.Queue(`INSERT INTO ledger_posting (transaction_id, seq, account, currency, amount) VALUES ($1, $2, $3, $4, $5)`,
			id, i+1, p.Account, p.Amount.Currency, p.Amount.Minor)
	}
	if err := tx.db.SendBatch(ctx, batch).Close(); err != nil {
		return fmt.Errorf("post %s: %w", t.Key, err)
	}
	return nil
}

// LockWallet returns a customer's credit in a currency and holds it until the transaction ends.
func (tx Tx) LockWallet(ctx context.Context, customerID string, currency money.Currency) (money.Amount, error) {
	var balance int64
	err := tx.db.QueryRow(ctx, `
		INSERT INTO wallet (customer_id, currency, balance) VALUES ($1, $2, 0)
		ON CONFLICT (customer_id, currency) DO UPDATE SET balance = wallet.balance RETURNING balance`, customerID, currency).Scan(&balance)
	if err != nil {
		return money.Amount{}, fmt.Errorf("credit of customer %s: %w", customerID, err)
	}
	return money.New(balance, currency), nil
}

// MoveWallet adds to (or, negative, takes from) a customer's credit. The key makes the movement unique.
func (tx Tx) MoveWallet(ctx context.Context, key, customerID string, amount money.Amount, at time.Time) error {
	if amount.IsZero() {
		return nil
	}
	_, err := tx.exec(ctx, "move credit "+key, `
		INSERT INTO wallet_movement (natural_key, customer_id, currency, amount, at) VALUES ($1, $2, $3, $4, $5)`,
		key, customerID, amount.Currency, amount.Minor, at)
	if err != nil {
		return err
	}
	_, err = tx.exec(ctx, "change credit of "+customerID,
		`UPDATE wallet SET balance = balance + $3 WHERE customer_id = $1 AND currency = $2`, customerID, amount.Currency, amount.Minor)
	return err
}

// prefixed puts a table's alias before each column of a list.
func prefixed(alias, columns string) string {
	list := strings.Split(columns, ",")
	for i, column := range list {
		list[i] = alias + "." + strings.TrimSpace(column)
	}
	return strings.Join(list, ", ")
}
