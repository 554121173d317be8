package lifecycle

import (
	"context"
	"slices"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/subscription"
)

// sold are the terms as an invoice charges them.
func sold(plan catalog.Plan, terms subscription.Terms) invoicing.Terms {
	return invoicing.Terms{Plan: plan, Seats: terms.Seats, AddOns: terms.AddOns.Quantities()}
}

// checkAddOns refuses add-ons that the plan is not sold with.
func checkAddOns(plan catalog.Plan, addOns subscription.AddOns) error {
	if len(plan.AddOns) == 0 && !addOns.IsZero() {
		return refuse("add_ons_not_sold", "plan %q version %d is sold without add-ons: leave add_ons out", plan.ID, plan.Version)
	}
	for _, held := range addOns.List() {
		addOn, err := plan.AddOn(held.ID)
		switch {
		case err != nil:
			return refuse("add_on_unknown", "%s: leave it out, or remove it with quantity 0 in the same change", err)
		case held.Quantity > 1 && !addOn.Counted():
			return refuse("add_on_once", "add-on %q of plan %q has no charge per quantity: its quantity is 1, not %d", held.ID, plan.ID, held.Quantity)
		case held.Quantity > catalog.MostSeats:
			return refuse("add_on_too_many", "add-on %q of plan %q: quantity must be at most %d, not %d", held.ID, plan.ID, catalog.MostSeats, held.Quantity)
		}
	}
	return nil
}

// withEarlier lists when a meter was used that the first segment with it pays for: in the segment, and before, because
// usage may become known late. Of a plan's own meter that is any time before. An add-on's meter counts only while the
// add-on is there: what was used before it was bought is not charged afterwards.
func (a Account) withEarlier(ctx context.Context, segment invoicing.Segment, meter string, until time.Time) ([]calendar.Period, error) {
	own := slices.ContainsFunc(segment.Terms.Plan.Charges, func(c catalog.Charge) bool { return c.Meter == meter })
	if own {
		return []calendar.Period{{End: segment.Period.End}}, nil
	}
	earlier, err := a.Records.Segments(ctx, time.Time{}, until)
	if err != nil {
		return nil, err
	}
	var spans []calendar.Period
	for _, inForce := range earlier {
		plan, err := a.Records.Plan(ctx, inForce.Terms)
		if err != nil {
			return nil, err
		}
		if slices.Contains(sold(plan, inForce.Terms).Meters(), meter) {
			spans = append(spans, inForce.clip(calendar.Period{End: until}))
		}
	}
	return append(spans, segment.Period), nil
}
