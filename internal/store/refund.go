package store

import (
	"context"
	"fmt"
	"time"

	"github.com/perennial-billing/perennial/billing/money"
)

// Refund is money that goes back through the payment it came from. Amounts are ISO minor units.
type Refund struct {
	ID        string         `db:"id" json:"id"`
	PaymentID string         `db:"payment_id" json:"payment_id"`
	Status    string         `db:"status" json:"status"`
	Amount    int64          `db:"amount" json:"amount"`
	Currency  money.Currency `db:"currency" json:"currency"`
	// Goodwill refunds pay out no credit: they make our revenue smaller, and leave the tax as it is.
	Goodwill       bool       `db:"goodwill" json:"goodwill"`
	Reason         string     `db:"reason" json:"reason,omitempty"`
	IdempotencyKey string     `db:"idempotency_key" json:"-"`
	ProviderRefund *string    `db:"provider_refund" json:"provider_refund,omitempty"`
	Failure        string     `db:"failure" json:"failure,omitempty"`
	AskedAt        time.Time  `db:"asked_at" json:"asked_at"`
	SettledAt      *time.Time `db:"settled_at" json:"settled_at,omitempty"`
}

// The states of a refund. One that succeeded can still fail: the bank sends the money back.
const (
	RefundPending   = "pending"
	RefundSucceeded = "succeeded"
	RefundFailed    = "failed"
)

const refundColumns = `id, payment_id, status, amount, currency, goodwill, reason, idempotency_key, provider_refund, failure, asked_at, settled_at`

// Refund reads a refund.
func (q Queries) Refund(ctx context.Context, id string) (Refund, error) {
	return one[Refund](ctx, q.db, fmt.Sprintf("refund %q", id), `SELECT `+refundColumns+` FROM refund WHERE id = $1`, id)
}

// LockRefund reads a refund and holds it until the transaction ends.
func (tx Tx) LockRefund(ctx context.Context, id string) (Refund, error) {
	return one[Refund](ctx, tx.db, fmt.Sprintf("refund %q", id), `SELECT `+refundColumns+` FROM refund WHERE id = $1 FOR UPDATE`, id)
}

// RefundByProviderID finds a refund by the provider's id.
func (q Queries) RefundByProviderID(ctx context.Context, id string) (Refund, error) {
	return one[Refund](ctx, q.db, fmt.Sprintf("refund %q", id), `SELECT `+refundColumns+` FROM refund WHERE provider_refund = $1`, id)
}

// Refunds lists the refunds of a payment, first to last.
func (q Queries) Refunds(ctx context.Context, paymentID string) ([]Refund, error) {
	return many[Refund](ctx, q.db, "refunds of payment "+paymentID,
		`SELECT `+refundColumns+` FROM refund WHERE payment_id = $1 ORDER BY asked_at, id`, paymentID)
}

// AllRefunds lists every refund, for the proof.
func (q Queries) AllRefunds(ctx context.Context) ([]Refund, error) {
	return many[Refund](ctx, q.db, "refunds", `SELECT `+refundColumns+` FROM refund ORDER BY id`)
}

// LockPayment reads a payment and holds it until the transaction ends: refunds of one payment wait for each other.
func (tx Tx) LockPayment(ctx context.Context, id string) (Payment, error) {
	return one[Payment](ctx, tx.db, fmt.Sprintf("payment %q", id), `SELECT `+paymentColumns+` FROM payment WHERE id = $1 FOR UPDATE`, id)
}

// AddRefund writes a refund down before the provider is asked. More than the payment has left is an error (constraint
// refund_within_payment).
func (tx Tx) AddRefund(ctx context.Context, r Refund) error {
	_, err := tx.exec(ctx, "add refund "+r.ID, `
		INSERT INTO refund (id, payment_id, status, amount, currency, goodwill, reason, idempotency_key, provider_refund, asked_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		r.ID, r.PaymentID, r.Status, r.Amount, r.Currency, r.Goodwill, r.Reason, r.IdempotencyKey, r.ProviderRefund, r.AskedAt)
	return err
}

// SettleRefund records what the provider says of a refund.
func (tx Tx) SettleRefund(ctx context.Context, r Refund) error {
	_, err := tx.exec(ctx, "settle refund "+r.ID, `
		UPDATE refund SET status = $2, provider_refund = $3, failure = $4, settled_at = $5 WHERE id = $1`,
		r.ID, r.Status, r.ProviderRefund, r.Failure, r.SettledAt)
	return err
}

// ReplaceRefundKey gives a refund another idempotency key, after the provider said that the old one did nothing.
func (q Queries) ReplaceRefundKey(ctx context.Context, id, key string) error {
	_, err := q.exec(ctx, "replace key of refund "+id, `UPDATE refund SET idempotency_key = $2 WHERE id = $1`, id, key)
	return err
}

// PaymentFilter narrows a list of payments; empty fields do not.
type PaymentFilter struct {
	EntityID, CustomerID, InvoiceID, Status string
	// After continues after a payment's id.
	After string
	Limit int
}

// ListedPayment is a payment with who makes it and how much of it went back.
type ListedPayment struct {
	Payment

	EntityID   string `db:"entity_id" json:"entity_id"`
	CustomerID string `db:"customer_id" json:"customer_id"`
	// Refunded is what went back or is on its way, in minor units.
	Refunded int64 `db:"refunded" json:"refunded"`
}

const listedPayments = `, i.entity_id, i.payer_id AS customer_id,
		COALESCE((SELECT SUM(r.amount) FROM refund r WHERE r.payment_id = p.id AND r.status <> 'failed'), 0)::bigint AS refunded
	  FROM payment p JOIN invoice i ON i.id = p.invoice_id`

// ListedPayments lists payments by when they were asked for.
func (q Queries) ListedPayments(ctx context.Context, f PaymentFilter) ([]ListedPayment, error) {
	return many[ListedPayment](ctx, q.db, "payments", `SELECT `+prefixed("p", paymentColumns)+listedPayments+`
		 WHERE ($1 = '' OR i.entity_id = $1) AND ($2 = '' OR i.payer_id = $2) AND ($3 = '' OR p.invoice_id = $3) AND ($4 = '' OR p.status = $4)
		   AND ($5 = '' OR (p.asked_at, p.id) > (SELECT asked_at, id FROM payment WHERE id = $5))
		 ORDER BY p.asked_at, p.id LIMIT $6`, f.EntityID, f.CustomerID, f.InvoiceID, f.Status, f.After, f.Limit)
}

// ListedPayment reads one payment as in the list.
func (q Queries) ListedPayment(ctx context.Context, id string) (ListedPayment, error) {
	return one[ListedPayment](ctx, q.db, fmt.Sprintf("payment %q", id),
		`SELECT `+prefixed("p", paymentColumns)+listedPayments+` WHERE p.id = $1`, id)
}

// ChargesBetween lists the payments asked for in [from, to) that succeeded by a charge of the provider's, of a legal
// entity or (empty) of all.
func (q Queries) ChargesBetween(ctx context.Context, entityID string, from, to time.Time) ([]Payment, error) {
	return many[Payment](ctx, q.db, "charges", `
		SELECT `+prefixed("p", paymentColumns)+` FROM payment p JOIN invoice i ON i.id = p.invoice_id
		 WHERE p.provider_charge IS NOT NULL AND p.status = 'succeeded' AND p.asked_at >= $2 AND p.asked_at < $3 AND ($1 = '' OR i.entity_id = $1)
		 ORDER BY p.id`, entityID, from, to)
}

// RefundsBetween lists the refunds asked for in [from, to), and all that are pending.
func (q Queries) RefundsBetween(ctx context.Context, entityID string, from, to time.Time) ([]Refund, error) {
	return many[Refund](ctx, q.db, "refunds", `
		SELECT `+prefixed("r", refundColumns)+` FROM refund r JOIN payment p ON p.id = r.payment_id JOIN invoice i ON i.id = p.invoice_id
		 WHERE (r.status = 'pending' OR r.asked_at >= $2 AND r.asked_at < $3) AND ($1 = '' OR i.entity_id = $1) ORDER BY r.id`, entityID, from, to)
}
