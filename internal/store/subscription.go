package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/subscription"
)

// Subscription is the recorded state of a subscription, for reads. Its workflow decides; this row follows.
type Subscription struct {
	ID                string              `db:"id" json:"id"`
	EntityID          string              `db:"entity_id" json:"entity_id"`
	CustomerID        string              `db:"customer_id" json:"customer_id"`
	Currency          money.Currency      `db:"currency" json:"currency"`
	Zone              string              `db:"zone" json:"zone"`
	Status            subscription.Status `db:"status" json:"status"`
	PlanID            string              `db:"plan_id" json:"plan_id"`
	PlanVersion       int                 `db:"plan_version" json:"plan_version"`
	Seats             int64               `db:"seats" json:"seats"`
	AddOns            subscription.AddOns `db:"add_ons" json:"add_ons,omitzero"`
	BilledBy          catalog.BilledBy    `db:"billed_by" json:"billed_by"`
	Anchor            time.Time           `db:"anchor" json:"-"`
	Cycle             int                 `db:"cycle" json:"cycle"`
	PeriodStart       *time.Time          `db:"period_start" json:"period_start,omitempty"`
	PeriodEnd         *time.Time          `db:"period_end" json:"period_end,omitempty"`
	CancelAtPeriodEnd bool                `db:"cancel_at_period_end" json:"cancel_at_period_end"`
	// AtPeriodEnd is what the subscription comes to at the end of its period; nil when nothing waits.
	AtPeriodEnd  *subscription.Deferred `db:"at_period_end" json:"at_period_end,omitempty"`
	StartedAt    time.Time              `db:"started_at" json:"started_at"`
	EndedAt      *time.Time             `db:"ended_at" json:"ended_at,omitempty"`
	EndReason    string                 `db:"end_reason" json:"end_reason,omitempty"`
	NextActionAt *time.Time             `db:"next_action_at" json:"next_action_at,omitempty"`
	// BillingGroup names what shares an invoice: subscriptions of one customer with one group and one purchase order. Without
	// a group a subscription has invoices of its own.
	BillingGroup string `db:"billing_group" json:"billing_group,omitempty"`
	PONumber     string `db:"po_number" json:"po_number,omitempty"`
}

const subscriptionColumns = `id, entity_id, customer_id, currency, zone, status, plan_id, plan_version, seats, add_ons, billed_by, anchor,
	cycle, period_start, period_end, cancel_at_period_end, at_period_end, started_at, ended_at, end_reason, next_action_at,
	billing_group, po_number`

// Terms are those in force.
func (s Subscription) Terms() subscription.Terms {
	return subscription.Terms{PlanID: s.PlanID, PlanVersion: s.PlanVersion, Seats: s.Seats, AddOns: s.AddOns}
}

// Subscription reads a subscription.
func (q Queries) Subscription(ctx context.Context, id string) (Subscription, error) {
	return one[Subscription](ctx, q.db, fmt.Sprintf("subscription %q", id), `SELECT `+subscriptionColumns+` FROM subscription WHERE id = $1`, id)
}

// LockSubscription reads a subscription and holds it until the transaction ends.
func (tx Tx) LockSubscription(ctx context.Context, id string) (Subscription, error) {
	return one[Subscription](ctx, tx.db, fmt.Sprintf("subscription %q", id), `SELECT `+subscriptionColumns+` FROM subscription WHERE id = $1 FOR UPDATE`, id)
}

// Subscriptions lists subscriptions of an entity, a customer, or all (empty arguments), by id after a given one.
func (q Queries) Subscriptions(ctx context.Context, entityID, customerID, after string, limit int) ([]Subscription, error) {
	return many[Subscription](ctx, q.db, "subscriptions", `SELECT `+subscriptionColumns+` FROM subscription
		WHERE ($1 = '' OR entity_id = $1) AND ($2 = '' OR customer_id = $2) AND id > $3 ORDER BY id LIMIT $4`,
		entityID, customerID, after, limit)
}

// AddSubscription records the agreement; ErrExists when the id is taken.
func (q Queries) AddSubscription(ctx context.Context, entityID, zone string, currency money.Currency, s subscription.State) error {
	next, _ := s.NextDue()
	_, err := q.exec(ctx, "add subscription "+s.ID, `
		INSERT INTO subscription (id, entity_id, customer_id, currency, zone, status, plan_id, plan_version, seats, billed_by, anchor,
			cycle, started_at, next_action_at, created_at, add_ons)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $13, $15)`,
		s.ID, entityID, s.CustomerID, currency, zone, s.Status, s.Terms.PlanID, s.Terms.PlanVersion, s.Terms.Seats, s.BilledBy,
		s.Anchor.String(), s.Cycle, s.StartAt, next, s.Terms.AddOns)
	if Violates(err, "subscription_pkey") {
		return fmt.Errorf("subscription %q: %w", s.ID, ErrExists)
	}
	return err
}

// SaveSubscription makes the row follow the state that the workflow holds.
func (q Queries) SaveSubscription(ctx context.Context, s subscription.State) error {
	var next, start, end *time.Time
	if due, ok := s.NextDue(); ok {
		next = &due
	}
	if !s.Period.End.IsZero() {
		start, end = &s.Period.Start, &s.Period.End
	}
	changed, err := q.exec(ctx, "save subscription "+s.ID, `
		UPDATE subscription SET status = $2, plan_id = $3, plan_version = $4, seats = $5, anchor = $6, cycle = $7, period_start = $8,
			period_end = $9, cancel_at_period_end = $10, ended_at = $11, end_reason = $12, next_action_at = $13, at_period_end = $14, add_ons = $15
		WHERE id = $1`,
		s.ID, s.Status, s.Terms.PlanID, s.Terms.PlanVersion, s.Terms.Seats, s.Anchor.String(), s.Cycle, start, end,
		s.AtPeriodEnd != nil && s.AtPeriodEnd.Cancel, s.EndedAt, s.EndReason, next, s.AtPeriodEnd, s.Terms.AddOns)
	if err == nil && changed == 0 {
		return fmt.Errorf("subscription %q: %w", s.ID, ErrNotFound)
	}
	return err
}

// TransferSubscription makes another customer the owner.
func (tx Tx) TransferSubscription(ctx context.Context, id, customerID string) error {
	_, err := tx.exec(ctx, "transfer subscription "+id, `UPDATE subscription SET customer_id = $2 WHERE id = $1`, id, customerID)
	return err
}

// Segment is a stretch of time under unchanged terms; To is nil while it lasts.
type Segment struct {
	Seq         int                 `db:"seq"`
	PlanID      string              `db:"plan_id"`
	PlanVersion int                 `db:"plan_version"`
	Seats       int64               `db:"seats"`
	AddOns      subscription.AddOns `db:"add_ons"`
	From        time.Time           `db:"from_at"`
	To          *time.Time          `db:"to_at"`
}

// Segments lists those that overlap [from, to), oldest first.
func (q Queries) Segments(ctx context.Context, subscriptionID string, from, to time.Time) ([]Segment, error) {
	return many[Segment](ctx, q.db, "segments of "+subscriptionID, `
		SELECT seq, plan_id, plan_version, seats, add_ons, from_at, to_at FROM subscription_segment
		 WHERE subscription_id = $1 AND from_at < $3 AND (to_at IS NULL OR to_at > $2) AND (to_at IS NULL OR to_at > from_at)
		 ORDER BY seq`, subscriptionID, from, to)
}

// OpenSegment puts terms in force from an instant on.
func (q Queries) OpenSegment(ctx context.Context, subscriptionID string, terms subscription.Terms, from time.Time) error {
	_, err := q.exec(ctx, "open segment of "+subscriptionID, `
		INSERT INTO subscription_segment (subscription_id, seq, plan_id, plan_version, seats, from_at, add_ons)
		SELECT $1, COALESCE(MAX(seq), 0) + 1, $2, $3, $4, $5, $6 FROM subscription_segment WHERE subscription_id = $1`,
		subscriptionID, terms.PlanID, terms.PlanVersion, terms.Seats, from, terms.AddOns)
	return err
}

// CloseSegment ends the terms in force at an instant. Without any in force nothing changes.
func (q Queries) CloseSegment(ctx context.Context, subscriptionID string, to time.Time) error {
	_, err := q.exec(ctx, "close segment of "+subscriptionID,
		`UPDATE subscription_segment SET to_at = $2 WHERE subscription_id = $1 AND to_at IS NULL`, subscriptionID, to)
	return err
}

// Cycle is what came of a billing period of a subscription.
type Cycle struct {
	Cycle          int       `db:"cycle"`
	PeriodStart    time.Time `db:"period_start"`
	PeriodEnd      time.Time `db:"period_end"`
	InvoiceID      *string   `db:"invoice_id"`
	SkippedBecause *string   `db:"skipped_because"`
}

// AddCycle records a billing period with its invoice or the reason why there is none.
func (q Queries) AddCycle(ctx context.Context, subscriptionID string, c Cycle, at time.Time) error {
	_, err := q.exec(ctx, fmt.Sprintf("record cycle %d of %s", c.Cycle, subscriptionID), `
		INSERT INTO subscription_cycle (subscription_id, cycle, period_start, period_end, invoice_id, skipped_because, billed_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		subscriptionID, c.Cycle, c.PeriodStart, c.PeriodEnd, c.InvoiceID, c.SkippedBecause, at)
	return err
}

// Cycle reads a billing period.
func (q Queries) Cycle(ctx context.Context, subscriptionID string, cycle int) (Cycle, error) {
	return one[Cycle](ctx, q.db, fmt.Sprintf("cycle %d of subscription %q", cycle, subscriptionID), `
		SELECT cycle, period_start, period_end, invoice_id, skipped_because FROM subscription_cycle
		 WHERE subscription_id = $1 AND cycle = $2`, subscriptionID, cycle)
}

// RecordCommand remembers a command with its result.
func (q Queries) RecordCommand(ctx context.Context, subscriptionID string, c subscription.Command, result any) error {
	input, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("command %s: %w", c.ID, err)
	}
	output, err := json.Marshal(result)
	if err != nil {
		return fmt.Errorf("command %s: %w", c.ID, err)
	}
	_, err = q.exec(ctx, "record command "+c.ID, `
		INSERT INTO command (subscription_id, id, kind, at, actor, reason, input, result) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		subscriptionID, c.ID, c.Kind, c.At, c.Actor, c.Reason, input, output)
	return err
}
