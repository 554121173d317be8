package quote

import (
	"context"
	"fmt"
	"slices"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/lifecycle"
	"github.com/perennial-billing/perennial/billing/subscription"
)

// agree notes prices that a plan version is sold at to this subscription. They hold from then on for whatever takes the
// version up. One that the subscription has, or had, keeps its prices: what one period used is charged at one price.
func (b *book) agree(ctx context.Context, path string, terms subscription.Terms, prices catalog.Agreed) error {
	if len(prices) == 0 {
		return nil
	}
	plan, err := b.Plan(ctx, terms)
	if err != nil {
		return err
	}
	if err := plan.CheckAgreed(prices, b.currency); err != nil {
		return fmt.Errorf("%s.%w", path, err)
	}
	sold := planVersion{plan.ID, plan.Version}
	had := slices.ContainsFunc(b.segments, func(s lifecycle.Segment) bool { return versionOf(s.Terms) == sold })
	if had || versionOf(b.state.Terms) == sold {
		return refuse("price_agreed", "subscription %s was sold plan %q version %d already, which keeps its prices: agree on prices for another version",
			b.state.ID, plan.ID, plan.Version)
	}
	before, was := b.agreed[sold]
	b.w.undo = append(b.w.undo, func() {
		if delete(b.agreed, sold); was {
			b.agreed[sold] = before
		}
	})
	b.agreed[sold] = prices
	return nil
}

func versionOf(terms subscription.Terms) planVersion {
	return planVersion{terms.PlanID, terms.PlanVersion}
}
