package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRefundOnTheCommandLine(t *testing.T) {
	t.Parallel()
	id := addEntity(t)
	addCustomer(t, id, id+"-c")
	ok(t, "subscription", "create", "--id", id+"-s", "--customer", id+"-c", "--plan", id+"-pro")
	listed := decoded(t, ok(t, "payment", "list", "--customer", id+"-c", "--json"))["data"].([]any)
	payment := listed[0].(map[string]any)["id"].(string)
	require.Regexp(t, payment+`.*succeeded\s+EUR 10.71\s+EUR 0.00`, ok(t, "payment", "list", "--customer", id+"-c"))

	refused := starter(t, "payment", "refund", payment)
	require.Equal(t, exitRefused, refused.code)
	require.Contains(t, refused.err, "has EUR 0.00 of credit to pay out, less than EUR 10.71")
	for flag, value := range map[string]string{"--amount": "-1", "--id": "a/b"} {
		wrong := starter(t, "payment", "refund", payment, flag, value)
		require.Equal(t, exitRefused, wrong.code)
		require.Contains(t, wrong.err, flag)
	}
	require.Contains(t, starter(t, "payment", "refund", payment, "--goodwill").err, "--reason: is required")

	ok(t, "subscription", "cancel", id+"-s", "--credit-unused")
	made := ok(t, "payment", "refund", payment, "--id", id+"-r", "--amount", "2.50")
	require.Contains(t, made, "pays out the customer's credit")
	require.Equal(t, made, ok(t, "payment", "refund", payment, "--id", id+"-r", "--amount", "2.50"))
	require.Contains(t, ok(t, "payment", "refund", payment, "--amount", "1", "--goodwill", "--reason", "outage"), "the tax stays as it is")
	shown := ok(t, "payment", "show", payment)
	require.Regexp(t, `Refunded\s+EUR 3.50`, shown)
	require.Regexp(t, payment+`-2\s.*succeeded\s+EUR 1.00\s+goodwill\s+outage`, shown)
}
