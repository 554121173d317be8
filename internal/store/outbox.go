package store

import (
	"context"
	"encoding/json"
	"time"
)

// Mail is a message waiting in the outbox.
type Mail struct {
	ID         int64     `db:"id" json:"id"`
	MessageKey string    `db:"message_key" json:"message_key"`
	Template   string    `db:"template" json:"template"`
	CustomerID string    `db:"customer_id" json:"customer_id"`
	InvoiceID  *string   `db:"invoice_id" json:"invoice_id,omitempty"`
	AsOf       time.Time `db:"as_of" json:"as_of"`
	Tries      int       `db:"tries" json:"tries"`
}

// QueueMail queues a message about an invoice in the transaction that makes it necessary. Its key makes it unique.
func (tx Tx) QueueMail(ctx context.Context, template, customerID, invoiceID string, asOf time.Time) error {
	_, err := tx.exec(ctx, "queue mail "+template, `
		INSERT INTO outbox (message_key, template, customer_id, invoice_id, as_of)
		VALUES ('mail:' || $3 || ':' || $1, $1, $2, $3, $4) ON CONFLICT (message_key) DO NOTHING`, template, customerID, invoiceID, asOf)
	return err
}

// ClaimMail takes messages to send, oldest first. Whoever claims them reports on each with FinishMail.
func (q Queries) ClaimMail(ctx context.Context, limit int) ([]Mail, error) {
	return many[Mail](ctx, q.db, "outbox", `
		UPDATE outbox SET status = 'sending', claimed_at = now(), tries = tries + 1
		 WHERE id IN (SELECT id FROM outbox WHERE status = 'pending' AND not_before <= now() ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED)
		RETURNING id, message_key, template, customer_id, invoice_id, as_of, tries`, limit)
}

// AbandonedMail marks as uncertain what was claimed longer ago than any sender lives without reporting: whether
// it left cannot be known, and the provider would not notice a second copy. It returns how many there were.
func (q Queries) AbandonedMail(ctx context.Context, after time.Duration) (int64, error) {
	return q.exec(ctx, "abandoned mail", `
		UPDATE outbox SET status = 'uncertain', error = 'the sender stopped before it knew'
		 WHERE status = 'sending' AND claimed_at < now() - $1::interval`, after)
}

// FinishMail records what became of a claimed message: sent, refused or uncertain.
func (q Queries) FinishMail(ctx context.Context, id int64, status, providerID, problem string) error {
	_, err := q.exec(ctx, "finish mail", `UPDATE outbox SET status = $2, provider_id = $3, error = $4 WHERE id = $1`, id, status, providerID, problem)
	return err
}

// DelayMail puts a claimed message back that has certainly not been sent.
func (q Queries) DelayMail(ctx context.Context, id int64, wait time.Duration, problem string) error {
	_, err := q.exec(ctx, "delay mail", `UPDATE outbox SET status = 'pending', not_before = now() + $2::interval, error = $3 WHERE id = $1`, id, wait, problem)
	return err
}

// InboundEvent is a webhook as it was received.
type InboundEvent struct {
	ID       string          `db:"id"`
	Provider string          `db:"provider"`
	Type     string          `db:"type"`
	Payload  json.RawMessage `db:"payload"`
}

// AddInboundEvent stores a webhook; false when it had been received before.
func (q Queries) AddInboundEvent(ctx context.Context, e InboundEvent) (fresh bool, err error) {
	added, err := q.exec(ctx, "store event "+e.ID, `
		INSERT INTO inbound_event (id, provider, type, payload) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO NOTHING`,
		e.ID, e.Provider, e.Type, e.Payload)
	return added > 0, err
}

// WaitingEvents lists stored webhooks that have not been processed, oldest first.
func (q Queries) WaitingEvents(ctx context.Context, limit int) ([]InboundEvent, error) {
	return many[InboundEvent](ctx, q.db, "inbound events", `
		SELECT id, provider, type, payload FROM inbound_event WHERE processed_at IS NULL ORDER BY received_at, id LIMIT $1`, limit)
}

// FinishEvent notes that a webhook was processed, or why it could not be.
func (q Queries) FinishEvent(ctx context.Context, id, problem string) error {
	_, err := q.exec(ctx, "finish event "+id, `
		UPDATE inbound_event SET processed_at = CASE WHEN $2 = '' THEN now() END, error = $2 WHERE id = $1`, id, problem)
	return err
}
