package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// The states of an event. One that waits is tried again; the others are over.
const (
	EventWaiting = "waiting"
	EventApplied = "applied"
	EventIgnored = "ignored"
	EventGivenUp = "given_up"
)

// Where an event came from.
const (
	FromWebhook = "webhook"
	FromSweep   = "sweep"
)

// InboundEvent is something that a provider told us. Its payload is what we keep of the provider's words, and nil once it
// was purged.
type InboundEvent struct {
	ID          string          `db:"id" json:"id"`
	Provider    string          `db:"provider" json:"provider"`
	Type        string          `db:"type" json:"type"`
	ObjectID    string          `db:"object_id" json:"object_id,omitempty"`
	Source      string          `db:"source" json:"source"`
	OccurredAt  time.Time       `db:"occurred_at" json:"occurred_at"`
	ReceivedAt  time.Time       `db:"received_at" json:"received_at"`
	Status      string          `db:"status" json:"status"`
	Note        string          `db:"note" json:"note,omitempty"`
	Error       string          `db:"error" json:"error,omitempty"`
	Tries       int             `db:"tries" json:"tries"`
	NextTryAt   *time.Time      `db:"next_try_at" json:"next_try_at,omitempty"`
	GiveUpAt    time.Time       `db:"give_up_at" json:"give_up_at"`
	ProcessedAt *time.Time      `db:"processed_at" json:"processed_at,omitempty"`
	Payload     json.RawMessage `db:"payload" json:"payload,omitempty"`
}

const eventColumns = `id, provider, type, object_id, source, occurred_at, received_at, status, note, error, tries, next_try_at, give_up_at,
	processed_at, payload`

// AddInboundEvent stores an event; false when it had been stored before, whichever way it came.
func (q Queries) AddInboundEvent(ctx context.Context, e InboundEvent) (fresh bool, err error) {
	added, err := q.exec(ctx, "store event "+e.ID, `
		INSERT INTO inbound_event (id, provider, type, object_id, source, occurred_at, payload)
		VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING`,
		e.ID, e.Provider, e.Type, e.ObjectID, e.Source, e.OccurredAt, e.Payload)
	return added > 0, err
}

// InboundEvent reads an event.
func (q Queries) InboundEvent(ctx context.Context, id string) (InboundEvent, error) {
	return one[InboundEvent](ctx, q.db, fmt.Sprintf("event %q", id), `SELECT `+eventColumns+` FROM inbound_event WHERE id = $1`, id)
}

// EventFilter selects events; empty fields select all. After continues behind an event of an earlier page.
type EventFilter struct {
	Status, Provider, Type, Object, After string
	Limit                                 int
}

// InboundEvents lists events, newest first, without their payloads.
func (q Queries) InboundEvents(ctx context.Context, f EventFilter) ([]InboundEvent, error) {
	return many[InboundEvent](ctx, q.db, "events", `
		SELECT id, provider, type, object_id, source, occurred_at, received_at, status, note, error, tries, next_try_at, give_up_at,
		       processed_at, NULL::jsonb AS payload
		  FROM inbound_event
		 WHERE ($1 = '' OR status = $1) AND ($2 = '' OR provider = $2) AND ($3 = '' OR type = $3) AND ($4 = '' OR object_id = $4)
		   AND ($5 = '' OR (received_at, id) < (SELECT received_at, id FROM inbound_event WHERE id = $5))
		 ORDER BY received_at DESC, id DESC LIMIT $6`, f.Status, f.Provider, f.Type, f.Object, f.After, f.Limit)
}

// ClaimEvents takes events that are due, those due first first, and keeps others from taking them for the time of the
// lease. Whoever claims them reports on each with EndEvent or DelayEvent.
func (q Queries) ClaimEvents(ctx context.Context, limit int, lease time.Duration) ([]InboundEvent, error) {
	return many[InboundEvent](ctx, q.db, "due events", `
		UPDATE inbound_event SET next_try_at = now() + $2::interval, tries = tries + 1
		 WHERE id IN (SELECT id FROM inbound_event WHERE status = 'waiting' AND next_try_at <= now()
		               ORDER BY next_try_at, id LIMIT $1 FOR UPDATE SKIP LOCKED)
		RETURNING `+eventColumns, limit, lease)
}

// EndEvent notes how an event ended. An end that another program noted meanwhile stays.
func (q Queries) EndEvent(ctx context.Context, id, status, note, problem string) error {
	_, err := q.exec(ctx, "end event "+id, `
		UPDATE inbound_event SET status = $2, note = $3, error = $4, next_try_at = NULL, processed_at = now() WHERE id = $1 AND status = 'waiting'`,
		id, status, note, problem)
	return err
}

// DelayEvent has an event tried again after a pause. It is given up when its time is over, which is reported.
func (q Queries) DelayEvent(ctx context.Context, id string, pause time.Duration, problem string) (givenUp bool, err error) {
	type row struct {
		Status string `db:"status"`
	}
	rows, err := many[row](ctx, q.db, "event "+id, `
		UPDATE inbound_event SET error = $3,
			status = CASE WHEN now() >= give_up_at THEN 'given_up' ELSE status END,
			next_try_at = CASE WHEN now() >= give_up_at THEN NULL ELSE now() + $2::interval END,
			processed_at = CASE WHEN now() >= give_up_at THEN now() END
		 WHERE id = $1 AND status = 'waiting' RETURNING status`, id, pause, problem)
	return len(rows) > 0 && rows[0].Status == EventGivenUp, err
}

// ReplayEvent makes an event wait again, with all of its time before it, and claims it as ClaimEvents does.
func (q Queries) ReplayEvent(ctx context.Context, id string, lease time.Duration) (InboundEvent, error) {
	return one[InboundEvent](ctx, q.db, fmt.Sprintf("event %q", id), `
		UPDATE inbound_event SET status = 'waiting', note = '', error = '', tries = 1, next_try_at = now() + $2::interval,
			give_up_at = now() + interval '72 hours', processed_at = NULL
		 WHERE id = $1 RETURNING `+eventColumns, id, lease)
}

// PurgeEvents deletes the events that ended and were received before an instant. It returns how many there were.
func (q Queries) PurgeEvents(ctx context.Context, before time.Time) (int64, error) {
	return q.exec(ctx, "purge events", `DELETE FROM inbound_event WHERE status <> 'waiting' AND received_at < $1`, before)
}

// EventSweep is how far looking for missed events has come.
type EventSweep struct {
	Provider     string    `db:"provider" json:"-"`
	ListedTo     time.Time `db:"listed_to" json:"listed_to"`
	AskedInvoice string    `db:"asked_invoice" json:"-"`
	SweptAt      time.Time `db:"swept_at" json:"swept_at"`
}

// EventSweep reads where a provider's sweep stands; ErrNotFound before the first.
func (q Queries) EventSweep(ctx context.Context, provider string) (EventSweep, error) {
	return one[EventSweep](ctx, q.db, "sweep of "+provider,
		`SELECT provider, listed_to, asked_invoice, swept_at FROM event_sweep WHERE provider = $1`, provider)
}

// SaveEventSweep records where a sweep stands.
func (q Queries) SaveEventSweep(ctx context.Context, s EventSweep) error {
	_, err := q.exec(ctx, "save sweep", `
		INSERT INTO event_sweep (provider, listed_to, asked_invoice, swept_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (provider) DO UPDATE SET listed_to = EXCLUDED.listed_to, asked_invoice = EXCLUDED.asked_invoice, swept_at = EXCLUDED.swept_at`,
		s.Provider, s.ListedTo, s.AskedInvoice, s.SweptAt)
	return err
}

// OpenIntent is an unpaid invoice whose payment the provider knows, and what we know of the latest attempt.
type OpenIntent struct {
	InvoiceID string `db:"invoice_id"`
	IntentID  string `db:"intent_id"`
	Status    string `db:"status"` // of the latest attempt; empty: there is none
}

// OpenIntents lists open invoices with an intent, by id behind a given one.
func (q Queries) OpenIntents(ctx context.Context, after string, limit int) ([]OpenIntent, error) {
	return many[OpenIntent](ctx, q.db, "open payment intents", `
		SELECT i.id AS invoice_id, i.provider_intent AS intent_id,
		       COALESCE((SELECT status FROM payment p WHERE p.invoice_id = i.id ORDER BY attempt DESC LIMIT 1), '') AS status
		  FROM invoice i WHERE i.status = 'open' AND i.provider_intent IS NOT NULL AND i.id > $1 ORDER BY i.id LIMIT $2`, after, limit)
}
