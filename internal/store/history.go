package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/perennial-billing/perennial/billing/money"
)

// Snapshot runs f on one consistent state of the database, in a transaction that can write nothing.
func (s *Store) Snapshot(ctx context.Context, f func(q Queries) error) error {
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	return pgx.BeginTxFunc(ctx, s.pool, options, func(tx pgx.Tx) error { return f(Queries{db: tx}) })
}

// HistoryRange says whose history is read: of an entity's customers, all of them unless some are named, in [From, To).
type HistoryRange struct {
	EntityID  string
	Customers []string
	From, To  time.Time
}

// HistoryCounts says how much there is to read.
type HistoryCounts struct {
	Subscriptions int `db:"subscriptions"`
	Invoices      int `db:"invoices"`
	// Coupons says that some customers had coupons for all of their subscriptions.
	Coupons bool `db:"coupons"`
}

// billedIn is the condition for subscriptions of a HistoryRange ($1 to $4) that may have been billed in it.
const billedIn = `s.entity_id = $1 AND s.started_at < $4 AND (cardinality($2::text[]) = 0 OR s.customer_id = ANY($2)
		OR EXISTS (SELECT FROM invoice i JOIN invoice_part p ON p.invoice_id = i.id
			WHERE p.subscription_id = s.id AND p.owner_id = ANY($2) AND i.issued_at >= $3 AND i.issued_at < $4))
	AND (s.ended_at IS NULL OR s.ended_at >= $3
		OR EXISTS (SELECT FROM invoice i JOIN invoice_part p ON p.invoice_id = i.id
			WHERE p.subscription_id = s.id AND i.issued_at >= $3 AND i.issued_at < $4)
		OR EXISTS (SELECT FROM invoice_run_member m JOIN invoice_run r ON r.id = m.run_id
			WHERE r.entity_id = $1 AND r.as_of >= $3 AND r.as_of < $4 AND m.subscription_id = s.id))`

func (r HistoryRange) args(more ...any) []any {
	customers := r.Customers
	if customers == nil {
		customers = []string{}
	}
	return append([]any{r.EntityID, customers, r.From, r.To}, more...)
}

// CountHistory counts the subscriptions that History lists and all invoices issued in the range, one for several subscriptions
// for each of them.
func (q Queries) CountHistory(ctx context.Context, r HistoryRange) (HistoryCounts, error) {
	return one[HistoryCounts](ctx, q.db, "size of the history of "+r.EntityID, `
		SELECT (SELECT COUNT(*) FROM subscription s WHERE `+billedIn+`) AS subscriptions,
		       (SELECT COUNT(*) FROM invoice i JOIN invoice_part p ON p.invoice_id = i.id
		         WHERE i.entity_id = $1 AND (cardinality($2::text[]) = 0 OR p.owner_id = ANY($2))
		           AND i.issued_at >= $3 AND i.issued_at < $4) AS invoices,
		       EXISTS (SELECT FROM discount d WHERE d.entity_id = $1 AND d.subscription_id IS NULL AND d.applied_at < $4) AS coupons`, r.args()...)
}

// HistoryEntry is a subscription that may have been billed in a HistoryRange.
type HistoryEntry struct {
	ID         string         `db:"id"`
	CustomerID string         `db:"customer_id"`
	Currency   money.Currency `db:"currency"`
	Zone       string         `db:"zone"`
	StartedAt  time.Time      `db:"started_at"`
	EndedAt    *time.Time     `db:"ended_at"`
	// Since is when the first command that matters may have been, if any was before the range: Period or, where there is a
	// coupon or fair billing, the start of the first billing period of all. What is credited when a period begins can be taken
	// off by an amount again, so that its lines hang together with those of the period before; so do seats that are settled.
	Since *time.Time `db:"since"`
	// Period is the start of the last billing period that began before the range, if any.
	Period *time.Time `db:"period"`
	// ByRun says that the monthly run bills the subscription.
	ByRun        bool   `db:"by_run"`
	BillingGroup string `db:"billing_group"`
	PONumber     string `db:"po_number"`
	// Billed says that the subscription itself may have been billed in the range.
	Billed bool `db:"billed"`
}

// withCoupon is the condition for subscriptions that whoever had them had a coupon for before the end of a HistoryRange. It asks
// owner by owner, so that it costs no more with the coupons of everybody else.
const withCoupon = `EXISTS (SELECT FROM (SELECT s.customer_id UNION SELECT p.owner_id FROM invoice_part p WHERE p.subscription_id = s.id) o
	CROSS JOIN LATERAL (SELECT FROM discount d WHERE d.customer_id = o.customer_id AND d.applied_at < $4
		AND COALESCE(d.subscription_id, s.id) = s.id LIMIT 1) d)`

// historyColumns read a subscription s into a HistoryEntry.
const historyColumns = `s.id, s.customer_id, s.currency, s.zone, s.started_at, s.ended_at, s.billed_by = 'invoice_run' AS by_run, s.billing_group, s.po_number,
	CASE WHEN ` + withCoupon + ` OR EXISTS (SELECT FROM fair_billing f WHERE f.subscription_id = s.id) THEN p.first ELSE p.last END AS since, p.last AS period`

// withPeriods joins when the first and the last billing period before a HistoryRange began.
const withPeriods = `CROSS JOIN LATERAL (SELECT MIN(c.period_start) AS first, MAX(c.period_start) AS last
	FROM subscription_cycle c WHERE c.subscription_id = s.id AND c.period_start < $3) p`

// History lists subscriptions by id, after a given one.
func (q Queries) History(ctx context.Context, r HistoryRange, after string, limit int) ([]HistoryEntry, error) {
	return many[HistoryEntry](ctx, q.db, "history of "+r.EntityID, `
		SELECT `+historyColumns+`, TRUE AS billed FROM subscription s `+withPeriods+`
		 WHERE `+billedIn+` AND s.id > $5 ORDER BY s.id LIMIT $6`, r.args(after, limit)...)
}

// HistoryOf lists subscriptions by id that began before the end of a range, whether or not they may have been billed in it.
func (q Queries) HistoryOf(ctx context.Context, r HistoryRange, ids []string) ([]HistoryEntry, error) {
	return many[HistoryEntry](ctx, q.db, "history of "+r.EntityID, `
		SELECT `+historyColumns+`, `+billedIn+` AS billed FROM subscription s `+withPeriods+`
		 WHERE s.id = ANY($5) AND s.started_at < $4 ORDER BY s.id`, r.args(ids)...)
}

// PastCommand is a command that was carried out, or a boundary that was turned.
type PastCommand struct {
	SubscriptionID string          `db:"subscription_id"`
	At             time.Time       `db:"at"`
	Input          json.RawMessage `db:"input"`
	// After is the state that it left.
	After json.RawMessage `db:"after"`
	// InvoiceID is the invoice that came of it, FormerID that of the customer before a transfer; empty for none.
	InvoiceID  string    `db:"invoice_id"`
	FormerID   string    `db:"former_id"`
	RecordedAt time.Time `db:"recorded_at"`
}

// pastCommand reads a command into a PastCommand.
const pastCommand = `c.subscription_id, c.at, c.input, c.result->'state' AS after, COALESCE(c.result->'invoice'->>'invoice_id', '') AS invoice_id,
	COALESCE(c.result->'former'->>'invoice_id', '') AS former_id, c.recorded_at`

// PastCommands lists the commands of subscriptions from each one's Since on until an instant (excluded), in their order.
func (q Queries) PastCommands(ctx context.Context, of []HistoryEntry, to time.Time) ([]PastCommand, error) {
	ids, since := idsOf(of)
	return many[PastCommand](ctx, q.db, "commands", `
		SELECT `+pastCommand+` FROM unnest($1::text[], $2::timestamptz[]) AS s (id, since) JOIN command c ON c.subscription_id = s.id
		 WHERE (s.since IS NULL OR c.at >= s.since) AND c.at < $3 ORDER BY c.subscription_id, c.at, c.recorded_at`, ids, since, to)
}

// CommandsBefore lists, of each subscription with a Since, the last command before that.
func (q Queries) CommandsBefore(ctx context.Context, of []HistoryEntry) ([]PastCommand, error) {
	ids, since := idsOf(of)
	return many[PastCommand](ctx, q.db, "commands", `
		SELECT p.subscription_id, p.at, p.input, p.after, p.invoice_id, p.former_id, p.recorded_at
		  FROM unnest($1::text[], $2::timestamptz[]) AS s (id, since) CROSS JOIN LATERAL (
			SELECT `+pastCommand+` FROM command c WHERE c.subscription_id = s.id AND c.at < s.since
			 ORDER BY c.at DESC, c.recorded_at DESC LIMIT 1) p`, ids, since)
}

func idsOf(entries []HistoryEntry) (ids []string, since []*time.Time) {
	ids, since = make([]string, len(entries)), make([]*time.Time, len(entries))
	for i, e := range entries {
		ids[i], since[i] = e.ID, e.Since
	}
	return ids, since
}

// PastSegment is a segment with its subscription.
type PastSegment struct {
	SubscriptionID string `db:"subscription_id"`
	Segment
}

// PastSegments lists the terms that were in force before an instant, oldest first.
func (q Queries) PastSegments(ctx context.Context, of []HistoryEntry, to time.Time) ([]PastSegment, error) {
	ids, _ := idsOf(of)
	return many[PastSegment](ctx, q.db, "segments", `
		SELECT subscription_id, seq, plan_id, plan_version, seats, add_ons, from_at, to_at FROM subscription_segment
		 WHERE subscription_id = ANY($1) AND from_at < $2 ORDER BY subscription_id, seq`, ids, to)
}

// PastLine is a line of an issued invoice. PartOf is the subscription that it is for, CustomerID whose that was.
type PastLine struct {
	PartOf     string `db:"part_of"`
	CustomerID string `db:"customer_id"`
	InvoiceID  string `db:"invoice_id"`
	Number     string `db:"number"`
	// Serial is the number without the seller's prefix.
	Serial      int64     `db:"serial"`
	BusinessKey string    `db:"business_key"`
	IssuedAt    time.Time `db:"issued_at"`
	InvoiceLine
	// Kept is the line's Measured as it is stored, nil of a line without.
	Kept []byte `db:"measured"`
}

// serialOf is the number of an invoice i without the seller's prefix, in the order in which invoices were issued.
const serialOf = `regexp_replace(i.number, '^.*-', '')::bigint AS serial`

// PastLines lists the lines of the invoices that were issued to subscriptions from an instant on, or from each one's Since on
// if that is before, until another instant (excluded); invoice by invoice.
func (q Queries) PastLines(ctx context.Context, of []HistoryEntry, from, to time.Time) ([]PastLine, error) {
	ids, since := idsOf(of)
	return many[PastLine](ctx, q.db, "invoice lines", `
		SELECT p.subscription_id AS part_of, p.owner_id AS customer_id, l.invoice_id, i.number, `+serialOf+`, p.part_key AS business_key, i.issued_at,
		       l.measured, `+prefixed("l", lineColumns)+`
		  FROM unnest($1::text[], $2::timestamptz[]) AS s (id, since)
		  JOIN invoice_part p ON p.subscription_id = s.id
		  JOIN invoice i ON i.id = p.invoice_id AND i.issued_at >= LEAST(s.since, $3) AND i.issued_at < $4
		  JOIN invoice_line l ON (l.invoice_id, l.subscription_id) = (p.invoice_id, p.subscription_id)
		 ORDER BY p.subscription_id, i.issued_at, i.id, l.position`, ids, since, from, to)
}

// PastMonth is a month that the monthly run settled for a subscription.
type PastMonth struct {
	SubscriptionID string    `db:"subscription_id"`
	Period         string    `db:"period"`
	AsOf           time.Time `db:"as_of"`
	InvoiceID      *string   `db:"invoice_id"`
}

// PastMonths lists the months that runs settled from an instant on, or from each subscription's Since on if that is before,
// until another instant (excluded); oldest first.
func (q Queries) PastMonths(ctx context.Context, of []HistoryEntry, r HistoryRange) ([]PastMonth, error) {
	ids, since := idsOf(of)
	return many[PastMonth](ctx, q.db, "months", `
		SELECT m.subscription_id, r.period, r.as_of, m.invoice_id FROM unnest($4::text[], $5::timestamptz[]) AS s (id, since)
		  JOIN invoice_run r ON r.entity_id = $1 AND r.as_of >= LEAST(s.since, $2) AND r.as_of < $3
		  JOIN invoice_run_member m ON m.run_id = r.id AND m.subscription_id = s.id
		 WHERE m.invoice_id IS NOT NULL OR m.skipped_because IS NOT NULL ORDER BY m.subscription_id, r.period`, r.EntityID, r.From, r.To, ids, since)
}

// PriceLocks lists what plan versions were sold at to subscriptions, the price that counts of each.
func (q Queries) PriceLocks(ctx context.Context, of []HistoryEntry) ([]PriceLock, error) {
	ids, _ := idsOf(of)
	return many[PriceLock](ctx, q.db, "local prices", `
		SELECT DISTINCT ON (subscription_id, plan_id, plan_version) subscription_id, plan_id, plan_version, conversion, quote_id, locked_at
		  FROM price_lock WHERE subscription_id = ANY($1) ORDER BY subscription_id, plan_id, plan_version, locked_at DESC`, ids)
}
