package service

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/rating"
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

// roomForTax is how many times an amount before tax must fit into the largest one.
const roomForTax = 4

// checkAmounts refuses terms whose regular charges do not fit into an amount: no invoice could ever be made of them.
// Seats or a currency that the plan does not have are the workflow's to refuse.
func checkAmounts(plan catalog.Plan, currency money.Currency, seats int64) error {
	total := money.Zero(currency)
	for _, charge := range plan.Charges {
		price, err := charge.Price(currency)
		if err != nil || charge.Kind != catalog.Recurring {
			continue
		}
		amount, err := charged(price, charge.Per, seats, currency)
		if err == nil {
			total, err = total.Add(amount)
		}
		if err == nil && total.Abs().Minor > math.MaxInt64/roomForTax {
			err = fmt.Errorf("%s: %w", total, money.ErrOverflow)
		}
		if err != nil && seats > 0 {
			return invalid("seats", "%d seats of plan %q cost more than an amount can hold: %s", seats, plan.ID, err)
		}
		if err != nil {
			return invalid("plan", "plan %q costs more than an amount can hold: %s", plan.ID, err)
		}
	}
	return nil
}

func charged(price catalog.Price, per catalog.Per, seats int64, currency money.Currency) (money.Amount, error) {
	quantity := decimal.NewFromInt(1)
	if per == catalog.PerSeat {
		quantity = decimal.NewFromInt(seats)
	}
	rated, err := rating.Rate(price, quantity)
	if err != nil {
		return money.Amount{}, err
	}
	return money.FromDecimal(rated.Exact, currency)
}
