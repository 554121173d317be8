package main

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/internal/store"
)

func TestScreeningOnTheCommandLine(t *testing.T) {
	t.Parallel()
	id := addEntity(t)
	addCustomer(t, id, id+"-c")
	ok(t, "subscription", "create", "--id", id+"-s", "--customer", id+"-c", "--plan", id+"-pro")
	who := []string{"--entity", id, "--by", "ada", "--reason", "a test"}
	with := func(args ...string) []string { return append(args, who...) }

	expression := file(t, "customer.payments > 0 &&\n  payment.amount > 100\n")
	require.Regexp(t, `regulars\s+1\s+review\s+draft`, ok(t, with("fraud", "rule", "add", "regulars", "--kind", "review", "--file", expression)...))
	early := starter(t, with("fraud", "rule", "enable", "regulars")...)
	require.Equal(t, exitRefused, early.code)
	require.Contains(t, early.err, "test it first (starter fraud rule test --entity "+id+" --rule regulars)")
	require.Contains(t, ok(t, "fraud", "rule", "test", "--entity", id, "--rule", "regulars"), "would have reviewed 0 of 1 payments")
	require.Contains(t, ok(t, "fraud", "rule", "test", "--entity", id, "--kind", "block", "--expression", "payment.first", "--since", "30d"),
		"would have blocked 1 of 1 payments")
	require.Regexp(t, `regulars\s+1\s+review\s+live`, ok(t, with("fraud", "rule", "enable", "regulars")...))
	wrong := starter(t, with("fraud", "rule", "add", "wrong", "--kind", "block", "--expression", "payment.amonut > 1")...)
	require.Equal(t, exitRefused, wrong.code)
	require.Contains(t, wrong.err, `--expression: rule "wrong", line 1, column 8: undefined field 'amonut'`)
	require.Contains(t, starter(t, "fraud", "rule", "test", "--entity", id, "--rule", "regulars", "--since", "soon").err, "not a number of days")

	started := ok(t, "subscription", "create", "--id", id+"-s2", "--customer", id+"-c", "--plan", id+"-pro")
	require.Contains(t, started, "held")
	open := decoded(t, ok(t, "fraud", "review", "list", "--entity", id, "--json"))["data"].([]any)
	require.Len(t, open, 1)
	payment := open[0].(map[string]any)["payment_id"].(string)
	require.Regexp(t, `Status\s+open`, ok(t, "fraud", "review", "show", payment))
	require.Contains(t, starter(t, "fraud", "review", "approve", payment, "--by", "ada", "--reason", " ").err, "why: is empty")
	require.Regexp(t, `Decided by\s+ada`, ok(t, "fraud", "review", "approve", payment, "--by", "ada", "--reason", "known"))
	require.Regexp(t, `Our rules\s+review\nRule\s+regulars version 1: customer.payments`, ok(t, "fraud", "explain", payment))
	require.Regexp(t, `regulars\s+1\s+review\s+retired`, ok(t, with("fraud", "rule", "retire", "regulars")...))
	require.Contains(t, ok(t, "fraud", "rule", "show", "regulars", "--entity", id), "retired")
	require.Contains(t, ok(t, "fraud", "rule", "list", "--entity", id), "regulars")
	require.NotContains(t, ok(t, "fraud", "warning", "list", "--entity", id), id)
	require.Contains(t, starter(t, "fraud", "warning", "refund", "issfr_none").err, "not found")
}

func TestListsOnTheCommandLine(t *testing.T) {
	t.Parallel()
	id := addEntity(t)
	ok(t, "fraud", "list", "create", "sanctioned", "--entity", id, "--type", "country", "--by", "ada")
	require.Regexp(t, `KP\s+operator`, ok(t, "fraud", "list", "add", "sanctioned", "kp", "--entity", id, "--by", "ada", "--reason", "embargo"))
	require.Regexp(t, `sanctioned\s+country\s+1`, ok(t, "fraud", "list", "show", "--entity", id))
	require.Contains(t, ok(t, "fraud", "list", "show", "sanctioned", "--entity", id), "embargo")
	wrong := starter(t, "fraud", "list", "add", "sanctioned", "Korea", "--entity", id, "--by", "ada", "--reason", "x")
	require.Equal(t, exitRefused, wrong.code)
	require.Contains(t, wrong.err, "use two letters")
	ok(t, "fraud", "list", "remove", "sanctioned", "KP", "--entity", id, "--by", "ada", "--reason", "lifted")
	require.NotContains(t, ok(t, "fraud", "list", "show", "sanctioned", "--entity", id), "embargo")
}

func TestPolicyOnTheCommandLine(t *testing.T) {
	t.Parallel()
	id := addEntity(t)
	require.Regexp(t, `Reviews wait\s+72 hours, then decline\nFree trials\s+not limited`, ok(t, "fraud", "policy", "--entity", id))
	set := ok(t, "fraud", "policy", "--entity", id, "--review-hours", "24", "--per-email", "2")
	require.Regexp(t, `24 hours, then decline\nFree trials\s+1 per card or bank account, 2 per mailbox within 365 days`, set)
	require.Contains(t, starter(t, "fraud", "policy", "--entity", id, "--review-hours", "0").err, "--review-hours: 0 is out of range")
	require.Regexp(t, `Free trials\s+not limited`, ok(t, "fraud", "policy", "--entity", id, "--unlimited-trials"))
}

func TestADryRunIsASentence(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, printDryRun(&out, store.DryRun{
		Kind: "block", Since: time.Date(2027, 1, 2, 0, 0, 0, 0, time.UTC), Payments: 4310, Matched: 12, Succeeded: 12, Disputed: 3, Warned: 1, Unknown: 1000,
	}))
	require.Equal(t, "would have blocked 12 of 4,310 payments since 2027-01-02 (of which 12 succeeded, 3 were later disputed and 1 reported as fraud)\n"+
		"passed over 1,000 payments, because a fact that it asks for is not known: ask with has() first\n", out.String())
}
