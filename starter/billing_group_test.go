package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/starter/startertest"
)

func TestBillingGroupsOnTheCommandLine(t *testing.T) {
	t.Parallel()
	id := addEntity(t)
	ok(t, "plan", "add", "--entity", id, "--file", file(t, startertest.Fill(id, roomy)))
	addCustomer(t, id, id+"-c")
	create := []string{"subscription", "create", "--id", id + "-s", "--customer", id + "-c", "--plan", id + "-roomy", "--seats", "2"}
	for range 2 {
		require.Regexp(t, `Billing group +office\nPurchase order +PO-1\n`, ok(t, append(create, "--billing-group", "office", "--po-number", "PO-1")...))
	}
	require.NotEqual(t, exitOK, starter(t, append(create, "--billing-group", "lab")...).code, "another group is another agreement")
	for range 2 {
		changed := decoded(t, ok(t, "subscription", "set-billing-group", id+"-s", "--billing-group", "", "--po-number", "PO-2", "--json"))
		require.Equal(t, []any{nil, "PO-2"}, []any{changed["billing_group"], changed["po_number"]})
	}
	invoices := decoded(t, ok(t, "invoice", "list", "--subscription", id+"-s", "--json"))["data"].([]any)
	shown := ok(t, "invoice", "show", invoices[0].(map[string]any)["id"].(string))
	require.Regexp(t, `Subscription +`+id+`-s\n`, shown)
	require.Regexp(t, `Purchase order +PO-1\n`, shown, "the order of when it was issued")
	require.NotEqual(t, exitOK, starter(t, "subscription", "set-billing-group", id+"-s").code, "who leaves a group does so on purpose")
}
