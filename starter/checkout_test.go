package main

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/internal/sandbox"
)

func TestCheckoutsByCommand(t *testing.T) {
	t.Parallel()
	id := addEntity(t)
	addCustomer(t, id, id+"-c")
	made := ok(t, "checkout", "create", "--id", id+"-k", "--setup", "--customer", id+"-c", "--position", "2", "--json")
	var checkout struct{ ID, URL, Status string }
	require.NoError(t, json.Unmarshal([]byte(made), &checkout))
	require.Equal(t, "open", checkout.Status)
	require.Contains(t, ok(t, "checkout", "show", id+"-k"), checkout.URL)
	require.Contains(t, ok(t, "checkout", "list", "--customer", id+"-c", "--status", "open"), id+"-k")
	_, err := sandbox.Pay(t.Context(), checkout.URL, sandbox.Payer{PaymentMethod: "pm_card_mastercard"})
	require.NoError(t, err)
	require.Contains(t, ok(t, "checkout", "expire", id+"-k"), "complete", "the customer was faster")
	require.Contains(t, ok(t, "customer", "show", id+"-c"), "mastercard")
	require.Contains(t, ok(t, "customer", "portal", id+"-c", "--return-url", "https://shop.example/account"), "/_sandbox/portal/")

	started := ok(t, "checkout", "create", "--subscription", id+"-s", "--customer", id+"-c", "--plan", id+"-pro", "--json")
	require.NoError(t, json.Unmarshal([]byte(started), &checkout))
	require.Contains(t, ok(t, "subscription", "show", id+"-s"), "past_due")
	ok(t, "checkout", "expire", checkout.ID)
}
