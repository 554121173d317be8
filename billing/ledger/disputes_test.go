package ledger_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/ledger"
)

func TestDisputePostings(t *testing.T) {
	t.Parallel()
	none := ledger.Dispute{Withdrawn: usd(0), Fee: usd(0)}
	open := ledger.Dispute{Withdrawn: usd(1000), Fee: usd(1500)}
	lost := open
	lost.Lost = true
	for name, test := range map[string]struct {
		before, after ledger.Dispute
		want          []string
	}{
		"an inquiry":          {none, none, nil},
		"a withdrawal":        {none, open, []string{"DisputedFunds USD 10.00", "DisputeFees USD 15.00", "Cash USD -25.00"}},
		"a loss":              {open, lost, []string{"DisputedFunds USD -10.00", "Disputes USD 10.00"}},
		"won":                 {open, none, []string{"DisputedFunds USD -10.00", "DisputeFees USD -15.00", "Cash USD 25.00"}},
		"lost from the start": {none, lost, []string{"Disputes USD 10.00", "DisputeFees USD 15.00", "Cash USD -25.00"}},
		"won after a loss":    {lost, none, []string{"Disputes USD -10.00", "DisputeFees USD -15.00", "Cash USD 25.00"}},
		"won, the fee is kept": {open, ledger.Dispute{Withdrawn: usd(0), Fee: usd(1500)}, []string{
			"DisputedFunds USD -10.00", "Cash USD 10.00",
		}},
	} {
		tx, err := ledger.DisputeMoved("ent_1", "dp_1", "1:lost", noon, test.before, test.after)
		require.NoError(t, err, name)
		require.NoError(t, tx.Validate(), name)
		require.Equal(t, test.want, shown(tx), name)
		require.Equal(t, "dispute:dp_1:1:lost", tx.Key)
	}
}
