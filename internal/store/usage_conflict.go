package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/shopspring/decimal"
)

// UsageConflicts returns those of the events, as they are stored, whose id was stored before with another quantity, time,
// amount or other dimension values.
func (q Queries) UsageConflicts(ctx context.Context, customerID string, events []UsageEvent) ([]UsageEvent, error) {
	ids, meters, quantities := make([]string, len(events)), make([]string, len(events)), make([]string, len(events))
	times, amounts, values := make([]time.Time, len(events)), make([]*string, len(events)), make([]*string, len(events))
	for i, e := range events {
		ids[i], meters[i], quantities[i], times[i] = e.ID, e.Meter, e.Quantity.String(), e.At
		if e.Amount != nil {
			amount := e.Amount.String()
			amounts[i] = &amount
		}
		if len(e.Values) == 0 {
			continue
		}
		text, err := json.Marshal(e.Values)
		if err != nil {
			return nil, fmt.Errorf("event %s: %w", e.ID, err)
		}
		values[i] = new(string(text))
	}
	type row struct {
		ID       string            `db:"id"`
		Meter    string            `db:"meter"`
		Quantity decimal.Decimal   `db:"quantity"`
		At       time.Time         `db:"at"`
		Amount   *decimal.Decimal  `db:"amount"`
		Values   map[string]string `db:"values"`
	}
	rows, err := many[row](ctx, q.db, "conflicting usage of "+customerID, `
		SELECT DISTINCT u.event_id AS id, u.meter, u.quantity, u.at, u.amount, g.dimension_values::jsonb AS "values"
		  FROM unnest($2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::text[], $7::text[]) AS n (id, meter, quantity, at, amount, dimension_values)
		  JOIN usage_event u ON (u.customer_id, u.meter, u.event_id) = ($1, n.meter, n.id)
		  LEFT JOIN usage_group g ON g.id = u.group_id
		 WHERE (u.quantity, u.at) <> (n.quantity::numeric, n.at) OR u.amount IS DISTINCT FROM n.amount::numeric
		    OR g.dimension_values IS DISTINCT FROM n.dimension_values ORDER BY 1, 2`,
		customerID, ids, meters, quantities, times, amounts, values)
	conflicting := make([]UsageEvent, len(rows))
	for i, r := range rows {
		conflicting[i] = UsageEvent(r)
	}
	return conflicting, err
}
