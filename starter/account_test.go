package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParentsOnTheCommandLine(t *testing.T) {
	t.Parallel()
	id := addEntity(t)
	addCustomer(t, id, id+"-hq")
	addCustomer(t, id, id+"-branch", "--parent", id+"-hq", "--paid-by", "parent")
	shown := ok(t, "customer", "show", id+"-branch")
	require.Regexp(t, `Parent +`+id+`-hq\n`, shown)
	require.Regexp(t, `Invoiced to +self\nPaid by +parent\n`, shown)
	for range 2 {
		changed := decoded(t, ok(t, "customer", "set-account", id+"-branch", "--parent", id+"-hq", "--invoiced-to", "parent", "--json"))
		require.Equal(t, []any{id + "-hq", "parent", "self"}, []any{changed["parent"], changed["invoiced_to"], changed["paid_by"]})
	}
	circle := starter(t, "customer", "set-account", id+"-hq", "--parent", id+"-branch")
	require.Equal(t, exitRefused, circle.code)
	require.Contains(t, circle.err, "above themselves: "+id+"-hq → "+id+"-branch → "+id+"-hq")
	require.NotContains(t, ok(t, "customer", "set-account", id+"-branch", "--parent", ""), "Paid by")
	require.NotEqual(t, exitOK, starter(t, "customer", "set-account", id+"-branch").code, "who is taken out of a family is so on purpose")
}
