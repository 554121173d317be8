package store

import (
	"context"
	"fmt"
	"time"

	"github.com/perennial-billing/perennial/billing/money"
)

// CreditedLine says which line of an earlier invoice a line takes back.
type CreditedLine struct {
	// Position is the line that credits; the others describe the line that is credited.
	Position         int    `db:"position"`
	OriginalNumber   string `db:"original_number"`
	OriginalPosition int    `db:"original_position"`
	// OriginalAmount is the net of the original line, in minor units of the invoice's currency.
	OriginalAmount int64 `db:"original_amount"`
}

// CreditedLines lists, for the credits on an invoice, what they take back.
func (q Queries) CreditedLines(ctx context.Context, invoiceID string) ([]CreditedLine, error) {
	return many[CreditedLine](ctx, q.db, "lines credited by invoice "+invoiceID, `
		SELECT l.position, i.number AS original_number, o.position AS original_position, o.amount AS original_amount
		  FROM invoice_line l
		  JOIN invoice_line o ON (o.invoice_id, o.position) = (l.credits_invoice, l.credits_position)
		  JOIN invoice i ON i.id = o.invoice_id
		 WHERE l.invoice_id = $1 ORDER BY l.position`, invoiceID)
}

// ReceivedPayment is money that arrived for an invoice, in minor units of Currency.
type ReceivedPayment struct {
	Amount    int64          `db:"amount"`
	Currency  money.Currency `db:"currency"`
	SettledAt time.Time      `db:"settled_at"`
	// Network is the card network, empty for what was not paid by a card we know.
	Network string `db:"network"`
}

// ReceivedPayments lists what was paid for an invoice, earliest first.
func (q Queries) ReceivedPayments(ctx context.Context, invoiceID string) ([]ReceivedPayment, error) {
	return many[ReceivedPayment](ctx, q.db, "payments received for invoice "+invoiceID, `
		SELECT p.amount, p.currency, p.settled_at, CASE WHEN p.transfer THEN 'customer_balance' ELSE COALESCE(NULLIF(m.network, ''), m.kind, '') END AS network
		  FROM payment p LEFT JOIN payment_method m ON m.id = p.method_id
		 WHERE p.invoice_id = $1 AND p.status = 'succeeded' ORDER BY p.settled_at, p.attempt`, invoiceID)
}

// AwaitsTransfer says that an invoice waits for its customer's bank transfer.
func (q Queries) AwaitsTransfer(ctx context.Context, invoiceID string) (waits bool, err error) {
	err = q.db.QueryRow(ctx, `SELECT EXISTS (SELECT FROM payment WHERE invoice_id = $1 AND transfer AND status = 'requires_action')`, invoiceID).Scan(&waits)
	if err != nil {
		return false, fmt.Errorf("whether invoice %s waits for a transfer: %w", invoiceID, err)
	}
	return waits, nil
}

// MailReport is what became of a message.
type MailReport struct {
	MessageKey string    `db:"message_key" json:"message_key"`
	Template   string    `db:"template" json:"template"`
	Status     string    `db:"status" json:"status"`
	Tries      int       `db:"tries" json:"tries"`
	NotBefore  time.Time `db:"not_before" json:"not_before"`
	ProviderID string    `db:"provider_id" json:"provider_id,omitempty"`
	Error      string    `db:"error" json:"error,omitempty"`
}

// InvoiceMail lists the messages about an invoice in the order they were queued.
func (q Queries) InvoiceMail(ctx context.Context, invoiceID string) ([]MailReport, error) {
	return many[MailReport](ctx, q.db, "mail about invoice "+invoiceID, `
		SELECT message_key, template, status, tries, not_before, provider_id, error FROM outbox WHERE invoice_id = $1 ORDER BY id`, invoiceID)
}
