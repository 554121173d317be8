package service

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/lifecycle"
	"github.com/perennial-billing/perennial/internal/store"
)

// checkMigrationPrices checks the prices that a migration brings for the new version.
func (s *Service) checkMigrationPrices(ctx context.Context, m migration) error {
	for _, id := range slices.Sorted(maps.Keys(m.Prices)) {
		row, err := s.store.Subscription(ctx, id)
		switch {
		case errors.Is(err, store.ErrNotFound):
			return invalid("prices", "%.60q: there is no such subscription", id)
		case err != nil:
			return err
		case row.PlanID != m.to.ID:
			return invalid("prices", "%s: the subscription has plan %q", id, row.PlanID)
		}
		if err := m.to.CheckAgreed(m.Prices[id], row.Currency); err != nil {
			return invalid("prices", "%s.%s", id, err)
		}
	}
	return nil
}

// mayAgree refuses prices for a subscription that has had the new version before, which keeps its prices.
func (m migration) mayAgree(ctx context.Context, t target) error {
	if len(m.Prices[t.row.ID]) == 0 {
		return nil
	}
	had, err := m.svc.store.WasInForce(ctx, t.row.ID, m.to.ID, m.to.Version)
	if err != nil {
		return err
	}
	return lifecycle.CheckDeal(t.row.ID, m.to, m.Prices[t.row.ID], t.row.Currency, had)
}

// agreed adds the prices that were agreed for the old version, which end with it, and those that hold for the new one: what the
// migration brings, or what was agreed for it before.
func (m migration) agreed(ctx context.Context, t target, moved *MigratedSubscription, brought catalog.Agreed) error {
	var err error
	if moved.OldAgreed, err = m.svc.store.Agreed(ctx, t.row.ID, m.from.ID, m.from.Version); err != nil {
		return err
	}
	if moved.NewAgreed = brought; len(brought) > 0 {
		return nil
	}
	moved.NewAgreed, err = m.svc.store.Agreed(ctx, t.row.ID, m.to.ID, m.to.Version)
	return err
}
