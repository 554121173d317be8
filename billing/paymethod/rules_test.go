package paymethod

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/money"
)

// The tables hold together: every row has its source, names only kinds that there are, and says a place once.
func TestRuleData(t *testing.T) {
	t.Parallel()
	require.Len(t, byKind, len(methods), "no kind twice")
	for _, m := range methods {
		require.NotEmpty(t, m.Source, m.Kind)
		require.NotEmpty(t, m.Edition, m.Kind)
		require.True(t, m.Recurring || m.Once, m.Kind)
		require.Equal(t, m.Notification == Delayed, m.BusinessDays > 0, m.Kind)
		require.True(t, m.Calendar.Known(), m.Kind)
		require.Equal(t, m.Family == Debit, m.Notice != nil, m.Kind)
		require.Contains(t, []string{ByMerchant, ByCustomer}, m.InitiatedBy, m.Kind)
		if m.Becomes != "" {
			require.Equal(t, Debit, byKind[m.Becomes].Family, m.Kind)
		}
		if m.Notice != nil {
			require.NotEmpty(t, m.Notice.Basis, m.Kind)
			require.GreaterOrEqual(t, m.Notice.RuleDays, m.Notice.Days, m.Kind)
		}
		for c, least := range m.Minimum {
			require.True(t, m.Takes(c) && least > 0, m.Kind)
		}
		for c := range m.Maximum {
			require.Greater(t, m.Maximum[c], m.Minimum[c], m.Kind)
		}
	}
	rows := mustRead[market]("markets.json", marketData)
	require.Len(t, markets, len(rows), "no place twice")
	countries := map[string]bool{}
	for _, row := range rows {
		countries[row.Country] = true
		_, err := money.ParseCurrency(string(row.Currency))
		require.NoError(t, err, "what nobody can be invoiced in is no market")
		require.NotEmpty(t, row.Source)
		require.NotEmpty(t, row.Edition)
		for _, kind := range row.Recurring {
			require.True(t, byKind[kind].Recurring && byKind[kind].Takes(row.Currency), "%s %s %s", row.Country, row.Currency, kind)
		}
		for _, kind := range row.Once {
			require.True(t, byKind[kind].Once && byKind[kind].Takes(row.Currency), "%s %s %s", row.Country, row.Currency, kind)
		}
	}
	require.GreaterOrEqual(t, len(countries), 20)
}
