package store

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"time"

	"github.com/perennial-billing/perennial/billing/catalog"
)

// PlanVersion is a version of an entity's plan.
type PlanVersion struct {
	EntityID string
	Plan     catalog.Plan
}

type planRow struct {
	EntityID   string          `db:"entity_id"`
	Definition json.RawMessage `db:"definition"`
}

func (r planRow) read() (PlanVersion, error) {
	var plan catalog.Plan
	if err := json.Unmarshal(r.Definition, &plan); err != nil {
		return PlanVersion{}, fmt.Errorf("plan definition: %w", err)
	}
	return PlanVersion{EntityID: r.EntityID, Plan: plan}, nil
}

// AddPlan records a plan version and the meters it charges. A version that exists must be the same: it is never changed.
func (q Queries) AddPlan(ctx context.Context, entityID string, plan catalog.Plan, at time.Time) error {
	definition, err := json.Marshal(plan)
	if err != nil {
		return fmt.Errorf("plan %q: %w", plan.ID, err)
	}
	added, err := q.exec(ctx, "add plan "+plan.ID, `
		INSERT INTO plan_version (entity_id, plan_id, version, definition, created_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (plan_id, version) DO NOTHING`, entityID, plan.ID, plan.Version, definition, at)
	if err != nil {
		return err
	}
	if added == 0 {
		return q.requireSamePlan(ctx, entityID, plan, definition)
	}
	for _, charge := range plan.EveryCharge() {
		if charge.Kind != catalog.Usage {
			continue
		}
		if _, err := q.exec(ctx, "add meter "+charge.Meter, `INSERT INTO meter (entity_id, id, name, created_at)
			VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`, entityID, charge.Meter, charge.Name, at); err != nil {
			return err
		}
	}
	return nil
}

func (q Queries) requireSamePlan(ctx context.Context, entityID string, plan catalog.Plan, definition []byte) error {
	existing, err := q.Plan(ctx, plan.ID, plan.Version)
	if err != nil {
		return err
	}
	stored, err := json.Marshal(existing.Plan)
	if err != nil {
		return err
	}
	if existing.EntityID != entityID || !sameJSON(stored, definition) {
		return fmt.Errorf("plan %q version %d %w with other contents: give the change a new version", plan.ID, plan.Version, ErrExists)
	}
	return nil
}

func sameJSON(a, b []byte) bool {
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}

// Plan reads a plan version.
func (q Queries) Plan(ctx context.Context, id string, version int) (PlanVersion, error) {
	row, err := one[planRow](ctx, q.db, fmt.Sprintf("plan %q version %d", id, version),
		`SELECT entity_id, definition FROM plan_version WHERE plan_id = $1 AND version = $2`, id, version)
	if err != nil {
		return PlanVersion{}, err
	}
	return row.read()
}

// LatestPlan reads the newest version of a plan.
func (q Queries) LatestPlan(ctx context.Context, id string) (PlanVersion, error) {
	row, err := one[planRow](ctx, q.db, fmt.Sprintf("plan %q", id),
		`SELECT entity_id, definition FROM plan_version WHERE plan_id = $1 ORDER BY version DESC LIMIT 1`, id)
	if err != nil {
		return PlanVersion{}, err
	}
	return row.read()
}

// MeterExists says whether any plan of the entity charges for a meter.
func (q Queries) MeterExists(ctx context.Context, entityID, meter string) (bool, error) {
	var exists bool
	err := q.db.QueryRow(ctx, `SELECT EXISTS (SELECT FROM meter WHERE entity_id = $1 AND id = $2)`, entityID, meter).Scan(&exists)
	return exists, err
}

// Meters lists the ids of an entity's meters.
func (q Queries) Meters(ctx context.Context, entityID string) ([]string, error) {
	type row struct {
		ID string `db:"id"`
	}
	rows, err := many[row](ctx, q.db, "meters", `SELECT id FROM meter WHERE entity_id = $1 ORDER BY id`, entityID)
	ids := make([]string, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	return ids, err
}
