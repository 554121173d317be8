package rating

import (
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/catalog"
)

func TestStairsteps(t *testing.T) {
	t.Parallel()
	price := catalog.Price{Model: catalog.Stairstep, Tiers: []catalog.Tier{tier("10", "0", "49"), tier("50", "0", "99"), tier("", "0", "299")}}
	requirePriced(t, "steps", price, priced{{"0", "0"}, {"0.5", "49"}, {"10", "49"}, {"10.5", "99"}, {"50", "99"}, {"51", "299"}, {"1000000", "299"}})
	price.FlatAtZero = true
	requirePriced(t, "steps from zero", price, priced{{"0", "49"}, {"11", "99"}})
}

func TestIncludedQuantity(t *testing.T) {
	t.Parallel()
	price := catalog.Price{Model: catalog.PerUnit, UnitAmount: d("0.02"), FreeUnits: d("1000")}
	requirePriced(t, "after 1,000", price, priced{{"0", "0"}, {"999.5", "0"}, {"1000", "0"}, {"1000.5", "0.01"}, {"1500", "10"}})
	rated := requireRated(t, "explained", price, Units(d("1500")), "10")
	require.Equal(t, Free, rated.Steps[0].What)
	require.Equal(t, "1000", rated.Steps[0].Quantity.String())
	require.Equal(t, "500", rated.Steps[1].Quantity.String())
}

// By default the two allowances of a percentage are taken separately: (Q - free) × rate + (events - free events) × fee.
func TestPercentageTakesItsAllowancesSeparately(t *testing.T) {
	t.Parallel()
	price := catalog.Price{Model: catalog.Percentage, Percent: d("1.3"), EventAmount: d("2"), FreeUnits: d("250"), FreeEvents: 3}
	requireRated(t, "by the sums", price, counted("800", 4), "9.15")
	requireRated(t, "event by event it is the same", price, events("50", "100", "250", "400"), "9.15")
	requireRated(t, "more is free than there is", price, counted("200", 2), "0")
	price.EventMaximum = d("1000")
	requireRated(t, "a limit out of reach changes nothing", price, events("50", "100", "250", "400"), "9.15")
	price.EventMinimum = d("3")
	rated := requireRated(t, "what is free altogether has no minimum: 150 of 250 pay 1.95, raised to 3; 400 pay 7.2", price, events("50", "100", "250", "400"), "10.2")
	require.Equal(t, []What{Free, AtPercent, EventFee, EventMinimum}, whats(rated))
	require.Equal(t, "1", rated.Steps[3].Quantity.String())
}

func whats(r Rated) []What {
	var all []What
	for _, s := range r.Steps {
		all = append(all, s.What)
	}
	return all
}

func TestMatrix(t *testing.T) {
	t.Parallel()
	fallback := d("0.01")
	price := catalog.Price{
		Model: catalog.Matrix, Dimensions: []string{"region", "size"}, DefaultUnitAmount: &fallback, Cells: []catalog.Cell{
			{Values: map[string]string{"region": "eu", "size": "large"}, UnitAmount: d("0.05")},
			{Values: map[string]string{"region": "us", "size": "large"}, UnitAmount: d("0.04")},
		},
	}
	in := func(region, size, quantity string) Group {
		return Group{Values: map[string]string{"region": region, "size": size, "team": "any"}, Quantity: d(quantity)}
	}
	usage := Usage{Detail: Detail{Groups: []Group{
		in("us", "large", "100"), in("eu", "large", "10"), in("eu", "small", "7"), in("eu", "large", "20.5"), {Quantity: d("3")},
	}}}
	rated := requireRated(t, "cells and default", price, usage, "5.625")
	require.Len(t, rated.Steps, 3)
	require.Equal(t, "30.5", rated.Steps[0].Quantity.String())
	require.Equal(t, "eu", rated.Steps[0].Values["region"])
	require.Equal(t, OtherCells, rated.Steps[2].What)
	require.Equal(t, "10", rated.Steps[2].Quantity.String())

	byEvent := Usage{Detail: Detail{Events: []Event{
		{Quantity: d("30.5"), Values: map[string]string{"region": "eu", "size": "large"}},
		{Quantity: d("100"), Values: map[string]string{"region": "us", "size": "large"}},
		{Quantity: d("10")},
	}}}
	requireRated(t, "the same from events", price, byEvent, "5.625")
	requireRated(t, "nothing used", price, Usage{}, "0")
	_, err := Rate(price, Units(d("5")))
	require.EqualError(t, err, "groups are required: model matrix prices a quantity by region, size")
}

func TestDynamic(t *testing.T) {
	t.Parallel()
	amount := func(s string) *decimal.Decimal { n := d(s); return &n }
	price := catalog.Price{Model: catalog.Dynamic}
	requireRated(t, "from events", price, Usage{Detail: Detail{Events: []Event{
		{Quantity: d("1"), Amount: amount("1.005")}, {Quantity: d("2"), Amount: amount("0.0000001")},
	}}}, "1.0050001")
	requireRated(t, "nothing used", price, Usage{}, "0")
	_, err := Rate(price, Units(d("1")))
	require.EqualError(t, err, "amount is required: model dynamic charges the amounts that come with the events")
}

func TestUsageRefused(t *testing.T) {
	t.Parallel()
	amount := d("5")
	perUnit := catalog.Price{Model: catalog.PerUnit, UnitAmount: d("1")}
	percentage := catalog.Price{Model: catalog.Percentage, Percent: d("1"), EventMinimum: d("1")}
	listed := events("3", "4")
	for _, test := range []struct {
		want  string
		price catalog.Price
		usage Usage
	}{
		{"event_count must not be negative, got -1", perUnit, counted("1", -1)},
		{"events[1].quantity must not be negative, got -4", perUnit, events("3", "-4")},
		{"quantity 8 is not the sum of the events, 7", perUnit, Usage{Quantity: d("8"), Detail: listed.Detail}},
		{"event_count 3 is not the number of events, 2", perUnit, Usage{Detail: Detail{Events: listed.Events, EventCount: 3}}},
		{"an amount is given with some events and missing with others", perUnit, Usage{Detail: Detail{Events: []Event{{Amount: &amount}, {}}}}},
		{"amount 5 is not the sum of the events' amounts, 10", perUnit, Usage{Detail: Detail{Events: []Event{{Amount: &amount}, {Amount: &amount}}, Amount: &amount}}},
		{"groups[0].quantity must not be negative", perUnit, Usage{Detail: Detail{Groups: []Group{{Quantity: d("-1")}}}}},
		{"quantity 2 is not the sum of the groups, 1", perUnit, Usage{Quantity: d("2"), Detail: Detail{Groups: []Group{{Quantity: d("1")}}}}},
		{"events are required: event_minimum looks at each of them", percentage, Units(d("5"))},
		{"event_count is required: event_amount is a fee for each event", catalog.Price{Model: catalog.Percentage, EventAmount: d("1")}, Units(d("5"))},
		{"events[0].amount: at most 12 digits may follow", perUnit, Usage{Detail: Detail{Events: []Event{{Amount: ref(decimal.New(1, -13))}}}}},
		{"prorated_quantity must not be negative", perUnit, Usage{Quantity: d("2"), Detail: Detail{ProratedQuantity: ref(d("-1"))}}},
	} {
		_, err := Rate(test.price, test.usage)
		require.ErrorContains(t, err, test.want)
	}
}

func ref(n decimal.Decimal) *decimal.Decimal { return &n }

func TestUsagePlus(t *testing.T) {
	t.Parallel()
	first := Usage{Quantity: d("3"), Detail: Detail{EventCount: 1, Amount: ref(d("1")), Events: make([]Event, 1, 4), Groups: []Group{{Quantity: d("3")}}}}
	second := Usage{Quantity: d("4.5"), Detail: Detail{EventCount: 2, Amount: ref(d("2")), Events: make([]Event, 2), ProratedQuantity: ref(d("4"))}}
	both := first.Plus(second)
	require.Equal(t, "7.5", both.Quantity.String())
	require.Equal(t, "3", both.Amount.String())
	require.Equal(t, "4", both.ProratedQuantity.String())
	require.EqualValues(t, 3, both.EventCount)
	require.Len(t, both.Events, 3)
	require.Len(t, both.Groups, 1)
	require.Len(t, first.Events, 1, "the first is not changed")
}
