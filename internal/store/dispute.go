package store

import (
	"context"
	"fmt"
	"time"

	"github.com/perennial-billing/perennial/billing/money"
)

// Dispute is a payment that its bank takes back, as the provider told us last. Amounts are ISO minor units.
type Dispute struct {
	ID        string `db:"id" json:"id"`
	PaymentID string `db:"payment_id" json:"payment_id"`
	// Status is the provider's: warning_* are inquiries, which take no money.
	Status   string         `db:"status" json:"status"`
	Reason   string         `db:"reason" json:"reason"`
	Amount   int64          `db:"amount" json:"amount"`
	Currency money.Currency `db:"currency" json:"currency"`
	// Movements counts the provider's balance transactions of the dispute; Withdrawn and Fee are what is gone after them.
	Movements int        `db:"movements" json:"-"`
	Withdrawn int64      `db:"withdrawn" json:"withdrawn"`
	Fee       int64      `db:"fee" json:"fee"`
	RespondBy *time.Time `db:"respond_by" json:"respond_by,omitempty"`
	OpenedAt  time.Time  `db:"opened_at" json:"opened_at"`
	ClosedAt  *time.Time `db:"closed_at" json:"closed_at,omitempty"`
}

// DisputeLost is the status of a dispute whose money does not come back.
const DisputeLost = "lost"

// DisputeStatuses are all there are.
var DisputeStatuses = []string{
	"warning_needs_response", "warning_under_review", "warning_closed", "needs_response", "under_review", "won", DisputeLost,
}

const disputeColumns = `id, payment_id, status, reason, amount, currency, movements, withdrawn, fee, respond_by, opened_at, closed_at`

// Dispute reads a dispute.
func (q Queries) Dispute(ctx context.Context, id string) (Dispute, error) {
	return one[Dispute](ctx, q.db, fmt.Sprintf("dispute %q", id), `SELECT `+disputeColumns+` FROM dispute WHERE id = $1`, id)
}

// DisputeFilter narrows a list of disputes; empty fields do not.
type DisputeFilter struct {
	EntityID, CustomerID, PaymentID, Status string
	// After continues after a dispute's id.
	After string
	Limit int
}

// Disputes lists disputes by when they were opened.
func (q Queries) Disputes(ctx context.Context, f DisputeFilter) ([]Dispute, error) {
	return many[Dispute](ctx, q.db, "disputes", `
		SELECT `+prefixed("d", disputeColumns)+` FROM dispute d JOIN payment p ON p.id = d.payment_id JOIN invoice i ON i.id = p.invoice_id
		 WHERE ($1 = '' OR i.entity_id = $1) AND ($2 = '' OR i.payer_id = $2) AND ($3 = '' OR d.payment_id = $3) AND ($4 = '' OR d.status = $4)
		   AND ($5 = '' OR (d.opened_at, d.id) > (SELECT opened_at, id FROM dispute WHERE id = $5))
		 ORDER BY d.opened_at, d.id LIMIT $6`, f.EntityID, f.CustomerID, f.PaymentID, f.Status, f.After, f.Limit)
}

// SaveDispute records what the provider says of a dispute now. The caller holds its payment.
func (tx Tx) SaveDispute(ctx context.Context, d Dispute) error {
	_, err := tx.exec(ctx, "save dispute "+d.ID, `
		INSERT INTO dispute (id, payment_id, status, reason, amount, currency, movements, withdrawn, fee, respond_by, opened_at, closed_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
		ON CONFLICT (id) DO UPDATE SET status = EXCLUDED.status, reason = EXCLUDED.reason, amount = EXCLUDED.amount, movements = EXCLUDED.movements,
			withdrawn = EXCLUDED.withdrawn, fee = EXCLUDED.fee, respond_by = EXCLUDED.respond_by, closed_at = EXCLUDED.closed_at`,
		d.ID, d.PaymentID, d.Status, d.Reason, d.Amount, d.Currency, d.Movements, d.Withdrawn, d.Fee, d.RespondBy, d.OpenedAt, d.ClosedAt)
	return err
}

// PaymentByCharge finds the payment of a charge of the provider's.
func (q Queries) PaymentByCharge(ctx context.Context, charge string) (Payment, error) {
	return one[Payment](ctx, q.db, fmt.Sprintf("payment of charge %q", charge), `SELECT `+paymentColumns+` FROM payment WHERE provider_charge = $1`, charge)
}

// OpenDisputes lists the disputes that are not over, of a legal entity or (empty) of all.
func (q Queries) OpenDisputes(ctx context.Context, entityID string) ([]Dispute, error) {
	return many[Dispute](ctx, q.db, "open disputes", `
		SELECT `+prefixed("d", disputeColumns)+` FROM dispute d JOIN payment p ON p.id = d.payment_id JOIN invoice i ON i.id = p.invoice_id
		 WHERE d.closed_at IS NULL AND ($1 = '' OR i.entity_id = $1) ORDER BY d.id`, entityID)
}
