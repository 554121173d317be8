package quote

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/entitlement"
	"github.com/perennial-billing/perennial/billing/subscription"
)

// Use asks whether a customer may use a feature, and counts the use.
type Use struct {
	Customer string `json:"customer,omitempty" doc:"Who uses it; may be left out when there is one customer"`
	Feature  string `json:"feature" doc:"What is used, as an entitlement of a plan names it"`
	Quantity *int64 `json:"quantity,omitempty" minimum:"1" doc:"How often; 1 when left out. All of it is allowed, or nothing"`
	ID       string `json:"id,omitempty" doc:"The use's id: what is allowed under one id is counted once"`
}

// ReturnUse gives a use back that came to nothing.
type ReturnUse struct {
	Customer string `json:"customer,omitempty" doc:"Whose; may be left out when there is one customer"`
	Feature  string `json:"feature" doc:"What was used"`
	ID       string `json:"id" doc:"The use's id"`
}

// used is a use of a limited feature that was counted.
type used struct {
	feature, id  string
	subscription string
	quota        entitlement.Quota
	quantity     int64
	returned     bool
}

func (a *Use) whose(w *world) (*customer, error) { return w.customer("use.customer", a.Customer) }

func (a *Use) do(_ context.Context, w *world, s step) error {
	quantity := int64(1)
	if a.Quantity != nil {
		quantity = *a.Quantity
	}
	if err := (entitlement.Entitlement{Feature: a.Feature}).Validate(); err != nil {
		return fmt.Errorf("use.%w", err)
	}
	rights, err := w.rights(s.who, s.at)
	if err != nil {
		return err
	}
	rights = slices.DeleteFunc(rights, func(r entitlement.Right) bool { return r.Feature != a.Feature })
	shown := Used{At: local(s.at, s.who.zone), Customer: s.who.id, Feature: a.Feature, ID: cmp.Or(a.ID, s.path), Quantity: quantity}
	if i := s.who.counted(a.Feature, shown.ID); i >= 0 {
		return shown.again(w, s.who, s.who.uses[i], rights)
	}
	return shown.take(w, s.who, rights)
}

// take answers for a new use, and counts one that is allowed of a feature with a limit.
func (u Used) take(w *world, c *customer, rights []entitlement.Right) error {
	answer, err := entitlement.Use(rights, u.Quantity, func(quota entitlement.Quota, quantity, limit int64) (int64, bool, error) {
		before := c.usedOf(quota)
		if quantity > limit || before > limit-quantity {
			return before, false, nil
		}
		return before + quantity, true, nil
	})
	if err != nil {
		return err
	}
	u.Allowed, u.Reason = answer.Allowed, answer.Reason
	if standing := answer.Standing; standing != nil {
		u.Entitlement = entitled(*standing, c)
		if u.Allowed && u.Entitlement.Limit != nil {
			change(w, &c.uses, append(c.uses, used{
				feature: u.Feature, id: u.ID, subscription: standing.Of.SubscriptionID, quota: standing.Quota(), quantity: u.Quantity,
			}))
		}
	}
	change(w, &w.used, append(w.used, u))
	return nil
}

// again answers for a use that was counted before.
func (u Used) again(w *world, c *customer, before used, rights []entitlement.Right) error {
	if before.quantity != u.Quantity {
		return refuse("use_id_reused", "use %q of feature %s was for %d, not %d: give another use another id", u.ID, u.Feature, before.quantity, u.Quantity)
	}
	u.Allowed, u.Returned = !before.returned, before.returned
	for _, right := range rights {
		if right.Of.SubscriptionID == before.subscription {
			u.Entitlement = entitled(entitlement.Standing{Right: right, Used: c.usedOf(right.Quota())}, c)
		}
	}
	change(w, &w.used, append(w.used, u))
	return nil
}

func (a *ReturnUse) whose(w *world) (*customer, error) {
	return w.customer("return_use.customer", a.Customer)
}

func (a *ReturnUse) do(_ context.Context, w *world, s step) error {
	i := s.who.counted(a.Feature, a.ID)
	if i < 0 {
		return refuse("use_unknown", "customer %s has no use %q of a limit of feature %q: only what was allowed can be given back", s.who.id, a.ID, a.Feature)
	}
	uses := slices.Clone(s.who.uses)
	uses[i].returned = true
	change(w, &s.who.uses, uses)
	return nil
}

// counted finds a counted use by its id; -1 is none.
func (c *customer) counted(feature, id string) int {
	return slices.IndexFunc(c.uses, func(u used) bool { return u.feature == feature && u.id == id })
}

// usedOf is what was used of a quota.
func (c *customer) usedOf(quota entitlement.Quota) int64 {
	var sum int64
	for _, u := range c.uses {
		if u.quota == quota && !u.returned {
			sum += u.quantity
		}
	}
	return sum
}

// rights are what a customer may use at an instant, those of the subscription that began first before the others.
func (w *world) rights(c *customer, at time.Time) ([]entitlement.Right, error) {
	var entitling []*book
	for _, b := range w.books {
		if b.owner == c && slices.Contains(subscription.Entitling(), b.state.Status) {
			entitling = append(entitling, b)
		}
	}
	slices.SortStableFunc(entitling, func(a, b *book) int {
		return cmp.Or(a.state.StartAt.Compare(b.state.StartAt), cmp.Compare(a.state.ID, b.state.ID))
	})
	holders := make([]entitlement.Holder, len(entitling))
	for i, b := range entitling {
		plan, err := w.plan(b.state.Terms)
		if err != nil {
			return nil, err
		}
		holders[i] = entitlement.Holder{
			SubscriptionID: b.state.ID, PlanID: plan.ID, Entitlements: plan.Entitlements, Seats: b.state.Terms.Seats, Zone: b.zone,
			Period: b.state.Period, ByMonth: b.state.BilledBy == catalog.ByInvoiceRun,
		}
		if b.state.Status == subscription.Trialing {
			holders[i].Period.Start, holders[i].Period.End = b.state.StartAt, *b.state.TrialEnd
		}
	}
	return entitlement.Rights(holders, at), nil
}

// Used is the answer to whether a feature may be used.
type Used struct {
	At       Local              `json:"at"`
	Customer string             `json:"customer"`
	Feature  string             `json:"feature"`
	ID       string             `json:"id"`
	Quantity int64              `json:"quantity"`
	Allowed  bool               `json:"allowed"`
	Reason   entitlement.Reason `json:"reason,omitempty" enum:"not_entitled,quota_exhausted" doc:"Why not: no subscription opens it, or no limit has room"`
	Returned bool               `json:"returned,omitempty" doc:"It was allowed, and then given back"`
	// Entitlement is the one that is used or, where none has room, the one that frees up first.
	Entitlement *Entitled `json:"entitlement,omitempty" doc:"What allows it or, where nothing has room, what frees up first"`
}

// Entitled is a feature that a subscription opens to its customer. Numbers are there for a feature with a limit.
type Entitled struct {
	Customer     string           `json:"customer"`
	Feature      string           `json:"feature"`
	Subscription string           `json:"subscription"`
	Plan         string           `json:"plan"`
	Limit        *int64           `json:"limit,omitempty" doc:"How often it may be used, all seats together; absent without limit"`
	Per          entitlement.Span `json:"per,omitempty" enum:"life,period,month,day" doc:"What the limit is for"`
	Used         *int64           `json:"used,omitempty"`
	Remaining    *int64           `json:"remaining,omitempty"`
	ResetsAt     *Local           `json:"resets_at,omitempty" doc:"When what was used counts no more; absent if that is never, or not known yet"`
}

func entitled(s entitlement.Standing, c *customer) *Entitled {
	shown := &Entitled{Customer: c.id, Feature: s.Feature, Subscription: s.Of.SubscriptionID, Plan: s.Of.PlanID, Per: s.Per}
	limit, limited := s.LimitFor(s.Of.Seats)
	if !limited {
		return shown
	}
	remaining, _ := s.Remaining()
	shown.Limit, shown.Used, shown.Remaining = &limit, &s.Used, &remaining
	if !s.Window.End.IsZero() {
		shown.ResetsAt = localIf(&s.Window.End, s.Of.Zone)
	}
	return shown
}

// entitlements are what a customer may use in the end.
func (w *world) entitlements(c *customer) ([]Entitled, error) {
	rights, err := w.rights(c, w.scenario.Until.In(c.zone))
	if err != nil {
		return nil, err
	}
	shown := make([]Entitled, len(rights))
	for i, right := range rights {
		shown[i] = *entitled(entitlement.Standing{Right: right, Used: c.usedOf(right.Quota())}, c)
	}
	return shown, nil
}
