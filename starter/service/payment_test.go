package service_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/activities"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/service"
	"github.com/perennial-billing/perennial/starter/startertest"
)

// paid makes a customer who has paid for a subscription, and returns the payment.
func paid(t *testing.T, id, card string) store.ListedPayment {
	t.Helper()
	in := startertest.NewCustomer(strings.SplitN(id, "-", 2)[0], id)
	in.PaymentMethod = card
	running.Customer(t, in)
	running.Subscribe(t, service.NewSubscription{ID: id, Customer: id, Plan: in.Entity + "-pro"})
	found, err := running.Service.Payments(t.Context(), service.PaymentQuery{Customer: id, Status: store.PaymentSucceeded})
	require.NoError(t, err)
	require.Len(t, found.Data, 1)
	return found.Data[0]
}

func TestRefundOfCredit(t *testing.T) {
	t.Parallel()
	id := running.Seller(t)
	payment := paid(t, id+"-c", "pm_card_visa")
	_, err := running.Service.RefundPayment(t.Context(), payment.ID, service.NewRefund{ID: id + "-r"})
	requireKind(t, err, service.Refused, "credit_too_small")
	_, err = running.Service.Cancel(t.Context(), id+"-c", service.Cancel{CreditUnused: true})
	require.NoError(t, err)

	made, err := running.Service.RefundPayment(t.Context(), payment.ID, service.NewRefund{ID: id + "-r", Amount: 300})
	require.NoError(t, err)
	require.Equal(t, store.RefundSucceeded, made.Status)
	again, err := running.Service.RefundPayment(t.Context(), payment.ID, service.NewRefund{ID: id + "-r"})
	require.NoError(t, err)
	require.Equal(t, made, again)
	_, err = running.Service.RefundPayment(t.Context(), payment.ID, service.NewRefund{ID: id + "-r", Amount: 301})
	requireKind(t, err, service.Conflict, "refund_id_reused")

	shown, err := running.Service.Payment(t.Context(), payment.ID)
	require.NoError(t, err)
	require.EqualValues(t, 300, shown.Refunded)
	require.Equal(t, []store.Refund{made}, shown.Refunds)
}

func TestBadRefunds(t *testing.T) {
	t.Parallel()
	id := running.Seller(t)
	payment := paid(t, id+"-c", "pm_card_visa")
	for field, in := range map[string]service.NewRefund{
		"id": {ID: "a/b"}, "amount": {Amount: -1}, "reason": {Goodwill: true},
	} {
		_, err := running.Service.RefundPayment(t.Context(), payment.ID, in)
		requireKind(t, err, service.Invalid, "invalid_fields")
		require.Contains(t, err.Error(), field+": ")
	}
	_, err := running.Service.RefundPayment(t.Context(), "pay_none", service.NewRefund{})
	requireKind(t, err, service.NotFound, "not_found")
	_, err = running.Service.RefundPayment(t.Context(), payment.ID, service.NewRefund{Goodwill: true, Reason: "much", Amount: payment.Amount + 1})
	requireKind(t, err, service.Refused, "refund_too_large")
	_, err = running.Service.Payments(t.Context(), service.PaymentQuery{Status: "gone"})
	requireKind(t, err, service.Invalid, "invalid_fields")
}

// The bank sends a refund back a day later, and the provider's webhook says so: the refund has failed for us, too.
func TestNewsOfARefund(t *testing.T) { //nolint:paralleltest // it processes all events
	id := running.Seller(t)
	payment := paid(t, id+"-c", "pm_card_refundFail")
	made, err := running.Service.RefundPayment(t.Context(), payment.ID, service.NewRefund{Goodwill: true, Reason: "outage"})
	require.NoError(t, err)
	require.Equal(t, payment.ID+"-1", made.ID)
	require.Equal(t, store.RefundSucceeded, made.Status)

	later := time.Now().Add(25 * time.Hour).UTC()
	_, err = running.Config.Stripe().Refunds.Get(*made.ProviderRefund, &stripe.RefundParams{
		Params: stripe.Params{Headers: http.Header{activities.AsOfHeader: []string{later.Format(time.RFC3339)}}},
	})
	require.NoError(t, err)
	running.Events(t, stripe.EventTypeChargeRefundUpdated)
	require.Eventually(t, func() bool {
		shown, err := running.Service.Payment(t.Context(), payment.ID)
		return err == nil && shown.Refunds[0].Status == store.RefundFailed && shown.Refunded == 0
	}, 20*time.Second, 50*time.Millisecond)
}
