package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v79"
	"github.com/stripe/stripe-go/v79/webhook"

	"github.com/perennial-billing/perennial/starter/api"
	"github.com/perennial-billing/perennial/starter/service"
	"github.com/perennial-billing/perennial/starter/startertest"
)

// TestTheCustomerPaysByHimself follows the real way: the card wants its owner, who confirms the payment on the
// provider's page; the provider's webhook comes in and the collection ends.
func TestTheCustomerPaysByHimself(t *testing.T) {
	t.Parallel()
	id := running.Seller(t)
	in := startertest.NewCustomer(id, id+"-c")
	in.PaymentMethod = "pm_card_authenticationRequired"
	running.Customer(t, in)
	started := running.Subscribe(t, service.NewSubscription{ID: id + "-s", Customer: id + "-c", Plan: id + "-pro"})
	invoice, err := running.Service.Invoice(t.Context(), started.Invoice.InvoiceID)
	require.NoError(t, err)
	require.Equal(t, "open", invoice.Status)

	_, err = running.Config.Stripe().PaymentIntents.Confirm(*invoice.ProviderIntent, &stripe.PaymentIntentConfirmParams{PaymentMethod: stripe.String("pm_card_visa")})
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		invoice, err = running.Service.Invoice(t.Context(), invoice.ID)
		return err == nil && invoice.Status == "paid" && invoice.Dunning.Status == "recovered"
	}, 20*time.Second, 50*time.Millisecond)
	require.Eventually(t, func() bool {
		now, err := running.Service.Subscription(t.Context(), id+"-s")
		return err == nil && now.Status == "active"
	}, 20*time.Second, 50*time.Millisecond)
}

func signed(payload string, at time.Time, with string) []string {
	s := webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: []byte(payload), Secret: with, Timestamp: at})
	return []string{"Stripe-Signature", s.Header}
}

func event(id string) string {
	return fmt.Sprintf(`{"id":%q,"object":"event","api_version":%q,"created":1767225600,"type":"payment_intent.succeeded",
		"data":{"object":{"id":"pi_of_somebody_else","object":"payment_intent","metadata":{}}}}`, id, stripe.APIVersion)
}

func TestWebhooksAreVerifiedAndKeptOnce(t *testing.T) { //nolint:paralleltest // it watches the queue of events
	id := "evt_" + running.NewID()
	payload := event(id)
	kept := func() int { return running.Count(t, `SELECT COUNT(*) FROM inbound_event WHERE id LIKE $1 || '%'`, id) }
	before := kept()
	for name, headers := range map[string][]string{
		"unsigned":     nil,
		"forged":       signed(payload, time.Now(), "whsec_somebody_else"),
		"old":          signed(payload, time.Now().Add(-time.Hour), secret),
		"other's":      signed(event(id+"-other"), time.Now(), secret),
		"not a header": {"Stripe-Signature", "v1=,t="},
	} {
		got := call(t, http.MethodPost, "/webhooks/stripe", payload, headers...)
		require.Equal(t, http.StatusBadRequest, got.status, "%s: %s", name, got.body)
	}
	for name, hollow := range map[string]string{
		"no id":   event(""),
		"no data": fmt.Sprintf(`{"id":%q,"object":"event","api_version":%q,"type":"payment_intent.succeeded"}`, id, stripe.APIVersion),
		"no JSON": "null",
		"too big": event(id + strings.Repeat(" ", 1<<20)),
	} {
		got := call(t, http.MethodPost, "/webhooks/stripe", hollow, signed(hollow, time.Now(), secret)...)
		require.Equal(t, http.StatusBadRequest, got.status, "%s: %s", name, got.body)
	}
	require.Equal(t, before, kept())
	require.Zero(t, running.Count(t, `SELECT COUNT(*) FROM inbound_event WHERE id = ''`))

	for range 3 {
		got := call(t, http.MethodPost, "/webhooks/stripe", payload, signed(payload, time.Now(), secret)...)
		require.Equal(t, http.StatusOK, got.status, string(got.body))
	}
	require.Equal(t, before+1, kept())
	require.Eventually(t, func() bool { return over(t, id) == "ignored" }, 10*time.Second, 20*time.Millisecond)
}

// over is the status of an event.
func over(t *testing.T, id string) string {
	t.Helper()
	found, err := running.Service.Event(t.Context(), id)
	require.NoError(t, err)
	return found.Status
}

// An event that was stored by a program that died is found by the sweep of another.
func TestTheSweepFindsWhatACrashLeft(t *testing.T) { //nolint:paralleltest // it watches the queue of events
	id := "evt_" + running.NewID()
	payload := event(id)
	require.NoError(t, running.Service.KeepEvent(t.Context(), []byte(payload)))
	require.Eventually(t, func() bool { return over(t, id) == "ignored" }, 10*time.Second, 20*time.Millisecond)
}

func TestTheWebhooksRegistrationIsKept(t *testing.T) { //nolint:paralleltest // its endpoints receive what other tests do
	file := t.TempDir() + "/webhook.json"
	client, url := running.Config.Stripe(), "http://127.0.0.1:9/webhooks/stripe"
	first, err := api.RegisterWebhook(t.Context(), client, url, file)
	require.NoError(t, err)
	again, err := api.RegisterWebhook(t.Context(), client, url, file)
	require.NoError(t, err)
	require.Equal(t, first, again)
	other, err := api.RegisterWebhook(t.Context(), client, url, "")
	require.NoError(t, err)
	require.NotEqual(t, first, other, "the secret of the first is known to its file alone")
	third, err := api.RegisterWebhook(t.Context(), client, url, file)
	require.NoError(t, err)
	require.NotEqual(t, first, third, "the first is gone")
}

func TestWithoutASecretWebhooksAreRefused(t *testing.T) {
	t.Parallel()
	deaf := api.New(api.Options{Service: running.Service})
	recorder := newRecorder(t, deaf, "/webhooks/stripe")
	require.Equal(t, http.StatusServiceUnavailable, recorder.Code)
	require.Contains(t, recorder.Body.String(), "STRIPE_WEBHOOK_SECRET")
}
