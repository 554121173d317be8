package service_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/service"
)

func TestNewsOfADispute(t *testing.T) { //nolint:paralleltest // it processes all events
	id := running.Seller(t)
	payment := paid(t, id+"-c", "pm_card_createDispute")
	running.Events(t, stripe.EventTypeChargeDisputeFundsWithdrawn)
	running.Events(t, stripe.EventTypeChargeDisputeCreated) // the other way round, as it happens
	var found service.Page[store.Dispute]
	require.Eventually(t, func() bool {
		var err error
		found, err = running.Service.Disputes(t.Context(), service.DisputeQuery{Entity: id, Status: "needs_response"})
		return err == nil && len(found.Data) == 1
	}, 20*time.Second, 50*time.Millisecond)
	shown, err := running.Service.Dispute(t.Context(), found.Data[0].ID)
	require.NoError(t, err)
	require.Equal(t, payment.ID, shown.PaymentID)
	require.Equal(t, id+"-c", shown.CustomerID)
	require.Equal(t, payment.Amount, shown.Withdrawn)

	_, err = running.Service.Dispute(t.Context(), "dp_none")
	requireKind(t, err, service.NotFound, "not_found")
	_, err = running.Service.Disputes(t.Context(), service.DisputeQuery{Status: "gone"})
	requireKind(t, err, service.Invalid, "invalid_fields")
	_, err = running.Service.Disputes(t.Context(), service.DisputeQuery{After: "dp_none"})
	requireKind(t, err, service.Invalid, "invalid_fields")
}
