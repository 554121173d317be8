package main

import (
	"bytes"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/workflows/message"
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
	require.Regexp(t, `Compared \d+ charges, \d+ refunds, .* 0 open\n$`, ok(t, "reconcile", "--entity", id))
	require.Contains(t, starter(t, "reconcile", "--since", "2126-01-01").err, "--since: ")
	require.Contains(t, starter(t, "reconcile", "--entity", "nix").err, "--entity: ")
	shown := ok(t, "payment", "show", payment)
	require.Regexp(t, `Refunded\s+EUR 3.50`, shown)
	require.Regexp(t, payment+`-2\s.*succeeded\s+EUR 1.00\s+goodwill\s+outage`, shown)
}

func TestRetryOnTheCommandLine(t *testing.T) {
	t.Parallel()
	id := addEntity(t)
	addCustomer(t, id, id+"-c")
	ok(t, "customer", "pay-with", id+"-c", "pm_card_chargeCustomerFail")
	ok(t, "subscription", "create", "--id", id+"-s", "--customer", id+"-c", "--plan", id+"-pro")
	payments := func() []any {
		return decoded(t, ok(t, "payment", "list", "--customer", id+"-c", "--json"))["data"].([]any)
	}
	failed := payments()[0].(map[string]any)["id"].(string)
	declined := starter(t, "payment", "retry", failed)
	require.Equal(t, exitFailed, declined.code)
	require.Contains(t, declined.err, "failed: generic_decline")
	require.Equal(t, declined.out, starter(t, "payment", "retry", failed).out, "it is the same attempt")
	require.Len(t, payments(), 2)

	second := payments()[1].(map[string]any)["id"].(string)
	ok(t, "customer", "pay-with", id+"-c", "pm_card_visa")
	require.Regexp(t, `Attempt\s+3\nStatus\s+succeeded`, ok(t, "payment", "retry", second))
	require.Regexp(t, `Attempt\s+3\nStatus\s+succeeded`, ok(t, "payment", "retry", failed))
	require.Len(t, payments(), 3)
	third := payments()[2].(map[string]any)["id"].(string)
	require.Contains(t, starter(t, "payment", "retry", third).err, "is succeeded: only one that failed can be made again")
	require.Contains(t, starter(t, "payment", "retry", "pay_none").err, `payment "pay_none": not found`)
}

// What is left to settle is named, and fails the command.
func TestDifferencesAreShown(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, printReconciled(&out, message.Reconciled{Charges: 3, Healed: 1, Open: 1, Differences: []message.Difference{
		{Kind: "charge_not_recorded", Subject: "ch_1", InvoiceID: "inv_1", Detail: "it succeeded", Healed: true},
		{Kind: "refund_of_nobody", Subject: "re_1", Detail: "not by us"},
	}}))
	require.Regexp(t, `healed\s+charge_not_recorded\s+ch_1\s+inv_1`, out.String())
	require.Regexp(t, `open\s+refund_of_nobody\s+re_1\s+not by us`, out.String())
	require.ErrorContains(t, leftToSettle(message.Reconciled{Open: 1}), "1 difference(s) left to settle")
	require.NoError(t, leftToSettle(message.Reconciled{Healed: 3}))
}

// What is left to settle can be settled by hand, and says who did it and why.
func TestSettlingOnTheCommandLine(t *testing.T) { //nolint:paralleltest // meanwhile the books do not agree
	id := addEntity(t)
	addCustomer(t, id, id+"-c")
	ok(t, "subscription", "create", "--id", id+"-s", "--customer", id+"-c", "--plan", id+"-pro")
	payment := decoded(t, ok(t, "payment", "list", "--customer", id+"-c", "--json"))["data"].([]any)[0].(map[string]any)
	charge := payment["provider_charge"].(string)
	made, err := running.Config.Stripe().Refunds.New(&stripe.RefundParams{Charge: &charge, Amount: stripe.Int64(100)})
	require.NoError(t, err)
	found := starter(t, "reconcile", "--entity", id)
	require.Equal(t, exitFailed, found.code)
	require.Contains(t, found.out, "take it over with payment adopt-refund "+made.ID)

	listed := decoded(t, ok(t, "reconcile", "list", "--entity", id, "--json"))["data"].([]any)
	require.Len(t, listed, 1)
	number := strconv.Itoa(int(listed[0].(map[string]any)["id"].(float64)))
	require.Contains(t, starter(t, "reconcile", "settle", number, "--by", "dana").err, "reason")
	require.Regexp(t, number+`\s+settled\s+refund_of_nobody\s+`+made.ID+`.*dana\s+in the books by hand`,
		ok(t, "reconcile", "settle", number, "--by", "dana", "--reason", "in the books by hand"))
	require.Contains(t, ok(t, "reconcile", "--entity", id), "1 settled, 0 open")
	require.Contains(t, ok(t, "payment", "adopt-refund", made.ID, "--goodwill", "--reason", "after all"), "the tax stays as it is")
	require.Contains(t, ok(t, "reconcile", "--entity", id), "0 settled, 0 open")

	require.Contains(t, ok(t, "reconcile", "suspense", "--entity", id, "--json"), "[]")
	require.Contains(t, starter(t, "reconcile", "explain", "txn_none", "--account", "Cash", "--reason", "x").err, "--account: ")
	require.Contains(t, starter(t, "reconcile", "explain", "txn_none", "--account", "Bank", "--reason", "x").err, "not found")
	require.Contains(t, starter(t, "payment", "payout", "show", "po_none").err, "not found")
	require.Contains(t, ok(t, "payment", "payout", "list", "--entity", id, "--json"), `"data": []`)
}
