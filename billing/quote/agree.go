package quote

import (
	"context"
	"fmt"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/lifecycle"
	"github.com/perennial-billing/perennial/billing/subscription"
)

// Agree notes prices that a plan version is sold at to this subscription.
func (b *book) Agree(ctx context.Context, deal lifecycle.Deal) error {
	plan, err := b.Plan(ctx, deal.Terms)
	if err != nil {
		return err
	}
	sold := versionOf(deal.Terms)
	if err := lifecycle.CheckDeal(b.state.ID, plan, deal.Prices, b.currency, b.had(sold)); err != nil {
		return err
	}
	before, was := b.agreed[sold]
	b.w.undo = append(b.w.undo, func() {
		if delete(b.agreed, sold); was {
			b.agreed[sold] = before
		}
	})
	b.agreed[sold] = deal.Prices
	return nil
}

// beginAt notes the prices with which the subscription begins.
func (b *book) beginAt(ctx context.Context, terms subscription.Terms, prices catalog.Agreed) error {
	if err := b.checkPrices(ctx, "subscribe.prices", terms, prices); err != nil || len(prices) == 0 {
		return err
	}
	b.agreed[versionOf(terms)] = prices
	return nil
}

// checkPrices says what is wrong with prices as they are written in the scenario.
func (b *book) checkPrices(ctx context.Context, path string, terms subscription.Terms, prices catalog.Agreed) error {
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
	return nil
}

func versionOf(terms subscription.Terms) planVersion {
	return planVersion{terms.PlanID, terms.PlanVersion}
}
