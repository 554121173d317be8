package proof_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/starter/service"
	"github.com/perennial-billing/perennial/starter/startertest"
)

// depositsAreProven shows that what a customer sent by bank transfer is found while our books lack it, and that each figure of
// it counts.
func depositsAreProven(t *testing.T, id string) {
	t.Helper()
	in := startertest.NewCustomer(id, id+"-transfer")
	in.PaymentMethod = "customer_balance"
	running.Customer(t, in)
	running.Subscribe(t, service.NewSubscription{ID: id + "-transfer", Customer: in.ID, Plan: id + "-pro"})
	customer, err := running.Service.Customer(t.Context(), in.ID)
	require.NoError(t, err)
	_, err = running.Config.Stripe().TestHelpersCustomers.FundCashBalance(*customer.ProviderCustomerID, &stripe.TestHelpersCustomerFundCashBalanceParams{
		Amount: stripe.Int64(1234), Currency: stripe.String("usd"),
	})
	require.NoError(t, err)
	require.Contains(t, strings.Join(report(t).Proofs[payments].Faults, "\n"),
		"customer "+*customer.ProviderCustomerID+": the provider holds USD 2.34 of what they sent, we say USD 0.00")
	require.Eventually(t, func() bool {
		_, _, err := running.Service.SweepEvents(t.Context(), 0)
		require.NoError(t, err)
		_, err = running.Service.ProcessEvents(t.Context())
		require.NoError(t, err)
		return report(t).Holds()
	}, 30*time.Second, 200*time.Millisecond)
	for change, found := range map[string]struct {
		proof int
		words string
	}{
		"net = net + 1":               {payments, "the provider holds USD 2.34 of what they sent, we say USD 2.35"},
		"net = net + 2":               {postings, "TransfersHeld: the ledger has 234 USD, the facts say 236"},
		"currency = 'EUR'":            {payments, "we say that EUR 12.34 of what they sent is unused, and the provider has none"},
		"kind = 'applied_to_payment'": {postings, "CustomerDeposits: the ledger has -234 USD, the facts say 1000"},
	} {
		falsify(t, `UPDATE cash_movement SET `+change+` WHERE kind = 'funded' AND customer_id = '`+in.ID+`'`)
		require.Contains(t, strings.Join(report(t).Proofs[found.proof].Faults, "\n"), found.words)
		falsify(t, `UPDATE cash_movement SET kind = 'funded', net = 1234, currency = 'USD' WHERE net > 0 AND customer_id = '`+in.ID+`'`)
	}
	require.True(t, report(t).Holds())
}
