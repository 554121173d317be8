package catalog_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/catalog"
)

// versions are those of one plan, with a product each; empty is left out.
func versions(t *testing.T, products ...string) string {
	t.Helper()
	plans := make([]catalog.Plan, len(products))
	for i, product := range products {
		plans[i] = flatPlan(t)
		plans[i].Version, plans[i].Product = i+1, product
	}
	text, err := json.Marshal(plans)
	require.NoError(t, err)
	return string(text)
}

func flatPlan(t *testing.T) catalog.Plan {
	t.Helper()
	plans, err := catalog.Parse(strings.NewReader(`[{"id":"team","version":1,"name":"Team","interval":{"unit":"month","count":1},
		"proration":"day","billed_by":"renewal","charges":[{"id":"fee","name":"fee","kind":"recurring","per":"subscription","timing":"advance",
		"tax_category":"saas","prices":{"USD":{"model":"flat","flat_amount":"5"}}}]}]`))
	require.NoError(t, err)
	return plans[0]
}

// A plan without a product is one of its own, and all its versions have one.
func TestAllVersionsOfAPlanHaveOneProduct(t *testing.T) {
	t.Parallel()
	for _, same := range [][]string{{"suite", "suite"}, {"", "team", ""}, {""}} {
		plans, err := catalog.Parse(strings.NewReader(versions(t, same...)))
		require.NoError(t, err)
		require.Equal(t, map[bool]string{true: "suite", false: "team"}[same[0] == "suite"], plans[0].ProductID())
	}
	for want, products := range map[string][]string{
		`catalog: [1]: plan "team": product "suite" is another than "team", which version 1 has: all versions of a plan have one product; ` +
			`keep it, or give the plan another id`: {"", "suite"},
		`catalog: [2]: plan "team": product "team" is another than "suite", which version 1 has`: {"suite", "suite", ""},
		`catalog: [0]: plan "team": product "a b" must be 1 to 64 letters`:                       {"a b"},
	} {
		_, err := catalog.Parse(strings.NewReader(versions(t, products...)))
		require.ErrorContains(t, err, want)
	}
}

func TestProductsDiffer(t *testing.T) {
	t.Parallel()
	plan := flatPlan(t)
	named := plan
	named.Product = "team"
	same, err := catalog.Diff(plan, named)
	require.NoError(t, err)
	require.Empty(t, same, "the plan's id says the same as nothing")
	named.Product = "suite"
	differs, err := catalog.Diff(plan, named)
	require.NoError(t, err)
	require.Equal(t, []catalog.Difference{{Path: "product", Old: "team", New: "suite"}}, differs)
}
