package entitlement

import (
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
)

// Holder is what the entitlements of a subscription depend on. Whether it entitles at all is said by its status.
type Holder struct {
	SubscriptionID string
	PlanID         string
	Entitlements   []Entitlement
	Seats          int64
	// Zone is where its days and months begin.
	Zone calendar.Zone
	// Period is the billing period on record, which is the trial for a subscription on trial.
	Period calendar.Period
	// ByMonth says that every calendar month is a billing period, as under the monthly run.
	ByMonth bool
}

// Right is an entitlement with the subscription that gives it, and the span around an instant.
type Right struct {
	Entitlement

	Of     Holder
	Window calendar.Period
}

// Rights are what a customer may use at an instant, in the order in which they are used: that of the holders, the oldest
// subscription first.
func Rights(holders []Holder, at time.Time) []Right {
	var rights []Right
	for _, holder := range holders {
		for _, e := range holder.Entitlements {
			rights = append(rights, Right{Entitlement: e, Of: holder, Window: holder.window(e, at)})
		}
	}
	return rights
}

func (h Holder) window(e Entitlement, at time.Time) calendar.Period {
	if e.Per == Period && h.ByMonth {
		e.Per = Month
	}
	return e.Window(at, h.Zone, h.Period)
}

// Quota names, among those of a customer, what uses of a limited feature add up in.
type Quota struct {
	// SubscriptionID is empty for a limit that all of a customer's subscriptions share.
	SubscriptionID string
	Feature        string
	// WindowStart is the zero time for a limit of a life.
	WindowStart time.Time
}

// Quota is what uses of the right add up in.
func (r Right) Quota() Quota {
	quota := Quota{SubscriptionID: r.Of.SubscriptionID, Feature: r.Feature, WindowStart: r.Window.Start}
	if r.Per == Life {
		quota.SubscriptionID = ""
	}
	return quota
}

// Standing is a right with what was used of it.
type Standing struct {
	Right

	// Used is 0 for a feature without limit, which is not counted.
	Used int64
}

// Remaining is how often the feature may still be used in the span; limited is false for a feature without limit.
func (s Standing) Remaining() (remaining int64, limited bool) {
	limit, limited := s.LimitFor(s.Of.Seats)
	return max(0, limit-s.Used), limited
}

// Reason is why a use is not allowed.
type Reason string

// Why uses are not allowed.
const (
	NotEntitled    Reason = "not_entitled"    // no subscription opens the feature
	QuotaExhausted Reason = "quota_exhausted" // none of those that do has room for all of the quantity
)

// Answer is whether a feature may be used.
type Answer struct {
	Allowed bool
	// Reason is why not.
	Reason Reason
	// Standing is that of the right which is used or, where none has room, of the one that frees up first; nil if there is none.
	Standing *Standing
}

// Taker adds a quantity to what was used of a quota if the limit allows all of it, and returns what is used then, or else
// before. Of those who ask at the same time no more may succeed than the limit has room for.
type Taker func(quota Quota, quantity, limit int64) (used int64, taken bool, err error)

// Use asks for a quantity, above 0, of a feature for which these are the rights: all of it by one of them, or nothing. The
// first one that has room gives it.
func Use(rights []Right, quantity int64, take Taker) (Answer, error) {
	answer := Answer{Reason: NotEntitled}
	for _, right := range rights {
		standing, taken := Standing{Right: right}, true
		if limit, limited := right.LimitFor(right.Of.Seats); limited {
			var err error
			if standing.Used, taken, err = take(right.Quota(), quantity, limit); err != nil {
				return answer, err
			}
		}
		if taken {
			return Answer{Allowed: true, Standing: &standing}, nil
		}
		answer.Reason = QuotaExhausted
		if answer.Standing == nil || sooner(right.Window.End, answer.Standing.Window.End) {
			answer.Standing = &standing
		}
	}
	return answer, nil
}

// sooner says that a is an instant before b; the zero time is never.
func sooner(a, b time.Time) bool { return !a.IsZero() && (b.IsZero() || a.Before(b)) }
