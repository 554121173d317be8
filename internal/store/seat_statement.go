package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/perennial-billing/perennial/billing/money"
)

// SeatStatement is what became of the seats that one line charged in advance. Amounts are minor units of Currency.
type SeatStatement struct {
	ID             int64  `db:"id" json:"-"`
	SubscriptionID string `db:"subscription_id" json:"subscription"`
	// InvoiceKey is the business key of the invoice for which it was made, InvoiceNumber its number: empty if there was
	// nothing to bill.
	InvoiceKey    string         `db:"invoice_key" json:"invoice_key"`
	InvoiceNumber string         `db:"invoice_number" json:"invoice_number,omitempty"`
	LineInvoice   string         `db:"line_invoice" json:"line_invoice"`
	LinePosition  int            `db:"line_position" json:"line_position"`
	ChargeID      string         `db:"charge_id" json:"charge"`
	PeriodStart   time.Time      `db:"period_start" json:"period_start"`
	PeriodEnd     time.Time      `db:"period_end" json:"period_end"`
	Currency      money.Currency `db:"currency" json:"currency"`
	Charges       int64          `db:"charges" json:"charges"`
	Credits       int64          `db:"credits" json:"credits"`
	SettledAt     time.Time      `db:"settled_at" json:"settled_at"`
}

// SeatEntry is one line of a statement.
type SeatEntry struct {
	StatementID int64  `db:"statement_id" json:"-"`
	MemberID    string `db:"member_id" json:"member"`
	Kind        string `db:"kind" json:"kind"`
	Day         string `db:"day" json:"on"`
	Days        int64  `db:"days" json:"days"`
	Of          int64  `db:"of_days" json:"of"`
	Amount      int64  `db:"amount" json:"amount"`
}

// AddSeatStatement records a statement with its entries, in their order, and returns its id.
func (tx Tx) AddSeatStatement(ctx context.Context, s SeatStatement, entries []SeatEntry) (id int64, err error) {
	err = tx.db.QueryRow(ctx, `
		INSERT INTO seat_statement (subscription_id, invoice_key, line_invoice, line_position, charge_id, period_start, period_end, currency,
			charges, credits, settled_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id`,
		s.SubscriptionID, s.InvoiceKey, s.LineInvoice, s.LinePosition, s.ChargeID, s.PeriodStart, s.PeriodEnd, s.Currency,
		s.Charges, s.Credits, s.SettledAt).Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("add seat statement of %s: %w", s.SubscriptionID, err)
	}
	columns := []string{"statement_id", "seq", "member_id", "kind", "day", "days", "of_days", "amount"}
	_, err = tx.db.CopyFrom(ctx, pgx.Identifier{"seat_entry"}, columns, pgx.CopyFromSlice(len(entries), func(i int) ([]any, error) {
		e := entries[i]
		day, err := time.Parse(time.DateOnly, e.Day)
		return []any{id, i + 1, e.MemberID, e.Kind, day, e.Days, e.Of, e.Amount}, err
	}))
	if err != nil {
		return 0, fmt.Errorf("add entries of a seat statement of %s: %w", s.SubscriptionID, err)
	}
	return id, nil
}

// SeatStatements lists the statements of a subscription whose period began in [from, to), oldest first.
func (q Queries) SeatStatements(ctx context.Context, subscriptionID string, from, to time.Time) ([]SeatStatement, error) {
	return many[SeatStatement](ctx, q.db, "seat statements of "+subscriptionID, `
		SELECT s.id, s.subscription_id, s.invoice_key, COALESCE(i.number, '') AS invoice_number, s.line_invoice, s.line_position, s.charge_id,
		       s.period_start, s.period_end, s.currency, s.charges, s.credits, s.settled_at
		  FROM seat_statement s LEFT JOIN invoice i ON i.business_key = s.invoice_key
		 WHERE s.subscription_id = $1 AND s.period_start >= $2 AND s.period_start < $3 ORDER BY s.settled_at, s.period_start, s.id`,
		subscriptionID, from, to)
}

// SeatEntries lists the entries of statements in the order in which they happened, of one member if one is named.
func (q Queries) SeatEntries(ctx context.Context, statements []int64, memberID string) ([]SeatEntry, error) {
	return many[SeatEntry](ctx, q.db, "entries of seat statements", `
		SELECT statement_id, member_id, kind, day::text AS day, days, of_days, amount FROM seat_entry
		 WHERE statement_id = ANY($1) AND ($2 = '' OR member_id = $2) ORDER BY statement_id, seq`, statements, memberID)
}
