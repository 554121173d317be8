package workflows_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/internal/sandbox"
	"github.com/perennial-billing/perennial/workflows/message"
)

// recordTransfer records a customer who pays by bank transfer, later than we waited for it.
func recordTransfer(t *testing.T) {
	x := realServer(t).tenant(t, "recorded-transfer", "customer_balance")
	invoice := x.subscribe("seats", 1).Invoice
	require.Equal(t, message.Processing, invoice.Payment)
	late := systemStart.AddDate(0, 0, 31)
	x.advance(late)
	customer, err := x.Store.Customer(t.Context(), x.id)
	require.NoError(t, err)
	_, err = x.Config.Stripe().TestHelpersCustomers.FundCashBalance(*customer.ProviderCustomerID, &stripe.TestHelpersCustomerFundCashBalanceParams{
		Params: stripe.Params{Headers: http.Header{sandbox.AsOfHeader: []string{late.Format(time.RFC3339)}}},
		Amount: stripe.Int64(100_000), Currency: stripe.String("usd"),
	})
	require.NoError(t, err)
	require.NoError(t, x.client.CashNews(t.Context(), message.CashInput{CustomerID: x.id, At: late}))
	x.saveEnded(message.CustomerCashID(x.id), "customer-cash")
	require.Eventually(t, func() bool { // the collection has been told, and goes on when its clock does
		row, err := x.Store.Dunning(t.Context(), invoice.InvoiceID)
		return err == nil && row.Status == "retrying"
	}, 30*time.Second, 20*time.Millisecond)
	x.advance(late.Add(time.Hour))
	x.saveEnded(message.DunningID(invoice.InvoiceID), "dunning-transfer-late")
}
