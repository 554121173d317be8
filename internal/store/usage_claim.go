package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/shopspring/decimal"
)

// UsageClaim is what a bill asks for: the quarter hours of a meter that begin in [From, To). What begins before LateBefore
// is late.
type UsageClaim struct {
	Meter                string
	From, To, LateBefore time.Time
	// Each asks for the events themselves.
	Each bool
}

// ClaimedUsage is usage that nobody had billed.
type ClaimedUsage struct {
	Groups []ClaimedGroup
	// Events are the quantities of all events, in the order of time and, at one instant, of their ids, if they were asked for.
	Events []decimal.Decimal
}

// ClaimedGroup is the claimed usage of one combination of dimension values.
type ClaimedGroup struct {
	// Values is nil for usage without dimension values.
	Values   map[string]string
	Quantity decimal.Decimal
	// Late is the part of Quantity that lies before the period being billed.
	Late   decimal.Decimal
	Events int64
	// Amount is the sum of the events' amounts; nil where none was given.
	Amount *decimal.Decimal
}

// claimedRow is a claimed group with its quarter hours, which are only listed to find their events.
type claimedRow struct {
	CustomerID string           `db:"customer_id"`
	GroupID    int64            `db:"group_id"`
	Values     *string          `db:"dimension_values"`
	Quantity   decimal.Decimal  `db:"quantity"`
	Late       decimal.Decimal  `db:"late"`
	Events     int64            `db:"events"`
	Amount     *decimal.Decimal `db:"amount"`
	Buckets    []time.Time      `db:"buckets"`
	Claims     []int32          `db:"claims"`
}

// ClaimUsage returns what a subscription's customer used of a meter and was not billed for, and marks it as billed. Its trial
// and its pauses are free; what was used before it started is not, because nobody else would bill it. It must run in the
// transaction that writes the invoice.
func (tx Tx) ClaimUsage(ctx context.Context, subscriptionID string, claim UsageClaim) (ClaimedUsage, error) {
	rows, err := many[claimedRow](ctx, tx.db, "usage of "+subscriptionID, `
		WITH claimed AS (
			UPDATE usage_bucket b SET claimed = b.quantity, claimed_events = b.events, claimed_amount = b.amount, claims = b.claims + 1
			  FROM (SELECT u.customer_id, u.meter, u.bucket_at, u.group_id, u.claimed, u.claimed_events, u.claimed_amount, u.claims
			          FROM usage_bucket u JOIN subscription s ON s.customer_id = u.customer_id AND s.id = $1
			         WHERE u.meter = $2 AND u.bucket_at >= $3 AND u.bucket_at < $4 AND u.claimed_events < u.events
			           AND (u.bucket_at < s.started_at OR EXISTS (SELECT FROM subscription_segment g WHERE g.subscription_id = s.id
			                AND g.from_at < u.bucket_at + interval '15 minutes' AND (g.to_at IS NULL OR g.to_at > u.bucket_at)))
			         ORDER BY u.bucket_at, u.group_id FOR UPDATE OF u) old
			 WHERE (b.customer_id, b.meter, b.bucket_at, b.group_id) = (old.customer_id, old.meter, old.bucket_at, old.group_id)
			RETURNING b.customer_id, b.group_id, b.bucket_at, old.claims, b.quantity - old.claimed AS quantity,
			          b.events - old.claimed_events AS events, b.amount - COALESCE(old.claimed_amount, 0) AS amount
		)
		SELECT c.customer_id, c.group_id, n.dimension_values, SUM(c.quantity) AS quantity,
		       COALESCE(SUM(c.quantity) FILTER (WHERE c.bucket_at < $5), 0) AS late, SUM(c.events)::bigint AS events, SUM(c.amount) AS amount,
		       CASE WHEN $6 THEN array_agg(c.bucket_at) END AS buckets, CASE WHEN $6 THEN array_agg(c.claims) END AS claims
		  FROM claimed c LEFT JOIN usage_group n ON n.id = c.group_id
		 GROUP BY c.customer_id, c.group_id, n.dimension_values ORDER BY c.group_id`,
		subscriptionID, claim.Meter, claim.From, claim.To, claim.LateBefore, claim.Each)
	if err != nil {
		return ClaimedUsage{}, err
	}
	used, err := readClaimed(rows)
	if err == nil && claim.Each && len(rows) > 0 {
		used.Events, err = tx.claimedEvents(ctx, claim.Meter, rows)
	}
	return used, err
}

func readClaimed(rows []claimedRow) (ClaimedUsage, error) {
	used := ClaimedUsage{Groups: make([]ClaimedGroup, len(rows))}
	for i, row := range rows {
		used.Groups[i] = ClaimedGroup{Quantity: row.Quantity, Late: row.Late, Events: row.Events, Amount: row.Amount}
		if row.Values == nil {
			continue
		}
		if err := json.Unmarshal([]byte(*row.Values), &used.Groups[i].Values); err != nil {
			return used, fmt.Errorf("group %d of usage: %w", row.GroupID, err)
		}
	}
	return used, nil
}

// claimedEvents reads the events of quarter hours that were just claimed. It is a statement after the one that locked them:
// so it sees every event that they count. Those that an earlier bill claimed came before more claims, or fewer.
func (tx Tx) claimedEvents(ctx context.Context, meter string, rows []claimedRow) ([]decimal.Decimal, error) {
	var groups []int64
	var buckets []time.Time
	var claims []int32
	counted := 0
	for _, row := range rows {
		for i := range row.Buckets {
			groups, buckets, claims = append(groups, row.GroupID), append(buckets, row.Buckets[i]), append(claims, row.Claims[i])
		}
		counted += int(row.Events)
	}
	type quantity struct {
		Quantity decimal.Decimal `db:"quantity"`
	}
	found, err := many[quantity](ctx, tx.db, "events of meter "+meter, `
		SELECT e.quantity FROM unnest($3::bigint[], $4::timestamptz[], $5::int[]) AS c (group_id, bucket_at, claims)
		  JOIN usage_event e ON e.customer_id = $1 AND e.meter = $2 AND e.at >= c.bucket_at AND e.at < c.bucket_at + interval '15 minutes'
		                    AND COALESCE(e.group_id, 0) = c.group_id AND COALESCE(e.after_claims, 0) = c.claims
		 ORDER BY e.at, e.event_id COLLATE "C"`, rows[0].CustomerID, meter, groups, buckets, claims)
	if err == nil && len(found) != counted {
		err = fmt.Errorf("meter %s: the sums count %d events, of which %d are stored", meter, counted, len(found))
	}
	events := make([]decimal.Decimal, len(found))
	for i, event := range found {
		events[i] = event.Quantity
	}
	return events, err
}
