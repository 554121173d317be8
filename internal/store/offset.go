package store

import (
	"context"
	"fmt"
	"time"

	"github.com/perennial-billing/perennial/billing/money"
)

// LockUnpaid lists the invoices for a subscription, and perhaps for others, that are open or written off, oldest first, and holds them until the
// transaction ends. One whose payment is under way is left out: the money may arrive.
func (tx Tx) LockUnpaid(ctx context.Context, subscriptionID string) ([]Invoice, error) {
	return many[Invoice](ctx, tx.db, "unpaid invoices of "+subscriptionID, `SELECT `+prefixed("i", invoiceColumns)+` FROM invoice i
		 WHERE EXISTS (SELECT FROM invoice_part s WHERE s.invoice_id = i.id AND s.subscription_id = $1) AND i.status IN ('open', 'uncollectible')
		   AND NOT EXISTS (SELECT FROM payment p WHERE p.invoice_id = i.id AND p.status <> 'failed')
		 ORDER BY i.issued_at, i.id FOR UPDATE OF i`, subscriptionID)
}

// OffsetInvoice pays an amount of an invoice from a credit. One that is paid in full by it is paid.
func (tx Tx) OffsetInvoice(ctx context.Context, creditID, invoiceID string, amount money.Amount, at time.Time) error {
	_, err := tx.exec(ctx, "offset invoice "+invoiceID, `
		INSERT INTO invoice_offset (credit_id, invoice_id, amount, at) VALUES ($1, $2, $3, $4)`, creditID, invoiceID, amount.Minor, at)
	if err != nil {
		return err
	}
	_, err = tx.exec(ctx, "credit invoice "+invoiceID, `
		UPDATE invoice SET amount_credited = amount_credited + $2,
		       status = CASE WHEN amount_paid + amount_credited + $2 = amount_due THEN 'paid' ELSE status END,
		       paid_at = CASE WHEN amount_paid + amount_credited + $2 = amount_due THEN $3::timestamptz END
		 WHERE id = $1`, invoiceID, amount.Minor, at)
	return err
}

// InvoiceOffset is credit that paid a part of an invoice, in minor units of the invoices' currency.
type InvoiceOffset struct {
	CreditID      string    `db:"credit_id"`
	CreditNumber  string    `db:"credit_number"`
	InvoiceID     string    `db:"invoice_id"`
	InvoiceNumber string    `db:"invoice_number"`
	Amount        int64     `db:"amount"`
	At            time.Time `db:"at"`
}

// InvoiceOffsets lists what an invoice was paid by from credits and, if it is a credit itself, what it paid.
func (q Queries) InvoiceOffsets(ctx context.Context, id string) ([]InvoiceOffset, error) {
	return many[InvoiceOffset](ctx, q.db, fmt.Sprintf("offsets of invoice %q", id), `
		SELECT o.credit_id, c.number AS credit_number, o.invoice_id, i.number AS invoice_number, o.amount, o.at
		  FROM invoice_offset o JOIN invoice c ON c.id = o.credit_id JOIN invoice i ON i.id = o.invoice_id
		 WHERE o.credit_id = $1 OR o.invoice_id = $1 ORDER BY o.at, i.issued_at, i.id`, id)
}

// Carried is what a customer's invoices in a currency carried to the next one and none has taken up. It is exact while
// the caller holds the customer's wallet in the currency (LockWallet).
func (tx Tx) Carried(ctx context.Context, customerID string, currency money.Currency) (money.Amount, error) {
	var minor int64
	err := tx.db.QueryRow(ctx, `SELECT COALESCE(SUM(carried_out - carried_in), 0)::bigint FROM invoice
		WHERE customer_id = $1 AND currency = $2 AND carried_in + carried_out > 0`, customerID, currency).Scan(&minor)
	if err != nil {
		return money.Amount{}, fmt.Errorf("amount carried by customer %s: %w", customerID, err)
	}
	return money.New(minor, currency), nil
}
