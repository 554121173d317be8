package main

import (
	"testing"

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
