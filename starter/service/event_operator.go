package service

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/perennial-billing/perennial/internal/store"
)

// eventRetention is how long an event is kept at least: while a provider may still tell or list it again, its row is what
// makes that harmless. Stripe lists events for 30 days.
const eventRetention = 35 * 24 * time.Hour

// EventFilter selects events; empty fields select all.
type EventFilter struct {
	Status   string // waiting, applied, ignored or given_up
	Provider string // stripe or sendgrid
	Type     string
	Object   string // the object's id, or a message's key
	After    string
	Limit    int
}

// Events lists the events that were received, newest first, without what is kept of their content.
func (s *Service) Events(ctx context.Context, f EventFilter) (Page[store.InboundEvent], error) {
	var p problems
	oneOf(&p, "status", f.Status, store.EventWaiting, store.EventApplied, store.EventIgnored, store.EventGivenUp)
	oneOf(&p, "provider", f.Provider, providerStripe, providerSendGrid)
	if f.After != "" && !eventIDPattern.MatchString(f.After) {
		p.add("after", "%.60q is not the id of an event", f.After)
	}
	if err := p.err(); err != nil {
		return Page[store.InboundEvent]{}, err
	}
	limit, err := pageSize(f.Limit)
	if err != nil {
		return Page[store.InboundEvent]{}, err
	}
	rows, err := s.store.InboundEvents(ctx, store.EventFilter{
		Status: f.Status, Provider: f.Provider, Type: cleaned(f.Type), Object: cleaned(f.Object), After: f.After, Limit: limit + 1,
	})
	return page(rows, limit, func(e store.InboundEvent) string { return e.ID }), err
}

func oneOf(p *problems, field, value string, known ...string) {
	if value != "" && !slices.Contains(known, value) {
		p.add(field, "%.60q is unknown: use one of %s", value, strings.Join(known, ", "))
	}
}

// Event reads an event with what is kept of its content.
func (s *Service) Event(ctx context.Context, id string) (store.InboundEvent, error) {
	if len(id) > 300 || strings.ContainsRune(id, 0) {
		return store.InboundEvent{}, notFound("event %.60q: not found", id)
	}
	found, err := s.store.InboundEvent(ctx, id)
	return found, named(err)
}

// ReplayEvent applies an event again, whatever became of it before, and answers how it ended. Everything an event leads to
// happens once, so that replaying one that was applied changes nothing. One that still has to wait gets its three days anew.
func (s *Service) ReplayEvent(ctx context.Context, id string) (store.InboundEvent, error) {
	kept, err := s.Event(ctx, id)
	if err != nil {
		return kept, err
	}
	if kept.Payload == nil {
		return kept, refused("event_purged", "nothing is kept of event %s any more: `starter event sweep` asks the provider how things stand", id)
	}
	claimed, err := s.store.ReplayEvent(ctx, id, eventLease)
	if err != nil {
		return kept, named(err)
	}
	var done Processed
	if err := s.process(ctx, claimed, &done); err != nil {
		return kept, fmt.Errorf("event %s stays waiting: %w", id, err)
	}
	return s.Event(ctx, id)
}

// PurgeEvents deletes the events that ended and were received before an instant, and returns how many. Those that wait stay.
func (s *Service) PurgeEvents(ctx context.Context, before time.Time) (int64, error) {
	if latest := s.wallNow().Add(-eventRetention); before.After(latest) {
		return 0, invalid("before", "%s is too late: for %d days a provider may tell an event again, and would be believed; use %s or earlier",
			before.UTC().Format(time.DateOnly), int(eventRetention.Hours())/24, latest.Format(time.DateOnly))
	}
	return s.store.PurgeEvents(ctx, before)
}
