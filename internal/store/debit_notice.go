package store

import (
	"context"
	"fmt"
	"time"

	"github.com/perennial-billing/perennial/billing/money"
)

// DebitNotice is that a customer was told of a debit before it.
type DebitNotice struct {
	InvoiceID  string         `db:"invoice_id" json:"invoice_id"`
	MethodID   string         `db:"method_id" json:"method_id"`
	MessageKey string         `db:"message_key" json:"message_key"`
	Amount     int64          `db:"amount" json:"amount"`
	Currency   money.Currency `db:"currency" json:"currency"`
	ToldAt     time.Time      `db:"told_at" json:"told_at"`
	// DebitOn is when the debit may be made at the earliest.
	DebitOn time.Time `db:"debit_on" json:"debit_on"`
}

const noticeColumns = `invoice_id, method_id, message_key, amount, currency, told_at, debit_on`

// DebitNotice reads what a customer was told of debiting a method for an invoice.
func (q Queries) DebitNotice(ctx context.Context, invoiceID, methodID string) (DebitNotice, error) {
	return one[DebitNotice](ctx, q.db, "debit notice of invoice "+invoiceID,
		`SELECT `+noticeColumns+` FROM debit_notice WHERE invoice_id = $1 AND method_id = $2`, invoiceID, methodID)
}

// DebitNoticeByKey reads what a message says.
func (q Queries) DebitNoticeByKey(ctx context.Context, messageKey string) (DebitNotice, error) {
	return one[DebitNotice](ctx, q.db, "debit notice "+messageKey, `SELECT `+noticeColumns+` FROM debit_notice WHERE message_key = $1`, messageKey)
}

// AddDebitNotice records a notice and queues its mail: mail:{invoice}:debit_notice, and for further methods of the same
// invoice the same with their id. The caller holds the invoice.
func (tx Tx) AddDebitNotice(ctx context.Context, n DebitNotice, customerID string) error {
	key := fmt.Sprintf("mail:%s:debit_notice", n.InvoiceID)
	taken, err := many[DebitNotice](ctx, tx.db, "debit notices of invoice "+n.InvoiceID,
		`SELECT `+noticeColumns+` FROM debit_notice WHERE invoice_id = $1`, n.InvoiceID)
	if err != nil {
		return err
	}
	if len(taken) > 0 {
		key += ":" + n.MethodID
	}
	_, err = tx.exec(ctx, "queue mail debit_notice", `
		INSERT INTO outbox (message_key, template, customer_id, invoice_id, as_of) VALUES ($1, 'debit_notice', $2, $3, $4)`,
		key, customerID, n.InvoiceID, n.ToldAt)
	if err != nil {
		return err
	}
	_, err = tx.exec(ctx, "add debit notice of invoice "+n.InvoiceID, `
		INSERT INTO debit_notice (invoice_id, method_id, message_key, amount, currency, told_at, debit_on) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		n.InvoiceID, n.MethodID, key, n.Amount, n.Currency, n.ToldAt, n.DebitOn)
	return err
}
