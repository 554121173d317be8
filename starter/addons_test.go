package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/starter/startertest"
)

const roomy = `[{"id":"$-roomy","version":1,"name":"Roomy","interval":{"unit":"month","count":1},"proration":"day","billed_by":"renewal","charges":[
  {"id":"seat","name":"seats","kind":"recurring","per":"seat","timing":"advance","tax_category":"saas_b2c","prices":{"EUR":{"model":"per_unit","unit_amount":"10"}}}],
 "add_ons":[
  {"id":"storage","name":"Storage","charges":[
   {"id":"block","name":"blocks","kind":"recurring","per":"quantity","timing":"advance","tax_category":"saas_b2c","prices":{"EUR":{"model":"per_unit","unit_amount":"6"}}}]},
  {"id":"support","name":"Support","charges":[
   {"id":"desk","name":"desk","kind":"recurring","per":"subscription","timing":"advance","tax_category":"saas_b2c","prices":{"EUR":{"model":"flat","flat_amount":"9"}}}]}]}]`

func TestAddOnsOnTheCommandLine(t *testing.T) {
	t.Parallel()
	id := addEntity(t)
	ok(t, "plan", "add", "--entity", id, "--file", file(t, startertest.Fill(id, roomy)))
	addCustomer(t, id, id+"-c")
	create := []string{"subscription", "create", "--id", id + "-s", "--customer", id + "-c", "--plan", id + "-roomy", "--seats", "2"}
	for range 2 {
		require.Contains(t, ok(t, append(create, "--add-on", "storage=3")...), id+"-roomy version 1, 2 seats, 3 × storage\n")
	}
	refused := starter(t, append(create, "--add-on", "storage=4")...)
	require.NotEqual(t, exitOK, refused.code)
	require.Contains(t, refused.err, "exists with other terms")

	change := []string{"subscription", "change", id + "-s", "--add-on", "support=1", "--add-on", "storage=0", "--idempotency-key", "swap"}
	for range 2 {
		changed := decoded(t, ok(t, append(change, "--json")...))
		require.Equal(t, []any{map[string]any{"id": "support", "quantity": 1.0}}, changed["add_ons"])
	}
	require.Contains(t, ok(t, "subscription", "show", id+"-s"), "2 seats, 1 × support\n")

	for args, want := range map[string]string{
		"storage":    `"storage" must be written ID=QUANTITY, such as storage=3`,
		"storage=x":  `"storage=x" must be written ID=QUANTITY`,
		"backup=1":   `has no add-on "backup": it has storage, support`,
		"support=2":  "its quantity is 1, not 2",
		"storage=-1": `--add-on: quantity of "storage" must be 0 or more, not -1`,
	} {
		bad := starter(t, "subscription", "change", id+"-s", "--add-on", args)
		require.NotEqual(t, exitOK, bad.code, args)
		require.Contains(t, bad.err, want, args)
	}
}

func TestAddOnsAreOfferedAndBoughtOnAPage(t *testing.T) {
	t.Parallel()
	id := addEntity(t)
	ok(t, "plan", "add", "--entity", id, "--file", file(t, startertest.Fill(id, roomy)))
	addCustomer(t, id, id+"-c")
	shown := ok(t, "plan", "price", "--plan", id+"-roomy", "--currency", "EUR")
	require.Regexp(t, `block\s+blocks\s+storage\s+EUR 6.00 each\n`, shown)
	price := decoded(t, ok(t, "plan", "price", "--plan", id+"-roomy", "--currency", "EUR", "--json"))
	desk := price["add_ons"].([]any)[1].(map[string]any)
	require.Equal(t, "support", desk["id"])
	require.Equal(t, map[string]any{"model": "flat", "flat_amount": "9"}, desk["charges"].([]any)[0].(map[string]any)["price"])

	started := decoded(t, ok(t, "checkout", "create", "--subscription", id+"-s", "--customer", id+"-c", "--plan", id+"-roomy", "--seats", "2",
		"--add-on", "storage=3", "--json"))
	require.Contains(t, ok(t, "subscription", "show", id+"-s"), "2 seats, 3 × storage\n")
	require.Contains(t, ok(t, "invoice", "show", started["invoice_id"].(string)), "EUR 38.00", "2 × 10 and 3 × 6")
}

// What customers are told of a new version includes their add-ons, in the currency and at the rate that they pay.
func TestAMigrationInALocalCurrencyCountsAddOns(t *testing.T) {
	t.Parallel()
	id := addEntity(t)
	ok(t, "plan", "add", "--entity", id, "--file", file(t, startertest.Fill(id, roomy)))
	yesterday := time.Now().UTC().AddDate(0, 0, -1) // today's rates are another test's
	ok(t, "fx-rate", "import", "--file", file(t, fmt.Sprintf("Date, USD, CAD,\n%s, 1.25, 1.50,\n", yesterday.Format("2 January 2006"))))
	ok(t, "entity", "set-presentment", id, "--base", "eur")
	addCustomer(t, id, id+"-c")
	ok(t, "subscription", "create", "--id", id+"-s", "--customer", id+"-c", "--plan", id+"-roomy", "--seats", "2", "--add-on", "storage=3", "--currency", "CAD")
	exported := ok(t, "catalog", "export", "--entity", id)
	dearer := starterWith(t, strings.Replace(exported, `unit_amount: "10"`, "unit_amount: 12", 1), "catalog", "apply", "--entity", id, "-f", "-")
	require.Equal(t, exitOK, dearer.code, dearer.err)

	moved := outcomes(t, ok(t, "plan", "migrate", "--plan", id+"-roomy", "--from", "1", "--to", "2", "--notice-days", "0", "--json"))[id+"-s"]
	require.Equal(t, "migrated", moved["outcome"], moved)
	cad := func(minor float64) map[string]any { return map[string]any{"minor": minor, "currency": "CAD"} }
	require.Equal(t, cad(5700), moved["old"], "(2 × 10 + 3 × 6) × 1.50")
	require.Equal(t, cad(6300), moved["new"], "(2 × 12 + 3 × 6) × 1.50")
	require.Equal(t, cad(600), moved["difference"])
}
