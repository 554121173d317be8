package store

import (
	"context"
	"fmt"
	"time"
)

// Checkout is a page of the provider's on which a customer pays an invoice or saves a payment method.
type Checkout struct {
	ID         string  `db:"id" json:"id"`
	CustomerID string  `db:"customer_id" json:"customer_id"`
	Purpose    string  `db:"purpose" json:"purpose"`
	InvoiceID  *string `db:"invoice_id" json:"invoice_id,omitempty"`
	// PaymentID is the attempt to collect the invoice that the session is.
	PaymentID *string `db:"payment_id" json:"payment_id,omitempty"`
	// SubscriptionID is the subscription that ends if nobody pays.
	SubscriptionID  *string    `db:"subscription_id" json:"subscription_id,omitempty"`
	SaveMethod      bool       `db:"save_method" json:"save_method"`
	Position        int        `db:"position" json:"position"`
	SuccessURL      string     `db:"success_url" json:"-"`
	CancelURL       string     `db:"cancel_url" json:"-"`
	Status          string     `db:"status" json:"status"`
	ProviderSession *string    `db:"provider_session" json:"provider_session,omitempty"`
	MethodID        *string    `db:"method_id" json:"method_id,omitempty"`
	CreatedAt       time.Time  `db:"created_at" json:"created_at"`
	ExpiresAt       time.Time  `db:"expires_at" json:"expires_at"`
	EndedAt         *time.Time `db:"ended_at" json:"ended_at,omitempty"`
}

// What a checkout is for, and how it stands.
const (
	CheckoutPayment = "payment"
	CheckoutSetup   = "setup"

	CheckoutOpen     = "open"
	CheckoutComplete = "complete"
	CheckoutExpired  = "expired"
)

const checkoutColumns = `id, customer_id, purpose, invoice_id, payment_id, subscription_id, save_method, position, success_url, cancel_url,
	status, provider_session, method_id, created_at, expires_at, ended_at`

// AddCheckout writes a checkout down; ErrExists when the id, or the subscription's start, is taken.
func (q Queries) AddCheckout(ctx context.Context, c Checkout) error {
	_, err := q.exec(ctx, "add checkout "+c.ID, `
		INSERT INTO checkout_session (id, customer_id, purpose, invoice_id, subscription_id, save_method, position, success_url, cancel_url,
			status, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		c.ID, c.CustomerID, c.Purpose, c.InvoiceID, c.SubscriptionID, c.SaveMethod, c.Position, c.SuccessURL, c.CancelURL,
		c.Status, c.CreatedAt, c.ExpiresAt)
	if Violates(err, "checkout_session_pkey") || Violates(err, "checkout_session_subscription_id_key") {
		return fmt.Errorf("checkout %q: %w", c.ID, ErrExists)
	}
	return err
}

// DropCheckout removes a checkout that came to nothing: the subscription it was to start was refused.
func (q Queries) DropCheckout(ctx context.Context, id string) error {
	_, err := q.exec(ctx, "drop checkout "+id, `
		DELETE FROM checkout_session WHERE id = $1 AND status = 'open' AND provider_session IS NULL AND payment_id IS NULL`, id)
	return err
}

// Checkout reads a checkout.
func (q Queries) Checkout(ctx context.Context, id string) (Checkout, error) {
	return q.checkout(ctx, "", id)
}

// LockCheckout reads a checkout and holds it until the transaction ends.
func (tx Tx) LockCheckout(ctx context.Context, id string) (Checkout, error) {
	return tx.checkout(ctx, " FOR UPDATE", id)
}

func (q Queries) checkout(ctx context.Context, lock, id string) (Checkout, error) {
	return one[Checkout](ctx, q.db, fmt.Sprintf("checkout %q", id), `SELECT `+checkoutColumns+` FROM checkout_session WHERE id = $1`+lock, id)
}

// CheckoutOfPayment reads the checkout that an attempt to collect an invoice is; ErrNotFound for every other attempt.
func (q Queries) CheckoutOfPayment(ctx context.Context, paymentID string) (Checkout, error) {
	return one[Checkout](ctx, q.db, "checkout of payment "+paymentID, `SELECT `+checkoutColumns+` FROM checkout_session WHERE payment_id = $1`, paymentID)
}

// StartingCheckout reads the checkout that a subscription is started with; ErrNotFound when it is started without.
func (q Queries) StartingCheckout(ctx context.Context, subscriptionID string) (Checkout, error) {
	return one[Checkout](ctx, q.db, "checkout that starts "+subscriptionID,
		`SELECT `+checkoutColumns+` FROM checkout_session WHERE subscription_id = $1`, subscriptionID)
}

// CheckoutBySession finds the checkout of a provider's session.
func (q Queries) CheckoutBySession(ctx context.Context, session string) (Checkout, error) {
	return one[Checkout](ctx, q.db, fmt.Sprintf("checkout of session %q", session),
		`SELECT `+checkoutColumns+` FROM checkout_session WHERE provider_session = $1`, session)
}

// CheckoutFilter narrows a list of checkouts; empty fields do not.
type CheckoutFilter struct {
	CustomerID, InvoiceID, Status string
	// After continues after a checkout id.
	After string
	Limit int
}

// Checkouts lists checkouts by when they were created.
func (q Queries) Checkouts(ctx context.Context, f CheckoutFilter) ([]Checkout, error) {
	return many[Checkout](ctx, q.db, "checkouts", `SELECT `+checkoutColumns+` FROM checkout_session
		 WHERE ($1 = '' OR customer_id = $1) AND ($2 = '' OR invoice_id = $2) AND ($3 = '' OR status = $3)
		   AND ($4 = '' OR (created_at, id) > (SELECT created_at, id FROM checkout_session WHERE id = $4))
		 ORDER BY created_at, id LIMIT $5`, f.CustomerID, f.InvoiceID, f.Status, f.After, f.Limit)
}

// UnfinishedCheckouts lists checkouts that can still move, first those that end first: those that are open, and those whose
// payment a bank has yet to answer.
func (q Queries) UnfinishedCheckouts(ctx context.Context, limit int) ([]Checkout, error) {
	return many[Checkout](ctx, q.db, "unfinished checkouts", `SELECT `+prefixed("k", checkoutColumns)+`
		  FROM checkout_session k LEFT JOIN payment p ON p.id = k.payment_id
		 WHERE k.status = 'open' OR p.status = 'processing' AND k.provider_session IS NOT NULL ORDER BY k.expires_at, k.id LIMIT $1`, limit)
}

// BindCheckout makes an attempt to collect an invoice the checkout's.
func (tx Tx) BindCheckout(ctx context.Context, id, invoiceID, paymentID string) error {
	_, err := tx.exec(ctx, "bind checkout "+id, `
		UPDATE checkout_session SET purpose = 'payment', invoice_id = $2, payment_id = $3 WHERE id = $1`, id, invoiceID, paymentID)
	return err
}

// SetCheckoutSession records the provider's session of a checkout, once, and when it ends, and returns the one that is recorded.
func (q Queries) SetCheckoutSession(ctx context.Context, id, session string, expiresAt time.Time) (recorded string, err error) {
	err = q.db.QueryRow(ctx, `
		UPDATE checkout_session SET expires_at = CASE WHEN provider_session IS NULL THEN $3 ELSE expires_at END,
			provider_session = COALESCE(provider_session, $2) WHERE id = $1 RETURNING provider_session`, id, session, expiresAt).Scan(&recorded)
	if err != nil {
		return "", fmt.Errorf("record session of checkout %s: %w", id, err)
	}
	return recorded, nil
}

// EndCheckout records how an open checkout ended, and the method that it saved, if any.
func (tx Tx) EndCheckout(ctx context.Context, id, status string, methodID *string, at time.Time) error {
	_, err := tx.exec(ctx, "end checkout "+id, `
		UPDATE checkout_session SET status = $2, method_id = $3, ended_at = $4 WHERE id = $1 AND status = 'open'`, id, status, methodID, at)
	return err
}

// DropInvoiceIntent forgets the payment intent of an invoice that the provider has cancelled: the next attempt needs another.
func (q Queries) DropInvoiceIntent(ctx context.Context, id, intent string) error {
	_, err := q.exec(ctx, "drop payment intent of invoice "+id, `
		UPDATE invoice SET provider_intent = NULL WHERE id = $1 AND provider_intent = $2`, id, intent)
	return err
}

// PaymentMethodByProvider finds a method of a customer's by the provider's id of it, in use or retired.
func (q Queries) PaymentMethodByProvider(ctx context.Context, customerID, providerID string) (PaymentMethod, error) {
	return one[PaymentMethod](ctx, q.db, "payment method "+providerID, `
		SELECT `+methodColumns+` FROM payment_method WHERE customer_id = $1 AND provider_id = $2`, customerID, providerID)
}

// CustomerByProvider finds the customer of a provider's.
func (q Queries) CustomerByProvider(ctx context.Context, providerID string) (Customer, error) {
	return one[Customer](ctx, q.db, fmt.Sprintf("customer %q of the provider", providerID),
		`SELECT `+customerColumns+` FROM customer WHERE provider_customer_id = $1`, providerID)
}

// NoteProviderDefault records the default method that the provider tells of a customer, and says whether it is another
// than it told last.
func (tx Tx) NoteProviderDefault(ctx context.Context, customerID, providerMethod string) (changed bool, err error) {
	rows, err := tx.exec(ctx, "note default method of customer "+customerID,
		`UPDATE customer SET provider_default = $2 WHERE id = $1 AND provider_default <> $2`, customerID, providerMethod)
	return rows > 0, err
}

// QueueMailOfAttempt is QueueMail for a message that every attempt to collect an invoice may bring.
func (tx Tx) QueueMailOfAttempt(ctx context.Context, template string, attempt Payment, customerID string, asOf time.Time) error {
	_, err := tx.exec(ctx, "queue mail "+template, `
		INSERT INTO outbox (message_key, template, customer_id, invoice_id, as_of)
		VALUES ('mail:' || $3 || ':' || $1 || ':' || $5::int, $1, $2, $3, $4) ON CONFLICT (message_key) DO NOTHING`,
		template, customerID, attempt.InvoiceID, asOf, attempt.Attempt)
	return err
}
