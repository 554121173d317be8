package store

import (
	"context"
	"fmt"
	"time"

	"github.com/perennial-billing/perennial/billing/money"
)

// Payment is an attempt to collect an invoice.
type Payment struct {
	ID             string         `db:"id" json:"id"`
	InvoiceID      string         `db:"invoice_id" json:"invoice_id"`
	Attempt        int            `db:"attempt" json:"attempt"`
	Status         string         `db:"status" json:"status"`
	Amount         int64          `db:"amount" json:"amount"`
	Currency       money.Currency `db:"currency" json:"currency"`
	IdempotencyKey string         `db:"idempotency_key" json:"-"`
	MethodID       *string        `db:"method_id" json:"method_id,omitempty"`
	ProviderCharge *string        `db:"provider_charge" json:"provider_charge,omitempty"`
	ProviderFee    int64          `db:"provider_fee" json:"provider_fee"`
	DeclineCode    string         `db:"decline_code" json:"decline_code,omitempty"`
	// Pages is where our pages are, for an attempt that the customer makes on one of them; empty: without the customer.
	Pages string `db:"pages" json:"-"`
	// Transfer says that it is made, or waits to be made, by bank transfer.
	Transfer  bool       `db:"transfer" json:"transfer,omitempty"`
	AskedAt   time.Time  `db:"asked_at" json:"asked_at"`
	SettledAt *time.Time `db:"settled_at" json:"settled_at,omitempty"`
}

// The states of a payment.
const (
	PaymentPending        = "pending"
	PaymentProcessing     = "processing"
	PaymentRequiresAction = "requires_action"
	PaymentSucceeded      = "succeeded"
	PaymentFailed         = "failed"
)

const paymentColumns = `id, invoice_id, attempt, status, amount, currency, idempotency_key, method_id, provider_charge, provider_fee,
	decline_code, pages, transfer, asked_at, settled_at`

// Payments lists the attempts to collect an invoice, first to last.
func (q Queries) Payments(ctx context.Context, invoiceID string) ([]Payment, error) {
	return many[Payment](ctx, q.db, "payments of invoice "+invoiceID,
		`SELECT `+paymentColumns+` FROM payment WHERE invoice_id = $1 ORDER BY attempt`, invoiceID)
}

// OtherTries lists when a method was tried for other invoices than the given one, after an instant.
func (q Queries) OtherTries(ctx context.Context, methodID, invoiceID string, after time.Time) ([]time.Time, error) {
	type row struct {
		At time.Time `db:"asked_at"`
	}
	rows, err := many[row](ctx, q.db, "tries of payment method "+methodID, `
		SELECT asked_at FROM payment WHERE method_id = $1 AND invoice_id <> $2 AND asked_at > $3 ORDER BY asked_at`, methodID, invoiceID, after)
	tries := make([]time.Time, len(rows))
	for i, r := range rows {
		tries[i] = r.At
	}
	return tries, err
}

// Payment reads an attempt.
func (q Queries) Payment(ctx context.Context, id string) (Payment, error) {
	return one[Payment](ctx, q.db, fmt.Sprintf("payment %q", id), `SELECT `+paymentColumns+` FROM payment WHERE id = $1`, id)
}

// AddPayment writes an attempt down before the provider is asked. A second live attempt for an invoice is an error
// (constraint payment_one_live_per_invoice).
func (tx Tx) AddPayment(ctx context.Context, p Payment) error {
	_, err := tx.exec(ctx, fmt.Sprintf("add payment attempt %d of invoice %s", p.Attempt, p.InvoiceID), `
		INSERT INTO payment (id, invoice_id, attempt, status, amount, currency, idempotency_key, method_id, pages, transfer, asked_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		p.ID, p.InvoiceID, p.Attempt, p.Status, p.Amount, p.Currency, p.IdempotencyKey, p.MethodID, p.Pages, p.Transfer, p.AskedAt)
	return err
}

// SettlePayment records the outcome of an attempt.
func (tx Tx) SettlePayment(ctx context.Context, p Payment) error {
	_, err := tx.exec(ctx, "settle payment "+p.ID, `
		UPDATE payment SET status = $2, provider_charge = $3, provider_fee = $4, decline_code = $5, settled_at = $6, transfer = $7
		 WHERE id = $1`,
		p.ID, p.Status, p.ProviderCharge, p.ProviderFee, p.DeclineCode, p.SettledAt, p.Transfer)
	return err
}

// ReplacePaymentKey gives an attempt another idempotency key, after the provider said that the old one did nothing.
func (q Queries) ReplacePaymentKey(ctx context.Context, id, key string) error {
	_, err := q.exec(ctx, "replace key of payment "+id, `UPDATE payment SET idempotency_key = $2 WHERE id = $1`, id, key)
	return err
}

// Dunning is an unpaid invoice being collected.
type Dunning struct {
	InvoiceID    string     `db:"invoice_id" json:"invoice_id"`
	CustomerID   string     `db:"customer_id" json:"customer_id"`
	Status       string     `db:"status" json:"status"`
	Attempts     int        `db:"attempts" json:"attempts"`
	Reason       string     `db:"reason" json:"reason"`
	NextActionAt *time.Time `db:"next_action_at" json:"next_action_at,omitempty"`
	StartedAt    time.Time  `db:"started_at" json:"started_at"`
	EndedAt      *time.Time `db:"ended_at" json:"ended_at,omitempty"`
}

// SaveDunning records where collecting an invoice stands.
func (tx Tx) SaveDunning(ctx context.Context, d Dunning) error {
	_, err := tx.exec(ctx, "save dunning of "+d.InvoiceID, `
		INSERT INTO dunning (invoice_id, customer_id, status, attempts, reason, next_action_at, started_at, ended_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (invoice_id) DO UPDATE SET status = EXCLUDED.status, attempts = EXCLUDED.attempts, reason = EXCLUDED.reason,
			next_action_at = EXCLUDED.next_action_at, ended_at = EXCLUDED.ended_at`,
		d.InvoiceID, d.CustomerID, d.Status, d.Attempts, d.Reason, d.NextActionAt, d.StartedAt, d.EndedAt)
	return err
}

// Dunning reads where collecting an invoice stands.
func (q Queries) Dunning(ctx context.Context, invoiceID string) (Dunning, error) {
	return one[Dunning](ctx, q.db, fmt.Sprintf("dunning of invoice %q", invoiceID), `
		SELECT invoice_id, customer_id, status, attempts, reason, next_action_at, started_at, ended_at FROM dunning WHERE invoice_id = $1`, invoiceID)
}

// OpenDunning lists the invoices of a customer that are being collected.
func (q Queries) OpenDunning(ctx context.Context, customerID string) ([]Dunning, error) {
	return many[Dunning](ctx, q.db, "dunning of customer "+customerID, `
		SELECT invoice_id, customer_id, status, attempts, reason, next_action_at, started_at, ended_at
		  FROM dunning WHERE customer_id = $1 AND ended_at IS NULL ORDER BY invoice_id`, customerID)
}
