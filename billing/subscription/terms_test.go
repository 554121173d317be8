package subscription_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/subscription"
)

func addOns(t require.TestingT, list ...subscription.AddOn) subscription.AddOns {
	made, err := subscription.NewAddOns(list...)
	require.NoError(t, err)
	return made
}

func TestTermsWithAddOnsAreComparedByWhatTheySay(t *testing.T) {
	t.Parallel()
	storage := subscription.AddOn{PlanID: "storage", PlanVersion: 1, Quantity: 3}
	support := subscription.AddOn{PlanID: "support", PlanVersion: 2, Quantity: 1}
	require.Equal(t, team.With(addOns(t, support, storage)), team.With(addOns(t, storage, support)), "in whatever order")
	require.NotEqual(t, team, team.With(addOns(t, support)))
	require.Equal(t, team, team.With(addOns(t)))
	require.Equal(t, []subscription.AddOn{storage, support}, addOns(t, support, storage).List())
	require.Equal(t, "storage@1*3 support@2*1", addOns(t, support, storage).String())

	s := apply(t, active(0), to(team.With(addOns(t, storage)), command(subscription.ChangeTerms, day(5))))
	require.Equal(t, s, carried(t, s))
	require.Equal(t, "nothing_to_change", code(t, s, to(s.Terms, command(subscription.ChangeTerms, day(6)))))
}

func TestTermsInJSON(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(team)
	require.NoError(t, err)
	require.JSONEq(t, `{"plan_id": "team", "plan_version": 2, "seats": 5}`, string(text), "as before there were add-ons")
	text, err = json.Marshal(team.With(addOns(t, subscription.AddOn{PlanID: "storage", PlanVersion: 1, Quantity: 3})))
	require.NoError(t, err)
	require.JSONEq(t, `{"plan_id": "team", "plan_version": 2, "seats": 5,
		"add_ons": [{"plan_id": "storage", "plan_version": 1, "quantity": 3}]}`, string(text))
	var back subscription.Terms
	require.NoError(t, json.Unmarshal([]byte(`{"plan_id": "team", "plan_version": 2, "seats": 5, "add_ons": []}`), &back))
	require.Equal(t, team, back)
	require.Error(t, json.Unmarshal([]byte(`{"add_ons": [{"plan_id": "storage"}]}`), &back))
	require.Error(t, json.Unmarshal([]byte(`{"add_ons": "storage"}`), &back))
}

func TestAddOnsThatCannotBe(t *testing.T) {
	t.Parallel()
	for want, list := range map[string][]subscription.AddOn{
		`plan_id "" is no id`:                                    {{PlanVersion: 1, Quantity: 1}},
		`plan_id "a b" is no id`:                                 {{PlanID: "a b", PlanVersion: 1, Quantity: 1}},
		`plan_version of "a" must be`:                            {{PlanID: "a", Quantity: 1}},
		`quantity of "a" must be 1 or more, not 0: leave it out`: {{PlanID: "a", PlanVersion: 1}},
		`plan "a" is there twice`:                                {{PlanID: "a", PlanVersion: 1, Quantity: 1}, {PlanID: "a", PlanVersion: 2, Quantity: 1}},
	} {
		_, err := subscription.NewAddOns(list...)
		require.ErrorContains(t, err, want)
	}
}
