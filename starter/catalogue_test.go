package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/starter/startertest"
)

func TestACatalogueAsAFile(t *testing.T) {
	t.Parallel()
	id := addEntity(t)
	diff := func(text string, more ...string) done {
		return starterWith(t, text, append([]string{"catalog", "diff", "--entity", id, "-f", "-"}, more...)...)
	}
	apply := func(text string, more ...string) string {
		got := starterWith(t, text, append([]string{"catalog", "apply", "--entity", id, "-f", "-"}, more...)...)
		require.Equal(t, exitOK, got.code, got.err)
		return got.out
	}
	exported := ok(t, "catalog", "export", "--entity", id)
	same := diff(exported)
	require.Equal(t, exitOK, same.code, same.err)
	require.Equal(t, startertest.Fill(id, "$-api: unchanged, version 1\n$-pro: unchanged, version 1\n$-team: unchanged, version 1\n")+
		"Nothing to do: 0 plan versions to add.\n", same.out)

	_, team, found := strings.Cut(exported, startertest.Fill(id, "- id: $-team\n"))
	require.True(t, found, exported)
	team = startertest.Fill(id, "- id: $-team\n") + team
	edited := strings.Replace(team, `unit_amount: "8"`, "unit_amount: 9.25", 1) + strings.ReplaceAll(team, id+"-team", id+"-squad")
	want := startertest.Fill(id, "$-team: charges.seats.prices.USD.unit_amount 8 → 9.25, becomes version 2\n$-squad: new, version 1\n"+
		"$-api: not in the file; stays as it is, version 1\n$-pro: not in the file; stays as it is, version 1\n")
	differs := diff(edited)
	require.Equal(t, exitFailed, differs.code)
	require.Empty(t, differs.err, "a difference is no error")
	require.Equal(t, want+"2 plan versions would be added.\n", differs.out)
	told := diff(edited, "--json")
	require.Equal(t, exitFailed, told.code)
	require.Equal(t, true, decoded(t, told.out)["differs"])
	first := decoded(t, told.out)["plans"].([]any)[0].(map[string]any)
	require.Equal(t, map[string]any{"path": "charges.seats.prices.USD.unit_amount", "old": "8", "new": "9.25"}, first["differences"].([]any)[0])

	require.Equal(t, differs.out, apply(edited, "--dry-run"))
	require.Equal(t, want+"2 plan versions were added.\n", apply(edited))
	require.Contains(t, apply(edited), "Nothing to do")
	require.Contains(t, ok(t, "plan", "price", "--plan", id+"-team", "--currency", "USD"), "USD 9.25 each")
	all := ok(t, "catalog", "export", "--entity", id, "--all-versions")
	require.Contains(t, all, startertest.Fill(id, "- version: 1\n  id: $-team"))
	require.Contains(t, apply(all), "Nothing to do")
}

// A product goes from the file to the list, the price and back into the file.
func TestProductsInACatalogue(t *testing.T) {
	t.Parallel()
	id := addEntity(t)
	text := startertest.Fill(id, `
- {id: $-desk, product: $-work, name: Desk, interval: {unit: month, count: 1}, proration: day, billed_by: renewal, charges: [
    {id: fee, name: monthly fee, kind: recurring, per: subscription, timing: advance, tax_category: saas_b2c, prices: {EUR: {model: flat, flat_amount: 19}}}]}`)
	added := starterWith(t, text, "catalog", "apply", "--entity", id, "-f", "-")
	require.Equal(t, exitOK, added.code, added.err)
	require.Regexp(t, startertest.Fill(id, `$-desk\s+1\s+$-work\s`), ok(t, "plan", "list", "--entity", id))
	require.Regexp(t, startertest.Fill(id, `$-pro\s+1\s+$-pro\s`), ok(t, "plan", "list", "--entity", id))
	require.Regexp(t, startertest.Fill(id, `Product\s+$-work`), ok(t, "plan", "price", "--plan", id+"-desk"))
	require.Equal(t, id+"-work", decoded(t, ok(t, "plan", "price", "--plan", id+"-desk", "--json"))["product"])
	exported := ok(t, "catalog", "export", "--entity", id)
	require.Contains(t, exported, startertest.Fill(id, "  product: $-work\n"))
	same := starterWith(t, exported, "catalog", "diff", "--entity", id, "-f", "-")
	require.Equal(t, exitOK, same.code, same.out)
	own := strings.Replace(exported, startertest.Fill(id, "- id: $-pro\n"), startertest.Fill(id, "- id: $-pro\n  product: $-pro\n"), 1)
	require.NotEqual(t, exported, own)
	same = starterWith(t, own, "catalog", "diff", "--entity", id, "-f", "-")
	require.Equal(t, exitOK, same.code, same.out)
}

func TestWhatACatalogueRefuses(t *testing.T) {
	t.Parallel()
	id, other := addEntity(t), addEntity(t)
	before := ok(t, "catalog", "export", "--entity", id, "--all-versions")
	mine := ok(t, "catalog", "export", "--entity", id)
	for text, says := range map[string]string{
		"": "--file: the catalogue is empty",
		strings.Replace(mine, "name:", "nme:", 1):                                "--file: [0].name: is missing",
		strings.Replace(before, `"8"`, `"7"`, 1):                                 "",
		ok(t, "catalog", "export", "--entity", other):                            "another legal entity sells " + other + "-api",
		strings.Replace(mine, "tax_category: saas_b2c", "tax_category: soap", 1): `--file: plan "` + id + `-api": charges.in.tax_category: `,
		strings.Replace(mine, "  name: Team", "  product: desks\n  name: Team", 1): startertest.Fill(id,
			`plan "$-team": product "desks" is another than "$-team", which version 1 has: all versions of a plan have one product; keep it, or`),
		startertest.Fill(id, "- {version: 1, id: $-x, charges: []}"): "--file: [0].name: is missing",
	} {
		got := starterWith(t, text, "catalog", "apply", "--entity", id, "--file", "-")
		if says == "" { // the newest version stands there without a number: to edit it is to make the next one
			require.Equal(t, exitOK, got.code, got.err)
			require.Contains(t, got.out, "becomes version 2")
			continue
		}
		require.Equal(t, exitRefused, got.code, got.err)
		require.Contains(t, got.err, says)
	}
	got := starterWith(t, strings.Replace(ok(t, "catalog", "export", "--entity", id, "--all-versions"), `"8"`, `"7.5"`, 1),
		"catalog", "diff", "--entity", id, "--file", "-")
	require.Equal(t, exitRefused, got.code)
	require.Contains(t, got.err, "version 1 is sold and never changes")
	require.Equal(t, exitRefused, starter(t, "catalog", "export", "--entity", "nobody").code)
}

// A version with a date is sold from then on; whoever names it earlier is told the date.
func TestVersionsWithDatesOnTheCommandLine(t *testing.T) {
	t.Parallel()
	id, year := addEntity(t), startertest.NextYear()
	ok(t, "clock", "create", id+"-clock", "--at", year.Format(time.DateOnly))
	addCustomer(t, id, id+"-c", "--clock", id+"-clock")
	from := year.AddDate(0, 1, 0).Format(time.DateOnly)
	text := startertest.Fill(id, `
- {id: $-pro, effective_from: `+from+`, name: Pro, interval: {unit: month, count: 1}, proration: day, billed_by: renewal, charges: [
    {id: fee, name: monthly fee, kind: recurring, per: subscription, timing: advance, tax_category: saas_b2c, prices: {EUR: {model: flat, flat_amount: 19}}}]}`)
	added := starterWith(t, text, "catalog", "apply", "--entity", id, "-f", "-")
	require.Equal(t, exitOK, added.code, added.err)
	require.Contains(t, added.out, startertest.Fill(id, "$-pro: effective_from (none) → "+from+", becomes version 2"))
	require.Regexp(t, startertest.Fill(id, `$-pro\s+2\s+$-pro\s+`+from), ok(t, "plan", "list", "--entity", id))

	subscribe := func(name string, more ...string) done {
		return starter(t, append([]string{"subscription", "create", "--id", id + name, "--customer", id + "-c", "--plan", id + "-pro"}, more...)...)
	}
	early := subscribe("-early")
	require.Contains(t, early.out, id+"-pro version 1")
	require.Equal(t, early.out, subscribe("-early").out, "repeating it answers the same")
	require.Contains(t, subscribe("-late", "--start-at", from).out, id+"-pro version 2")
	require.Contains(t, ok(t, "plan", "price", "--plan", id+"-pro", "--customer", id+"-c"), id+"-pro version 1")
	for _, refused := range []done{
		subscribe("-named", "--plan-version", "2"),
		starter(t, "subscription", "change", id+"-early", "--plan-version", "2"),
		starter(t, "plan", "price", "--plan", id+"-pro", "--customer", id+"-c", "--plan-version", "2"),
	} {
		require.Equal(t, exitRefused, refused.code)
		require.Contains(t, refused.err, "version 2 is sold from "+from+" on")
	}
	require.Contains(t, ok(t, "subscription", "change", id+"-early", "--plan-version", "2", "--at-period-end"), id+"-pro version 2")
	moved := starter(t, "clock", "advance", id+"-clock", "--to", year.AddDate(0, 1, 2).Format(time.DateOnly))
	require.Equal(t, exitOK, moved.code, moved.err)
	require.Contains(t, subscribe("-then").out, id+"-pro version 2")
}
