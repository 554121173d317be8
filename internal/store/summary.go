package store

import (
	"context"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/money"
)

// StatusCount counts an entity's things in a status.
type StatusCount struct {
	EntityID string `db:"entity_id" json:"-"`
	Status   string `db:"status" json:"status"`
	Count    int    `db:"count" json:"count"`
}

// Turnover is an entity's billing in a currency, in minor units: Billed is the totals of its invoices, of which Tax is
// tax; Granted is the part below zero, which became the customers' credit, and Credited what such credit paid; Collected
// is what the customers paid, Recovered the part that needed dunning; Open is still owed, WrittenOff given up. So
// Billed + Granted - Credited = Collected + Open + WrittenOff.
type Turnover struct {
	EntityID   string         `db:"entity_id" json:"-"`
	Currency   money.Currency `db:"currency" json:"currency"`
	Invoices   int            `db:"invoices" json:"invoices"`
	Billed     int64          `db:"billed" json:"billed"`
	Tax        int64          `db:"tax" json:"tax"`
	Granted    int64          `db:"granted" json:"granted"`
	Credited   int64          `db:"credited" json:"credited"`
	Collected  int64          `db:"collected" json:"collected"`
	Recovered  int64          `db:"recovered" json:"recovered"`
	Open       int64          `db:"open" json:"open"`
	WrittenOff int64          `db:"written_off" json:"written_off"`
}

// TaxTotal is an entity's tax in a jurisdiction, in minor units.
type TaxTotal struct {
	EntityID     string          `db:"entity_id" json:"-"`
	Jurisdiction string          `db:"jurisdiction" json:"jurisdiction"`
	Scheme       string          `db:"scheme" json:"scheme"`
	Treatment    string          `db:"treatment" json:"treatment"`
	Rate         decimal.Decimal `db:"rate" json:"rate"`
	Currency     money.Currency  `db:"currency" json:"currency"`
	Net          int64           `db:"net" json:"net"`
	Tax          int64           `db:"tax" json:"tax"`
}

// SubscriptionCounts counts subscriptions by entity and status.
func (q Queries) SubscriptionCounts(ctx context.Context) ([]StatusCount, error) {
	return many[StatusCount](ctx, q.db, "subscriptions by status",
		`SELECT entity_id, status, COUNT(*) AS count FROM subscription GROUP BY 1, 2 ORDER BY 1, 2`)
}

// InvoiceCounts counts invoices by entity and status.
func (q Queries) InvoiceCounts(ctx context.Context) ([]StatusCount, error) {
	return many[StatusCount](ctx, q.db, "invoices by status",
		`SELECT entity_id, status, COUNT(*) AS count FROM invoice GROUP BY 1, 2 ORDER BY 1, 2`)
}

// DunningCounts counts the invoices that needed dunning by entity and where it stands.
func (q Queries) DunningCounts(ctx context.Context) ([]StatusCount, error) {
	return many[StatusCount](ctx, q.db, "dunning by status", `
		SELECT i.entity_id, d.status, COUNT(*) AS count FROM dunning d JOIN invoice i ON i.id = d.invoice_id
		 WHERE d.attempts > 1 OR d.status <> 'recovered' GROUP BY 1, 2 ORDER BY 1, 2`)
}

// Turnovers sums the invoices by entity and currency. Recovered is what was paid at a second or later attempt.
func (q Queries) Turnovers(ctx context.Context) ([]Turnover, error) {
	return many[Turnover](ctx, q.db, "turnover", `
		SELECT i.entity_id, i.currency, COUNT(*) AS invoices, SUM(i.total)::bigint AS billed, SUM(i.tax)::bigint AS tax,
		       SUM(i.credit_granted)::bigint AS granted, SUM(i.credit_applied + i.prepaid_applied + i.amount_credited)::bigint AS credited,
		       SUM(i.amount_paid)::bigint AS collected,
		       COALESCE(SUM(i.amount_paid) FILTER (WHERE p.attempt > 1), 0)::bigint AS recovered,
		       (COALESCE(SUM(i.amount_due - i.amount_paid - i.amount_credited) FILTER (WHERE i.status = 'open'), 0)
		         + SUM(i.carried_out - i.carried_in))::bigint AS open,
		       COALESCE(SUM(i.amount_due - i.amount_paid - i.amount_credited) FILTER (WHERE i.status = 'uncollectible'), 0)::bigint AS written_off
		  FROM invoice i LEFT JOIN payment p ON p.invoice_id = i.id AND p.status = 'succeeded'
		 WHERE i.status <> 'void' GROUP BY 1, 2 ORDER BY 1, 2`)
}

// TaxTotals sums the tax entries by entity, jurisdiction, treatment and currency.
func (q Queries) TaxTotals(ctx context.Context) ([]TaxTotal, error) {
	return many[TaxTotal](ctx, q.db, "tax by jurisdiction", `
		SELECT entity_id, jurisdiction, scheme, treatment, rate, currency, SUM(net)::bigint AS net, SUM(tax)::bigint AS tax
		  FROM tax_entry GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 4, 5, 6`)
}

// MailCounts counts the outbox by status.
func (q Queries) MailCounts(ctx context.Context) (map[string]int, error) {
	type row struct {
		Status string `db:"status"`
		Count  int    `db:"count"`
	}
	rows, err := many[row](ctx, q.db, "mail by status", `SELECT status, COUNT(*) AS count FROM outbox GROUP BY 1`)
	counts := map[string]int{}
	for _, r := range rows {
		counts[r.Status] = r.Count
	}
	return counts, err
}
