package service

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/entitlement"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/internal/store"
)

// Entitlement is a feature that one of a customer's subscriptions opens. Numbers are there for a feature with a limit.
type Entitlement struct {
	Feature      string     `json:"feature"`
	Subscription string     `json:"subscription"`
	Plan         string     `json:"plan"`
	Limit        *int64     `json:"limit,omitempty" doc:"How often it may be used; absent without limit."`
	Per          string     `json:"per,omitempty" doc:"What the limit is for: life, period, month or day."`
	Used         *int64     `json:"used,omitempty"`
	Remaining    *int64     `json:"remaining,omitempty"`
	ResetsAt     *time.Time `json:"resets_at,omitempty" doc:"When what was used counts no more; absent if that is not known, or never."`
}

// NewUse asks to use a feature.
type NewUse struct {
	ID       string `json:"id" doc:"Your name for this use: repeating it uses nothing more." example:"video-8812"`
	Quantity int64  `json:"quantity,omitempty" doc:"How often; 1 when absent. All of it is granted, or nothing."`
}

// Use is the answer to whether a feature may be used; what is allowed has been counted.
type Use struct {
	ID       string `json:"id"`
	Feature  string `json:"feature"`
	Quantity int64  `json:"quantity"`
	Allowed  bool   `json:"allowed"`
	// Reason says why not: not_entitled or quota_exhausted.
	Reason   string `json:"reason,omitempty" doc:"Why not: not_entitled, no subscription opens the feature; or quota_exhausted."`
	Returned bool   `json:"returned,omitempty" doc:"The use was given back."`
	// Entitlement is the one that was used, or the one that frees up first.
	Entitlement *Entitlement `json:"entitlement,omitempty"`
}

// shownEntitlement is a right with what was used of it.
func shownEntitlement(s entitlement.Standing) Entitlement {
	e := Entitlement{Feature: s.Feature, Subscription: s.Of.SubscriptionID, Plan: s.Of.PlanID, Per: string(s.Per)}
	remaining, limited := s.Remaining()
	if !limited {
		return e
	}
	limit, _ := s.LimitFor(s.Of.Seats)
	e.Limit, e.Used, e.Remaining = &limit, &s.Used, &remaining
	if !s.Window.End.IsZero() {
		e.ResetsAt = &s.Window.End
	}
	return e
}

// rights are a customer's entitlements at an instant.
func rights(ctx context.Context, q store.Queries, customerID string, at time.Time) ([]entitlement.Right, error) {
	subscriptions, err := q.EntitledSubscriptions(ctx, customerID)
	if err != nil {
		return nil, err
	}
	var holders []entitlement.Holder
	for _, sub := range subscriptions {
		version, err := q.Plan(ctx, sub.PlanID, sub.PlanVersion)
		if err != nil {
			return nil, err
		}
		zone, err := calendar.LoadZone(sub.Zone)
		if err != nil {
			return nil, err
		}
		holders = append(holders, entitlement.Holder{
			SubscriptionID: sub.ID, PlanID: sub.PlanID, Entitlements: version.Plan.Entitlements, Seats: sub.Seats, Zone: zone,
			Period: onRecord(sub, at), ByMonth: sub.BilledBy == catalog.ByInvoiceRun,
		})
	}
	return entitlement.Rights(holders, at), nil
}

// rightsTo are those of a customer's entitlements that are to one feature.
func rightsTo(ctx context.Context, q store.Queries, customerID, feature string, at time.Time) ([]entitlement.Right, error) {
	found, err := rights(ctx, q, customerID, at)
	return slices.DeleteFunc(found, func(r entitlement.Right) bool { return r.Feature != feature }), err
}

// onRecord is the period that a subscription's row has.
func onRecord(sub store.Subscription, at time.Time) calendar.Period {
	switch {
	case sub.PeriodStart != nil && sub.PeriodEnd != nil:
		return calendar.Period{Start: *sub.PeriodStart, End: *sub.PeriodEnd}
	case sub.Status == subscription.Trialing && sub.NextActionAt != nil:
		return calendar.Period{Start: sub.StartedAt, End: *sub.NextActionAt}
	}
	return calendar.Period{Start: sub.StartedAt, End: at.Add(1)}
}

// Entitlements lists the features that a customer may use now, with what is left of those that have a limit.
func (s *Service) Entitlements(ctx context.Context, customerID string) (Page[Entitlement], error) {
	customer, err := s.customer(ctx, customerID)
	if err != nil {
		return Page[Entitlement]{}, err
	}
	at, err := s.now(ctx, customer)
	if err != nil {
		return Page[Entitlement]{}, err
	}
	found, err := rights(ctx, s.store.Queries, customer.ID, at)
	if err != nil {
		return Page[Entitlement]{}, err
	}
	shown := Page[Entitlement]{Data: make([]Entitlement, len(found))}
	for i, r := range found {
		used, err := s.store.QuotaUsed(ctx, store.Quota{CustomerID: customer.ID, Quota: r.Quota()})
		if err != nil {
			return Page[Entitlement]{}, err
		}
		shown.Data[i] = shownEntitlement(entitlement.Standing{Right: r, Used: used})
	}
	return shown, nil
}

// UseFeature asks whether a customer may use a feature and counts the use, in one: of those who ask at the same time no more
// are allowed than the limit has room for. A quantity is allowed as a whole, by one subscription. Repeating an id answers as
// before; the same id with another quantity is a Conflict. What was refused may be asked again under the same id.
func (s *Service) UseFeature(ctx context.Context, customerID, feature string, in NewUse) (Use, error) {
	customer, at, err := s.using(ctx, customerID, feature, &in)
	if err != nil {
		return Use{}, err
	}
	var use Use
	err = s.store.Tx(ctx, func(tx store.Tx) error {
		if err := tx.LockQuotaUse(ctx, customer.ID, feature, in.ID); err != nil {
			return err
		}
		found, err := rightsTo(ctx, tx.Queries, customer.ID, feature, at)
		if err != nil {
			return err
		}
		use = Use{ID: in.ID, Feature: feature, Quantity: in.Quantity}
		recorded, err := tx.QuotaUse(ctx, customer.ID, feature, in.ID)
		switch {
		case errors.Is(err, store.ErrNotFound):
			return use.take(ctx, tx, customer.ID, found, at)
		case err != nil:
			return err
		}
		return use.again(ctx, tx, found, recorded)
	})
	return use, err
}

// using checks a request about one use.
func (s *Service) using(ctx context.Context, customerID, feature string, in *NewUse) (store.Customer, time.Time, error) {
	if in.Quantity == 0 {
		in.Quantity = 1
	}
	var p problems
	p.check("id", checkID(in.ID))
	p.check("feature", entitlement.Entitlement{Feature: feature}.Validate())
	if in.Quantity < 0 {
		p.add("quantity", "%d is no quantity: use 1 or more", in.Quantity)
	}
	if err := p.err(); err != nil {
		return store.Customer{}, time.Time{}, err
	}
	customer, err := s.customer(ctx, customerID)
	if err != nil {
		return customer, time.Time{}, err
	}
	at, err := s.now(ctx, customer)
	return customer, at, err
}

// take uses the first right that has room, and keeps the use of a limit. What has no limit is not counted.
func (u *Use) take(ctx context.Context, tx store.Tx, customerID string, found []entitlement.Right, at time.Time) error {
	answer, err := entitlement.Use(found, u.Quantity, func(quota entitlement.Quota, quantity, limit int64) (int64, bool, error) {
		return tx.TakeQuota(ctx, store.Quota{CustomerID: customerID, Quota: quota}, quantity, limit)
	})
	if err != nil {
		return err
	}
	u.Allowed, u.Reason = answer.Allowed, string(answer.Reason)
	if answer.Standing == nil {
		return nil
	}
	shown := shownEntitlement(*answer.Standing)
	u.Entitlement = &shown
	if shown.Limit == nil || !u.Allowed {
		return nil
	}
	return tx.AddQuotaUse(ctx, store.Quota{CustomerID: customerID, Quota: answer.Standing.Quota()}, store.QuotaUse{
		CustomerID: customerID, Feature: u.Feature, ID: u.ID, SubscriptionID: shown.Subscription, Quantity: u.Quantity, At: at,
	})
}

// again answers for a use that is on record.
func (u *Use) again(ctx context.Context, q store.Tx, found []entitlement.Right, recorded store.QuotaUse) error {
	if recorded.Quantity != u.Quantity {
		return conflict("use_id_reused", "use %q of feature %s was for %d, not %d: give another use another id", u.ID, u.Feature, recorded.Quantity, u.Quantity)
	}
	u.Allowed, u.Returned = recorded.ReturnedAt == nil, recorded.ReturnedAt != nil
	for _, r := range found {
		if r.Of.SubscriptionID != recorded.SubscriptionID {
			continue
		}
		used, err := q.QuotaUsed(ctx, store.Quota{CustomerID: recorded.CustomerID, Quota: r.Quota()})
		if err != nil {
			return err
		}
		shown := shownEntitlement(entitlement.Standing{Right: r, Used: used})
		u.Entitlement = &shown
	}
	return nil
}

// ReturnUse gives a use back that came to nothing, so that it does not count. Repeating it gives nothing more back. Returned
// is returned: the same id is not allowed again.
func (s *Service) ReturnUse(ctx context.Context, customerID, feature, id string) (Use, error) {
	customer, at, err := s.using(ctx, customerID, feature, &NewUse{ID: id})
	if err != nil {
		return Use{}, err
	}
	var use Use
	err = s.store.Tx(ctx, func(tx store.Tx) error {
		if err := tx.LockQuotaUse(ctx, customer.ID, feature, id); err != nil {
			return err
		}
		recorded, err := tx.QuotaUse(ctx, customer.ID, feature, id)
		if err != nil {
			return named(err)
		}
		if err := tx.ReturnQuotaUse(ctx, recorded, at); err != nil {
			return err
		}
		found, err := rightsTo(ctx, tx.Queries, customer.ID, feature, at)
		if err != nil {
			return err
		}
		recorded.ReturnedAt = &at
		use = Use{ID: id, Feature: feature, Quantity: recorded.Quantity}
		return use.again(ctx, tx, found, recorded)
	})
	return use, err
}
