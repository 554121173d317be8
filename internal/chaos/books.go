package main

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/perennial-billing/perennial/internal/sandbox"
)

// books are our records and the provider's, row by row. They are read here and compared in Go, with no statement and no
// type of internal/store: what is wrong there must not hide itself.
type books struct {
	invoices      []invoiceRow
	payments      []paymentRow
	postings      []postingRow
	cycles        []cycleRow
	subscriptions []subscriptionRow
	customers     []string
	commands      []commandRow
	usage         []usageRow
	buckets       []bucketRow
	dunning       []dunningRow
	mail          []mailRow

	theirs sandbox.Books
	open   map[string]bool // workflows that run
}

type invoiceRow struct {
	ID, SubscriptionID, Reason, Status, Currency string
	Cycle                                        int
	AmountDue, AmountPaid, AmountCredited        int64
}

type paymentRow struct {
	ID, InvoiceID, Status, Currency string
	Charge                          *string
	Amount, Fee                     int64
}

type postingRow struct {
	Key, Account, Currency string
	Amount                 int64
}

type cycleRow struct {
	SubscriptionID string
	Cycle          int
	Start, End     time.Time
	InvoiceID      *string
}

type subscriptionRow struct {
	ID, CustomerID, Status, BilledBy string
	Seats                            int64
	PeriodEnd, EndedAt               *time.Time
}

type commandRow struct{ SubscriptionID, ID string }

type usageRow struct{ CustomerID, ID, Quantity string }

type bucketRow struct{ CustomerID, Quantity, Claimed string }

type dunningRow struct {
	InvoiceID string
	Ended     bool
}

type mailRow struct {
	Key, Status string
}

// read reads everything.
func (c *chaos) read(ctx context.Context) (*books, error) {
	conn, err := pgx.Connect(ctx, c.house.system.Config.DatabaseURL)
	if err != nil {
		return nil, fmt.Errorf("read our books: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	b := &books{}
	for _, read := range []func() error{
		into(ctx, conn, &b.invoices, `SELECT id, subscription_id, reason, status, currency, cycle, amount_due, amount_paid, amount_credited
			FROM invoice`),
		into(ctx, conn, &b.payments, `SELECT id, invoice_id, status, currency, provider_charge, amount, provider_fee FROM payment`),
		into(ctx, conn, &b.postings, `SELECT t.natural_key, p.account, p.currency, p.amount
			FROM ledger_transaction t JOIN ledger_posting p ON p.transaction_id = t.id`),
		into(ctx, conn, &b.cycles, `SELECT subscription_id, cycle, period_start, period_end, invoice_id
			FROM subscription_cycle ORDER BY subscription_id, cycle`),
		into(ctx, conn, &b.subscriptions, `SELECT id, customer_id, status, billed_by, seats, period_end, ended_at FROM subscription`),
		into(ctx, conn, &b.commands, `SELECT subscription_id, id FROM command`),
		into(ctx, conn, &b.usage, `SELECT customer_id, event_id, trim_scale(quantity)::text FROM usage_event`),
		into(ctx, conn, &b.buckets, `SELECT customer_id, quantity::text, claimed::text FROM usage_bucket`),
		into(ctx, conn, &b.dunning, `SELECT invoice_id, ended_at IS NOT NULL FROM dunning`),
		into(ctx, conn, &b.mail, `SELECT message_key, status FROM outbox`),
		func() error {
			rows, err := conn.Query(ctx, `SELECT id FROM customer`)
			if err == nil {
				b.customers, err = pgx.CollectRows(rows, pgx.RowTo[string])
			}
			return err
		},
	} {
		if err := read(); err != nil {
			return nil, fmt.Errorf("read our books: %w", err)
		}
	}
	if b.theirs, err = sandbox.FetchBooks(ctx, c.saboteur.url); err != nil {
		return nil, fmt.Errorf("read the provider's books: %w", err)
	}
	b.open, err = c.openWorkflows(ctx)
	return b, err
}

// into reads rows into structs, column by column.
func into[T any](ctx context.Context, conn *pgx.Conn, rows *[]T, sql string) func() error {
	return func() error {
		found, err := conn.Query(ctx, sql)
		if err == nil {
			*rows, err = pgx.CollectRows(found, pgx.RowToStructByPos[T])
		}
		return err
	}
}
