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
	playContracts(t, "testdata/published/*.yaml")
}

// Contracts that show a rule each, with figures that were worked out by hand: the models of charges, the calendar, changes, and the
// order in which an invoice is made.
func TestContractsOfEachRule(t *testing.T) {
	t.Parallel()
	playContracts(t, "testdata/rules/*.yaml")
}

// playContracts plays the scenarios of files, which are apart by ---, and requires what they expect.
func playContracts(t *testing.T, pattern string) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for contract := range strings.SplitSeq(string(text), "\n---\n") {
			scenario, err := quote.Parse(strings.NewReader(contract))
			require.NoError(t, err, contract)
			require.NotEmpty(t, scenario.Description, "what it shows, and where it is from: %s", contract)
			require.Contains(t, contract, "\nexpect:", scenario.Description)
			result, err := quote.Run(t.Context(), scenario)
			require.NoError(t, err, scenario.Description)
			differences, err := scenario.Expect.Compare(result)
			require.NoError(t, err, scenario.Description)
			require.Empty(t, differences, scenario.Description)
		}
	}
}
