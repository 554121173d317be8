package store

import (
	"context"
	"encoding/json"
	"fmt"
)

// LatestPlans lists the newest version of each plan of an entity (of all entities when empty).
func (q Queries) LatestPlans(ctx context.Context, entityID string) ([]PlanVersion, error) {
	rows, err := many[planRow](ctx, q.db, "plans", `
		SELECT DISTINCT ON (plan_id) entity_id, definition FROM plan_version
		 WHERE $1 = '' OR entity_id = $1 ORDER BY plan_id, version DESC`, entityID)
	if err != nil {
		return nil, err
	}
	return readPlans(rows)
}

// RunClocks lists the test clocks ("" for real time) of the customers whom the entity's monthly run bills.
func (q Queries) RunClocks(ctx context.Context, entityID string) ([]string, error) {
	type row struct {
		ID string `db:"id"`
	}
	rows, err := many[row](ctx, q.db, "test clocks of "+entityID, `
		SELECT DISTINCT COALESCE(c.test_clock_id, '') AS id FROM subscription s JOIN customer c ON c.id = s.customer_id
		 WHERE s.entity_id = $1 AND s.billed_by = 'invoice_run' ORDER BY 1`, entityID)
	ids := make([]string, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	return ids, err
}

// LatestClock is the furthest test clock of an entity's customers; ErrNotFound when all live in real time.
func (q Queries) LatestClock(ctx context.Context, entityID string) (Clock, error) {
	return one[Clock](ctx, q.db, "test clock of "+entityID, `
		SELECT id, now_at FROM test_clock t
		 WHERE EXISTS (SELECT FROM customer c WHERE c.entity_id = $1 AND c.test_clock_id = t.id) ORDER BY now_at DESC LIMIT 1`, entityID)
}

// ClockAgenda lists what is due next on a test clock, earliest first.
func (q Queries) ClockAgenda(ctx context.Context, clockID string, limit int) ([]Due, error) {
	return many[Due](ctx, q.db, "agenda of test clock "+clockID, `
		SELECT workflow_id, customer_id, next_action_at FROM agenda
		 WHERE test_clock_id = $1 ORDER BY next_action_at, workflow_id LIMIT $2`, clockID, limit)
}

// CarriedOut is a command that was carried out: what was asked, and the answer.
type CarriedOut struct {
	Input  json.RawMessage `db:"input"`
	Result json.RawMessage `db:"result"`
}

// CarriedOut reads a command that was carried out; ErrNotFound when none has this id.
func (q Queries) CarriedOut(ctx context.Context, subscriptionID, id string) (CarriedOut, error) {
	return one[CarriedOut](ctx, q.db, fmt.Sprintf("command %q", id),
		`SELECT input, result FROM command WHERE subscription_id = $1 AND id = $2`, subscriptionID, id)
}

// LastCarriedOut reads the command of a subscription that left it in its latest state; ErrNotFound before the first.
func (q Queries) LastCarriedOut(ctx context.Context, subscriptionID string) (CarriedOut, error) {
	return one[CarriedOut](ctx, q.db, fmt.Sprintf("latest command of subscription %q", subscriptionID), `
		SELECT input, result FROM command WHERE subscription_id = $1
		 ORDER BY (result->'state'->>'last_at')::timestamptz DESC, recorded_at DESC LIMIT 1`, subscriptionID)
}
