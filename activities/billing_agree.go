package activities

import (
	"context"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/lifecycle"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// Agree keeps prices that are agreed for a plan version.
func (a account) Agree(ctx context.Context, deal lifecycle.Deal) error {
	plan, err := sold(ctx, a.tx, a.row.EntityID, deal.Terms)
	if err != nil {
		return err
	}
	had, err := a.had(ctx, plan)
	if err != nil {
		return err
	}
	if err := checkDeal(a.row.ID, plan, deal.Prices, a.row.Currency, had); err != nil {
		return err
	}
	return a.tx.AddAgreedPrice(ctx, store.AgreedPrice{
		SubscriptionID: a.row.ID, PlanID: plan.ID, PlanVersion: plan.Version, Prices: deal.Prices,
		CommandID: &deal.CommandID, AgreedAt: deal.At,
	})
}

// had says whether the subscription has a plan version, or had it.
func (a account) had(ctx context.Context, plan catalog.Plan) (bool, error) {
	if a.row.PlanID == plan.ID && a.row.PlanVersion == plan.Version {
		return true, nil
	}
	return a.tx.WasInForce(ctx, a.row.ID, plan.ID, plan.Version)
}

// checkDeal refuses prices that cannot be agreed.
func checkDeal(subscriptionID string, plan catalog.Plan, prices catalog.Agreed, currency money.Currency, had bool) error {
	if len(prices) == 0 {
		return nil
	}
	return lifecycle.CheckDeal(subscriptionID, plan, prices, currency, had)
}

// agree keeps the prices with which a subscription begins. Done again, it changes nothing.
func agree(ctx context.Context, tx store.Tx, in message.Subscribe) error {
	if len(in.Prices) == 0 {
		return nil
	}
	return tx.AddAgreedPrice(ctx, store.AgreedPrice{
		SubscriptionID: in.SubscriptionID, PlanID: in.Terms.PlanID, PlanVersion: in.Terms.PlanVersion, Prices: in.Prices, AgreedAt: in.StartAt,
	})
}
