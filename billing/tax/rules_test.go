package tax

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/calendar"
)

func TestRuleDataIsSound(t *testing.T) {
	t.Parallel()
	require.Len(t, law.members, 27)
	require.Len(t, law.countries, 249)
	for _, row := range law.rates {
		checkRow(t, row.id(), row.inForce)
		require.Contains(t, law.countries, row.Country, row.id())
		require.Contains(t, []Treatment{Taxed, Zero, Exempt}, row.Treatment, row.id())
		require.Equal(t, row.Treatment == Taxed, row.Rate.IsPositive(), row.id())
	}
	for _, row := range law.territories {
		checkRow(t, row.Code, row.inForce)
	}
}

func checkRow(t *testing.T, id string, f inForce) {
	t.Helper()
	require.NotEmpty(t, f.Source, id)
	for _, text := range []string{f.From, f.To, f.VerifiedOn} {
		if text == "" {
			continue
		}
		_, err := calendar.ParseDate(text)
		require.NoError(t, err, id)
	}
	require.NotEmpty(t, f.From, id)
	require.True(t, f.To == "" || f.From <= f.To, id)
}

// Rows of the same place and class must follow each other without a gap or an overlap, the last one open-ended.
func TestRateHistoriesAreSeamless(t *testing.T) {
	t.Parallel()
	latest := map[string]inForce{}
	for _, row := range law.rates {
		key := row.Country + "/" + row.Region + "/" + row.RateClass
		if before, ok := latest[key]; ok {
			until, err := calendar.ParseDate(before.To)
			require.NoError(t, err, row.id())
			require.Equal(t, until.AddDays(1).String(), row.From, row.id())
		}
		latest[key] = row.inForce
	}
	for key, row := range latest {
		require.Empty(t, row.To, key)
	}
}
