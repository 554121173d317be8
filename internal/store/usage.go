package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
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
	// Amount is the event's own price, in major units of the customer's currency; nil where none was given.
	Amount *decimal.Decimal `json:"amount,omitempty"`
	// Values are those of the event's dimensions.
	Values map[string]string `json:"values,omitempty"`
}

// Same says that the events have the same content.
func (e UsageEvent) Same(other UsageEvent) bool {
	amounts := e.Amount == nil && other.Amount == nil || e.Amount != nil && other.Amount != nil && e.Amount.Equal(*other.Amount)
	return e.Quantity.Equal(other.Quantity) && e.At.Equal(other.At) && amounts && maps.Equal(e.Values, other.Values)
}

// AddUsage stores events of one customer and adds them to the quarter-hour sums, in one transaction.
// It returns how many were new; the others had been stored before. The caller has checked the meters, amounts and values.
func (s *Store) AddUsage(ctx context.Context, customerID string, events []UsageEvent) (added int64, err error) {
	groups, err := s.usageGroups(ctx, customerID, events)
	if err != nil {
		return 0, err
	}
	// An invoice for several plans claims the meters of one after those of the other, and may meet us half-way.
	for range 5 {
		if added, err = s.addUsage(ctx, customerID, events, groups); !isDeadlock(err) {
			break
		}
	}
	return added, err
}

func isDeadlock(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "40P01"
}

func (s *Store) addUsage(ctx context.Context, customerID string, events []UsageEvent, groups []*int64) (added int64, err error) {
	err = s.Tx(ctx, func(tx Tx) error {
		if _, err := tx.db.Exec(ctx, `CREATE TEMP TABLE incoming_usage
			(meter TEXT, event_id TEXT, at TIMESTAMPTZ, quantity NUMERIC, amount NUMERIC, group_id BIGINT) ON COMMIT DROP`); err != nil {
			return fmt.Errorf("prepare usage: %w", err)
		}
		_, err := tx.db.CopyFrom(ctx, pgx.Identifier{"incoming_usage"}, []string{"meter", "event_id", "at", "quantity", "amount", "group_id"},
			pgx.CopyFromSlice(len(events), func(i int) ([]any, error) {
				e := events[i]
				var group *int64
				if groups != nil {
					group = groups[i]
				}
				return []any{e.Meter, e.ID, e.At, e.Quantity, e.Amount, group}, nil
			}))
		if err != nil {
			return fmt.Errorf("copy usage: %w", err)
		}
		var late int64
		if err := tx.db.QueryRow(ctx, storeUsage, customerID).Scan(&added, &late); err != nil || late == 0 {
			return err
		}
		_, err = tx.exec(ctx, "note late usage of "+customerID, noteLateUsage, customerID)
		return err
	})
	return added, err
}

// The sums take only the events that were really added. Events and buckets are locked in one order, so that two imports,
// even of the same events, cannot deadlock.
const storeUsage = `
	WITH added AS (
		INSERT INTO usage_event (customer_id, meter, event_id, at, quantity, amount, group_id)
		SELECT $1, meter, event_id, at, quantity, amount, group_id FROM incoming_usage ORDER BY meter, event_id
		ON CONFLICT DO NOTHING
		RETURNING meter, at, quantity, amount, group_id
	), sums AS (
		SELECT meter, to_timestamp(floor(extract(epoch FROM at) / 900) * 900) AS bucket_at, COALESCE(group_id, 0) AS group_id,
		       SUM(quantity) AS quantity, COUNT(*) AS events, SUM(amount) AS amount
		  FROM added GROUP BY 1, 2, 3
	), bucketed AS (
		INSERT INTO usage_bucket AS b (customer_id, meter, bucket_at, group_id, quantity, events, amount)
		SELECT $1, meter, bucket_at, group_id, quantity, events, amount FROM sums ORDER BY meter, bucket_at, group_id
		ON CONFLICT (customer_id, meter, bucket_at, group_id) DO UPDATE
		SET quantity = b.quantity + EXCLUDED.quantity, events = b.events + EXCLUDED.events,
		    amount = COALESCE(b.amount + EXCLUDED.amount, b.amount, EXCLUDED.amount)
		RETURNING claims
	)
	SELECT (SELECT COUNT(*) FROM added), (SELECT COUNT(*) FROM bucketed WHERE claims > 0)`

// Events that come into a quarter hour after a bill has claimed it keep how often it was claimed. Their buckets are locked
// since they were counted, and xmin tells them from events that were stored before.
const noteLateUsage = `
	UPDATE usage_event e SET after_claims = b.claims
	  FROM incoming_usage i, usage_bucket b
	 WHERE (e.customer_id, e.meter, e.event_id) = ($1, i.meter, i.event_id) AND e.xmin = pg_current_xact_id()::xid
	   AND (b.customer_id, b.meter, b.bucket_at, b.group_id)
	     = ($1, e.meter, to_timestamp(floor(extract(epoch FROM e.at) / 900) * 900), COALESCE(e.group_id, 0))
	   AND b.claims > 0`
