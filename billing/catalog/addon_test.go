package catalog

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/money"
)

func extra(id string) Charge {
	return Charge{
		ID: id, Name: id, Kind: Recurring, Per: PerQuantity, Timing: Advance, TaxCategory: "saas_b2b",
		Prices: map[money.Currency]Price{"USD": {Model: PerUnit, UnitAmount: n("5")}, "JPY": {Model: PerUnit, UnitAmount: n("700")}},
	}
}

func counting(id, meter string) Charge {
	c := extra(id)
	c.Kind, c.Per, c.Timing, c.Meter = Usage, "", Arrears, meter
	return c
}

func with(t *testing.T, addOns ...AddOn) Plan {
	plan := team(t)
	plan.AddOns = addOns
	return plan
}

func TestAddOnsOfAPlan(t *testing.T) {
	t.Parallel()
	storage := AddOn{ID: "storage", Name: "Storage", Charges: []Charge{extra("room"), counting("traffic", "gigabytes")}}
	support := AddOn{ID: "support", Name: "Support", Charges: []Charge{extra("desk")}}
	support.Charges[0].Per = PerSeat
	plan := with(t, storage, support)
	require.NoError(t, plan.Validate())
	requireStable(t, []Plan{plan})
	require.Len(t, plan.EveryCharge(), 5)
	require.Equal(t, "gigabytes", plan.Meters()[len(plan.Meters())-1])
	require.True(t, storage.Counted())
	require.False(t, support.Counted())

	owner, is := plan.AddOnOf("traffic")
	require.True(t, is)
	require.Equal(t, "storage", owner.ID)
	_, is = plan.AddOnOf("seats")
	require.False(t, is)
	_, err := plan.AddOn("audit")
	require.EqualError(t, err, `plan "team" version 2 has no add-on "audit": it has storage, support`)
	charge, err := plan.Charge("desk")
	require.NoError(t, err)
	require.Equal(t, support.Charges[0], charge)
}

func TestAddOnsThatCannotBeSold(t *testing.T) {
	t.Parallel()
	good := AddOn{ID: "storage", Name: "Storage", Charges: []Charge{extra("room")}}
	dollars := extra("room")
	dollars.Prices = map[money.Currency]Price{"USD": dollars.Prices["USD"]}
	wrong := extra("room")
	wrong.Per = "month"
	for _, test := range []struct {
		want   string
		addOns []AddOn
	}{
		{`add_ons[1].id "storage" is used twice`, []AddOn{good, good}},
		{`add_ons[0].id "a b" must be`, []AddOn{{ID: "a b", Name: "x", Charges: good.Charges}}},
		{`add_ons[0].name must have`, []AddOn{{ID: "storage", Charges: good.Charges}}},
		{`add_ons[0].charges must not be empty`, []AddOn{{ID: "storage", Name: "Storage"}}},
		{`add_ons[0].charges[1].id "room" is used twice in the plan`, []AddOn{{ID: "storage", Name: "Storage", Charges: []Charge{extra("room"), extra("room")}}}},
		{`add_ons[1].charges[0].id "room" is used twice in the plan`, []AddOn{good, {ID: "more", Name: "More", Charges: good.Charges}}},
		{`add_ons[0].charges[0].id "seats" is used twice in the plan`, []AddOn{{ID: "storage", Name: "Storage", Charges: []Charge{extra("seats")}}}},
		{`add_ons[0].charges[0].per "month" must be one of subscription, seat, quantity`, []AddOn{{ID: "storage", Name: "Storage", Charges: []Charge{wrong}}}},
		{`add_ons[0].charges[0].meter "tokens" is counted by the plan`, []AddOn{{ID: "storage", Name: "Storage", Charges: []Charge{counting("t", "tokens")}}}},
		{
			`add_ons[1].charges[0].meter "m" is counted by the plan or by another`,
			[]AddOn{{ID: "a", Name: "A", Charges: []Charge{counting("x", "m")}}, {ID: "b", Name: "B", Charges: []Charge{counting("y", "m")}}},
		},
		{`add_ons[0].charges[0].prices has no price in JPY`, []AddOn{{ID: "storage", Name: "Storage", Charges: []Charge{dollars}}}},
	} {
		require.ErrorContains(t, with(t, test.addOns...).Validate(), `plan "team": `+test.want)
	}
	plan := team(t)
	plan.Charges[0].Per = PerQuantity
	require.ErrorContains(t, plan.Validate(), "charges[0].per quantity is for the charges of add_ons")
	plan = team(t)
	plan.Charges = plan.Charges[1:]
	support := extra("desk")
	support.Per = PerSeat
	plan.AddOns = []AddOn{{ID: "support", Name: "Support", Charges: []Charge{support}}}
	require.ErrorContains(t, plan.Validate(), "add_ons[0].charges[0].per seat needs a plan with a charge per seat")
	plan = with(t, AddOn{ID: "m", Name: "M", Charges: []Charge{{
		ID: "m", Name: "m", Kind: Usage, Timing: Arrears, Meter: "m", TaxCategory: "saas_b2b", Prices: map[money.Currency]Price{
			"USD": {Model: Dynamic}, "JPY": {Model: Dynamic},
		},
	}}})
	require.NoError(t, plan.Validate())
	require.Equal(t, Measures{NeedsAmount: true}, plan.Measures()["m"])
}
