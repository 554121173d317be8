package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEntitlementsOnTheCommandLine(t *testing.T) {
	t.Parallel()
	id := addEntity(t)
	addCustomer(t, id, id+"-c", "--payment-method", "pm_card_visa", "--currency", "USD", "--country", "US", "--zone", "America/New_York")
	require.Regexp(t, `Allowed +no: not_entitled`, ok(t, "entitlement", "use", id+"-c", "video", "--id", "v1"))
	require.Contains(t, ok(t, "entitlement", "list", id+"-c", "--json"), `"data": []`)
	unknown := starter(t, "entitlement", "return", id+"-c", "video", "v1")
	require.Equal(t, exitRefused, unknown.code)
	require.Contains(t, unknown.err, "not found")
	wrong := starter(t, "entitlement", "use", id+"-c", "a b", "--id", "v1", "--quantity", "-1")
	require.Equal(t, exitRefused, wrong.code)
	require.Contains(t, wrong.err, "--quantity: -1 is no quantity")
}
