package stripe_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	stripego "github.com/stripe/stripe-go/v79"
	"github.com/stripe/stripe-go/v79/webhook"

	"github.com/perennial-billing/perennial/internal/sandbox"
)

// inbox is a webhook receiver that verifies every delivery with the real library.
type inbox struct {
	*httptest.Server
	events   []stripego.Event
	mu       sync.Mutex
	payloads []string
	problem  error
	refuse   int // answer 500 to this many deliveries first
	secret   string
	seen     []string // signatures
}

func newInbox(t *testing.T, b *bundle, kinds ...string) *inbox {
	in := &inbox{}
	in.Server = httptest.NewServer(http.HandlerFunc(in.receive))
	t.Cleanup(in.Close)
	params := &stripego.WebhookEndpointParams{URL: stripego.String(in.URL), EnabledEvents: stripego.StringSlice(kinds), APIVersion: stripego.String(stripego.APIVersion)}
	w, err := b.api.WebhookEndpoints.New(params)
	require.NoError(t, err)
	require.Regexp(t, `^whsec_`, w.Secret)
	in.secret = w.Secret
	shown, err := b.api.WebhookEndpoints.Get(w.ID, nil)
	require.NoError(t, err)
	require.Empty(t, shown.Secret)
	return in
}

func (in *inbox) receive(w http.ResponseWriter, r *http.Request) {
	payload, _ := io.ReadAll(r.Body)
	in.mu.Lock()
	defer in.mu.Unlock()
	header := r.Header.Get("Stripe-Signature")
	in.seen = append(in.seen, header)
	if in.refuse > 0 {
		in.refuse--
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	e, err := webhook.ConstructEvent(payload, header, in.secret)
	if err != nil {
		in.problem = err
	}
	in.events = append(in.events, e)
	in.payloads = append(in.payloads, string(payload))
}

func (in *inbox) wait(t *testing.T, n int) []stripego.Event {
	require.Eventually(t, func() bool {
		in.mu.Lock()
		defer in.mu.Unlock()
		return len(in.events) >= n
	}, 10*time.Second, 2*time.Millisecond)
	in.mu.Lock()
	defer in.mu.Unlock()
	require.NoError(t, in.problem)
	return in.events
}

func kindsOf(events []stripego.Event) (kinds []string) {
	for _, e := range events {
		kinds = append(kinds, string(e.Type))
	}
	return kinds
}

func TestWebhooksAreSignedAndInOrder(t *testing.T) {
	t.Parallel()
	b := setup(t)
	in := newInbox(t, b, "*")
	c, m := b.customerWith(t, "pm_card_visa")
	_, err := b.api.PaymentIntents.New(keyed(c.ID, m.ID, 2000, "charge:1"))
	require.NoError(t, err)
	events := in.wait(t, 5)
	require.Equal(t, []string{"customer.created", "payment_method.attached", "payment_intent.created", "charge.succeeded", "payment_intent.succeeded"}, kindsOf(events))
	last := events[4]
	require.Equal(t, "charge:1", last.Request.IdempotencyKey)
	require.Regexp(t, "^req_", last.Request.ID)
	require.Equal(t, "succeeded", last.Data.Object["status"])
	for i, payload := range in.payloads {
		_, listed := b.raw(t, http.MethodGet, "/v1/events/"+events[i].ID, "", nil)
		var sent map[string]any
		require.NoError(t, json.Unmarshal([]byte(payload), &sent))
		sent["pending_webhooks"] = listed["pending_webhooks"]
		require.Equal(t, listed, sent, "what is delivered is what the validator sees in the list")
	}

	require.Eventually(t, func() bool {
		e, err := b.api.Events.Get(last.ID, nil)
		return err == nil && e.PendingWebhooks == 0
	}, 5*time.Second, 2*time.Millisecond)
}

func TestDeliveryIsRepeatedUntilAccepted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	in := newInbox(t, b, "customer.created")
	in.mu.Lock()
	in.refuse = 2
	in.mu.Unlock()
	b.customer(t)
	b.customer(t)
	events := in.wait(t, 2)
	require.Len(t, events, 2)
	require.Len(t, in.seen, 4)
}

func TestUndeliveredEventsSurviveARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first, err := sandbox.Start(t.Context(), sandbox.Options{DataDir: dir})
	require.NoError(t, err)
	b := &bundle{Sandbox: first, api: clientFor(first.StripeURL(), sandbox.StripeKey), ctx: t.Context()}
	in := newInbox(t, b, "customer.created")
	in.mu.Lock()
	in.refuse = 1 << 30
	in.mu.Unlock()
	b.customer(t)
	require.NoError(t, first.Close())
	in.mu.Lock()
	in.refuse = 0
	in.mu.Unlock()
	setupIn(t, dir)
	require.Equal(t, []string{"customer.created"}, kindsOf(in.wait(t, 1)))
}

func TestEndpointsChooseAndStop(t *testing.T) {
	t.Parallel()
	b := setup(t)
	in := newInbox(t, b, "charge.failed")
	c := b.customer(t)
	for i := range 3 {
		_, err := b.api.PaymentIntents.New(keyed(c.ID, "pm_card_chargeCustomerFail", 2000, fmt.Sprint("charge:", i)))
		require.Error(t, err)
	}
	require.Equal(t, []string{"charge.failed", "charge.failed", "charge.failed"}, kindsOf(in.wait(t, 3)))

	it := b.api.WebhookEndpoints.List(&stripego.WebhookEndpointListParams{})
	require.True(t, it.Next())
	w, err := b.api.WebhookEndpoints.Update(it.WebhookEndpoint().ID, &stripego.WebhookEndpointParams{Disabled: stripego.Bool(true)})
	require.NoError(t, err)
	require.Equal(t, "disabled", w.Status)
	gone, err := b.api.WebhookEndpoints.Del(w.ID, nil)
	require.NoError(t, err)
	require.True(t, gone.Deleted)
}

func TestEventList(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, m := b.customerWith(t, "pm_card_visa")
	_, err := b.api.Customers.Update(c.ID, &stripego.CustomerParams{Name: stripego.String("Grace")})
	require.NoError(t, err)
	_, err = b.api.PaymentIntents.New(offSession(c.ID, m.ID, 2000, "usd"))
	require.NoError(t, err)
	list := func(params stripego.EventListParams) (events []stripego.Event) {
		it := b.api.Events.List(&params)
		for it.Next() {
			events = append(events, *it.Event())
		}
		require.NoError(t, it.Err())
		return events
	}
	updated := list(stripego.EventListParams{Type: stripego.String("customer.updated")})
	require.Len(t, updated, 1)
	require.Equal(t, "Ada", updated[0].Data.PreviousAttributes["name"])
	require.Len(t, list(stripego.EventListParams{Types: stripego.StringSlice([]string{"charge.succeeded", "customer.created"})}), 2)
	require.Len(t, list(stripego.EventListParams{}), 6)
}

func TestEventsAreListedByGroup(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, m := b.customerWith(t, "pm_card_visa")
	_, err := b.api.PaymentIntents.New(offSession(c.ID, m.ID, 2000, "usd"))
	require.NoError(t, err)
	for wanted, want := range map[string][]string{
		"payment_intent.*": {"payment_intent.succeeded", "payment_intent.created"}, "customer.created": {"customer.created"}, "charge.*": {"charge.succeeded"}, "payment_intent": nil, "invoice.*": nil,
	} {
		var got []string
		it := b.api.Events.List(&stripego.EventListParams{Type: &wanted, ListParams: stripego.ListParams{Limit: stripego.Int64(1)}})
		for it.Next() {
			got = append(got, string(it.Event().Type))
		}
		require.NoError(t, it.Err())
		require.Equal(t, want, got, wanted)
	}
	it := b.api.Events.List(&stripego.EventListParams{Types: stripego.StringSlice([]string{"charge.succeeded", "customer.created"})})
	count := 0
	for it.Next() {
		count++
	}
	require.NoError(t, it.Err())
	require.Equal(t, 2, count)
	many := &stripego.EventListParams{}
	for range 21 {
		many.Types = append(many.Types, stripego.String("charge.succeeded"))
	}
	it = b.api.Events.List(many)
	require.False(t, it.Next())
	require.Equal(t, "types", refusal(t, it.Err()).Param)
}
