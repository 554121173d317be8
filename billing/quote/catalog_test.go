package quote_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/quote"
)

// A refusal of a plan says what the catalogue has.
func TestUnknownPlansAreNamed(t *testing.T) {
	t.Parallel()
	result := play(t, `
timeline:
  - {at: 2027-01-01, subscribe: {id: a, plan: nix}}
  - {at: 2027-01-01, subscribe: {id: b, plan: nix, plan_version: 3}}
  - {at: 2027-01-01, subscribe: {id: c, plan: seats, plan_version: 3, seats: 1}}
until: 2027-01-02
`)
	var told []string
	for _, refused := range result.Refused {
		require.Equal(t, "plan_unknown", refused.Code)
		told = append(told, refused.Message)
	}
	const nix = `plan "nix" is not in the catalogue, which has seats, yearly, metered, run`
	_, customers, found := strings.Cut(sold, "\ncustomers:")
	require.True(t, found)
	require.Contains(t, fault(t, "catalog: []\nsettings: {strict: true}\ncustomers:"+customers+`
timeline: [{at: 2027-01-01, subscribe: {id: a, plan: nix}}]
until: 2027-01-02
`), `plan "nix" is not in the catalogue, which has none`)
	require.Equal(t, []string{nix, nix, `plan "seats" has no version 3 in the catalogue, which has 1, 2`}, told)
}

// A plan without a version follows the versions of it that stand in the catalogue; alone it is the first.
func TestPlansWithoutAVersion(t *testing.T) {
	t.Parallel()
	text := strings.NewReplacer("id: seats, version: 2, ", "id: seats, ", "id: yearly, version: 1, ", "id: yearly, ").Replace(sold)
	require.NotEqual(t, sold, text)
	scenario, err := quote.Parse(strings.NewReader(text + `
timeline:
  - {at: 2027-01-01, subscribe: {id: new, plan: seats, seats: 1}}
  - {at: 2027-01-01, subscribe: {id: old, plan: seats, plan_version: 1, seats: 1}}
  - {at: 2027-01-01, subscribe: {id: year, plan: yearly, plan_version: 1}}
until: 2027-01-02
expect:
  refused: []
  invoices:
    - {subscription: new, total: 12, lines: [{plan_version: 2}]}
    - {subscription: old, total: 10, lines: [{plan_version: 1}]}
    - {subscription: year, total: 365, lines: [{plan_version: 1}]}
`))
	require.NoError(t, err)
	result, err := quote.Run(t.Context(), scenario)
	require.NoError(t, err)
	differences, err := scenario.Expect.Compare(result)
	require.NoError(t, err)
	require.Empty(t, differences)
}
