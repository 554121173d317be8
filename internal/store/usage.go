package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/shopspring/decimal"
)

// UsageEvent is one metered event of a customer. ID makes a repeated delivery a no-op.
type UsageEvent struct {
	ID       string          `json:"id"`
	Meter    string          `json:"meter"`
	Quantity decimal.Decimal `json:"quantity"`
	At       time.Time       `json:"at"`
}

// AddUsage stores events of one customer and adds them to the quarter-hour sums, in one transaction.
// It returns how many were new; the others had been stored before. The caller has checked the meters.
func (s *Store) AddUsage(ctx context.Context, customerID string, events []UsageEvent) (added int64, err error) {
	// An invoice for several plans claims the meters of one after those of the other, and may meet us half-way.
	for range 5 {
		if added, err = s.addUsage(ctx, customerID, events); !isDeadlock(err) {
			break
		}
	}
	return added, err
}

func isDeadlock(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "40P01"
}

func (s *Store) addUsage(ctx context.Context, customerID string, events []UsageEvent) (added int64, err error) {
	err = s.Tx(ctx, func(tx Tx) error {
		if _, err := tx.db.Exec(ctx, `CREATE TEMP TABLE incoming_usage
			(meter TEXT, event_id TEXT, at TIMESTAMPTZ, quantity NUMERIC) ON COMMIT DROP`); err != nil {
			return fmt.Errorf("prepare usage: %w", err)
		}
		_, err := tx.db.CopyFrom(ctx, pgx.Identifier{"incoming_usage"}, []string{"meter", "event_id", "at", "quantity"},
			pgx.CopyFromSlice(len(events), func(i int) ([]any, error) {
				e := events[i]
				return []any{e.Meter, e.ID, e.At, e.Quantity}, nil
			}))
		if err != nil {
			return fmt.Errorf("copy usage: %w", err)
		}
		return tx.db.QueryRow(ctx, storeUsage, customerID).Scan(&added)
	})
	return added, err
}

// The sums take only the events that were really added. Events and buckets are locked in one order, so that two imports,
// even of the same events, cannot deadlock.
const storeUsage = `
	WITH added AS (
		INSERT INTO usage_event (customer_id, meter, event_id, at, quantity)
		SELECT $1, meter, event_id, at, quantity FROM incoming_usage ORDER BY meter, event_id
		ON CONFLICT DO NOTHING
		RETURNING meter, at, quantity
	), sums AS (
		SELECT meter, to_timestamp(floor(extract(epoch FROM at) / 900) * 900) AS bucket_at, SUM(quantity) AS quantity
		  FROM added GROUP BY 1, 2
	), bucketed AS (
		INSERT INTO usage_bucket (customer_id, meter, bucket_at, quantity)
		SELECT $1, meter, bucket_at, quantity FROM sums ORDER BY meter, bucket_at
		ON CONFLICT (customer_id, meter, bucket_at) DO UPDATE SET quantity = usage_bucket.quantity + EXCLUDED.quantity
	)
	SELECT COUNT(*) FROM added`

// UsageSum is a meter's unbilled quantity in a stretch of time.
type UsageSum struct {
	Meter    string          `db:"meter"`
	Quantity decimal.Decimal `db:"quantity"`
	// Late is the part that lies before the period being billed.
	Late decimal.Decimal `db:"late"`
}

// ClaimUsage returns what a subscription's customer used of a meter and was not billed for, in quarter hours that begin in
// [from, to), and marks it as billed. Its trial and its pauses are free; what was used before it started is not, because
// nobody else would bill it. What begins before lateBefore is reported as late. It must run in the transaction that
// writes the invoice.
func (tx Tx) ClaimUsage(ctx context.Context, subscriptionID, meter string, from, to, lateBefore time.Time) ([]UsageSum, error) {
	return many[UsageSum](ctx, tx.db, "usage of "+subscriptionID, `
		WITH claimed AS (
			UPDATE usage_bucket b SET claimed = b.quantity
			  FROM (SELECT u.customer_id, u.meter, u.bucket_at, u.claimed
			          FROM usage_bucket u JOIN subscription s ON s.customer_id = u.customer_id AND s.id = $1
			         WHERE u.meter = $2 AND u.bucket_at >= $3 AND u.bucket_at < $4 AND u.claimed < u.quantity
			           AND (u.bucket_at < s.started_at OR EXISTS (SELECT FROM subscription_segment g WHERE g.subscription_id = s.id
			                AND g.from_at < u.bucket_at + interval '15 minutes' AND (g.to_at IS NULL OR g.to_at > u.bucket_at)))
			         ORDER BY u.bucket_at FOR UPDATE OF u) old
			 WHERE (b.customer_id, b.meter, b.bucket_at) = (old.customer_id, old.meter, old.bucket_at)
			RETURNING b.meter, b.bucket_at, b.quantity - old.claimed AS quantity
		)
		SELECT meter, SUM(quantity) AS quantity, COALESCE(SUM(quantity) FILTER (WHERE bucket_at < $5), 0) AS late
		  FROM claimed GROUP BY meter`, subscriptionID, meter, from, to, lateBefore)
}

// UsageTotals sums a customer's events per meter in [from, to), billed or not.
func (q Queries) UsageTotals(ctx context.Context, customerID string, from, to time.Time) ([]UsageTotal, error) {
	return many[UsageTotal](ctx, q.db, "usage of "+customerID, `
		SELECT meter, COUNT(*) AS events, SUM(quantity) AS quantity FROM usage_event
		 WHERE customer_id = $1 AND at >= $2 AND at < $3 GROUP BY meter ORDER BY meter`, customerID, from, to)
}

// UsageTotal is a meter's events and their sum.
type UsageTotal struct {
	Meter    string          `db:"meter" json:"meter"`
	Events   int64           `db:"events" json:"events"`
	Quantity decimal.Decimal `db:"quantity" json:"quantity"`
}
