package store

import (
	"context"
	"time"

	"github.com/shopspring/decimal"
)

// UsageTotals sums a customer's events per meter and combination of dimension values in [from, to), billed or not.
func (q Queries) UsageTotals(ctx context.Context, customerID string, from, to time.Time) ([]UsageTotal, error) {
	return many[UsageTotal](ctx, q.db, "usage of "+customerID, `
		SELECT e.meter, g.dimension_values::jsonb AS "values", COUNT(*) AS events, SUM(e.quantity) AS quantity, SUM(e.amount) AS amount
		  FROM usage_event e LEFT JOIN usage_group g ON g.id = e.group_id
		 WHERE e.customer_id = $1 AND e.at >= $2 AND e.at < $3 GROUP BY e.meter, g.dimension_values
		 ORDER BY e.meter, g.dimension_values NULLS FIRST`, customerID, from, to)
}

// UsageTotal is what a customer used of a meter with one combination of dimension values, or with none.
type UsageTotal struct {
	Meter    string            `db:"meter" json:"meter"`
	Values   map[string]string `db:"values" json:"values,omitempty" doc:"The dimension values that the events came with."`
	Events   int64             `db:"events" json:"events"`
	Quantity decimal.Decimal   `db:"quantity" json:"quantity"`
	Amount   *decimal.Decimal  `db:"amount" json:"amount,omitempty" doc:"The sum of the events' amounts, where any was given."`
}
