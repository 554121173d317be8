package service

import (
	"context"
	"errors"
	"math"
	"strings"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/internal/store"
)

// plan reads a version (0: the newest) of a plan that an entity sells.
func (s *Service) plan(ctx context.Context, entityID, id string, version int) (catalog.Plan, error) {
	if err := checkID(id); err != nil {
		return catalog.Plan{}, invalid("plan", "%s", err)
	}
	if version < 0 || version > math.MaxInt32 {
		return catalog.Plan{}, invalid("plan_version", "%d is not a version: versions count from 1", version)
	}
	newest, err := s.store.LatestPlan(ctx, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && newest.EntityID != entityID {
		return catalog.Plan{}, s.unknownPlan(ctx, entityID, id)
	}
	if err != nil || version == 0 {
		return newest.Plan, err
	}
	wanted, err := s.store.Plan(ctx, id, version)
	if errors.Is(err, store.ErrNotFound) {
		return catalog.Plan{}, invalid("plan_version", "plan %q has no version %d: the newest is %d", id, version, newest.Plan.Version)
	}
	return wanted.Plan, err
}

func (s *Service) unknownPlan(ctx context.Context, entityID, id string) error {
	plans, err := s.store.LatestPlans(ctx, entityID)
	if err != nil {
		return err
	}
	if len(plans) == 0 {
		return invalid("plan", "unknown plan %q: %s sells none yet; add its catalogue first", id, entityID)
	}
	ids := make([]string, len(plans))
	for i, version := range plans {
		ids[i] = version.Plan.ID
	}
	return invalid("plan", "unknown plan %q: %s sells %s", id, entityID, strings.Join(ids, ", "))
}

// checkAmounts names the field that makes terms cost more than an amount can hold.
func checkAmounts(plan catalog.Plan, currency money.Currency, terms subscription.Terms) error {
	seats := terms.Seats
	err := invoicing.CheckAmounts(invoicing.Terms{Plan: plan, Seats: seats, AddOns: terms.AddOns.Quantities()}, currency)
	if err != nil && seats > 0 {
		return invalid("seats", "%d seats: %s", seats, err)
	}
	if err != nil {
		return invalid("plan", "%s", err)
	}
	return nil
}
