package service_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/starter/service"
)

func TestReconcileOnDemand(t *testing.T) {
	t.Parallel()
	id := running.Seller(t)
	payment := paid(t, id+"-c", "pm_card_visa")
	got, err := running.Service.Reconcile(t.Context(), service.Reconciliation{Entity: id})
	require.NoError(t, err)
	require.Equal(t, 1, got.Charges)
	require.Empty(t, got.Differences)

	_, err = running.Config.Stripe().Refunds.New(&stripe.RefundParams{Charge: payment.ProviderCharge, Amount: stripe.Int64(50)})
	require.NoError(t, err)
	got, err = running.Service.Reconcile(t.Context(), service.Reconciliation{Entity: id})
	require.NoError(t, err)
	require.Equal(t, 1, got.Open)
	require.Equal(t, "refund_of_nobody", got.Differences[0].Kind)
	require.Equal(t, payment.InvoiceID, got.Differences[0].InvoiceID)

	_, err = running.Service.Reconcile(t.Context(), service.Reconciliation{Entity: "nix"})
	requireKind(t, err, service.Invalid, "invalid_fields")
	_, err = running.Service.Reconcile(t.Context(), service.Reconciliation{Entity: id, Since: time.Now().AddDate(99, 0, 0)})
	requireKind(t, err, service.Invalid, "invalid_fields")
}
