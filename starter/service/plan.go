package service

import (
	"context"
	"math"
	"strings"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/lifecycle"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/subscription"
)

// plan reads a version (0: the newest that is sold at the moment) of a plan that an entity sells. Whether a version given by
// its number is sold then is for the caller to check.
func (s *Service) plan(ctx context.Context, entityID, id string, version int, when moment) (catalog.Plan, error) {
	if err := checkID(id); err != nil {
		return catalog.Plan{}, invalid("plan", "%s", err)
	}
	if version < 0 || version > math.MaxInt32 {
		return catalog.Plan{}, invalid("plan_version", "%d is not a version: versions count from 1", version)
	}
	history, err := s.store.PlanHistory(ctx, id)
	if err != nil {
		return catalog.Plan{}, err
	}
	if len(history) == 0 || history[0].EntityID != entityID {
		return catalog.Plan{}, s.unknownPlan(ctx, entityID, id)
	}
	versions := make([]catalog.Plan, len(history))
	for i, v := range history {
		if versions[i] = v.Plan; v.Plan.Version == version {
			return v.Plan, nil
		}
	}
	newest := versions[len(versions)-1]
	if version != 0 {
		return catalog.Plan{}, invalid("plan_version", "plan %q has no version %d: the newest is %d", id, version, newest.Version)
	}
	if sold, found := catalog.Newest(versions, when.at, when.zone); found {
		return sold, nil
	}
	return newest, nil // not sold yet: whoever asks for it is told from when on
}

// checkInForce refuses a version that is not sold yet at a moment.
func checkInForce(plan catalog.Plan, when moment) error {
	return answered(lifecycle.CheckInForce(plan, when.at, when.zone))
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
