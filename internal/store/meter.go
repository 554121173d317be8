package store

import (
	"context"
	"time"

	"github.com/perennial-billing/perennial/billing/catalog"
)

// MeasureMeters records the meters that a plan charges, and what its prices need to know of their events.
func (q Queries) MeasureMeters(ctx context.Context, entityID string, plan catalog.Plan, at time.Time) error {
	measures := plan.Measures()
	for _, charge := range plan.EveryCharge() {
		if charge.Kind != catalog.Usage {
			continue
		}
		if err := q.addMeter(ctx, entityID, charge, measures[charge.Meter], at); err != nil {
			return err
		}
	}
	return nil
}

// addMeter records the meter of a charge. One that is there learns what else is needed of its events.
func (q Queries) addMeter(ctx context.Context, entityID string, charge catalog.Charge, needed catalog.Measures, at time.Time) error {
	_, err := q.exec(ctx, "add meter "+charge.Meter, `
		INSERT INTO meter AS m (entity_id, id, name, created_at, dimensions, needs_amount) VALUES ($1, $2, $3, $4, COALESCE($5::text[], '{}'), $6)
		ON CONFLICT (entity_id, id) DO UPDATE
		SET dimensions = ARRAY(SELECT DISTINCT d COLLATE "C" FROM unnest(m.dimensions || EXCLUDED.dimensions) AS known (d) ORDER BY 1),
		    needs_amount = m.needs_amount OR EXCLUDED.needs_amount
		WHERE NOT m.dimensions @> EXCLUDED.dimensions OR EXCLUDED.needs_amount > m.needs_amount`,
		entityID, charge.Meter, charge.Name, at, needed.Dimensions, needed.NeedsAmount)
	return err
}

// Meters are what is needed of the events of each of an entity's meters, by its id.
func (q Queries) Meters(ctx context.Context, entityID string) (map[string]catalog.Measures, error) {
	type row struct {
		ID          string   `db:"id"`
		Dimensions  []string `db:"dimensions"`
		NeedsAmount bool     `db:"needs_amount"`
	}
	rows, err := many[row](ctx, q.db, "meters", `SELECT id, dimensions, needs_amount FROM meter WHERE entity_id = $1`, entityID)
	meters := make(map[string]catalog.Measures, len(rows))
	for _, r := range rows {
		meters[r.ID] = catalog.Measures{Dimensions: r.Dimensions, NeedsAmount: r.NeedsAmount}
	}
	return meters, err
}
