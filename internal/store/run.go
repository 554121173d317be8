package store

import (
	"context"
	"fmt"
	"time"
)

// Run is an invoice run: an entity's month.
type Run struct {
	ID          string     `db:"id" json:"id"`
	EntityID    string     `db:"entity_id" json:"entity_id"`
	Period      string     `db:"period" json:"period"`
	AsOf        time.Time  `db:"as_of" json:"as_of"`
	Shards      int        `db:"shards" json:"shards"`
	Status      string     `db:"status" json:"status"`
	StartedAt   time.Time  `db:"started_at" json:"started_at"`
	CompletedAt *time.Time `db:"completed_at" json:"completed_at,omitempty"`
}

// RunCounts says how far a run is.
type RunCounts struct {
	Due      int `db:"due" json:"due"`
	Invoiced int `db:"invoiced" json:"invoiced"`
	Skipped  int `db:"skipped" json:"skipped"`
}

// Open is how many members have neither an invoice nor a reason.
func (c RunCounts) Open() int { return c.Due - c.Invoiced - c.Skipped }

const runColumns = `id, entity_id, period, as_of, shards, status, started_at, completed_at`

// AddRun records a run and takes down who is due: the entity's subscriptions billed by the run that were in force at
// any time before the run's instant and had not ended before the month. Those that share an invoice are in one shard, that
// of the first of them. Repeating it changes nothing.
func (tx Tx) AddRun(ctx context.Context, r Run, monthStart time.Time, membersPerShard int) (Run, error) {
	added, err := tx.exec(ctx, "add run "+r.ID, `
		INSERT INTO invoice_run (id, entity_id, period, as_of, shards, status, started_at) VALUES ($1, $2, $3, $4, 1, 'running', $4)
		ON CONFLICT (id) DO NOTHING`, r.ID, r.EntityID, r.Period, r.AsOf)
	if err != nil || added == 0 {
		if err != nil {
			return Run{}, err
		}
		return tx.Run(ctx, r.ID)
	}
	_, err = tx.exec(ctx, "members of run "+r.ID, `
		INSERT INTO invoice_run_member (run_id, shard, subscription_id)
		SELECT $1, MIN(place) OVER (PARTITION BY sharing) / $5, id FROM (
			SELECT id, `+sharing+` AS sharing, ROW_NUMBER() OVER (ORDER BY id) - 1 AS place FROM subscription
			 WHERE entity_id = $2 AND billed_by = 'invoice_run' AND started_at < $3 AND (ended_at IS NULL OR ended_at > $4)
		) AS due`,
		r.ID, r.EntityID, r.AsOf, monthStart, membersPerShard)
	if err != nil {
		return Run{}, err
	}
	_, err = tx.exec(ctx, "shards of run "+r.ID, `
		UPDATE invoice_run SET shards = GREATEST(1, (SELECT COALESCE(MAX(shard), 0) + 1 FROM invoice_run_member WHERE run_id = $1)) WHERE id = $1`, r.ID)
	if err != nil {
		return Run{}, err
	}
	return tx.Run(ctx, r.ID)
}

// Run reads a run.
func (q Queries) Run(ctx context.Context, id string) (Run, error) {
	return one[Run](ctx, q.db, fmt.Sprintf("invoice run %q", id), `SELECT `+runColumns+` FROM invoice_run WHERE id = $1`, id)
}

// RunCounts counts a run's members by outcome.
func (q Queries) RunCounts(ctx context.Context, id string) (RunCounts, error) {
	return one[RunCounts](ctx, q.db, "counts of run "+id, `
		SELECT COUNT(*) AS due, COUNT(invoice_id) AS invoiced, COUNT(skipped_because) AS skipped
		  FROM invoice_run_member WHERE run_id = $1`, id)
}

// Member is a subscription in a run, with what became of it.
type Member struct {
	SubscriptionID string  `db:"subscription_id" json:"subscription_id"`
	InvoiceID      *string `db:"invoice_id" json:"invoice_id,omitempty"`
	SkippedBecause *string `db:"skipped_because" json:"skipped_because,omitempty"`
	// Sharing is alike for members that share an invoice, in the list of a shard.
	Sharing string `db:"sharing" json:"-"`
}

// Settled says that the member has an invoice or a reason for none.
func (m Member) Settled() bool { return m.InvoiceID != nil || m.SkippedBecause != nil }

// Member reads a subscription's place in a run.
func (q Queries) Member(ctx context.Context, runID, subscriptionID string) (Member, error) {
	return one[Member](ctx, q.db, "member "+subscriptionID+" of run "+runID, `
		SELECT subscription_id, invoice_id, skipped_because, '' AS sharing FROM invoice_run_member WHERE run_id = $1 AND subscription_id = $2`, runID, subscriptionID)
}

// Members lists a shard's members by subscription.
func (q Queries) Members(ctx context.Context, runID string, shard int) ([]Member, error) {
	return many[Member](ctx, q.db, "members of run "+runID, `
		SELECT subscription_id, invoice_id, skipped_because, `+sharing+` AS sharing
		  FROM invoice_run_member m JOIN subscription s ON s.id = m.subscription_id
		 WHERE run_id = $1 AND shard = $2 ORDER BY sharing, subscription_id`, runID, shard)
}

// SettleMember records what became of a member, in the transaction that made the invoice.
func (tx Tx) SettleMember(ctx context.Context, runID string, m Member) error {
	_, err := tx.exec(ctx, "settle member "+m.SubscriptionID, `
		UPDATE invoice_run_member SET invoice_id = $3, skipped_because = $4 WHERE run_id = $1 AND subscription_id = $2`,
		runID, m.SubscriptionID, m.InvoiceID, m.SkippedBecause)
	return err
}

// CompleteRun closes a run.
func (tx Tx) CompleteRun(ctx context.Context, id string, at time.Time) error {
	_, err := tx.exec(ctx, "complete run "+id,
		`UPDATE invoice_run SET status = 'completed', completed_at = COALESCE(completed_at, $2) WHERE id = $1`, id, at)
	return err
}
