package store

import (
	"context"
	"fmt"
	"time"

	"github.com/perennial-billing/perennial/billing/paymethod"
)

// PaymentMethod is what a customer pays with, by the provider's names for it.
type PaymentMethod struct {
	ID            string  `db:"id" json:"id"`
	CustomerID    string  `db:"customer_id" json:"customer_id"`
	ProviderToken string  `db:"provider_token" json:"-"`
	ProviderID    *string `db:"provider_id" json:"provider_id,omitempty"`
	// Kind is as package paymethod names it; empty: the provider has not been asked yet.
	Kind         string `db:"kind" json:"kind,omitempty"`
	Status       string `db:"status" json:"status"`
	StatusReason string `db:"status_reason" json:"status_reason,omitempty"`
	Network      string `db:"network" json:"network,omitempty"`
	// Funding is credit, debit or prepaid of a card, checking or savings of a bank account, where the provider says it.
	Funding string `db:"funding" json:"funding,omitempty"`
	// Last4 are the last digits of a bank account; none of a card.
	Last4       string `db:"last4" json:"last4,omitempty"`
	DetailsHash string `db:"details_hash" json:"-"`
	// DetailsChangedAt is when the details last changed under the same id, as when a card was renewed.
	DetailsChangedAt *time.Time `db:"details_changed_at" json:"details_changed_at,omitempty"`
	SetupIntent      *string    `db:"setup_intent" json:"-"`
	// Mandate is the provider's id of the customer's permission to debit; MandateReference is what the bank calls it.
	Mandate          *string   `db:"mandate" json:"mandate,omitempty"`
	MandateReference string    `db:"mandate_reference" json:"mandate_reference,omitempty"`
	Active           bool      `db:"active" json:"active"`
	Position         int       `db:"position" json:"position"`
	ChangedAt        time.Time `db:"changed_at" json:"changed_at"`
}

// The states of a payment method.
const (
	MethodPending   = "pending"   // the provider has not answered yet
	MethodVerifying = "verifying" // waits for its customer, at the bank's page or with microdeposits
	MethodUsable    = "usable"
	MethodBlocked   = "blocked"  // its bank account or mandate must not be debited
	MethodDetached  = "detached" // taken off the customer at the provider: lost for good
	MethodDropped   = "dropped"  // refused, replaced or removed before it was usable
)

const methodColumns = `id, customer_id, provider_token, provider_id, kind, status, status_reason, network, funding, last4, details_hash,
	details_changed_at, setup_intent, mandate, mandate_reference, active, position, changed_at`

// SetMethodChoice records who chooses what the provider's pages offer; nil: the provider.
func (q Queries) SetMethodChoice(ctx context.Context, entityID string, choice *paymethod.Choice) error {
	changed, err := q.exec(ctx, "set payment methods of "+entityID, `UPDATE legal_entity SET method_choice = $2 WHERE id = $1`, entityID, choice)
	if err == nil && changed == 0 {
		return fmt.Errorf("legal entity %q: %w", entityID, ErrNotFound)
	}
	return err
}

// ShownMethods lists a customer's methods with those that are still being set up, in the order of their places.
func (q Queries) ShownMethods(ctx context.Context, customerID string) ([]PaymentMethod, error) {
	return many[PaymentMethod](ctx, q.db, "payment methods of customer "+customerID, `SELECT `+methodColumns+`
		  FROM payment_method WHERE customer_id = $1 AND (active OR status IN ('pending', 'verifying')) ORDER BY position, active DESC, changed_at, id`,
		customerID)
}

// AddMethod writes down a method that the provider is still to be asked about. Whatever is in its place stays there.
func (q Queries) AddMethod(ctx context.Context, m PaymentMethod) error {
	_, err := q.exec(ctx, "add payment method "+m.ID, `
		INSERT INTO payment_method (id, customer_id, provider_token, position, active, status, created_at, changed_at)
		VALUES ($1, $2, $3, $4, FALSE, 'pending', $5, $5)`, m.ID, m.CustomerID, m.ProviderToken, m.Position, m.ChangedAt)
	return err
}

// MethodByProvider finds a method by what the provider calls it: its own id, that of its set-up or that of its mandate. Of
// several, which the same account under two mandates can make, it is the newest.
func (q Queries) MethodByProvider(ctx context.Context, providerID string) (PaymentMethod, error) {
	return one[PaymentMethod](ctx, q.db, fmt.Sprintf("payment method of %q", providerID), `SELECT `+methodColumns+`
		  FROM payment_method WHERE provider_id = $1 OR setup_intent = $1 OR mandate = $1 ORDER BY created_at DESC, id LIMIT 1`, providerID)
}

// MethodOfAnother says whether a token or id of the provider's belongs to another customer.
func (q Queries) MethodOfAnother(ctx context.Context, customerID, providerID string) (bool, error) {
	type row struct {
		N int `db:"n"`
	}
	found, err := one[row](ctx, q.db, "owner of "+providerID,
		`SELECT COUNT(*) AS n FROM payment_method WHERE provider_id = $2 AND customer_id <> $1`, customerID, providerID)
	return found.N > 0, err
}

// MethodKinds says of what kind the methods are that an invoice was tried with, by id.
func (q Queries) MethodKinds(ctx context.Context, invoiceID string) (map[string]string, error) {
	type row struct {
		ID   string `db:"id"`
		Kind string `db:"kind"`
	}
	rows, err := many[row](ctx, q.db, "payment methods of invoice "+invoiceID, `
		SELECT DISTINCT m.id, m.kind FROM payment p JOIN payment_method m ON m.id = p.method_id WHERE p.invoice_id = $1`, invoiceID)
	kinds := make(map[string]string, len(rows))
	for _, r := range rows {
		kinds[r.ID] = r.Kind
	}
	return kinds, err
}

// LockMethod reads a method and keeps others from changing it.
func (tx Tx) LockMethod(ctx context.Context, id string) (PaymentMethod, error) {
	return one[PaymentMethod](ctx, tx.db, fmt.Sprintf("payment method %q", id),
		`SELECT `+methodColumns+` FROM payment_method WHERE id = $1 FOR UPDATE`, id)
}

// SaveMethod records what the provider says of a method. An id of the provider's that an earlier method of the customer had,
// as when an account gets a new mandate, is now this one's, and the earlier one is retired.
func (tx Tx) SaveMethod(ctx context.Context, m PaymentMethod) error {
	if m.ProviderID != nil {
		_, err := tx.exec(ctx, "free provider payment method", `UPDATE payment_method SET provider_id = NULL, active = FALSE
			 WHERE provider_id = $1 AND id <> $2 AND customer_id = $3`, *m.ProviderID, m.ID, m.CustomerID)
		if err != nil {
			return err
		}
	}
	_, err := tx.exec(ctx, "save payment method "+m.ID, `
		UPDATE payment_method SET provider_id = $2, kind = $3, status = $4, status_reason = $5, network = $6, funding = $7, last4 = $8,
			details_hash = $9, details_changed_at = $10, setup_intent = $11, mandate = $12, mandate_reference = $13
		 WHERE id = $1`,
		m.ID, m.ProviderID, m.Kind, m.Status, m.StatusReason, m.Network, m.Funding, m.Last4, m.DetailsHash, m.DetailsChangedAt, m.SetupIntent,
		m.Mandate, m.MandateReference)
	return err
}

// TakePlace makes a method that has become usable the customer's choice in its place. The one that was there is retired,
// and so is what else was being set up for it.
func (tx Tx) TakePlace(ctx context.Context, m PaymentMethod, at time.Time) error {
	_, err := tx.exec(ctx, "retire the payment method before "+m.ID, `
		UPDATE payment_method SET active = FALSE, changed_at = $4,
			status = CASE WHEN active THEN status ELSE 'dropped' END,
			status_reason = CASE WHEN active THEN status_reason ELSE 'replaced' END
		 WHERE customer_id = $1 AND position = $2 AND id <> $3 AND (active OR status IN ('pending', 'verifying'))`, m.CustomerID, m.Position, m.ID, at)
	if err != nil {
		return err
	}
	_, err = tx.exec(ctx, "use payment method "+m.ID, `UPDATE payment_method SET active = TRUE, changed_at = $2 WHERE id = $1`, m.ID, at)
	return err
}

// ForgetMethod deletes a method that was refused before it was ever anything.
func (tx Tx) ForgetMethod(ctx context.Context, id string) error {
	_, err := tx.exec(ctx, "forget payment method "+id, `DELETE FROM payment_method WHERE id = $1 AND status = 'pending' AND NOT active`, id)
	return err
}

// BlockMethod notes that a method of one of the kinds must not be charged any more, and why. What it was before stays.
func (tx Tx) BlockMethod(ctx context.Context, id, reason string, kinds []string) error {
	_, err := tx.exec(ctx, "block payment method "+id, `
		UPDATE payment_method SET status = 'blocked', status_reason = $2 WHERE id = $1 AND kind = ANY($3) AND status = 'usable'`, id, reason, kinds)
	return err
}
