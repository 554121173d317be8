package store

import (
	"context"
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

// QueuedMail is a message of the outbox with what became of it.
type QueuedMail struct {
	Mail

	// Status is pending, sending, sent, refused, uncertain or suppressed; Delivery is what the provider said later.
	Status     string     `db:"status" json:"status"`
	Delivery   string     `db:"delivery" json:"delivery,omitempty"`
	DeliveryAt *time.Time `db:"delivery_at" json:"delivery_at,omitempty"`
	ProviderID string     `db:"provider_id" json:"provider_id,omitempty"`
	Error      string     `db:"error" json:"error,omitempty"`
}

const mailColumns = `id, message_key, template, customer_id, invoice_id, as_of, tries, status, delivery, delivery_at, provider_id, error`

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

// FinishMail records what became of a claimed message: sent, refused, suppressed or uncertain. One that the provider has
// reported on meanwhile is not uncertain.
func (q Queries) FinishMail(ctx context.Context, id int64, status, providerID, problem string) error {
	_, err := q.exec(ctx, "finish mail", `
		UPDATE outbox SET status = $2, provider_id = $3, error = $4 WHERE id = $1 AND NOT ($2 = 'uncertain' AND delivery <> '')`,
		id, status, providerID, problem)
	return err
}

// DelayMail puts a claimed message back that has certainly not been sent.
func (q Queries) DelayMail(ctx context.Context, id int64, wait time.Duration, problem string) error {
	_, err := q.exec(ctx, "delay mail", `UPDATE outbox SET status = 'pending', not_before = now() + $2::interval, error = $3 WHERE id = $1`, id, wait, problem)
	return err
}

// MailByKey reads a message.
func (q Queries) MailByKey(ctx context.Context, key string) (QueuedMail, error) {
	return one[QueuedMail](ctx, q.db, "message "+key, `SELECT `+mailColumns+` FROM outbox WHERE message_key = $1`, key)
}

// MailFilter selects messages; empty fields select all. Before continues behind a message of an earlier page.
type MailFilter struct {
	Status, CustomerID string
	Before             int64
	Limit              int
}

// Mails lists messages, newest first.
func (q Queries) Mails(ctx context.Context, f MailFilter) ([]QueuedMail, error) {
	return many[QueuedMail](ctx, q.db, "outbox", `SELECT `+mailColumns+` FROM outbox
		 WHERE ($1 = '' OR status = $1) AND ($2 = '' OR customer_id = $2) AND ($3 = 0 OR id < $3) ORDER BY id DESC LIMIT $4`,
		f.Status, f.CustomerID, f.Before, f.Limit)
}

// NoteDelivery records what the provider says of a message that it took: the message has left, whatever we knew of it.
// Reports come in any order, so that a later stage is never replaced by an earlier one.
func (q Queries) NoteDelivery(ctx context.Context, key, delivery, providerID, detail string, at time.Time) error {
	_, err := q.exec(ctx, "note delivery of message "+key, `
		WITH stage AS (SELECT ARRAY['', 'processed', 'deferred', 'delivered', 'blocked', 'dropped', 'bounced', 'spam_report'] AS rising)
		UPDATE outbox SET
			status = CASE WHEN status IN ('sending', 'uncertain') THEN 'sent' ELSE status END,
			provider_id = CASE WHEN provider_id = '' THEN $3 ELSE provider_id END,
			error = CASE WHEN array_position(rising, $2::text) < array_position(rising, delivery) THEN error ELSE $4 END,
			delivery_at = CASE WHEN array_position(rising, $2::text) < array_position(rising, delivery) THEN delivery_at ELSE $5 END,
			delivery = CASE WHEN array_position(rising, $2::text) < array_position(rising, delivery) THEN delivery ELSE $2 END
		  FROM stage WHERE message_key = $1`, key, delivery, providerID, detail, at)
	return err
}
