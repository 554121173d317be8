package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/starter/startertest"
)

// triedCatalogue has the plan "pro" for 11 euro in place of 9, and no "team".
const triedCatalogue = `
- {id: $-pro, version: 2, name: Pro, interval: {unit: month, count: 1}, proration: day, billed_by: renewal, charges: [
    {id: fee, name: monthly fee, kind: recurring, per: subscription, timing: advance, tax_category: saas_b2c, prices: {EUR: {model: flat, flat_amount: 11}}}]}
`

func TestOtherPricesAreTriedOnWhatWasBilled(t *testing.T) {
	t.Parallel()
	id := addEntity(t)
	addCustomer(t, id, id+"-c")
	addCustomer(t, id, id+"-d", "--country", "US", "--zone", "America/New_York", "--currency", "USD")
	ok(t, "subscription", "create", "--id", id+"-s", "--customer", id+"-c", "--plan", id+"-pro")
	ok(t, "subscription", "create", "--id", id+"-t", "--customer", id+"-d", "--plan", id+"-team", "--seats", "2")
	tried := file(t, startertest.Fill(id, triedCatalogue))
	now := time.Now().UTC()
	command := []string{
		"simulate", "--entity", id, "--catalog", tried, "--from", now.AddDate(0, 0, -2).Format(time.DateOnly), "--to", now.Add(time.Hour).Format(time.RFC3339),
	}
	refused := starter(t, command...)
	require.Equal(t, exitRefused, refused.code, refused.err)
	require.Contains(t, refused.err, startertest.Fill(id, `--catalog: plan "$-team" is not in the catalog: add it`))
	require.Contains(t, refused.err, "--missing: old would take the old price")
	require.Empty(t, refused.out)

	shown := ok(t, append(command, "--missing", "old")...)
	require.Contains(t, shown, "Control: 2 invoices with 2 lines, billed again with the catalog in force, come to exactly what was issued")
	require.Regexp(t, `all\s+EUR 9.00\s+EUR 11.00\s+EUR 2.00\s+22.22\s+1\s+0\s+0\n`, shown)
	require.Regexp(t, `all\s+USD 16.00\s+USD 16.00\s+USD 0.00\s+0.00\s+0\s+0\s+1\n`, shown)
	require.Regexp(t, id+`-pro / fee\s+EUR 9.00`, shown)
	require.Contains(t, shown, "Old prices were taken for what the catalog lacks:\n")

	only := decoded(t, ok(t, append(command, "--customer", id+"-c", "--json")...))
	require.EqualValues(t, 1, only["control"].(map[string]any)["invoices"])
	require.Len(t, only["customers"], 1)
	month := starter(t, "simulate", "--entity", id, "--catalog", tried, "--period", "2001-01")
	require.Equal(t, exitOK, month.code, month.err)
	require.Contains(t, month.out, "None were issued: there is nothing to compare")
	require.NotContains(t, month.out, "not over")
	future := append([]string{"simulate", "--entity", id, "--catalog", tried, "--period"}, now.AddDate(0, 2, 0).Format("2006-01"))
	require.Contains(t, ok(t, future...), "That time is not over: more may be issued in it\nNone were issued")
	none := decoded(t, ok(t, append(future, "--json")...))
	require.Equal(t, true, none["so_far"])
	require.Equal(t, []any{[]any{}, []any{}, []any{}}, []any{none["totals"], none["charges"], none["customers"]})
}

func TestBadSimulations(t *testing.T) {
	t.Parallel()
	id, other := addEntity(t), addEntity(t)
	addCustomer(t, other, other+"-c")
	good := file(t, startertest.Fill(id, triedCatalogue))
	for command, says := range map[string]string{
		"--period 2026-10 --catalog /no/such/file":                      "no such file",
		"--catalog " + good:                                             "--period: give a month such as 2026-10, or --from and --to",
		"--from 2026-10-01 --catalog " + good:                           "--period: give a month such as 2026-10, or --from and --to",
		"--period 2026-10 --from 2026-10-01 --catalog " + good:          "they exclude each other",
		"--period 2026-13 --catalog " + good:                            "--period: ",
		"--from 2026-10-02 --to 2026-10-01 --catalog " + good:           "--to: must be after --from",
		"--from yesterday --to 2026-10-01 --catalog " + good:            "neither a date",
		"--period 2026-10 --missing guess --catalog " + good:            `--missing: "guess" must be refuse or old`,
		"--period 2026-10 --top -1 --catalog " + good:                   "--top: must be 0 or more",
		"--period 2026-10 --customer nobody --catalog " + good:          "--customer: ",
		"--period 2026-10 --customer " + other + "-c --catalog " + good: "is a customer of " + other,
		"--period 2026-10 --catalog " + file(t, ""):                     "--catalog: ",
		"--period 2026-10 --catalog " + file(t, "[{id: a}]"):            "is missing",
		"--period 2026-10 --catalog " + file(t, strings.Replace(startertest.Fill(id, triedCatalogue), "saas_b2c", "rainbows", 1)): "rainbows",
	} {
		got := starter(t, append([]string{"simulate", "--entity", id}, strings.Fields(command)...)...)
		require.Equal(t, exitRefused, got.code, "%s: %s", command, got.err)
		require.Contains(t, got.err, says, command)
		require.Empty(t, got.out)
	}
	got := starter(t, "simulate", "--entity", "nobody", "--catalog", good, "--period", "2026-10")
	require.Equal(t, exitRefused, got.code)
	require.Contains(t, got.err, `--entity: legal entity "nobody": not found`)
}
