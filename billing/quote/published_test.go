package quote_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/quote"
)

// Contracts from the tests and the documentation of other billing systems, each with what it comes to there. Where systems
// differ, the plan has the setting that makes it the one it is from: day_inclusive for Lago, whose periods are inclusive
// days, month_30 for Zuora's strict 30/360, second for Stripe.
func TestPublishedContracts(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/published/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for contract := range strings.SplitSeq(string(text), "\n---\n") {
			scenario, err := quote.Parse(strings.NewReader(contract))
			require.NoError(t, err, contract)
			require.NotEmpty(t, scenario.Description, "the system and where it says so: %s", contract)
			require.Contains(t, contract, "\nexpect: {", scenario.Description)
			result, err := quote.Run(t.Context(), scenario)
			require.NoError(t, err, scenario.Description)
			differences, err := scenario.Expect.Compare(result)
			require.NoError(t, err, scenario.Description)
			require.Empty(t, differences, scenario.Description)
		}
	}
}
