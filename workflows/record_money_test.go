package workflows_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/internal/sandbox"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// recordMoneyBack records a refund, a dispute, a payout and a comparison with the provider's books.
func recordMoneyBack(t *testing.T) {
	x := realServer(t).tenant(t, "recorded-money", "pm_card_createDispute")
	invoice := x.subscribe("seats", 1).Invoice.InvoiceID
	paid, err := x.Store.Payments(t.Context(), invoice)
	require.NoError(t, err)
	at := systemStart.AddDate(0, 0, 1)

	_, err = x.client.Refund(t.Context(), message.RefundInput{
		RefundID: x.id, PaymentID: x.paid("recorded-refunded").ID, Amount: money.New(100, "USD"), Goodwill: true, Reason: "recorded", At: at,
	})
	require.NoError(t, err)
	x.save(message.RefundID(x.id), "refund")

	books, err := sandbox.FetchBooks(t.Context(), x.Config.StripeURL)
	require.NoError(t, err)
	for _, dispute := range books.Disputes {
		if dispute.Charge == *paid[0].ProviderCharge {
			require.NoError(t, x.client.DisputeNews(t.Context(), message.DisputeInput{DisputeID: dispute.ID, At: at}))
			x.saveEnded(message.DisputeID(dispute.ID), "dispute")
		}
	}

	require.NoError(t, x.Store.Tx(t.Context(), func(tx store.Tx) error { return tx.SetProviderAccountOwner(t.Context(), x.seller) }))
	_, err = sandbox.AddMovement(t.Context(), x.Config.StripeURL, sandbox.Movement{Category: "topup", Amount: 900, Currency: "usd"})
	require.NoError(t, err)
	payout, err := x.Config.Stripe().Payouts.New(&stripe.PayoutParams{Amount: stripe.Int64(900), Currency: stripe.String("usd")})
	require.NoError(t, err)
	require.NoError(t, x.client.PayoutNews(t.Context(), message.PayoutInput{PayoutID: payout.ID, At: at}))
	x.saveEnded(message.PayoutID(payout.ID), "payout")

	compared := message.ReconcileInput{EntityID: x.seller, From: systemStart.AddDate(-2, 0, 0), To: at.AddDate(1, 0, 0), At: at}
	_, err = x.client.Reconcile(t.Context(), compared)
	require.NoError(t, err)
	x.save(message.ReconciliationID(x.seller, at.Format("2006-01-02")), "reconciliation")
}

// paid is a payment of another customer of the same seller.
func (x *tenant) paid(name string) store.Payment {
	x.t.Helper()
	other := x.tenantOf(x.t, x.seller, name, "pm_card_visa")
	payments, err := x.Store.Payments(x.t.Context(), other.subscribe("seats", 1).Invoice.InvoiceID)
	require.NoError(x.t, err)
	return payments[0]
}

func (x *tenant) saveEnded(workflowID, name string) {
	x.t.Helper()
	require.NoError(x.t, x.Temporal.GetWorkflow(x.t.Context(), workflowID, "").Get(x.t.Context(), nil))
	x.save(workflowID, name)
}
