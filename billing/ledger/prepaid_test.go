package ledger_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/ledger"
)

func TestPrepaidPostings(t *testing.T) {
	t.Parallel()
	grant := ledger.Grant{CustomerID: "ada", ID: "g1", EntityID: "ent_1"}
	sold := invoice(0, 0, 0, 0, 0)
	sold.Prepayment, sold.Total = usd(8000), usd(8000)
	used := invoice(0, 5000, 1000, 0, 500)
	used.PrepaidCost, used.PrepaidGift = usd(3000), usd(700)
	for name, test := range map[string]struct {
		tx   ledger.Transaction
		key  string
		want []string
	}{
		"credit is sold": {
			ledger.InvoiceFinalised(sold), "invoice:inv_1:finalised",
			[]string{"AccountsReceivable USD 80.00", "CustomerPrepayments USD -80.00"},
		},
		"credit is used: what was paid for it and what cost nothing": {ledger.InvoiceFinalised(used), "invoice:inv_1:finalised", []string{
			"AccountsReceivable USD 60.00", "Revenue USD -50.00", "TaxPayable USD -10.00", "CustomerBalance USD 5.00", "AccountsReceivable USD -5.00",
			"CustomerPrepayments USD 30.00", "AccountsReceivable USD -30.00", "PromotionalCredit USD 7.00", "AccountsReceivable USD -7.00",
		}},
		"paid elsewhere": {
			ledger.GrantPaidElsewhere(grant, noon, usd(8000)), "grant:ada:g1:paid",
			[]string{"ReceivedElsewhere USD 80.00", "CustomerPrepayments USD -80.00"},
		},
		"expired": {
			ledger.GrantBroken(grant, noon, usd(5000)), "grant:ada:g1:broken", []string{"CustomerPrepayments USD 50.00", "Breakage USD -50.00"},
		},
		"never paid for": {
			ledger.GrantRevoked(grant, noon, usd(5000)), "grant:ada:g1:revoked", []string{"CustomerPrepayments USD 50.00", "BadDebt USD -50.00"},
		},
		"given back": {
			ledger.GrantReturned(grant, noon, usd(5000)), "grant:ada:g1:returned",
			[]string{"CustomerPrepayments USD 50.00", "CustomerBalance USD -50.00"},
		},
		"a present expires": {ledger.GrantBroken(grant, noon, usd(0)), "grant:ada:g1:broken", nil},
	} {
		require.NoError(t, test.tx.Validate(), name)
		require.Equal(t, test.want, shown(test.tx), name)
		require.Equal(t, test.key, test.tx.Key, name)
	}
}
