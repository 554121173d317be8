package subscription_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/subscription"
)

func addOns(t require.TestingT, list ...subscription.HeldAddOn) subscription.AddOns {
	made, err := subscription.NewAddOns(list...)
	require.NoError(t, err)
	return made
}

func TestTermsWithAddOnsAreComparedByWhatTheySay(t *testing.T) {
	t.Parallel()
	storage := subscription.HeldAddOn{ID: "storage", Quantity: 3}
	support := subscription.HeldAddOn{ID: "support", Quantity: 1}
	require.Equal(t, team.With(addOns(t, support, storage)), team.With(addOns(t, storage, support)), "in whatever order")
	require.NotEqual(t, team, team.With(addOns(t, support)))
	require.Equal(t, team, team.With(addOns(t)))
	require.Equal(t, []subscription.HeldAddOn{storage, support}, addOns(t, support, storage).List())
	require.Equal(t, "storage*3 support*1", addOns(t, support, storage).String())
	require.Equal(t, map[string]int64{"storage": 3, "support": 1}, addOns(t, support, storage).Quantities())
	require.Nil(t, addOns(t).Quantities())

	s := apply(t, active(0), to(team.With(addOns(t, storage)), command(subscription.ChangeTerms, day(5))))
	require.Equal(t, s, carried(t, s))
	require.Equal(t, "nothing_to_change", code(t, s, to(s.Terms, command(subscription.ChangeTerms, day(6)))))
}

func TestAddOnsChangeOneByOne(t *testing.T) {
	t.Parallel()
	held := addOns(t, subscription.HeldAddOn{ID: "storage", Quantity: 3}, subscription.HeldAddOn{ID: "support", Quantity: 1})
	for _, test := range []struct {
		changes []subscription.HeldAddOn
		want    string
	}{
		{nil, "storage*3 support*1"},
		{[]subscription.HeldAddOn{{ID: "storage", Quantity: 5}}, "storage*5 support*1"},
		{[]subscription.HeldAddOn{{ID: "storage"}, {ID: "audit", Quantity: 2}}, "audit*2 support*1"},
		{[]subscription.HeldAddOn{{ID: "audit"}}, "storage*3 support*1"},
	} {
		changed, err := held.Changed(test.changes...)
		require.NoError(t, err)
		require.Equal(t, test.want, changed.String())
	}
	require.Equal(t, "storage*3 support*1", held.String())
}

func TestTermsInJSON(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(team)
	require.NoError(t, err)
	require.JSONEq(t, `{"plan_id": "team", "plan_version": 2, "seats": 5}`, string(text), "as before there were add-ons")
	text, err = json.Marshal(team.With(addOns(t, subscription.HeldAddOn{ID: "storage", Quantity: 3})))
	require.NoError(t, err)
	require.JSONEq(t, `{"plan_id": "team", "plan_version": 2, "seats": 5, "add_ons": [{"id": "storage", "quantity": 3}]}`, string(text))
	var back subscription.Terms
	require.NoError(t, json.Unmarshal(text, &back))
	require.Equal(t, team.With(addOns(t, subscription.HeldAddOn{ID: "storage", Quantity: 3})), back)
	require.NoError(t, json.Unmarshal([]byte(`{"plan_id": "team", "plan_version": 2, "seats": 5, "add_ons": []}`), &back))
	require.Equal(t, team, back)
	require.Error(t, json.Unmarshal([]byte(`{"add_ons": [{"id": "storage"}]}`), &back))
	require.Error(t, json.Unmarshal([]byte(`{"add_ons": "storage"}`), &back))
}

func TestAddOnsThatCannotBe(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		code string
		list []subscription.HeldAddOn
	}{
		{"add_on_invalid", []subscription.HeldAddOn{{Quantity: 1}}},
		{"add_on_invalid", []subscription.HeldAddOn{{ID: "a b", Quantity: 1}}},
		{"add_on_quantity", []subscription.HeldAddOn{{ID: "a"}}},
		{"add_on_quantity", []subscription.HeldAddOn{{ID: "a", Quantity: -1}}},
		{"add_on_twice", []subscription.HeldAddOn{{ID: "a", Quantity: 1}, {ID: "b", Quantity: 1}, {ID: "a", Quantity: 2}}},
	} {
		_, err := subscription.NewAddOns(test.list...)
		var refused *subscription.Refusal
		require.ErrorAs(t, err, &refused)
		require.Equal(t, test.code, refused.Code)
	}
	_, err := subscription.AddOns{}.Changed(subscription.HeldAddOn{ID: "a", Quantity: -1})
	require.ErrorContains(t, err, `quantity of "a" must be 0 or more, not -1: 0 removes it`)
}
