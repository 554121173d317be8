package ledger_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/ledger"
)

func TestRefundPostings(t *testing.T) {
	t.Parallel()
	ofCredit := ledger.Refund{ID: "r1", EntityID: "ent_1", Amount: usd(500)}
	goodwill := ofCredit
	goodwill.Goodwill = true
	for name, test := range map[string]struct {
		tx   ledger.Transaction
		key  string
		want []string
	}{
		"credit is paid out":     {ledger.RefundRequested(ofCredit, noon), "refund:r1:requested", []string{"CustomerBalance USD 5.00", "RefundsPayable USD -5.00"}},
		"goodwill takes revenue": {ledger.RefundRequested(goodwill, noon), "refund:r1:requested", []string{"Refunds USD 5.00", "RefundsPayable USD -5.00"}},
		"the provider pays":      {ledger.RefundPaid(goodwill, noon), "refund:r1:paid", []string{"RefundsPayable USD 5.00", "Cash USD -5.00"}},
		"refused":                {ledger.RefundFailed(ofCredit, noon, false), "refund:r1:failed", []string{"RefundsPayable USD 5.00", "CustomerBalance USD -5.00"}},
		"sent back":              {ledger.RefundFailed(ofCredit, noon, true), "refund:r1:failed", []string{"Cash USD 5.00", "CustomerBalance USD -5.00"}},
		"goodwill sent back":     {ledger.RefundFailed(goodwill, noon, true), "refund:r1:failed", []string{"Cash USD 5.00", "Refunds USD -5.00"}},
	} {
		require.NoError(t, test.tx.Validate(), name)
		require.Equal(t, test.want, shown(test.tx), name)
		require.Equal(t, test.key, test.tx.Key, name)
	}
}
