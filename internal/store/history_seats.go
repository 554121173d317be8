package store

import (
	"context"
	"time"
)

// PastFairBilling is how the seats of a subscription followed its members.
type PastFairBilling struct {
	SubscriptionID string `db:"subscription_id"`
	FairBilling
}

// PastFairBilling reads what subscriptions agreed to, of those that did.
func (q Queries) PastFairBilling(ctx context.Context, of []HistoryEntry) ([]PastFairBilling, error) {
	ids, _ := idsOf(of)
	return many[PastFairBilling](ctx, q.db, "fair billing", `
		SELECT subscription_id, `+fairBillingColumns+` FROM fair_billing WHERE subscription_id = ANY($1)`, ids)
}

// PastSeatEntry is an entry of a statement of seats.
type PastSeatEntry struct {
	SubscriptionID string    `db:"subscription_id"`
	SettledAt      time.Time `db:"settled_at"`
	PeriodStart    time.Time `db:"period_start"`
	PeriodEnd      time.Time `db:"period_end"`
	SeatEntry
}

// PastSeatEntries lists the entries of statements made until an instant (excluded), statement by statement and in their order.
func (q Queries) PastSeatEntries(ctx context.Context, of []HistoryEntry, to time.Time) ([]PastSeatEntry, error) {
	ids, _ := idsOf(of)
	return many[PastSeatEntry](ctx, q.db, "entries of seat statements", `
		SELECT s.subscription_id, s.settled_at, s.period_start, s.period_end, e.statement_id, e.member_id, e.kind, e.day::text AS day, e.days, e.of_days, e.amount
		  FROM seat_statement s JOIN seat_entry e ON e.statement_id = s.id
		 WHERE s.subscription_id = ANY($1) AND s.settled_at < $2 ORDER BY s.settled_at, s.id, e.seq`, ids, to)
}
