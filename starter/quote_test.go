package main

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const quoteExamples = "../docs/examples/quotes"

func TestQuoteForPeople(t *testing.T) {
	t.Parallel()
	out := ok(t, "quote", "-f", quoteExamples+"/seats.yaml")
	require.Contains(t, out, "INVOICE 3  sub_1 of ada (change), issued 2027-03-10 15:00:00 America/New_York, for 2027-02-28 to 2027-03-31\n")
	require.Regexp(t, `Unused time: Team: 5 × seats +2027-03-10 15:00:00 to 2027-03-31 +43\.75 of invoice 2 × 21/31 +-29\.64 +out_of_scope\n`, out)
	require.Regexp(t, `Remaining time: Team: 8 × seats .* 8 × 8\.75 × 21/31 +47\.42`, out)
	require.Regexp(t, `sub_1 +ada +active +business version 1 +8 +2027-05-31\n`, out)
	out = ok(t, "quote", "-f", quoteExamples+"/hybrid.yaml")
	require.Regexp(t, `0 \+ 9000000 × 0\.000003 \+ 2500000 × 0\.0000025 +33\.25 +6\.32 \(19 %\)`, out)
	out = ok(t, "quote", "-f", quoteExamples+"/pause.yaml")
	require.Contains(t, out, "REFUSED  timeline[4] at 2027-04-21: subscription sub_ada is paused")
	require.Contains(t, out, "ada has a credit of USD 20.32.\n")
	require.Contains(t, ok(t, "quote", "-f", quoteExamples+"/months.yaml"), "SKIPPED  sub_1, 2027-02-01 to 2027-03-01: nothing to bill\n")
	require.Regexp(t, `Team: 4 × seats .* 4 × 6 \(phase 1\) +24\.00`, ok(t, "quote", "-f", quoteExamples+"/phases.yaml"))
	require.Regexp(t, `Team: 4 × seats .* 4 × 8 \(agreed price\) +32\.00`, ok(t, "quote", "-f", quoteExamples+"/agreed.yaml"))
	require.Regexp(t, `4 × 3060, at 1 USD = 150\.18\d+ JPY \(ECB, 2027-02-26\) plus 2 % +12240`, ok(t, "quote", "-f", quoteExamples+"/currencies.yaml"))
	out = ok(t, "quote", "-f", quoteExamples+"/prepaid.yaml")
	require.Regexp(t, `Prepaid +USD 10\.00 from grant deal\n +Due +USD 10\.00\n`, out)
	require.Regexp(t, `GRANT  deal of ada \(paid\)\n.*\n +2027-01-01 +granted +200\.00 +150\.00\n`, out)
	require.Regexp(t, `Pays +USD 275\.00 of invoice:sub_1:cycle-0`, ok(t, "quote", "-f", quoteExamples+"/unpaid.yaml"))
}

// What is not as expected ends the command with code 1, after the whole result; what is wrong with the scenario with code 2.
func TestQuoteExitCodes(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(quoteExamples + "/seats.yaml")
	require.NoError(t, err)
	different := strings.Replace(string(text), "total: 17.78", "total: 17.79", 1)

	got := starterWith(t, different, "quote", "-f", "-")
	require.Equal(t, exitFailed, got.code)
	require.Contains(t, got.out, "DIFFERS  expect.invoices[2].total: expected 17.79, got 17.78\n")
	require.Contains(t, got.err, "the result differs from what the scenario expects in 1 places")

	got = starterWith(t, different, "quote", "-f", "-", "--json")
	require.Equal(t, exitFailed, got.code)
	require.Equal(t, []any{map[string]any{"path": "expect.invoices[2].total", "want": "17.79", "got": "17.78"}}, decoded(t, got.out)["differences"])

	got = starterWith(t, strings.Replace(different, "seats: 8", "seat: 8", 1), "quote", "-f", "-", "--json")
	require.Equal(t, exitRefused, got.code)
	require.Empty(t, got.out)
	require.Contains(t, decoded(t, got.err)["error"].(map[string]any)["message"], "timeline[1].change.seat: no such field")
	require.Equal(t, []any{map[string]any{"name": "timeline[1].change.seat", "message": "no such field: use one of " +
		"subscription, id, plan, plan_version, seats, add_ons, bill, new_period, prices, when, on"}}, decoded(t, got.err)["error"].(map[string]any)["fields"])

	got = starterWith(t, "", "quote", "-f", "-", "--json")
	require.Equal(t, exitRefused, got.code)
	require.Empty(t, decoded(t, got.err)["error"].(map[string]any)["fields"])
	require.Contains(t, got.err, `"fields":[]`, "no field is at fault, and a list is a list")
}
