package simulation

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/subscription"
)

// Catalogs are the one that was in force and the one that is tried out.
type Catalogs struct {
	// InForce has every plan version that was sold.
	InForce []catalog.Plan
	// Other has the prices to be tried. A version that it has takes its own place; for any other one its newest version of
	// the plan does.
	Other []catalog.Plan
	// OverAgreed puts the other catalogue's prices in place of those that were agreed with a customer, too.
	OverAgreed bool
}

// Gap is what the other catalogue does not say of something that was billed. It is filled with the old price.
type Gap struct {
	// Code is plan_missing, schedule_differs, charge_missing, price_missing, meter_unknown, seats_unknown or usage_unknown.
	Code     string         `json:"code"`
	Plan     string         `json:"plan"`
	Version  int            `json:"version"`
	Charge   string         `json:"charge,omitempty"`
	Currency money.Currency `json:"currency,omitempty"`
	Message  string         `json:"message"`
}

func (g Gap) compare(other Gap) int {
	return cmp.Or(cmp.Compare(g.Plan, other.Plan), cmp.Compare(g.Version, other.Version), cmp.Compare(g.Charge, other.Charge),
		cmp.Compare(g.Currency, other.Currency), cmp.Compare(g.Code, other.Code))
}

// sold is a plan version as the subscription has it: with the prices that it was sold at.
func (c Catalogs) sold(h History, terms subscription.Terms) (catalog.Plan, *Sold, error) {
	i := slices.IndexFunc(c.InForce, func(p catalog.Plan) bool { return p.ID == terms.PlanID && p.Version == terms.PlanVersion })
	if i < 0 {
		return catalog.Plan{}, nil, fmt.Errorf("plan %q version %d is not on record", terms.PlanID, terms.PlanVersion)
	}
	plan := c.InForce[i]
	agreed := h.agreed(plan.ID, plan.Version)
	if slices.Contains(plan.WithAgreed(agreed).Currencies(), h.Currency) {
		return plan.WithAgreed(agreed), nil, nil
	}
	for _, sold := range h.Sold {
		if sold.PlanID == plan.ID && sold.PlanVersion == plan.Version {
			return sold.Conversion.Apply(plan, sold.At.UTC()).WithAgreed(agreed), &sold, nil
		}
	}
	return plan.WithAgreed(agreed), nil, nil
}

// successor is the plan of the other catalogue that takes the place of a version.
func (c Catalogs) successor(terms subscription.Terms) (newest catalog.Plan, found bool) {
	for _, plan := range c.Other {
		switch {
		case plan.ID != terms.PlanID:
		case plan.Version == terms.PlanVersion:
			return plan, true
		case !found || plan.Version > newest.Version:
			newest, found = plan, true
		}
	}
	return newest, found
}

// tried is a plan version at the prices of the other catalogue, and what that does not say. When periods began and ended,
// and which trials were given, are facts and stay as they were; so do the version, and with it which lines follow from a
// change, and the product, which no version of a plan changes.
func (c Catalogs) tried(h History, terms subscription.Terms) (catalog.Plan, []Gap, error) {
	old, sold, err := c.sold(h, terms)
	if err != nil {
		return old, nil, err
	}
	plan, found := c.successor(terms)
	if !found {
		return old, []Gap{gapIn(old, "plan_missing", "plan %q is not in the catalog: add it", old.ID)}, nil
	}
	if plan.BilledBy != old.BilledBy || plan.Interval != old.Interval {
		return old, []Gap{gapIn(old, "schedule_differs",
			"plan %q is billed every %s by %s, its version %d was billed every %s by %s: a price for other periods cannot be compared, give the one for these",
			old.ID, plan.Interval, plan.BilledBy, old.Version, old.Interval, old.BilledBy)}, nil
	}
	if !c.OverAgreed {
		plan = plan.WithAgreed(h.agreed(old.ID, old.Version))
	}
	f := filling{currency: h.Currency, old: old, sold: sold}
	charges := f.charges(plan.Charges)
	plan.Version, plan.Product, plan.Charges = old.Version, old.Product, charges
	plan.Alignment, plan.TrialDays, plan.Trial = old.Alignment, old.TrialDays, old.Trial
	return plan, f.gaps, nil
}

func gapIn(plan catalog.Plan, code, format string, args ...any) Gap {
	return Gap{Code: code, Plan: plan.ID, Version: plan.Version, Message: fmt.Sprintf(format, args...)}
}
