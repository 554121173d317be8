package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
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

// ErrOtherProduct is wrapped when a plan version sells another product than the plan's other versions.
var ErrOtherProduct = errors.New("is of another product")

// AddPlan records a plan version and the meters it charges. A version that exists must be the same: it is never changed; all
// versions of a plan are one entity's, else it is ErrExists; and they sell the same product, else it is ErrOtherProduct. Whoever
// adds versions while others may holds LockCatalogue.
func (q Queries) AddPlan(ctx context.Context, entityID string, plan catalog.Plan, at time.Time) error {
	definition, err := json.Marshal(plan)
	if err != nil {
		return fmt.Errorf("plan %q: %w", plan.ID, err)
	}
	if err := q.requireSameProduct(ctx, entityID, plan); err != nil {
		return err
	}
	added, err := q.exec(ctx, "add plan "+plan.ID, `
		INSERT INTO plan_version (entity_id, plan_id, version, definition, created_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (plan_id, version) DO NOTHING`, entityID, plan.ID, plan.Version, definition, at)
	if err != nil {
		return err
	}
	if added == 0 {
		return q.requireSamePlan(ctx, plan)
	}
	return q.MeasureMeters(ctx, entityID, plan, at)
}

func (q Queries) requireSamePlan(ctx context.Context, plan catalog.Plan) error {
	existing, err := q.Plan(ctx, plan.ID, plan.Version)
	if err != nil {
		return err
	}
	differences, err := catalog.Diff(existing.Plan, plan)
	if err != nil {
		return err
	}
	if len(differences) > 0 {
		return fmt.Errorf("plan %q version %d %w with other contents: give the change a new version", plan.ID, plan.Version, ErrExists)
	}
	return nil
}

func (q Queries) requireSameProduct(ctx context.Context, entityID string, plan catalog.Plan) error {
	history, err := q.PlanHistory(ctx, plan.ID)
	if err != nil {
		return err
	}
	versions := make([]catalog.Plan, len(history))
	for i, version := range history {
		if versions[i] = version.Plan; version.EntityID != entityID {
			return fmt.Errorf("plan %q %w: another legal entity sells it, so choose another id", plan.ID, ErrExists)
		}
	}
	if err := plan.CheckProduct(versions); err != nil {
		return fmt.Errorf("plan %q version %d %w: %w", plan.ID, plan.Version, ErrOtherProduct, err)
	}
	return nil
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

// PlanVersions lists all versions of an entity's plans by plan and version.
func (q Queries) PlanVersions(ctx context.Context, entityID string) ([]catalog.Plan, error) {
	rows, err := many[planRow](ctx, q.db, "plans of "+entityID,
		`SELECT entity_id, definition FROM plan_version WHERE entity_id = $1 ORDER BY plan_id COLLATE "C", version`, entityID)
	if err != nil {
		return nil, err
	}
	versions, err := readPlans(rows)
	plans := make([]catalog.Plan, len(versions))
	for i, version := range versions {
		plans[i] = version.Plan
	}
	return plans, err
}

func readPlans(rows []planRow) ([]PlanVersion, error) {
	plans := make([]PlanVersion, len(rows))
	var err error
	for i, row := range rows {
		if plans[i], err = row.read(); err != nil {
			return nil, err
		}
	}
	return plans, nil
}

// PlanHistory lists all versions of a plan, oldest first; none for a plan that nobody sells.
func (q Queries) PlanHistory(ctx context.Context, id string) ([]PlanVersion, error) {
	rows, err := many[planRow](ctx, q.db, fmt.Sprintf("versions of plan %q", id),
		`SELECT entity_id, definition FROM plan_version WHERE plan_id = $1 ORDER BY version`, id)
	if err != nil {
		return nil, err
	}
	return readPlans(rows)
}

// SoldByOthers lists those of the plans that another entity sells.
func (q Queries) SoldByOthers(ctx context.Context, entityID string, planIDs []string) ([]string, error) {
	type row struct {
		ID string `db:"plan_id"`
	}
	rows, err := many[row](ctx, q.db, "plans of other entities",
		`SELECT DISTINCT plan_id FROM plan_version WHERE plan_id = ANY($2) AND entity_id <> $1 ORDER BY plan_id`, entityID, planIDs)
	ids := make([]string, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	return ids, err
}

// LockCatalogue keeps others from adding to what is sold, by any entity, until the transaction ends: no two may take one id for
// a plan. What is sold can be read meanwhile.
func (tx Tx) LockCatalogue(ctx context.Context) error {
	_, err := tx.exec(ctx, "lock the catalogue", `LOCK TABLE plan_version IN SHARE ROW EXCLUSIVE MODE`)
	return err
}

// MeterExists says whether any plan of the entity charges for a meter.
func (q Queries) MeterExists(ctx context.Context, entityID, meter string) (bool, error) {
	var exists bool
	err := q.db.QueryRow(ctx, `SELECT EXISTS (SELECT FROM meter WHERE entity_id = $1 AND id = $2)`, entityID, meter).Scan(&exists)
	return exists, err
}
