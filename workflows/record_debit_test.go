package workflows_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// recordDebit records a customer whose bank returns every debit for want of money, and whose next account is set up.
func recordDebit(t *testing.T) {
	x := realServer(t).tenant(t, "recorded-debit", "pm_usBankAccount_insufficientFunds")
	invoice := x.subscribe("seats", 1).Invoice
	require.Equal(t, message.Processing, invoice.Payment)
	x.advance(systemStart.AddDate(0, 2, 0))
	x.save(message.SubscriptionID(x.id), "subscription-debit-returned")
	x.save(message.DunningID(invoice.InvoiceID), "dunning-debit-returned")

	method := store.PaymentMethod{ID: "method_" + x.id + "_2", CustomerID: x.id, ProviderToken: "pm_usBankAccount_success", Position: 2, ChangedAt: systemStart}
	require.NoError(t, x.Store.AddMethod(t.Context(), method))
	for _, step := range []message.PaymentMethodStep{message.SetUpStep, message.RefreshStep} {
		state, err := x.client.PaymentMethod(t.Context(), message.PaymentMethodInput{MethodID: method.ID, Step: step, At: systemStart})
		require.NoError(t, err)
		require.Equal(t, store.MethodUsable, state.Status)
	}
	x.save(message.PaymentMethodID(method.ID), "payment-method")
}
