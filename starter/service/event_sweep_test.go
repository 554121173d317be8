package service_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/internal/sandbox"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/service"
	"github.com/perennial-billing/perennial/starter/startertest"
)

// paidUnseen is an invoice whose card wanted its owner, who has paid by now. No webhook tells of it: nobody listens.
func paidUnseen(t *testing.T) store.Invoice {
	t.Helper()
	id := running.Seller(t)
	in := startertest.NewCustomer(id, id+"-c")
	in.PaymentMethod = "pm_card_authenticationRequired"
	running.Customer(t, in)
	started := running.Subscribe(t, service.NewSubscription{ID: id + "-s", Customer: id + "-c", Plan: id + "-pro"})
	invoice, err := running.Store.Invoice(t.Context(), started.Invoice.InvoiceID)
	require.NoError(t, err)
	_, err = running.Config.Stripe().PaymentIntents.Confirm(*invoice.ProviderIntent, &stripe.PaymentIntentConfirmParams{PaymentMethod: stripe.String("pm_card_visa")})
	require.NoError(t, err)
	return invoice
}

// becomesPaid applies what is due until an invoice is paid.
func becomesPaid(t *testing.T, invoice string) {
	t.Helper()
	require.Eventually(t, func() bool {
		if _, err := running.Service.ProcessEvents(t.Context()); err != nil {
			return false
		}
		found, err := running.Store.Invoice(t.Context(), invoice)
		return err == nil && found.Status == "paid"
	}, time.Minute, 50*time.Millisecond)
	payments, err := running.Store.Payments(t.Context(), invoice)
	require.NoError(t, err)
	require.Len(t, payments, 2, "the decline and the owner's payment")
}

func sweep(t *testing.T) service.Swept {
	t.Helper()
	found, due, err := running.Service.SweepEvents(t.Context(), 0)
	require.NoError(t, err)
	require.True(t, due)
	return found
}

func TestTheSweepFindsWhatNoWebhookTold(t *testing.T) { //nolint:paralleltest // it looks for everybody's events
	invoice := paidUnseen(t)
	before := time.Now().Add(-time.Minute)
	found := sweep(t)
	require.Positive(t, found.New)
	require.True(t, found.ListedTo.After(before))
	require.Zero(t, sweep(t).New, "known by now")
	_, due, err := running.Service.SweepEvents(t.Context(), time.Hour)
	require.NoError(t, err)
	require.False(t, due, "another program has just done it")
	becomesPaid(t, invoice.ID)

	// The webhook comes after all, and changes nothing.
	list, err := running.Service.Events(t.Context(), service.EventFilter{Object: *invoice.ProviderIntent, Type: "payment_intent.succeeded"})
	require.NoError(t, err)
	require.NotEmpty(t, list.Data)
	for _, event := range list.Data {
		require.Equal(t, store.FromSweep, event.Source)
		kept, err := running.Service.Event(t.Context(), event.ID)
		require.NoError(t, err)
		require.NoError(t, running.Service.KeepEvent(t.Context(), kept.Payload))
		again, err := running.Service.ReplayEvent(t.Context(), event.ID)
		require.NoError(t, err)
		require.Equal(t, "ignored", again.Status)
		require.Contains(t, again.Note, "is paid already")
	}
	becomesPaid(t, invoice.ID)
}

// Even when the events are too old to be listed, the payment itself says how it stands.
func TestTheSweepAsksAboutOpenPayments(t *testing.T) { //nolint:paralleltest // it moves the sweep's position
	invoice := paidUnseen(t)
	none := store.EventSweep{Provider: "stripe", ListedTo: time.Now().AddDate(0, 0, 1), SweptAt: time.Now()}
	require.NoError(t, running.Store.SaveEventSweep(t.Context(), none))
	found := sweep(t)
	require.Zero(t, found.Listed)
	require.Positive(t, found.Asked)
	require.Positive(t, found.Moved)
	require.NoError(t, running.Store.SaveEventSweep(t.Context(), none))
	require.Zero(t, sweep(t).Moved, "known by now")
	becomesPaid(t, invoice.ID)
}

// A provider that fails keeps the position where it is: nothing is left out.
func TestAFailedSweepIsMadeUpFor(t *testing.T) { //nolint:paralleltest // it makes the provider fail for everybody
	sweep(t)
	from, err := running.Store.EventSweep(t.Context(), "stripe")
	require.NoError(t, err)
	require.NoError(t, sandbox.AddFault(t.Context(), running.Config.StripeURL, sandbox.Fault{Kind: sandbox.TooManyRequests, PathPrefix: "/v1/events"}))
	_, _, err = running.Service.SweepEvents(t.Context(), 0)
	require.ErrorContains(t, err, "list Stripe's events")
	after, err := running.Store.EventSweep(t.Context(), "stripe")
	require.NoError(t, err)
	require.Equal(t, from.ListedTo, after.ListedTo)
	sweep(t)
}

// told keeps an event of a payment and answers what became of it.
func told(t *testing.T, kind, intent, invoice string) store.InboundEvent {
	t.Helper()
	id := "evt_" + running.NewID()
	object, err := json.Marshal(map[string]any{"id": intent, "object": "payment_intent", "metadata": map[string]string{"invoice": invoice}})
	require.NoError(t, err)
	require.NoError(t, running.Service.KeepEvent(t.Context(), fmt.Appendf(nil,
		`{"id":%q,"type":%q,"created":%d,"data":{"object":%s}}`, id, kind, time.Now().Unix(), object)))
	got, err := running.Service.ReplayEvent(t.Context(), id)
	require.NoError(t, err)
	return got
}

// Money that came in and cannot be booked by itself is never passed over in silence.
func TestMoneyForNothingIsGivenUpLoudly(t *testing.T) {
	t.Parallel()
	id := running.Seller(t)
	running.Customer(t, startertest.NewCustomer(id, id+"-c"))
	started := running.Subscribe(t, service.NewSubscription{ID: id + "-s", Customer: id + "-c", Plan: id + "-pro"})
	invoice, err := running.Store.Invoice(t.Context(), started.Invoice.InvoiceID)
	require.NoError(t, err)
	require.Equal(t, "ignored", told(t, "payment_intent.succeeded", *invoice.ProviderIntent, invoice.ID).Status)
	require.Equal(t, "ignored", told(t, "payment_intent.created", *invoice.ProviderIntent, invoice.ID).Status)
	require.Equal(t, "ignored", told(t, "payment_intent.payment_failed", "pi_another", invoice.ID).Status)
	twice := told(t, "payment_intent.succeeded", "pi_another", invoice.ID)
	require.Equal(t, "given_up", twice.Status)
	require.Contains(t, twice.Error, "pi_another took money for invoice "+invoice.ID)
	given, err := running.Service.Events(t.Context(), service.EventFilter{Status: "given_up", Object: "pi_another"})
	require.NoError(t, err)
	require.NotEmpty(t, given.Data)
}

func TestOldEventsArePurged(t *testing.T) { //nolint:paralleltest // it purges everybody's events
	ended, waiting := told(t, "payment_intent.succeeded", "pi_x", ""), told(t, "payment_intent.succeeded", "pi_x", "inv_unknown")
	require.Equal(t, "ignored", ended.Status)
	require.Equal(t, "waiting", waiting.Status)
	require.Positive(t, running.Count(t, `WITH aged AS (UPDATE inbound_event SET received_at = now() - interval '60 days' WHERE id IN ($1, $2) RETURNING 1)
		SELECT COUNT(*) FROM aged`, ended.ID, waiting.ID))
	_, err := running.Service.PurgeEvents(t.Context(), time.Now().AddDate(0, 0, -34))
	requireKind(t, err, service.Invalid, "invalid_fields")
	n, err := running.Service.PurgeEvents(t.Context(), time.Now().AddDate(0, 0, -59))
	require.NoError(t, err)
	require.EqualValues(t, 1, n)
	_, err = running.Service.Event(t.Context(), ended.ID)
	requireKind(t, err, service.NotFound, "not_found")
	_, err = running.Service.Event(t.Context(), waiting.ID)
	require.NoError(t, err)
}

func TestEventsAreListedInPages(t *testing.T) {
	t.Parallel()
	object := "pi_" + running.NewID()
	var want []string
	for range 5 {
		want = append([]string{told(t, "payment_intent.succeeded", object, "").ID}, want...)
	}
	var got []string
	for after := ""; ; {
		list, err := running.Service.Events(t.Context(), service.EventFilter{Object: object, After: after, Limit: 2})
		require.NoError(t, err)
		for _, event := range list.Data {
			require.Nil(t, event.Payload)
			got = append(got, event.ID)
		}
		if after = list.Next; after == "" {
			break
		}
	}
	require.Equal(t, want, got)
	for _, wrong := range []service.EventFilter{{Status: "lost"}, {Provider: "paypal"}, {After: "a b"}, {Limit: 501}} {
		_, err := running.Service.Events(t.Context(), wrong)
		requireKind(t, err, service.Invalid, "invalid_fields")
	}
	for _, wrong := range []service.MailFilter{{Status: "lost"}, {After: "x"}, {Customer: "a b"}} {
		_, err := running.Service.Mails(t.Context(), wrong)
		requireKind(t, err, service.Invalid, "invalid_fields")
	}
}
