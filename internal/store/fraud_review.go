package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/perennial-billing/perennial/billing/fraud"
)

// Screening is the decision about an attempt and what it was made from.
type Screening struct {
	PaymentID string          `db:"payment_id" json:"payment_id"`
	Action    fraud.Action    `db:"action" json:"action"`
	Decision  json.RawMessage `db:"decision" json:"decision"`
	Facts     json.RawMessage `db:"facts" json:"facts"`
	// Listed are the lists on which something about the payment was.
	Listed    json.RawMessage `db:"listed" json:"listed"`
	FactsHash string          `db:"facts_hash" json:"facts_hash"`
	At        time.Time       `db:"at" json:"at"`
}

const screeningColumns = `payment_id, action, decision, facts, listed, facts_hash, at`

// Screening reads the decision about an attempt; ErrNotFound when it was not screened.
func (q Queries) Screening(ctx context.Context, paymentID string) (Screening, error) {
	return one[Screening](ctx, q.db, fmt.Sprintf("screening of payment %q", paymentID),
		`SELECT `+screeningColumns+` FROM fraud_screening WHERE payment_id = $1`, paymentID)
}

// AddScreening records a decision, once; it returns the one that is recorded.
func (tx Tx) AddScreening(ctx context.Context, s Screening) (Screening, error) {
	_, err := tx.exec(ctx, "record screening of "+s.PaymentID, `
		INSERT INTO fraud_screening (payment_id, action, decision, facts, listed, facts_hash, at) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (payment_id) DO NOTHING`, s.PaymentID, s.Action, s.Decision, s.Facts, s.Listed, s.FactsHash, s.At)
	if err != nil {
		return s, err
	}
	return tx.Screening(ctx, s.PaymentID)
}

// Risk is what the provider's own screening said of a charge.
type Risk struct {
	PaymentID     string `db:"payment_id" json:"-"`
	Charge        string `db:"charge" json:"charge"`
	Type          string `db:"type" json:"type"`
	NetworkStatus string `db:"network_status" json:"network_status,omitempty"`
	Reason        string `db:"reason" json:"reason,omitempty"`
	Rule          string `db:"rule" json:"rule,omitempty"`
	RiskLevel     string `db:"risk_level" json:"risk_level,omitempty"`
	RiskScore     *int64 `db:"risk_score" json:"risk_score,omitempty"`
}

// Risk reads what the provider said of a payment; ErrNotFound when it said nothing.
func (q Queries) Risk(ctx context.Context, paymentID string) (Risk, error) {
	return one[Risk](ctx, q.db, fmt.Sprintf("outcome of payment %q", paymentID), `
		SELECT payment_id, charge, type, network_status, reason, rule, risk_level, risk_score FROM payment_risk WHERE payment_id = $1`, paymentID)
}

// SaveRisk records what the provider says of a payment's charge.
func (tx Tx) SaveRisk(ctx context.Context, r Risk) error {
	_, err := tx.exec(ctx, "record outcome of "+r.PaymentID, `
		INSERT INTO payment_risk (payment_id, charge, type, network_status, reason, rule, risk_level, risk_score) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (payment_id) DO UPDATE SET charge = EXCLUDED.charge, type = EXCLUDED.type, network_status = EXCLUDED.network_status,
			reason = EXCLUDED.reason, rule = EXCLUDED.rule, risk_level = EXCLUDED.risk_level, risk_score = EXCLUDED.risk_score`,
		r.PaymentID, r.Charge, r.Type, r.NetworkStatus, r.Reason, r.Rule, r.RiskLevel, r.RiskScore)
	return err
}

// Review is a payment about which a person decides.
type Review struct {
	PaymentID      string     `db:"payment_id" json:"payment_id"`
	CustomerID     string     `db:"customer_id" json:"customer_id"`
	Cause          string     `db:"cause" json:"cause"`
	ProviderReview *string    `db:"provider_review" json:"provider_review,omitempty"`
	BeforeCharge   bool       `db:"before_charge" json:"before_charge"`
	Status         string     `db:"status" json:"status"`
	OpenedAt       time.Time  `db:"opened_at" json:"opened_at"`
	DeadlineAt     time.Time  `db:"deadline_at" json:"deadline_at"`
	DecidedBy      string     `db:"decided_by" json:"decided_by,omitempty"`
	Reason         string     `db:"reason" json:"reason,omitempty"`
	DecidedAt      *time.Time `db:"decided_at" json:"decided_at,omitempty"`
}

// The states of a review, and what caused it.
const (
	ReviewOpen     = "open"
	ReviewApproved = "approved"
	ReviewDeclined = "declined"

	ByRule     = "rule"
	ByProvider = "provider"
)

const reviewColumns = `payment_id, customer_id, cause, provider_review, before_charge, status, opened_at, deadline_at, decided_by, reason, decided_at`

// Review reads the review of a payment; ErrNotFound when there is none.
func (q Queries) Review(ctx context.Context, paymentID string) (Review, error) {
	return one[Review](ctx, q.db, fmt.Sprintf("review of payment %q", paymentID), `SELECT `+reviewColumns+` FROM fraud_review WHERE payment_id = $1`, paymentID)
}

// ReviewFilter narrows a list of reviews; empty fields do not.
type ReviewFilter struct {
	EntityID, CustomerID, Status string
	// After continues after a payment's id.
	After string
	Limit int
}

// Reviews lists reviews by when they were opened.
func (q Queries) Reviews(ctx context.Context, f ReviewFilter) ([]Review, error) {
	return many[Review](ctx, q.db, "reviews", `
		SELECT `+prefixed("r", reviewColumns)+` FROM fraud_review r JOIN customer c ON c.id = r.customer_id
		 WHERE ($1 = '' OR c.entity_id = $1) AND ($2 = '' OR r.customer_id = $2) AND ($3 = '' OR r.status = $3)
		   AND ($4 = '' OR (r.opened_at, r.payment_id) > (SELECT opened_at, payment_id FROM fraud_review WHERE payment_id = $4))
		 ORDER BY r.opened_at, r.payment_id LIMIT $5`, f.EntityID, f.CustomerID, f.Status, f.After, f.Limit)
}

// AddReview opens the review of a payment, once; it returns the one that is recorded. A review that a rule opened learns
// of the provider's own.
func (tx Tx) AddReview(ctx context.Context, r Review) (Review, error) {
	_, err := tx.exec(ctx, "open review of "+r.PaymentID, `
		INSERT INTO fraud_review (payment_id, customer_id, cause, provider_review, before_charge, status, opened_at, deadline_at)
		VALUES ($1, $2, $3, $4, $5, 'open', $6, $7)
		ON CONFLICT (payment_id) DO UPDATE SET provider_review = COALESCE(fraud_review.provider_review, EXCLUDED.provider_review)`,
		r.PaymentID, r.CustomerID, r.Cause, r.ProviderReview, r.BeforeCharge, r.OpenedAt, r.DeadlineAt)
	if err != nil {
		return r, err
	}
	return tx.Review(ctx, r.PaymentID)
}

// DecideReview records a decision, once; it returns the one that is recorded.
func (tx Tx) DecideReview(ctx context.Context, paymentID, status, by, reason string, at time.Time) (Review, error) {
	_, err := tx.exec(ctx, "decide review of "+paymentID, `
		UPDATE fraud_review SET status = $2, decided_by = $3, reason = $4, decided_at = $5 WHERE payment_id = $1 AND status = 'open'`,
		paymentID, status, by, reason, at)
	if err != nil {
		return Review{}, err
	}
	return tx.Review(ctx, paymentID)
}

// Warning is an issuer's report that a payment was fraud.
type Warning struct {
	ID         string    `db:"id" json:"id"`
	PaymentID  string    `db:"payment_id" json:"payment_id"`
	FraudType  string    `db:"fraud_type" json:"fraud_type"`
	Actionable bool      `db:"actionable" json:"actionable"`
	OpenedAt   time.Time `db:"opened_at" json:"opened_at"`
}

// SaveWarning records what the provider says of a warning now.
func (tx Tx) SaveWarning(ctx context.Context, w Warning) error {
	_, err := tx.exec(ctx, "save early fraud warning "+w.ID, `
		INSERT INTO fraud_warning (id, payment_id, fraud_type, actionable, opened_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (id) DO UPDATE SET fraud_type = EXCLUDED.fraud_type, actionable = fraud_warning.actionable AND EXCLUDED.actionable`,
		w.ID, w.PaymentID, w.FraudType, w.Actionable, w.OpenedAt)
	return err
}

// Warning reads a warning.
func (q Queries) Warning(ctx context.Context, id string) (Warning, error) {
	return one[Warning](ctx, q.db, fmt.Sprintf("early fraud warning %q", id),
		`SELECT id, payment_id, fraud_type, actionable, opened_at FROM fraud_warning WHERE id = $1`, id)
}

// PaymentWarnings lists the warnings of a payment.
func (q Queries) PaymentWarnings(ctx context.Context, paymentID string) ([]Warning, error) {
	return many[Warning](ctx, q.db, "early fraud warnings of "+paymentID,
		`SELECT id, payment_id, fraud_type, actionable, opened_at FROM fraud_warning WHERE payment_id = $1 ORDER BY opened_at, id`, paymentID)
}

// Warnings lists warnings by when they were opened, of an entity or (empty) of all; open ones only if asked.
func (q Queries) Warnings(ctx context.Context, entityID string, actionable bool, after string, limit int) ([]Warning, error) {
	return many[Warning](ctx, q.db, "early fraud warnings", `
		SELECT w.id, w.payment_id, w.fraud_type, w.actionable, w.opened_at
		  FROM fraud_warning w JOIN payment p ON p.id = w.payment_id JOIN invoice i ON i.id = p.invoice_id
		 WHERE ($1 = '' OR i.entity_id = $1) AND (NOT $2 OR w.actionable)
		   AND ($3 = '' OR (w.opened_at, w.id) > (SELECT opened_at, id FROM fraud_warning WHERE id = $3))
		 ORDER BY w.opened_at, w.id LIMIT $4`, entityID, actionable, after, limit)
}

// TrialClaim is a free trial by one of the things that limit it.
type TrialClaim struct {
	SubscriptionID, EntityID, Kind, Value string
	At                                    time.Time
}

// ClaimTrial records that a trial begins unless most others with the same value began after an instant; false: there are
// as many already. Two that begin at once wait for each other.
func (tx Tx) ClaimTrial(ctx context.Context, c TrialClaim, most int, since time.Time) (ok bool, err error) {
	if _, err := tx.exec(ctx, "lock trials", `SELECT pg_advisory_xact_lock(hashtextextended('trial:' || $1 || ':' || $2 || ':' || $3, 0))`,
		c.EntityID, c.Kind, c.Value); err != nil {
		return false, err
	}
	added, err := tx.exec(ctx, "claim trial of "+c.SubscriptionID, `
		INSERT INTO trial_claim (subscription_id, entity_id, kind, value, at) SELECT $1, $2, $3, $4, $5
		 WHERE (SELECT COUNT(*) FROM trial_claim WHERE entity_id = $2 AND kind = $3 AND value = $4 AND at > $7 AND subscription_id <> $1) < $6
		ON CONFLICT (subscription_id, kind) DO UPDATE SET value = EXCLUDED.value`, c.SubscriptionID, c.EntityID, c.Kind, c.Value, c.At, most, since)
	return added > 0, err
}

// ApprovedReview says that a person has approved an attempt to collect an invoice.
func (q Queries) ApprovedReview(ctx context.Context, invoiceID string) (approved bool, err error) {
	err = q.db.QueryRow(ctx, `
		SELECT EXISTS (SELECT FROM fraud_review r JOIN payment p ON p.id = r.payment_id
		                WHERE p.invoice_id = $1 AND r.status = 'approved')`, invoiceID).Scan(&approved)
	if err != nil {
		return false, fmt.Errorf("reviews of invoice %s: %w", invoiceID, err)
	}
	return approved, nil
}
