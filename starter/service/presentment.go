package service

import (
	"context"
	"fmt"

	"github.com/perennial-billing/perennial/billing/presentment"
	"github.com/perennial-billing/perennial/internal/store"
)

// SetPresentment sets how an entity makes prices in currencies that its catalogue lacks; nil: it sells in the catalogue's
// only. It is for what is sold from now on: subscriptions and quotes keep their prices. Without a base currency it is the
// currency of the books.
func (s *Service) SetPresentment(ctx context.Context, entityID string, policy *presentment.Policy) (store.Entity, error) {
	if err := s.entityExists(ctx, entityID); err != nil {
		return store.Entity{}, err
	}
	entity, err := s.store.Entity(ctx, entityID)
	if err != nil {
		return entity, err
	}
	if policy != nil {
		if policy.BaseCurrency == "" {
			policy.BaseCurrency = entity.BookCurrency
		}
		if err := policy.Validate(); err != nil {
			return entity, invalid("presentment", "%s", err)
		}
		if policy.RateSource != "" {
			if err := checkText(policy.RateSource, longestName); err != nil {
				return entity, invalid("rate_source", "%s", err)
			}
		}
	}
	if err := s.store.SetPresentment(ctx, entityID, policy); err != nil {
		return entity, fmt.Errorf("legal entity %s: %w", entityID, err)
	}
	entity.Presentment = policy
	return entity, nil
}
