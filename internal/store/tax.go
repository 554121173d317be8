package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/tax"
)

type taxEntryRow struct {
	ID           string          `db:"id"`
	InvoiceID    string          `db:"invoice_id"`
	Scheme       tax.Scheme      `db:"scheme"`
	Jurisdiction string          `db:"jurisdiction"`
	Treatment    tax.Treatment   `db:"treatment"`
	Reason       string          `db:"reason"`
	Rate         decimal.Decimal `db:"rate"`
	Currency     money.Currency  `db:"currency"`
	Net          int64           `db:"net"`
	Tax          int64           `db:"tax"`
	TaxPoint     string          `db:"tax_point"`
}

func (r taxEntryRow) entry() (tax.Entry, error) {
	point, err := calendar.ParseDate(r.TaxPoint)
	return tax.Entry{
		ID: r.ID, InvoiceID: r.InvoiceID, Country: r.Jurisdiction, TaxPoint: point,
		Decision: tax.Decision{Scheme: r.Scheme, Jurisdiction: r.Jurisdiction, Treatment: r.Treatment, Reason: r.Reason, Rate: r.Rate},
		Net:      money.New(r.Net, r.Currency), Tax: money.New(r.Tax, r.Currency),
	}, err
}

// AddTaxEntry records a tax group of an invoice, in the transaction that writes the invoice.
func (tx Tx) AddTaxEntry(ctx context.Context, entityID string, e tax.Entry) error {
	_, err := tx.exec(ctx, "add tax entry "+e.ID, `
		INSERT INTO tax_entry (id, entity_id, invoice_id, scheme, jurisdiction, treatment, reason, rate, currency, net, tax, tax_point)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		e.ID, entityID, e.InvoiceID, e.Decision.Scheme, e.Decision.Jurisdiction, e.Decision.Treatment, e.Decision.Reason, e.Decision.Rate,
		e.Net.Currency, e.Net.Minor, e.Tax.Minor, e.TaxPoint.String())
	return err
}

// TaxReturn is a return with where it stands.
type TaxReturn struct {
	ID         string          `db:"id" json:"id"`
	EntityID   string          `db:"entity_id" json:"entity_id"`
	Scheme     tax.Scheme      `db:"scheme" json:"scheme"`
	Period     string          `db:"period" json:"period"`
	Revision   int             `db:"revision" json:"revision"`
	Status     string          `db:"status" json:"status"`
	FileBy     string          `db:"file_by" json:"file_by"`
	PayBy      string          `db:"pay_by" json:"pay_by"`
	Currency   money.Currency  `db:"currency" json:"currency"`
	Payable    int64           `db:"payable" json:"payable"`
	Content    json.RawMessage `db:"content" json:"content"`
	ApprovedBy string          `db:"approved_by" json:"approved_by,omitempty"`
	ApprovedAt *time.Time      `db:"approved_at" json:"approved_at,omitempty"`
	FiledRef   string          `db:"filed_ref" json:"filed_ref,omitempty"`
	FiledAt    *time.Time      `db:"filed_at" json:"filed_at,omitempty"`
	PaidAt     *time.Time      `db:"paid_at" json:"paid_at,omitempty"`
	FrozenAt   time.Time       `db:"frozen_at" json:"frozen_at"`
}

// The states of a return, in order.
const (
	ReturnFrozen   = "frozen"
	ReturnComputed = "computed"
	ReturnApproved = "approved"
	ReturnFiled    = "filed"
	ReturnPaid     = "paid"
)

const returnColumns = `id, entity_id, scheme, period, revision, status, file_by::text, pay_by::text, currency, payable, content,
	approved_by, approved_at, filed_ref, filed_at, paid_at, frozen_at`

// FreezeReturn records a return and takes for it the entity's entries under the scheme with a tax point in
// [from, to] that no return has taken. Repeating it changes nothing.
func (tx Tx) FreezeReturn(ctx context.Context, r TaxReturn, from, to calendar.Date) error {
	added, err := tx.exec(ctx, "freeze "+r.ID, `
		INSERT INTO tax_return (id, entity_id, scheme, period, revision, status, file_by, pay_by, currency, frozen_at)
		VALUES ($1, $2, $3, $4, $5, 'frozen', $6, $7, $8, $9) ON CONFLICT (id) DO NOTHING`,
		r.ID, r.EntityID, r.Scheme, r.Period, r.Revision, r.FileBy, r.PayBy, r.Currency, r.FrozenAt)
	if err != nil || added == 0 {
		return err
	}
	_, err = tx.exec(ctx, "take entries for "+r.ID, `
		UPDATE tax_entry SET return_id = $1 WHERE entity_id = $2 AND scheme = $3 AND tax_point BETWEEN $4 AND $5 AND return_id IS NULL`,
		r.ID, r.EntityID, r.Scheme, from.String(), to.String())
	return err
}

// TaxReturn reads a return.
func (q Queries) TaxReturn(ctx context.Context, id string) (TaxReturn, error) {
	return one[TaxReturn](ctx, q.db, fmt.Sprintf("tax return %q", id), `SELECT `+returnColumns+` FROM tax_return WHERE id = $1`, id)
}

// LockReturn reads a return and holds it until the transaction ends.
func (tx Tx) LockReturn(ctx context.Context, id string) (TaxReturn, error) {
	return one[TaxReturn](ctx, tx.db, fmt.Sprintf("tax return %q", id), `SELECT `+returnColumns+` FROM tax_return WHERE id = $1 FOR UPDATE`, id)
}

// TaxReturns lists an entity's returns (all when empty).
func (q Queries) TaxReturns(ctx context.Context, entityID string) ([]TaxReturn, error) {
	return many[TaxReturn](ctx, q.db, "tax returns", `SELECT `+returnColumns+` FROM tax_return
		WHERE $1 = '' OR entity_id = $1 ORDER BY entity_id, scheme, period, revision`, entityID)
}

// ReturnEntries lists the entries a return covers.
func (q Queries) ReturnEntries(ctx context.Context, id string) ([]tax.Entry, error) {
	rows, err := many[taxEntryRow](ctx, q.db, "entries of "+id, `
		SELECT id, invoice_id, scheme, jurisdiction, treatment, reason, rate, currency, net, tax, tax_point::text
		  FROM tax_entry WHERE return_id = $1 ORDER BY id`, id)
	if err != nil {
		return nil, err
	}
	entries := make([]tax.Entry, len(rows))
	for i, row := range rows {
		if entries[i], err = row.entry(); err != nil {
			return nil, fmt.Errorf("tax entry %s: %w", row.ID, err)
		}
	}
	return entries, nil
}

// BookedTax is what the ledger credited to tax payable, per currency, when the invoices of a return were finalised.
// Taxes of those invoices under other schemes are left out.
func (q Queries) BookedTax(ctx context.Context, id string) (map[money.Currency]int64, error) {
	type row struct {
		Currency money.Currency `db:"currency"`
		Tax      int64          `db:"tax"`
	}
	rows, err := many[row](ctx, q.db, "booked tax of "+id, `
		WITH invoices AS (SELECT DISTINCT invoice_id FROM tax_entry WHERE return_id = $1),
		booked AS (
			SELECT p.currency, -SUM(p.amount) AS tax FROM invoices i
			  JOIN ledger_transaction t ON t.natural_key = 'invoice:' || i.invoice_id || ':finalised'
			  JOIN ledger_posting p ON p.transaction_id = t.id AND p.account = 'TaxPayable' GROUP BY p.currency
		), elsewhere AS (
			SELECT e.currency, SUM(e.tax) AS tax FROM tax_entry e
			 WHERE e.invoice_id IN (SELECT invoice_id FROM invoices) AND e.return_id IS DISTINCT FROM $1 GROUP BY e.currency
		)
		SELECT booked.currency, (booked.tax - COALESCE(elsewhere.tax, 0))::bigint AS tax
		  FROM booked LEFT JOIN elsewhere USING (currency)`, id)
	booked := map[money.Currency]int64{}
	for _, r := range rows {
		booked[r.Currency] = r.Tax
	}
	return booked, err
}

// SaveReturn records a return's new state.
func (tx Tx) SaveReturn(ctx context.Context, r TaxReturn) error {
	_, err := tx.exec(ctx, "save "+r.ID, `
		UPDATE tax_return SET status = $2, payable = $3, content = $4, approved_by = $5, approved_at = $6, filed_ref = $7, filed_at = $8, paid_at = $9
		 WHERE id = $1`, r.ID, r.Status, r.Payable, r.Content, r.ApprovedBy, r.ApprovedAt, r.FiledRef, r.FiledAt, r.PaidAt)
	return err
}

// Owed is what the return says is to be paid.
func (r TaxReturn) Owed() money.Amount { return money.New(r.Payable, r.Currency) }
