package quote

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/perennial-billing/perennial/billing/discount"
	"github.com/perennial-billing/perennial/billing/exactyaml"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/money"
)

// held is a discount that a customer has, for one subscription or for all.
type held struct {
	discount.Discount

	subscription string
	code         string
	uses         []discount.Use
}

func (h held) concerns(subscription string) bool {
	return h.subscription == "" || subscription == "" || h.subscription == subscription
}

func (a *Redeem) whose(w *world) (*customer, error) {
	if a.Subscription != "" {
		return w.customerOf("redeem.subscription", a.Subscription)
	}
	return w.customer("redeem.customer", a.Customer)
}

func (a *Redeem) do(_ context.Context, w *world, s step) error {
	coupon, code, err := a.find(w.scenario)
	if err != nil {
		return err
	}
	id := a.ID
	if id == "" {
		id = coupon.ID
	}
	if slices.ContainsFunc(s.who.discounts, func(h *held) bool { return h.ID == id && h.RemovedAt.IsZero() }) {
		return refuse("discount_exists", "customer %s already has a discount %q: give this one another id", s.who.id, id)
	}
	request, err := w.request(a.Subscription, coupon, code, s)
	if err != nil {
		return err
	}
	if err := coupon.Check(request); err != nil {
		return asRefusal(err)
	}
	given := &held{Discount: discount.Discount{ID: id, Coupon: coupon, AppliedAt: s.at}, subscription: a.Subscription}
	if code != nil {
		given.code = code.Text
	}
	change(w, &s.who.discounts, append(slices.Clone(s.who.discounts), given))
	return nil
}

// find looks up the coupon, by its id or by a code.
func (a *Redeem) find(s *Scenario) (discount.Coupon, *discount.Code, error) {
	var code *discount.Code
	id := a.Coupon
	if a.Code != "" {
		text, err := discount.ParseCode(a.Code)
		if err != nil {
			return discount.Coupon{}, nil, fmt.Errorf("redeem.code: %w", err)
		}
		i := slices.IndexFunc(s.Codes, func(c discount.Code) bool { return c.Text == text })
		if i < 0 {
			return discount.Coupon{}, nil, refuse("code_unknown", "there is no code %s", text)
		}
		code, id = &s.Codes[i], s.Codes[i].CouponID
	}
	i := slices.IndexFunc(s.Coupons, func(c discount.Coupon) bool { return c.ID == id })
	if i < 0 || a.Coupon != "" && a.Coupon != id {
		return discount.Coupon{}, nil, fmt.Errorf("redeem.coupon: there is no coupon %q", exactyaml.Clip(a.Coupon))
	}
	return s.Coupons[i], code, nil
}

// request gathers what decides whether a coupon can be redeemed.
func (w *world) request(subscription string, coupon discount.Coupon, code *discount.Code, s step) (discount.Request, error) {
	r := discount.Request{At: s.at, CustomerID: s.who.id, Currency: s.who.currency, Code: code, FirstTime: true}
	for _, c := range w.customers {
		for _, h := range c.discounts {
			if h.Coupon.ID != coupon.ID {
				continue
			}
			r.Redeemed++
			if c == s.who {
				r.ByCustomer++
			}
			if code != nil && h.code == code.Text {
				r.CodeRedeemed++
			}
		}
	}
	for _, b := range w.books {
		if b.owner != s.who {
			continue
		}
		r.FirstTime = r.FirstTime && !slices.ContainsFunc(b.invoices, func(d *document) bool { return d.Total.IsPositive() })
		if subscription == "" || b.state.ID == subscription {
			plan, err := w.plan(b.state.Terms)
			if err != nil {
				return r, err
			}
			r.Plans = append(r.Plans, discount.Sold{PlanID: plan.ID, ProductID: plan.ProductID()})
			r.Currency = b.currency
		}
	}
	for _, h := range s.who.discounts {
		_, serves, err := h.Serves(w.periodAt(h.subscription, s.at), s.at, r.Currency, h.uses)
		if err != nil {
			return r, err
		}
		if serves && h.concerns(subscription) {
			r.Has = append(r.Has, h.Coupon)
		}
	}
	return r, nil
}

// periodAt is the start of a subscription's period under way, or the instant itself if there is no such period.
func (w *world) periodAt(subscription string, at time.Time) time.Time {
	for _, b := range w.books {
		if b.state.ID == subscription && b.state.Period.Contains(at) {
			return b.state.Period.Start
		}
	}
	return at
}

func (a *RemoveDiscount) whose(w *world) (*customer, error) {
	return w.customer("remove_discount.customer", a.Customer)
}

func (a *RemoveDiscount) do(_ context.Context, w *world, s step) error {
	for _, h := range s.who.discounts {
		if h.ID == a.ID && h.RemovedAt.IsZero() {
			change(w, &h.RemovedAt, s.at)
			return nil
		}
	}
	return refuse("discount_unknown", "customer %s has no discount %q", s.who.id, a.ID)
}

// discounts are those of a list that are in force for an invoice of the subscription.
func (b *book) discounts(facts invoicing.Facts, of []*held) ([]discount.InForce, error) {
	var inForce []discount.InForce
	for _, h := range of {
		if !h.concerns(b.state.ID) {
			continue
		}
		serves, has, err := h.Serves(facts.Period().Start, facts.IssuedAt, b.currency, h.usesIn(b.currency))
		if err != nil {
			return nil, fmt.Errorf("discount %q: %w", h.ID, err)
		}
		if has {
			inForce = append(inForce, serves)
		}
	}
	return inForce, nil
}

func (h held) usesIn(currency money.Currency) []discount.Use {
	others := func(u discount.Use) bool { return u.Amount.Currency != currency }
	if !slices.ContainsFunc(h.uses, others) { // as good as always
		return h.uses
	}
	return slices.DeleteFunc(slices.Clone(h.uses), others)
}

// noteDiscounts remembers what the discounts of an invoice took off.
func (b *book) noteDiscounts(built invoicing.Invoice) error {
	left, err := built.PlanCreditLeft(b.planCredit)
	if err != nil {
		return err
	}
	change(b.w, &b.planCredit, left)
	for _, total := range built.Discounts {
		used, err := total.Taken.Sub(total.GivenBack)
		if err != nil {
			return err
		}
		if total.DiscountID == invoicing.PlanCreditID {
			continue
		}
		for _, h := range b.owner.discounts {
			if h.ID == total.DiscountID && h.concerns(b.state.ID) {
				change(b.w, &h.uses, append(h.uses, discount.Use{Period: built.Period.Start, Amount: used}))
			}
		}
	}
	return nil
}

func (s *Scenario) checkCoupons() error {
	seen := map[string]bool{}
	for i, c := range s.Coupons {
		if err := c.Validate(); err != nil {
			return fmt.Errorf("coupons[%d]: %w", i, err)
		}
		if seen[c.ID] {
			return fmt.Errorf("coupons[%d].id: %q is the id of an earlier coupon", i, c.ID)
		}
		seen[c.ID] = true
	}
	for i, c := range s.Codes {
		text, err := discount.ParseCode(c.Text)
		if err != nil {
			return fmt.Errorf("codes[%d].code: %w", i, err)
		}
		if !seen[c.CouponID] {
			return fmt.Errorf("codes[%d].coupon: there is no coupon %q", i, exactyaml.Clip(c.CouponID))
		}
		s.Codes[i].Text = text
	}
	return nil
}
