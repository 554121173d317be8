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

// right is an entitlement with the subscription that gives it and the span around now.
type right struct {
	entitlement.Entitlement

	of     store.Subscription
	window calendar.Period
}

func (r right) quota() store.Quota {
	key := store.Quota{CustomerID: r.of.CustomerID, SubscriptionID: r.of.ID, Feature: r.Feature, WindowStart: r.window.Start}
	if r.Per == entitlement.Life {
		key.SubscriptionID = ""
	}
	return key
}

// shown is the entitlement with what was used of it.
func (r right) shown(used int64) Entitlement {
	e := Entitlement{Feature: r.Feature, Subscription: r.of.ID, Plan: r.of.PlanID, Per: string(r.Per)}
	limit, limited := r.LimitFor(r.of.Seats)
	if !limited {
		return e
	}
	remaining := max(0, limit-used)
	e.Limit, e.Used, e.Remaining = &limit, &used, &remaining
	if !r.window.End.IsZero() {
		e.ResetsAt = &r.window.End
	}
	return e
}

// rights are a customer's entitlements at an instant, those of the oldest subscription first.
func rights(ctx context.Context, q store.Queries, customerID string, at time.Time) ([]right, error) {
	subscriptions, err := q.EntitledSubscriptions(ctx, customerID)
	if err != nil {
		return nil, err
	}
	var found []right
	for _, sub := range subscriptions {
		version, err := q.Plan(ctx, sub.PlanID, sub.PlanVersion)
		if err != nil {
			return nil, err
		}
		zone, err := calendar.LoadZone(sub.Zone)
		if err != nil {
			return nil, err
		}
		for _, e := range version.Plan.Entitlements {
			found = append(found, right{Entitlement: e, of: sub, window: window(e, sub, zone, at)})
		}
	}
	return found, nil
}

// window is the span of an entitlement around an instant. Under the monthly run every calendar month is a period.
func window(e entitlement.Entitlement, sub store.Subscription, zone calendar.Zone, at time.Time) calendar.Period {
	if e.Per == entitlement.Period && sub.BilledBy == catalog.ByInvoiceRun {
		e.Per = entitlement.Month
	}
	period := calendar.Period{Start: sub.StartedAt, End: at.Add(1)}
	if sub.PeriodStart != nil && sub.PeriodEnd != nil {
		period = calendar.Period{Start: *sub.PeriodStart, End: *sub.PeriodEnd}
	} else if sub.Status == subscription.Trialing && sub.NextActionAt != nil {
		period.End = *sub.NextActionAt
	}
	return e.Window(at, zone, period)
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
		used, err := s.store.QuotaUsed(ctx, r.quota())
		if err != nil {
			return Page[Entitlement]{}, err
		}
		shown.Data[i] = r.shown(used)
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
		found, err := rights(ctx, tx.Queries, customer.ID, at)
		if err != nil {
			return err
		}
		found = slices.DeleteFunc(found, func(r right) bool { return r.Feature != feature })
		use = Use{ID: in.ID, Feature: feature, Quantity: in.Quantity}
		recorded, err := tx.QuotaUse(ctx, customer.ID, feature, in.ID)
		switch {
		case errors.Is(err, store.ErrNotFound):
			return use.take(ctx, tx, found, at)
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

// take uses the first right that has room.
func (u *Use) take(ctx context.Context, tx store.Tx, found []right, at time.Time) error {
	u.Reason = "not_entitled"
	for _, r := range found {
		limit, limited := r.LimitFor(r.of.Seats)
		var used int64
		taken := true
		if limited {
			var err error
			if used, taken, err = tx.TakeQuota(ctx, r.quota(), u.Quantity, limit); err != nil {
				return err
			}
		}
		shown := r.shown(used)
		if taken {
			u.Allowed, u.Reason, u.Entitlement = true, "", &shown
			return u.record(ctx, tx, r, limited, at)
		}
		u.Reason = "quota_exhausted"
		if u.Entitlement == nil || sooner(shown.ResetsAt, u.Entitlement.ResetsAt) {
			u.Entitlement = &shown
		}
	}
	return nil
}

// record keeps the use of a limit. What has no limit is not counted.
func (u *Use) record(ctx context.Context, tx store.Tx, r right, limited bool, at time.Time) error {
	if !limited {
		return nil
	}
	return tx.AddQuotaUse(ctx, r.quota(), store.QuotaUse{
		CustomerID: r.of.CustomerID, Feature: r.Feature, ID: u.ID, SubscriptionID: r.of.ID, Quantity: u.Quantity, At: at,
	})
}

// sooner says that a is an instant before b; nil is never.
func sooner(a, b *time.Time) bool { return a != nil && (b == nil || a.Before(*b)) }

// again answers for a use that is on record.
func (u *Use) again(ctx context.Context, q store.Tx, found []right, recorded store.QuotaUse) error {
	if recorded.Quantity != u.Quantity {
		return conflict("use_id_reused", "use %q of feature %s was for %d, not %d: give another use another id", u.ID, u.Feature, recorded.Quantity, u.Quantity)
	}
	u.Allowed, u.Returned = recorded.ReturnedAt == nil, recorded.ReturnedAt != nil
	for _, r := range found {
		if r.of.ID != recorded.SubscriptionID {
			continue
		}
		used, err := q.QuotaUsed(ctx, r.quota())
		if err != nil {
			return err
		}
		shown := r.shown(used)
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
		found, err := rights(ctx, tx.Queries, customer.ID, at)
		if err != nil {
			return err
		}
		found = slices.DeleteFunc(found, func(r right) bool { return r.Feature != feature })
		recorded.ReturnedAt = &at
		use = Use{ID: id, Feature: feature, Quantity: recorded.Quantity}
		return use.again(ctx, tx, found, recorded)
	})
	return use, err
}
