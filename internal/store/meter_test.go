package store_test

import (
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/internal/store"
)

// A meter needs of its events what any plan asks for that charges it.
func TestMetersLearnFromPlans(t *testing.T) {
	t.Parallel()
	s, ctx := open(t), t.Context()
	require.NoError(t, s.AddPlan(ctx, "acme", plan(t, "10"), now))
	for version, price := range []catalog.Price{
		{Model: catalog.Matrix, Dimensions: []string{"size", "region"}, DefaultUnitAmount: new(decimal.NewFromInt(1))},
		{Model: catalog.Dynamic},
		{Model: catalog.Matrix, Dimensions: []string{"class", "size"}, DefaultUnitAmount: new(decimal.NewFromInt(1))},
	} {
		next := plan(t, "10")
		next.Version = version + 2
		for i, charge := range next.Charges {
			if charge.Kind == catalog.Usage {
				next.Charges[i].Prices = map[money.Currency]catalog.Price{"USD": price}
			}
		}
		require.NoError(t, s.AddPlan(ctx, "acme", next, now))
	}
	meters, err := s.Meters(ctx, "acme")
	require.NoError(t, err)
	require.Equal(t, map[string]catalog.Measures{"calls": {Dimensions: []string{"class", "region", "size"}, NeedsAmount: true}}, meters)
}

// Prices that are agreed with a customer ask for it too.
func TestMetersLearnFromAgreedPrices(t *testing.T) {
	t.Parallel()
	s, ctx := open(t), t.Context()
	require.NoError(t, s.AddPlan(ctx, "acme", plan(t, "10"), now))
	subscribed(t, s, "sub", "ada")
	var prices catalog.Agreed
	for _, charge := range plan(t, "10").Charges {
		if charge.Kind == catalog.Usage {
			prices = catalog.Agreed{charge.ID: {"USD": {Model: catalog.Dynamic}}}
		}
	}
	require.NoError(t, s.Tx(ctx, func(tx store.Tx) error {
		return tx.AddAgreedPrice(ctx, store.AgreedPrice{SubscriptionID: "sub", PlanID: "pro", PlanVersion: 1, Prices: prices, AgreedAt: now})
	}))
	meters, err := s.Meters(ctx, "acme")
	require.NoError(t, err)
	require.True(t, meters["calls"].NeedsAmount)
}
