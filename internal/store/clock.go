package store

import (
	"context"
	"fmt"
	"time"
)

// Clock is a test clock: a billing time of its own for the customers attached to it.
type Clock struct {
	ID  string    `db:"id" json:"id"`
	Now time.Time `db:"now_at" json:"now"`
}

// Due is something that a workflow will do by itself.
type Due struct {
	WorkflowID string    `db:"workflow_id" json:"workflow_id"`
	CustomerID string    `db:"customer_id" json:"customer_id"`
	At         time.Time `db:"next_action_at" json:"at"`
}

// AddClock records a test clock; one that exists is left as it is.
func (q Queries) AddClock(ctx context.Context, c Clock) error {
	_, err := q.exec(ctx, "add test clock "+c.ID, `INSERT INTO test_clock (id, now_at) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING`, c.ID, c.Now)
	return err
}

// Clock reads a test clock.
func (q Queries) Clock(ctx context.Context, id string) (Clock, error) {
	return one[Clock](ctx, q.db, fmt.Sprintf("test clock %q", id), `SELECT id, now_at FROM test_clock WHERE id = $1`, id)
}

// Clocks lists all test clocks.
func (q Queries) Clocks(ctx context.Context) ([]Clock, error) {
	return many[Clock](ctx, q.db, "test clocks", `SELECT id, now_at FROM test_clock ORDER BY id`)
}

// AttachClock gives a customer the time of a test clock if they have nothing that was dated by another, and nobody above or
// below them: it says whether.
func (q Queries) AttachClock(ctx context.Context, clockID, customerID string) (bool, error) {
	attached, err := q.exec(ctx, "attach customer "+customerID, `
		UPDATE customer c SET test_clock_id = $1 WHERE id = $2 AND test_clock_id IS NULL
		   AND NOT EXISTS (SELECT FROM subscription s WHERE s.customer_id = c.id)
		   AND NOT EXISTS (SELECT FROM invoice i WHERE c.id IN (i.customer_id, i.payer_id))
		   AND parent_id IS NULL AND NOT EXISTS (SELECT FROM customer below WHERE below.parent_id = c.id)
		   AND NOT EXISTS (SELECT FROM payment_method m WHERE m.customer_id = c.id AND m.status = 'verifying')`, clockID, customerID)
	return attached > 0, err
}

// SetClock moves a test clock forward; it never goes back.
func (q Queries) SetClock(ctx context.Context, id string, now time.Time) error {
	_, err := q.exec(ctx, "move test clock "+id, `UPDATE test_clock SET now_at = GREATEST(now_at, $2) WHERE id = $1`, id, now)
	return err
}

// Agenda lists what is due on a test clock until an instant (included), earliest first. Customers who are above each other
// come under the one at the top.
func (q Queries) Agenda(ctx context.Context, clockID string, until time.Time) ([]Due, error) {
	return many[Due](ctx, q.db, "agenda of test clock "+clockID, `
		SELECT workflow_id, top.id AS customer_id, next_action_at FROM agenda CROSS JOIN LATERAL (`+topOf("agenda.customer_id")+`) top
		 WHERE test_clock_id = $1 AND next_action_at <= $2 ORDER BY next_action_at, workflow_id`, clockID, until)
}

// ClockEntities lists the legal entities that have customers on a test clock.
func (q Queries) ClockEntities(ctx context.Context, clockID string) ([]Entity, error) {
	return many[Entity](ctx, q.db, "entities on test clock "+clockID, `SELECT `+entityColumns+` FROM legal_entity e
		WHERE EXISTS (SELECT FROM customer c WHERE c.entity_id = e.id AND c.test_clock_id = $1) ORDER BY id`, clockID)
}

// NextActions lists when each workflow of a customer, and of those above and below, will next do something by itself.
func (q Queries) NextActions(ctx context.Context, customerID string) (map[string]time.Time, error) {
	due, err := many[Due](ctx, q.db, "agenda of customer "+customerID,
		`SELECT workflow_id, customer_id, next_action_at FROM agenda WHERE customer_id = ANY(`+familyOf("$1")+`)`, customerID)
	next := make(map[string]time.Time, len(due))
	for _, entry := range due {
		next[entry.WorkflowID] = entry.At
	}
	return next, err
}

// Ended lists the subscriptions on a test clock, of one customer with those above and below, or (empty) of all, that ended
// at an instant or later. What follows from the end, such as collecting the last invoice, may still be under way.
func (q Queries) Ended(ctx context.Context, clockID, customerID string, since time.Time) ([]Due, error) {
	return many[Due](ctx, q.db, "ended subscriptions of test clock "+clockID, `
		SELECT 'subscription/' || s.id AS workflow_id, s.customer_id, s.ended_at AS next_action_at
		  FROM subscription s JOIN customer c ON c.id = s.customer_id
		 WHERE c.test_clock_id = $1 AND ($2 = '' OR s.customer_id = ANY(`+familyOf("$2")+`)) AND s.ended_at >= $3
		 ORDER BY s.ended_at, s.id`, clockID, customerID, since)
}
