package store

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/money"
)

// Invoice is a finalised invoice, in the name of CustomerID, and paid by PayerID. Amounts are minor units of Currency.
type Invoice struct {
	ID          string `db:"id" json:"id"`
	BusinessKey string `db:"business_key" json:"business_key"`
	EntityID    string `db:"entity_id" json:"entity_id"`
	CustomerID  string `db:"customer_id" json:"customer_id"`
	PayerID     string `db:"payer_id" json:"payer_id"`
	// SubscriptionID is empty on an invoice for several, which Parts lists, and on one that sells prepaid credit.
	SubscriptionID string         `db:"subscription_id" json:"subscription_id"`
	PONumber       string         `db:"po_number" json:"po_number,omitempty"`
	Reason         string         `db:"reason" json:"reason"`
	Cycle          int            `db:"cycle" json:"cycle"`
	Number         string         `db:"number" json:"number"`
	Status         string         `db:"status" json:"status"`
	Currency       money.Currency `db:"currency" json:"currency"`
	Subtotal       int64          `db:"subtotal" json:"subtotal"`
	Tax            int64          `db:"tax" json:"tax"`
	Total          int64          `db:"total" json:"total"`
	CarriedIn      int64          `db:"carried_in" json:"carried_in"`
	CarriedOut     int64          `db:"carried_out" json:"carried_out"`
	CreditGranted  int64          `db:"credit_granted" json:"credit_granted"`
	CreditApplied  int64          `db:"credit_applied" json:"credit_applied"`
	PrepaidApplied int64          `db:"prepaid_applied" json:"prepaid_applied"`
	AmountDue      int64          `db:"amount_due" json:"amount_due"`
	AmountPaid     int64          `db:"amount_paid" json:"amount_paid"`
	AmountCredited int64          `db:"amount_credited" json:"amount_credited"`
	PeriodStart    time.Time      `db:"period_start" json:"period_start"`
	PeriodEnd      time.Time      `db:"period_end" json:"period_end"`
	Zone           string         `db:"zone" json:"zone"`
	TZVersion      string         `db:"tz_version" json:"tz_version"`
	IssuedAt       time.Time      `db:"issued_at" json:"issued_at"`
	PaidAt         *time.Time     `db:"paid_at" json:"paid_at,omitempty"`
	ProviderIntent *string        `db:"provider_intent" json:"provider_intent,omitempty"`
	// PageKey leads to the invoice's page, /invoices/{key}: who has it can read the invoice.
	PageKey string `db:"page_key" json:"page_key"`
	// Parts are the subscriptions that it is for, where they are read (InvoiceParts).
	Parts []InvoicePart `db:"-" json:"parts,omitempty"`
}

// Due is what the customer was asked to pay; Owed what is still open.
func (i Invoice) Due() money.Amount { return money.New(i.AmountDue, i.Currency) }

// Owed is what is still open of the amount due.
func (i Invoice) Owed() money.Amount {
	return money.New(i.AmountDue-i.AmountPaid-i.AmountCredited, i.Currency)
}

// InvoiceLine is a line of an invoice.
type InvoiceLine struct {
	// SubscriptionID is that of the invoice where it is not said.
	SubscriptionID  *string         `db:"subscription_id" json:"subscription_id,omitempty"`
	Position        int             `db:"position" json:"position"`
	Kind            string          `db:"kind" json:"kind"`
	ChargeID        string          `db:"charge_id" json:"charge_id"`
	PlanID          string          `db:"plan_id" json:"plan_id"`
	PlanVersion     int             `db:"plan_version" json:"plan_version"`
	Description     string          `db:"description" json:"description"`
	Quantity        decimal.Decimal `db:"quantity" json:"quantity"`
	Exact           decimal.Decimal `db:"exact" json:"exact"`
	Amount          int64           `db:"amount" json:"amount"`
	Tax             int64           `db:"tax" json:"tax"`
	Treatment       string          `db:"treatment" json:"treatment"`
	Jurisdiction    string          `db:"jurisdiction" json:"jurisdiction"`
	Scheme          string          `db:"scheme" json:"scheme,omitempty"`
	TaxReason       string          `db:"tax_reason" json:"tax_reason"`
	TaxRate         decimal.Decimal `db:"tax_rate" json:"tax_rate"`
	PeriodStart     time.Time       `db:"period_start" json:"period_start"`
	PeriodEnd       time.Time       `db:"period_end" json:"period_end"`
	CreditsInvoice  *string         `db:"credits_invoice" json:"credits_invoice,omitempty"`
	CreditsPosition *int            `db:"credits_position" json:"credits_position,omitempty"`
	Explanation     json.RawMessage `db:"explanation" json:"explanation"`
	// Measured is what a usage line was charged for besides its quantity, as rating.Detail writes it. It may be long, so it is
	// written with the line and read only by PastLines.
	Measured json.RawMessage `db:"-" json:"-"`
}

const invoiceColumns = `id, business_key, entity_id, customer_id, payer_id, subscription_id, reason, cycle, number, status, currency, subtotal, tax,
	total, carried_in, carried_out, credit_granted, credit_applied, prepaid_applied, amount_due, amount_paid, amount_credited,
	period_start, period_end, zone, tz_version, issued_at, paid_at, provider_intent, page_key, po_number`

const lineColumns = `subscription_id, position, kind, charge_id, plan_id, plan_version, description, quantity, exact, amount, tax, treatment, jurisdiction,
	scheme, tax_reason, tax_rate, period_start, period_end, credits_invoice, credits_position, explanation`

// Invoice reads an invoice.
func (q Queries) Invoice(ctx context.Context, id string) (Invoice, error) {
	return one[Invoice](ctx, q.db, fmt.Sprintf("invoice %q", id), `SELECT `+invoiceColumns+` FROM invoice WHERE id = $1`, id)
}

// InvoiceByPageKey reads the invoice whose page a link leads to.
func (q Queries) InvoiceByPageKey(ctx context.Context, key string) (Invoice, error) {
	return one[Invoice](ctx, q.db, "invoice behind a link", `SELECT `+invoiceColumns+` FROM invoice WHERE page_key = $1`, key)
}

// LockInvoice reads an invoice and holds it until the transaction ends.
func (tx Tx) LockInvoice(ctx context.Context, id string) (Invoice, error) {
	return one[Invoice](ctx, tx.db, fmt.Sprintf("invoice %q", id), `SELECT `+invoiceColumns+` FROM invoice WHERE id = $1 FOR UPDATE`, id)
}

// InvoiceFilter narrows a list of invoices; empty fields do not. Those of a customer are in the customer's name, or paid by
// the customer.
type InvoiceFilter struct {
	EntityID, CustomerID, SubscriptionID, Status string
	// After continues after an invoice id.
	After string
	Limit int
}

// Invoices lists invoices by issue date and id.
func (q Queries) Invoices(ctx context.Context, f InvoiceFilter) ([]Invoice, error) {
	return many[Invoice](ctx, q.db, "invoices", `SELECT `+invoiceColumns+` FROM invoice
		 WHERE ($1 = '' OR entity_id = $1) AND ($2 = '' OR customer_id = $2 OR payer_id = $2)
		   AND ($3 = '' OR EXISTS (SELECT FROM invoice_part p WHERE p.invoice_id = invoice.id AND p.subscription_id = $3))
		   AND ($4 = '' OR status = $4)
		   AND ($5 = '' OR (issued_at, id) > (SELECT issued_at, id FROM invoice WHERE id = $5))
		 ORDER BY issued_at, id LIMIT $6`, f.EntityID, f.CustomerID, f.SubscriptionID, f.Status, f.After, f.Limit)
}

// InvoiceLines lists the lines of an invoice in order.
func (q Queries) InvoiceLines(ctx context.Context, id string) ([]InvoiceLine, error) {
	return many[InvoiceLine](ctx, q.db, "lines of invoice "+id, `SELECT `+lineColumns+` FROM invoice_line WHERE invoice_id = $1 ORDER BY position`, id)
}

// BilledLine is a line together with its invoice's id.
type BilledLine struct {
	InvoiceID string `db:"invoice_id"`
	InvoiceLine
}

// paysAhead is the condition that a line l of an invoice i pays for time that was still to come: invoicing.LineKind.PaysAhead
// lists the kinds.
const paysAhead = `i.status <> 'void' AND l.kind IN ('commitment', 'proration_charge', 'recurring') AND l.period_end > i.issued_at`

// RunningLines lists what a subscription was charged in advance for time after an instant and has not been credited yet.
func (q Queries) RunningLines(ctx context.Context, subscriptionID string, at time.Time) ([]BilledLine, error) {
	return many[BilledLine](ctx, q.db, "running lines of "+subscriptionID, `
		SELECT l.invoice_id, `+prefixed("l", lineColumns)+`
		  FROM invoice_part p JOIN invoice i ON i.id = p.invoice_id
		  JOIN invoice_line l ON (l.invoice_id, l.subscription_id) = (p.invoice_id, p.subscription_id)
		 WHERE p.subscription_id = $1 AND l.period_end > $2 AND `+paysAhead+`
		   AND NOT EXISTS (SELECT FROM invoice_line c WHERE (c.credits_invoice, c.credits_position) = (l.invoice_id, l.position))
		 ORDER BY i.issued_at, l.invoice_id, l.position`, subscriptionID, at)
}

// ChargedAhead lists the lines that a subscription was charged in advance for time inside [from, to), and what was credited
// of them.
func (q Queries) ChargedAhead(ctx context.Context, subscriptionID string, from, to time.Time) ([]InvoiceLine, error) {
	return many[InvoiceLine](ctx, q.db, "charged in advance of "+subscriptionID, `
		WITH ahead AS (
			SELECT l.invoice_id, l.position FROM invoice_part p JOIN invoice i ON i.id = p.invoice_id
			  JOIN invoice_line l ON (l.invoice_id, l.subscription_id) = (p.invoice_id, p.subscription_id)
			 WHERE p.subscription_id = $1 AND l.period_start >= $2 AND l.period_end <= $3 AND `+paysAhead+`
		)
		SELECT `+prefixed("l", lineColumns)+` FROM invoice_line l JOIN ahead USING (invoice_id, position)
		UNION ALL
		SELECT `+prefixed("c", lineColumns)+` FROM invoice_line c JOIN ahead a ON (c.credits_invoice, c.credits_position) = (a.invoice_id, a.position)`,
		subscriptionID, from, to)
}

// AddInvoice writes an invoice with its lines and parts. Without a payer its customer pays it, and without parts it is for its
// own subscription, which is the customer's. The number is taken last, so that the entity's sequence is locked briefly.
func (tx Tx) AddInvoice(ctx context.Context, inv Invoice, lines []InvoiceLine) (Invoice, error) {
	var last int64
	var prefix string
	err := tx.db.QueryRow(ctx, `UPDATE invoice_sequence s SET last = last + 1 FROM legal_entity e
		WHERE s.entity_id = $1 AND e.id = s.entity_id RETURNING last, e.invoice_prefix`, inv.EntityID).Scan(&last, &prefix)
	if err != nil {
		return inv, fmt.Errorf("number invoice %s: %w", inv.BusinessKey, err)
	}
	inv.PageKey, inv.PayerID = rand.Text(), cmp.Or(inv.PayerID, inv.CustomerID)
	parts := inv.Parts
	if len(parts) == 0 && inv.SubscriptionID != "" {
		parts = []InvoicePart{{SubscriptionID: inv.SubscriptionID, OwnerID: inv.CustomerID, Key: inv.BusinessKey}}
	}
	inv.Number = fmt.Sprintf("%s-%06d", prefix, last)
	_, err = tx.exec(ctx, "add invoice "+inv.BusinessKey, `
		INSERT INTO invoice (`+invoiceColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31)`,
		inv.ID, inv.BusinessKey, inv.EntityID, inv.CustomerID, inv.PayerID, inv.SubscriptionID, inv.Reason, inv.Cycle, inv.Number, inv.Status, inv.Currency,
		inv.Subtotal, inv.Tax, inv.Total, inv.CarriedIn, inv.CarriedOut, inv.CreditGranted, inv.CreditApplied, inv.PrepaidApplied, inv.AmountDue,
		inv.AmountPaid, inv.AmountCredited, inv.PeriodStart, inv.PeriodEnd,
		inv.Zone, inv.TZVersion, inv.IssuedAt, inv.PaidAt, inv.ProviderIntent, inv.PageKey, inv.PONumber)
	if err != nil {
		return inv, err
	}
	batch := &pgx.Batch{}
	for _, p := range parts {
		batch.Queue(`INSERT INTO invoice_part (invoice_id, subscription_id, owner_id, part_key) VALUES ($1, $2, $3, $4)`,
			inv.ID, p.SubscriptionID, p.OwnerID, p.Key)
	}
	var ownSubscription *string
	if inv.SubscriptionID != "" {
		ownSubscription = &inv.SubscriptionID
	}
	for _, l := range lines {
		batch.Queue(`INSERT INTO invoice_line (invoice_id, `+lineColumns+`, measured)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)`,
			inv.ID, cmp.Or(l.SubscriptionID, ownSubscription), l.Position, l.Kind, l.ChargeID, l.PlanID, l.PlanVersion, l.Description,
			l.Quantity, l.Exact, l.Amount, l.Tax, l.Treatment,
			l.Jurisdiction, l.Scheme, l.TaxReason, l.TaxRate, l.PeriodStart, l.PeriodEnd, l.CreditsInvoice, l.CreditsPosition, l.Explanation, l.Measured)
	}
	if err := tx.db.SendBatch(ctx, batch).Close(); err != nil {
		return inv, fmt.Errorf("add lines of invoice %s: %w", inv.BusinessKey, err)
	}
	return inv, nil
}

// SetInvoiceStatus records how collecting an invoice stands.
func (tx Tx) SetInvoiceStatus(ctx context.Context, id, status string, amountPaid int64, paidAt *time.Time) error {
	_, err := tx.exec(ctx, "set status of invoice "+id,
		`UPDATE invoice SET status = $2, amount_paid = $3, paid_at = $4 WHERE id = $1`, id, status, amountPaid, paidAt)
	return err
}

// SetInvoiceIntent records the provider's payment intent for an invoice, once, and returns the one that is recorded.
func (q Queries) SetInvoiceIntent(ctx context.Context, id, intent string) (recorded string, err error) {
	err = q.db.QueryRow(ctx, `UPDATE invoice SET provider_intent = COALESCE(provider_intent, $2) WHERE id = $1
		RETURNING provider_intent`, id, intent).Scan(&recorded)
	if err != nil {
		return "", fmt.Errorf("record payment intent of invoice %s: %w", id, err)
	}
	return recorded, nil
}

// InvoiceByIntent finds the invoice of a provider's payment intent.
func (q Queries) InvoiceByIntent(ctx context.Context, intent string) (Invoice, error) {
	return one[Invoice](ctx, q.db, fmt.Sprintf("invoice of payment intent %q", intent),
		`SELECT `+invoiceColumns+` FROM invoice WHERE provider_intent = $1`, intent)
}
