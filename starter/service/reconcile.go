package service

import (
	"context"
	"time"

	"github.com/perennial-billing/perennial/workflows/message"
)

// Reconciliation asks for a comparison with the provider's books.
type Reconciliation struct {
	// Entity narrows it to one legal entity; without it all that the provider's account holds is compared.
	Entity string
	// Since is from when on; zero: the last message.ReconcileDays.
	Since time.Time
}

// Reconcile compares our books with the provider's, heals what is safe and answers with the differences.
func (s *Service) Reconcile(ctx context.Context, in Reconciliation) (message.Reconciled, error) {
	if in.Entity != "" {
		if err := s.entityExists(ctx, in.Entity); err != nil {
			return message.Reconciled{}, inRequest("entity", err)
		}
	}
	now, err := s.furthestTime(ctx, in.Entity)
	if err != nil {
		return message.Reconciled{}, err
	}
	if in.Since.IsZero() { // what the real time has brought must not be left out because a test clock is far ahead
		in.Since = s.wallNow().AddDate(0, 0, -message.ReconcileDays)
	}
	if !in.Since.Before(now) {
		return message.Reconciled{}, invalid("since", "%s has not come yet", in.Since.Format(time.RFC3339))
	}
	found, err := s.client.Reconcile(ctx, message.ReconcileInput{EntityID: in.Entity, From: in.Since, To: now.Add(time.Minute), At: now})
	return found, answered(err)
}

// furthestTime is the furthest present of an entity's customers, or of all.
func (s *Service) furthestTime(ctx context.Context, entityID string) (time.Time, error) {
	if entityID != "" {
		return s.filingTime(ctx, entityID)
	}
	furthest := s.wallNow()
	entities, err := s.store.Entities(ctx)
	if err != nil {
		return furthest, err
	}
	for _, entity := range entities {
		at, err := s.filingTime(ctx, entity.ID)
		if err != nil {
			return furthest, err
		}
		if at.After(furthest) {
			furthest = at
		}
	}
	return furthest, nil
}
