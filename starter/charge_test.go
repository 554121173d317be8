package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/starter/startertest"
)

func TestChargesOnTheCommandLine(t *testing.T) {
	t.Parallel()
	id := addEntity(t)
	ok(t, "plan", "add", "--entity", id, "--file", file(t, startertest.Fill(id, roomy)))
	addCustomer(t, id, id+"-c")
	ok(t, "subscription", "create", "--id", id+"-s", "--customer", id+"-c", "--plan", id+"-roomy", "--seats", "2")
	add := []string{"charge", "add", id + "-s", "--id", "set-up", "--unit-amount", "120.50", "--tax-category", "saas_b2b", "--description", "Set-up fee"}

	require.Contains(t, ok(t, append(add, "--preview")...), "Set-up fee")
	require.NotContains(t, ok(t, "charge", "list", id+"-s"), "set-up", "a preview charges nothing")
	for range 2 {
		ok(t, add...)
	}
	require.Regexp(t, `set-up +one_off +Set-up fee +1 +120\.5 .* waits for the next invoice`, ok(t, "charge", "list", id+"-s"))
	other := starter(t, append(add, "--quantity", "2")...)
	require.NotEqual(t, exitOK, other.code)
	require.Contains(t, other.err, "asked for something else")

	goodwill := []string{"charge", "add", id + "-s", "--id", "sorry", "--kind", "adjustment", "--unit-amount", "-20.50", "--tax-category", "saas_b2b"}
	ok(t, goodwill...)
	ok(t, "charge", "cancel", id+"-s", "set-up")
	require.Regexp(t, `set-up .* canceled`, ok(t, "charge", "list", id+"-s"))
	now := decoded(t, ok(t, "charge", "add", id+"-s", "--id", "visit", "--quantity", "1.5", "--unit-amount", "100", "--tax-category", "saas_b2b", "--now", "--json"))
	shown := ok(t, "invoice", "show", now["invoice"].(map[string]any)["invoice_id"].(string))
	for _, text := range []string{"visit", "EUR 150.00", "sorry", "-20.50", "129.50"} {
		require.Contains(t, shown, text)
	}
	late := starter(t, "charge", "cancel", id+"-s", "visit")
	require.Equal(t, exitRefused, late.code)
	require.Contains(t, late.err, "give it back with an adjustment")

	for want, args := range map[string][]string{
		"--tax-category":    {"--unit-amount", "1", "--tax-category", " "},
		"--unit-amount":     {"--unit-amount", "-1", "--tax-category", "saas_b2b"},
		"--quantity":        {"--unit-amount", "1", "--quantity", "0", "--tax-category", "saas_b2b"},
		"--kind":            {"--unit-amount", "1", "--kind", "gift", "--tax-category", "saas_b2b"},
		"--id":              {"--unit-amount", "1", "--id", "a b", "--tax-category", "saas_b2b"},
		"cannot be taxed":   {"--unit-amount", "1", "--tax-category", "cheese"},
		"invalid argument":  {"--unit-amount", "much", "--tax-category", "saas_b2b"},
		"amount out of ran": {"--unit-amount", "999999999999999999", "--tax-category", "saas_b2b"},
	} {
		bad := starter(t, append([]string{"charge", "add", id + "-s", "--id", "bad"}, args...)...)
		require.NotEqual(t, exitOK, bad.code, want)
		require.Contains(t, bad.err, want)
	}
	require.NotContains(t, ok(t, "charge", "list", id+"-s"), "bad")
}

func TestBeginningAgainOnTheCommandLine(t *testing.T) {
	t.Parallel()
	id := addEntity(t)
	ok(t, "plan", "add", "--entity", id, "--file", file(t, startertest.Fill(id, roomy)))
	addCustomer(t, id, id+"-c", "--payment-method", "pm_card_visa")
	ok(t, "subscription", "create", "--id", id+"-s", "--customer", id+"-c", "--plan", id+"-roomy", "--seats", "2",
		"--start-at", time.Now().AddDate(0, 0, -5).Format(time.DateOnly))
	ok(t, "subscription", "cancel", id+"-s")
	require.Contains(t, ok(t, "subscription", "preview", "reactivate", id+"-s"), "EUR 20.00")
	back := []string{"subscription", "reactivate", id + "-s", "--idempotency-key", "back", "--json"}
	first := decoded(t, ok(t, back...))
	require.Equal(t, "active", first["status"])
	require.Equal(t, first["invoice"].(map[string]any)["invoice_id"], decoded(t, ok(t, back...))["invoice"].(map[string]any)["invoice_id"])
	require.Contains(t, ok(t, "subscription", "change", id+"-s", "--seats", "3"), "3 seats")
	goesOn := starter(t, "subscription", "bill-late", id+"-s")
	require.Equal(t, exitRefused, goesOn.code)
	require.Contains(t, goesOn.err, "its next invoice")
	ok(t, "subscription", "cancel", id+"-s")
	require.Contains(t, ok(t, "subscription", "bill-late", id+"-s"), "canceled")
	late := starter(t, "charge", "add", id+"-s", "--id", "late", "--unit-amount", "1", "--tax-category", "saas_b2b")
	require.Equal(t, exitRefused, late.code)
	require.Contains(t, late.err, "charge it now")
	require.Contains(t, ok(t, "charge", "add", id+"-s", "--id", "late", "--unit-amount", "1", "--tax-category", "saas_b2b", "--now"), "over EUR 1.19", "with tax")
}
