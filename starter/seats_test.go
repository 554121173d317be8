package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/starter/startertest"
)

// A subscription goes down to no seats and up again, as its plan allows, and no further.
func TestSeatsWithinTheBoundsOfThePlan(t *testing.T) {
	t.Parallel()
	id := addEntity(t)
	addCustomer(t, id, id+"-c")
	ok(t, "plan", "add", "--entity", id, "--file", file(t, startertest.Fill(id, `[{"id":"$-few","version":1,"name":"Few","interval":{"unit":"month","count":1},
		"proration":"none","billed_by":"renewal","seats":{"minimum":0,"maximum":3},"charges":[{"id":"seats","name":"seats","kind":"recurring","per":"seat",
		"timing":"advance","tax_category":"saas_b2b","prices":{"EUR":{"model":"per_unit","unit_amount":"10"}}}]}]`)))
	created := decoded(t, ok(t, "subscription", "create", "--id", id+"-s", "--customer", id+"-c", "--plan", id+"-few", "--json"))
	require.Zero(t, created["seats"])
	require.Zero(t, created["invoice"].(map[string]any)["total"].(map[string]any)["minor"])

	seats := func(number string, more ...string) done {
		return starter(t, append([]string{"subscription", "change", id + "-s", "--seats", number, "--json"}, more...)...)
	}
	require.Equal(t, exitOK, seats("3").code)
	many := seats("4")
	require.Equal(t, exitRefused, many.code)
	require.Equal(t, "seats_too_many", decoded(t, many.err)["error"].(map[string]any)["code"])
	require.Contains(t, many.err, "seats must be at most 3, not 4")
	none := seats("0", "--at-period-end")
	require.Equal(t, exitOK, none.code, none.err)
	require.Equal(t, exitOK, seats("0").code)
	require.Zero(t, decoded(t, ok(t, "subscription", "show", id+"-s", "--json"))["seats"])

	ok(t, "subscription", "create", "--id", id+"-t", "--customer", id+"-c", "--plan", id+"-team", "--seats", "1", "--currency", "USD")
	refused := starter(t, "subscription", "change", id+"-t", "--seats", "0")
	require.Equal(t, exitRefused, refused.code)
	require.Contains(t, refused.err, "seats must be 1 or more, not 0", "what a plan says that says nothing")
}
