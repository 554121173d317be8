package store

import (
	"context"
	"fmt"
	"time"
)

// MailSuppression says that no mail goes to a customer's address, and why.
type MailSuppression struct {
	CustomerID string    `db:"customer_id" json:"-"`
	Email      string    `db:"email" json:"email"`
	Reason     string    `db:"reason" json:"reason"` // bounce, dropped or spam_report
	Detail     string    `db:"detail" json:"detail,omitempty"`
	EventID    string    `db:"event_id" json:"event_id"`
	At         time.Time `db:"at" json:"at"`
}

// SuppressMail stops mail to an address for every customer who has it. Whoever is suppressed already stays so for the
// first reason, and who has another address by now is not meant. An event counts once, even if the suppression it made
// was lifted. It returns how many customers it stopped mail for.
func (q Queries) SuppressMail(ctx context.Context, s MailSuppression) (int64, error) {
	return q.exec(ctx, "suppress mail", `
		INSERT INTO mail_suppression (customer_id, email, reason, detail, event_id, at)
		SELECT id, email, $2, $3, $4, $5 FROM customer WHERE lower(email) = lower($1) ON CONFLICT DO NOTHING`,
		s.Email, s.Reason, s.Detail, s.EventID, s.At)
}

// MailSuppression reads what stops mail to a customer; ErrNotFound when nothing does.
func (q Queries) MailSuppression(ctx context.Context, customerID string) (MailSuppression, error) {
	return one[MailSuppression](ctx, q.db, fmt.Sprintf("mail suppression of customer %q", customerID), `
		SELECT customer_id, email, reason, detail, event_id, at FROM mail_suppression WHERE customer_id = $1 AND lifted_at IS NULL`, customerID)
}

// SetCustomerEmail changes where a customer's mail goes. What stopped mail to the address before is lifted, also when the
// address stays: whoever sets it says that it works.
func (tx Tx) SetCustomerEmail(ctx context.Context, customerID, email string, at time.Time) error {
	if _, err := tx.exec(ctx, "set address of customer "+customerID, `UPDATE customer SET email = $2 WHERE id = $1`, customerID, email); err != nil {
		return err
	}
	_, err := tx.exec(ctx, "lift mail suppression of customer "+customerID,
		`UPDATE mail_suppression SET lifted_at = $2 WHERE customer_id = $1 AND lifted_at IS NULL`, customerID, at)
	return err
}
