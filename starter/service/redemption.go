package service

import (
	"context"
	"slices"
	"time"

	"github.com/perennial-billing/perennial/billing/discount"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/internal/store"
)

// redemption gathers what decides whether a coupon can be redeemed.
func redemption(
	ctx context.Context, tx store.Tx, customer store.Customer, in Redemption, coupon discount.Coupon, has []store.Discount, at time.Time,
) (discount.Request, error) {
	r := discount.Request{At: at, CustomerID: customer.ID, Currency: customer.Currency}
	counted, err := tx.Redemptions(ctx, customer.EntityID, coupon.ID, customer.ID, in.Code)
	if err != nil {
		return r, err
	}
	r.Redeemed, r.ByCustomer, r.CodeRedeemed = counted.All, counted.ByCustomer, counted.ByCode
	charged, err := tx.WasCharged(ctx, customer.ID)
	if err != nil {
		return r, err
	}
	r.FirstTime = !charged
	if r.Plans, r.Currency, err = sold(ctx, tx, customer, in.Subscription); err != nil {
		return r, err
	}
	for _, d := range has {
		_, serves, err := d.Serves(at, at, r.Currency, d.Uses)
		if err != nil {
			return r, err
		}
		if serves && (d.SubscriptionID == "" || in.Subscription == "" || d.SubscriptionID == in.Subscription) {
			r.Has = append(r.Has, d.Coupon)
		}
	}
	return r, nil
}

// sold lists the plans that a coupon for a subscription, or for all of a customer's, is for, and the currency.
func sold(ctx context.Context, tx store.Tx, customer store.Customer, subscription string) ([]discount.Sold, money.Currency, error) {
	if subscription != "" {
		row, err := tx.Subscription(ctx, subscription)
		if err == nil && row.CustomerID != customer.ID {
			return nil, "", invalid("subscription", "subscription %s is another customer's", subscription)
		}
		if err != nil {
			return nil, "", inRequest("subscription", named(err))
		}
		plans, err := withProducts(ctx, tx, row)
		return plans, row.Currency, err
	}
	rows, err := tx.EntitledSubscriptions(ctx, customer.ID)
	if err != nil {
		return nil, "", err
	}
	plans, err := withProducts(ctx, tx, rows...)
	return plans, customer.Currency, err
}

// withProducts are the plans of subscriptions, each once, with what they sell, which no version of a plan changes.
func withProducts(ctx context.Context, tx store.Tx, rows ...store.Subscription) ([]discount.Sold, error) {
	var plans []discount.Sold
	for _, row := range rows {
		if slices.ContainsFunc(plans, func(s discount.Sold) bool { return s.PlanID == row.PlanID }) {
			continue
		}
		version, err := tx.LatestPlan(ctx, row.PlanID)
		if err != nil {
			return nil, err
		}
		plans = append(plans, discount.Sold{PlanID: row.PlanID, ProductID: version.Plan.ProductID()})
	}
	return plans, nil
}
