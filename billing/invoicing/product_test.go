package invoicing_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/discount"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/money"
)

// forProduct takes half off what a product costs.
func forProduct(id string) discount.InForce {
	half := percentOff("half", "50")
	half.Coupon.AppliesTo.Products = []string{id}
	return half
}

// A coupon for a product lowers every kind of line that its plans charge, and neither items nor other products.
func TestACouponForAProductLowersAllOfItsLines(t *testing.T) {
	t.Parallel()
	z := zone(t, "Europe/London")
	april, may := month(t, z, "2027-04"), month(t, z, "2027-05")
	committed := used("calls", perUnit("1"))
	price := committed.Prices["USD"]
	price.Commitment = &catalog.Commitment{Amount: number("40"), Paid: catalog.PaidInAdvance}
	committed.Prices["USD"] = price
	suite := plan(t, "suite-monthly", catalog.GrainDay, seats("10"), committed, used("storage", perUnit("2")))
	suite.Product = "suite"
	suite.Spend = map[money.Currency]catalog.Spend{"USD": {Minimum: number("100"), TaxCategory: "saas_b2c"}}
	require.NoError(t, suite.Validate())
	other := plan(t, "other", catalog.GrainDay, base("30"))

	head := untaxed(z, april.End)
	head.Items = []invoicing.Item{item("suite", invoicing.OneOff, "1", "5")}
	parts := []invoicing.Part{
		{SubscriptionID: "a", Facts: invoicing.Facts{
			Opens:  &invoicing.Opening{Period: may, Terms: terms(suite, 2)},
			Closes: &invoicing.Closing{Period: april, Full: april, Segments: []invoicing.Segment{segment(april, terms(suite, 2), "storage", "10")}},
		}},
		{SubscriptionID: "b", Facts: invoicing.Facts{Opens: &invoicing.Opening{Period: may, Terms: terms(other, 0)}}},
	}
	head.Discounts = []discount.InForce{forProduct("suite")}
	inv, err := invoicing.Consolidate(head, parts)
	require.NoError(t, err)
	require.Equal(t, []string{
		"usage suite-monthly/storage 10 USD 10.00", "true_up suite-monthly/ 1 USD 40.00",
		"recurring suite-monthly/seats 2 USD 10.00", "commitment suite-monthly/calls 1 USD 20.00",
		"recurring other/base 1 USD 30.00", "one_off /suite 1 USD 5.00",
	}, shown(inv))
	products := make([]string, len(inv.Lines))
	for i, line := range inv.Lines {
		products[i] = line.ProductID
	}
	require.Equal(t, []string{"suite", "suite", "suite", "suite", "other", ""}, products)

	head.Discounts = []discount.InForce{forProduct("suite-monthly")}
	inv, err = invoicing.Consolidate(head, parts)
	require.NoError(t, err)
	require.Empty(t, inv.Discounts, "the plan's id is not its product's")
}

// After a change to another plan of the product the coupon goes on.
func TestACouponForAProductGoesAlong(t *testing.T) {
	t.Parallel()
	z := zone(t, "UTC")
	small, big, other := plan(t, "small", catalog.GrainDay, base("10")), plan(t, "big", catalog.GrainDay, base("20")), plan(t, "other", catalog.GrainDay, base("30"))
	small.Product, big.Product = "suite", "suite"
	v := begun(t, z, "2027-04", terms(small, 0), big, other)
	v.facts.Discounts = []discount.InForce{forProduct("suite")}
	changed := v.change("2027-04-16", terms(big, 0))
	require.Equal(t, []string{"proration_credit small/base 1 USD -5.00 15/30", "proration_charge big/base 1 USD 5.00 15/30"}, shown(changed))
	require.Equal(t, []string{"suite", "suite"}, []string{changed.Lines[0].ProductID, changed.Lines[1].ProductID})
	left := v.change("2027-04-16", terms(other, 0))
	require.Equal(t, []string{"proration_credit big/base 1 USD -5.00", "proration_charge other/base 1 USD 15.00 15/30"}, shown(left))
	require.Equal(t, []string{"suite", "other"}, []string{left.Lines[0].ProductID, left.Lines[1].ProductID})
}
