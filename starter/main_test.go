package main

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/starter/startertest"
)

var running startertest.Stack

func TestMain(m *testing.M) { os.Exit(startertest.Run(m, &running)) }

// done is what a command line left behind.
type done struct {
	code     int
	out, err string
}

// starter carries out a command line on the tests' stack.
func starter(t *testing.T, args ...string) done {
	t.Helper()
	return starterWith(t, "", args...)
}

func starterWith(t *testing.T, input string, args ...string) done {
	t.Helper()
	var out, err bytes.Buffer
	p := &program{env: running.Env, dir: t.TempDir(), in: strings.NewReader(input), out: &out, err: &err, now: time.Now}
	code := p.run(t.Context(), args)
	return done{code: code, out: out.String(), err: err.String()}
}

// ok carries out a command line that must succeed.
func ok(t *testing.T, args ...string) string {
	t.Helper()
	got := starter(t, args...)
	require.Equal(t, exitOK, got.code, "%v: %s", args, got.err)
	return got.out
}

// decoded reads the JSON that a command printed.
func decoded(t *testing.T, out string) map[string]any {
	t.Helper()
	var value map[string]any
	require.NoError(t, json.Unmarshal([]byte(out), &value), out)
	return value
}

// file writes a file for a command to read.
func file(t *testing.T, content string) string {
	t.Helper()
	name := t.TempDir() + "/file"
	require.NoError(t, os.WriteFile(name, []byte(content), 0o600))
	return name
}

// addEntity adds a seller and returns its id, with which the ids of its plans begin.
func addEntity(t *testing.T) string {
	t.Helper()
	id := running.NewID()
	ok(t, "entity", "create", "--id", id, "--name", "Seller "+id, "--country", "IE", "--zone", "Europe/Dublin", "--currency", "EUR",
		"--prefix", strings.ToUpper(id), "--tax-registration", "eu_oss:IE:IE6388047V:2020-01-01")
	ok(t, "plan", "add", "--entity", id, "--file", file(t, startertest.Fill(id, startertest.Catalogue)))
	return id
}

func addCustomer(t *testing.T, entity, id string, more ...string) {
	t.Helper()
	ok(t, append([]string{
		"customer", "create", "--id", id, "--entity", entity, "--name", "Customer " + id, "--email", id + "@example.com", "--country", "DE",
		"--zone", "Europe/Berlin", "--currency", "EUR", "--payment-method", "pm_card_visa",
	}, more...)...)
}

func TestAStoryOnTheCommandLine(t *testing.T) {
	t.Parallel()
	year := startertest.NextYear()
	id := addEntity(t)
	require.Contains(t, ok(t, "entity", "list"), "Seller "+id)
	require.Regexp(t, startertest.Fill(id, `$-api\s+1\s+$-api\s+API\s+1 month\s+invoice_run\s+in, out`), ok(t, "plan", "list", "--entity", id))
	ok(t, "clock", "create", id+"-clock", "--at", year.Format(time.DateOnly))
	addCustomer(t, id, id+"-c")
	require.Contains(t, ok(t, "clock", "attach", id+"-clock", id+"-c"), id+"-clock")
	require.Contains(t, ok(t, "customer", "show", id+"-c"), startertest.Fill(id, "Customer $-c"))
	require.Contains(t, ok(t, "customer", "list", "--entity", id), id+"-clock")

	started := ok(t, "subscription", "create", "--id", id+"-s", "--customer", id+"-c", "--plan", id+"-pro")
	require.Contains(t, started, "over EUR 10.71: paid")
	require.Equal(t, started, ok(t, "subscription", "create", "--id", id+"-s", "--customer", id+"-c", "--plan", id+"-pro"))
	require.Contains(t, ok(t, "subscription", "cancel", id+"-s", "--at-period-end", "--reason", "too dear"), "ends with its period")
	require.NotContains(t, ok(t, "subscription", "change", id+"-s", "--plan", id+"-pro", "--at-period-end"), "ends with its period")
	require.Contains(t, ok(t, "subscription", "pause", id+"-s"), "paused")
	require.Contains(t, ok(t, "subscription", "resume", id+"-s"), "active")
	methods := ok(t, "customer", "pay-with", id+"-c", "pm_card_mastercard")
	require.Regexp(t, `PLACE  PAYMENT METHOD .*\n1 +method_`, methods)
	methods = ok(t, "customer", "pay-with", id+"-c", "pm_card_visa", "--position", "2")
	second := regexp.MustCompile(`\n2 +(method_\S+)`).FindStringSubmatch(methods)
	require.Len(t, second, 2, methods)
	require.NotContains(t, ok(t, "customer", "remove-method", id+"-c", second[1]), second[1])

	moved := starter(t, "clock", "advance", id+"-clock", "--to", year.AddDate(0, 3, 1).Format(time.DateOnly))
	require.Equal(t, exitOK, moved.code, moved.err)
	require.Contains(t, moved.err, year.AddDate(0, 1, 0).Format(time.DateOnly), "progress goes to standard error")
	require.Contains(t, moved.out, startertest.Fill(id, "subscription/$-s"))
	require.Contains(t, ok(t, "clock", "show", id+"-clock"), year.AddDate(0, 3, 1).Format(time.DateOnly))
	require.Contains(t, ok(t, "subscription", "list", "--customer", id+"-c"), startertest.Fill(id, "$-pro version 1"))
	require.Contains(t, ok(t, "invoice-run", "show", "--entity", id, "--period", year.Format("2006-01")), "completed")

	list := decoded(t, ok(t, "invoice", "list", "--customer", id+"-c", "--json"))["data"].([]any)
	require.Greater(t, len(list), 4)
	require.Contains(t, ok(t, "invoice", "list", "--customer", id+"-c", "--limit", "2"), "There is more: --after inv_")
	again := decoded(t, ok(t, "subscription", "create", "--id", id+"-s", "--customer", id+"-c", "--plan", id+"-pro", "--json"))
	shown := ok(t, "invoice", "show", again["invoice"].(map[string]any)["invoice_id"].(string))
	require.Contains(t, shown, "Pro: monthly fee")
	require.Contains(t, shown, "succeeded")

	filing := []string{"--entity", id, "--scheme", "eu_oss", "--period", year.Format("2006") + "-Q1"}
	computed := ok(t, append([]string{"tax-filing", "show"}, filing...)...)
	require.Contains(t, computed, "computed")
	require.Regexp(t, `COUNTRY\s+RATE\s+NET\s+TAX\nDE\s+19 %\s+EUR [0-9.]+\s+EUR [0-9.]+\n`, computed, "what is to be approved is shown")
	require.Contains(t, ok(t, append([]string{"tax-filing", "start"}, filing...)...), "computed")
	require.Contains(t, ok(t, append([]string{"tax-filing", "approve", "--by", "u-17"}, filing...)...), "FILED-")
	require.Contains(t, ok(t, "tax-filing", "list", "--entity", id), "u-17")
	require.Contains(t, ok(t, "fx-rate", "add", "--from", "EUR", "--to", "USD", "--date", "2027-03-31", "--rate", "1.0815", "--source", "ECB"), "1.0815")
	require.Contains(t, ok(t, "check"), "holds")
	require.Contains(t, ok(t, "migrate"), "Schema: version")
}

func TestImportTwiceIsImportOnce(t *testing.T) {
	t.Parallel()
	id := addEntity(t)
	addCustomer(t, id, id+"-c")
	lines := "When;In;Out\n2026-01-10 10:00:00;5;1\n2026-01-10 10:00:00;5;1\n2026-01-10 11:00:00;7;2\n"
	good := file(t, lines)
	command := []string{
		"usage", "import", "--customer", id + "-c", "--map", "time=When", "--map", "input_tokens=In,output_tokens=Out",
		"--delimiter", ";", "--zone", "Europe/Berlin",
	}
	tried := decoded(t, ok(t, append(command, "--file", good, "--json", "--dry-run")...))
	first := decoded(t, ok(t, append(command, "--file", good, "--json")...))
	require.Equal(t, first["totals"], tried["totals"])
	require.EqualValues(t, 6, tried["events"])
	require.EqualValues(t, 6, first["new"], "the dry run stored nothing")
	second := decoded(t, ok(t, append(command, "--file", good, "--json")...))
	require.EqualValues(t, 0, second["new"])
	require.EqualValues(t, 6, second["already_known"])
	require.Equal(t, first["totals"], second["totals"])

	broken := starterWith(t, lines+"2026-01-10 12:00:00;many;2\n2026-01-10 13:00:00;1\n2026-01-10 14:00:00;3;3\n", append(command, "--file", "-")...)
	require.Equal(t, exitRejected, broken.code, broken.err)
	require.Contains(t, broken.out, `line 5 rejected: In: "many" is not a quantity`)
	require.Contains(t, broken.out, "line 6 rejected: has 2 fields, the header has 3")
	require.Regexp(t, `Events\s+8: 2 new, 6 known already`, broken.out)
	total := ok(t, "usage", "show", "--customer", id+"-c", "--from", "2026-01-01", "--to", "2026-02-01")
	require.Regexp(t, `input_tokens\s+4\s+20\n`, total)
	require.Regexp(t, `output_tokens\s+4\s+7\n`, total)
}

func TestAChangeThatWaitsIsShown(t *testing.T) {
	t.Parallel()
	id := addEntity(t)
	addCustomer(t, id, id+"-c", "--country", "US", "--zone", "America/New_York", "--currency", "USD")
	ok(t, "subscription", "create", "--id", id+"-s", "--customer", id+"-c", "--plan", id+"-pro")
	change := []string{"subscription", "change", id + "-s", "--plan", id + "-team", "--seats", "3", "--at-period-end", "--idempotency-key", "order-7"}
	for range 2 {
		require.Regexp(t, startertest.Fill(id, `From then on\s+$-team version 1, 3 seats\n`), ok(t, change...))
	}
	require.Regexp(t, startertest.Fill(id, `From then on\s+$-team version 1, 3 seats\n`), ok(t, "subscription", "show", id+"-s"))
	waits := decoded(t, ok(t, append(change, "--json")...))["at_period_end"]
	require.Equal(t, map[string]any{"terms": map[string]any{"plan_id": id + "-team", "plan_version": 1.0, "seats": 3.0}}, waits)
}

func TestAMonthIsBilledOnTheCommandLine(t *testing.T) {
	t.Parallel()
	id := addEntity(t)
	addCustomer(t, id, id+"-c", "--country", "US", "--zone", "America/New_York", "--currency", "USD")
	ok(t, "subscription", "create", "--id", id+"-s", "--customer", id+"-c", "--plan", id+"-api", "--start-at", "2026-01-01")
	imported := starterWith(t, "TIMESTAMP,ContextTokens,GeneratedTokens\n2026-01-10 10:00:00.1234567+00:00,3000000,100000\n",
		"usage", "import", "--customer", id+"-c", "--file", "-", "--map", "time=TIMESTAMP,input_tokens=ContextTokens,output_tokens=GeneratedTokens")
	require.Equal(t, exitOK, imported.code, imported.err)
	addCustomer(t, id, id+"-d", "--country", "US", "--zone", "America/New_York", "--currency", "USD")
	ok(t, "subscription", "create", "--id", id+"-t", "--customer", id+"-d", "--plan", id+"-api", "--start-at", "2026-01-01")
	require.Regexp(t, `Invoiced\s+1\n`, ok(t, "invoice-run", "start", "--entity", id, "--period", "2026-01", "--wait"))
	billed := []string{"invoice-run", "show", "--entity", id, "--period", "2026-01", "--members"}
	require.Regexp(t, startertest.Fill(id, `SUBSCRIPTION\s+INVOICE\s+SKIPPED BECAUSE\n$-s\s+inv_\w+ *\n$-t\s+nothing to bill\n`), ok(t, billed...))
	require.Len(t, decoded(t, ok(t, append(billed, "--json")...))["members"], 2)
	list := decoded(t, ok(t, "invoice", "list", "--customer", id+"-c", "--json"))["data"].([]any)
	require.Len(t, list, 1)
	var shown string
	require.Eventually(t, func() bool { // the run hands invoices to collection and does not wait for it
		shown = ok(t, "invoice", "show", list[0].(map[string]any)["id"].(string))
		return strings.Contains(shown, "succeeded")
	}, 20*time.Second, 50*time.Millisecond)
	require.Regexp(t, `Total\s+USD 10.50\n`, shown)
	require.NotContains(t, shown, "recovered", "it was paid at the first attempt")
}
