package service

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/lifecycle"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/presentment"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// migration is a migration under way.
type migration struct {
	Migration

	svc      *Service
	entity   store.Entity
	from, to catalog.Plan
	notice   int // days
}

// move carries the migration out for a subscription. The error is a failure: what speaks against it is the answer's reason.
func (m migration) move(ctx context.Context, row store.Subscription) (MigratedSubscription, error) {
	moved := MigratedSubscription{Subscription: row.ID, Customer: row.CustomerID, Outcome: Skipped}
	t, err := m.svc.target(ctx, row.ID)
	if err != nil {
		return moved, err
	}
	before, err := m.svc.store.CarriedOut(ctx, row.ID, m.ID())
	switch {
	case err == nil:
		return m.again(ctx, t, moved, before)
	case !errors.Is(err, store.ErrNotFound):
		return moved, err
	}
	if err = m.plan(ctx, t, &moved); err == nil && !m.DryRun {
		err = m.carryOut(ctx, t, &moved)
	}
	if reason, isRefusal := refusalOf(err); isRefusal {
		moved.Outcome, moved.Reason = Skipped, reason
		return moved, nil
	}
	return moved, err
}

// refusalOf is the reason of an error that is not a failure.
func refusalOf(err error) (string, bool) {
	if refusal, is := errors.AsType[*subscription.Refusal](err); is {
		return refusal.Message, true
	}
	refused, is := errors.AsType[*Error](err)
	if !is || refused.Kind == Unfinished {
		return "", false
	}
	return refused.Error(), true
}

// plan says what the migration would do to a subscription. The error is a refusal if something speaks against it.
func (m migration) plan(ctx context.Context, t target, moved *MigratedSubscription) error {
	state, err := m.svc.latestState(ctx, t.row)
	if err != nil {
		return err
	}
	zone, err := calendar.LoadZone(t.customer.Zone)
	if err != nil {
		return err
	}
	terms := lifecycle.MigratedTerms(t.row.Terms(), m.to)
	moved.ChangesAt, err = lifecycle.Account{Zone: zone}.CheckMigration(state, subscription.Command{
		ID: m.ID(), Kind: subscription.ChangeTerms, At: t.now, AtPeriodEnd: m.At == AtRenewal, Terms: &terms,
	}, m.to, m.notice)
	if err != nil {
		return err
	}
	if err := m.mayAgree(ctx, t); err != nil {
		return err
	}
	if err := m.agreed(ctx, t, moved, m.Prices[t.row.ID]); err != nil {
		return err
	}
	moved.Outcome = WouldMove
	return m.price(ctx, t, zone, moved)
}

// latestState is what the subscription's workflow knows. What its row says is newest: of several commands of one instant
// the record does not say which was the last.
func (s *Service) latestState(ctx context.Context, row store.Subscription) (subscription.State, error) {
	recorded, err := s.store.LastCarriedOut(ctx, row.ID)
	if errors.Is(err, store.ErrNotFound) {
		return subscription.State{}, refused("not_begun", "it has not begun")
	}
	var turned message.Turned
	if err == nil {
		err = json.Unmarshal(recorded.Result, &turned)
	}
	state := turned.State
	state.Status, state.Cycle, state.AtPeriodEnd = row.Status, row.Cycle, row.AtPeriodEnd
	state.Terms = row.Terms()
	if row.PeriodEnd != nil {
		state.Period = calendar.Period{Start: row.PeriodStart.UTC(), End: row.PeriodEnd.UTC()}
	}
	return state, err
}

// price adds what recurs before and after.
func (m migration) price(ctx context.Context, t target, zone calendar.Zone, moved *MigratedSubscription) error {
	old, err := m.recurring(ctx, t, zone, m.from, moved.OldAgreed)
	if err != nil {
		return err
	}
	next, err := m.recurring(ctx, t, zone, m.to, moved.NewAgreed)
	if err != nil {
		return err
	}
	difference, err := next.Sub(old)
	moved.Old, moved.New, moved.Difference = &old, &next, &difference
	return err
}

// recurring is what a version, at the prices agreed for it, costs a subscription in a period, with its add-ons: by the
// catalogue's price, the one it was sold at, or the one that it would be sold at today.
func (m migration) recurring(
	ctx context.Context, t target, zone calendar.Zone, plan catalog.Plan, agreed catalog.Agreed,
) (money.Amount, error) {
	currency := t.row.Currency
	if !slices.Contains(plan.WithAgreed(agreed).Currencies(), currency) {
		lock, err := m.svc.store.PriceLock(ctx, t.row.ID, plan.ID, plan.Version)
		switch {
		case err == nil:
			plan = lock.Conversion.Apply(plan, lock.LockedAt)
		case !errors.Is(err, store.ErrNotFound):
			return money.Amount{}, err
		default:
			if plan, err = m.convert(ctx, plan, currency, moment{at: t.now, zone: zone}); err != nil {
				return money.Amount{}, err
			}
		}
	}
	seats := t.row.Seats
	if !plan.HasSeats() {
		seats = 0
	}
	return invoicing.RecurringTotal(invoicing.Terms{Plan: plan.WithAgreed(agreed), Seats: seats, AddOns: t.row.AddOns.Quantities()}, currency)
}

func (m migration) convert(ctx context.Context, plan catalog.Plan, currency money.Currency, at moment) (catalog.Plan, error) {
	policy := m.entity.Presentment
	if policy == nil {
		return plan, lifecycle.Unpriced(plan, currency)
	}
	day := at.zone.DateOf(at.at)
	rates, err := m.svc.store.RatesBetween(ctx, presentment.NeededCurrencies(policy.BaseCurrency, currency), day)
	if err != nil {
		return plan, err
	}
	converted, err := presentment.Convert(plan, currency, rates, *policy, day)
	if err != nil {
		return plan, refused(presentment.Code(err), "%s", err)
	}
	return converted.Apply(plan, at.at), nil
}

// carryOut commands the change and has the customer told. Who stops in between tells them when it is repeated.
func (m migration) carryOut(ctx context.Context, t target, moved *MigratedSubscription) error {
	terms := lifecycle.MigratedTerms(t.row.Terms(), m.to)
	_, err := m.svc.Change(ctx, t.row.ID, Change{
		Asked: Asked{CommandID: m.ID(), Actor: cmp.Or(m.Actor, "operator"), Reason: fmt.Sprintf("migration to version %d", m.To)},
		Plan:  terms.PlanID, PlanVersion: terms.PlanVersion, Seats: &terms.Seats, AtPeriodEnd: m.At == AtRenewal, Prices: m.Prices[t.row.ID],
	})
	if err != nil {
		return err
	}
	moved.Outcome = Migrated
	return m.tell(ctx, t, *moved)
}

// tell queues the notice, once.
func (m migration) tell(ctx context.Context, t target, moved MigratedSubscription) error {
	return m.svc.store.Tx(ctx, func(tx store.Tx) error {
		return tx.AddPriceNotice(ctx, store.PriceNotice{
			MigrationID: m.ID(), SubscriptionID: t.row.ID, PlanID: m.to.ID, PlanVersion: m.to.Version, Currency: t.row.Currency,
			OldAmount: moved.Old.Minor, NewAmount: moved.New.Minor, ChangesAt: moved.ChangesAt, ToldAt: t.now,
		}, t.row.CustomerID)
	})
}

// again is for a subscription for which the migration was carried out before.
func (m migration) again(ctx context.Context, t target, moved MigratedSubscription, before store.CarriedOut) (MigratedSubscription, error) {
	var command subscription.Command
	var turned message.Turned
	if err := errors.Join(json.Unmarshal(before.Input, &command), json.Unmarshal(before.Result, &turned)); err != nil {
		return moved, fmt.Errorf("recorded command %s: %w", m.ID(), err)
	}
	zone, err := calendar.LoadZone(t.customer.Zone)
	if err != nil {
		return moved, err
	}
	moved.Outcome, moved.ChangesAt = DoneBefore, command.At
	if end := turned.State.Period.End; command.AtPeriodEnd && end.After(command.At) {
		moved.ChangesAt = end
	}
	if err := m.agreed(ctx, t, &moved, command.Prices); err != nil {
		return moved, err
	}
	if err := m.price(ctx, t, zone, &moved); err != nil || m.DryRun {
		return moved, err
	}
	return moved, m.tell(ctx, t, moved)
}
