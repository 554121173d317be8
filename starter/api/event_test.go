package api_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v79"
	"golang.org/x/sync/errgroup"

	"github.com/perennial-billing/perennial/internal/store"
)

// tell sends an event to the API as Stripe would.
func tell(t *testing.T, payload string) {
	t.Helper()
	got := call(t, http.MethodPost, "/webhooks/stripe", payload, signed(payload, time.Now(), secret)...)
	require.Equal(t, http.StatusOK, got.status, string(got.body))
}

// ends waits for an event to leave the queue.
func ends(t *testing.T, id string) store.InboundEvent {
	t.Helper()
	var found store.InboundEvent
	require.Eventually(t, func() bool {
		var err error
		found, err = running.Service.Event(t.Context(), id)
		return err == nil && found.Status != store.EventWaiting
	}, 20*time.Second, 20*time.Millisecond, "%s waits", id)
	return found
}

// change runs a statement that returns the rows it changed.
func change(t *testing.T, statement string, args ...any) {
	t.Helper()
	require.Positive(t, running.Count(t, "WITH changed AS ("+statement+" RETURNING 1) SELECT COUNT(*) FROM changed", args...))
}

// early is an event about an invoice that does not exist yet.
func early(id, invoice string) string {
	return strings.Replace(event(id), `"metadata":{}`, fmt.Sprintf(`"metadata":{"invoice":%q}`, invoice), 1)
}

func TestEachSecretVerifies(t *testing.T) {
	t.Parallel()
	payload := event("evt_" + running.NewID())
	for with, want := range map[string]int{"whsec_retired": http.StatusOK, secret: http.StatusOK, "whsec_next": http.StatusBadRequest} {
		require.Equal(t, want, call(t, http.MethodPost, "/webhooks/stripe", payload, signed(payload, time.Now(), with)...).status, with)
	}
	for age, want := range map[time.Duration]int{
		6 * time.Minute: http.StatusBadRequest, 4 * time.Minute: http.StatusOK, -4 * time.Minute: http.StatusOK, -6 * time.Minute: http.StatusBadRequest,
	} {
		require.Equal(t, want, call(t, http.MethodPost, "/webhooks/stripe", payload, signed(payload, time.Now().Add(-age), secret)...).status, age)
	}
}

// Names, cards and client secrets stay with the provider; what Postgres cannot store does not keep an event out.
func TestOnlyWhatIsNeededIsKept(t *testing.T) {
	t.Parallel()
	id := "evt_" + running.NewID()
	tell(t, fmt.Sprintf(`{"id":%q,"object":"event","api_version":%q,"created":1767225600,"type":"payment_intent.payment_failed","data":{"object":{
		"id":"pi_x\u0000","object":"payment_intent","amount":1200,"amount_received":1e400000,"client_secret":"pi_x_secret_SECRET","receipt_email":"SECRET@example.com",
		"shipping":{"name":"SECRET"},"metadata":{"customer":"c-1","note":"SECRET"},
		"last_payment_error":{"code":"card_declined","message":"SECRET","payment_method":{"id":"pm_1","billing_details":{"name":"SECRET"},"card":{"last4":"SECRET"}}}},
		"previous_attributes":{"receipt_email":"SECRET"}}}`, id, stripe.APIVersion))
	kept := ends(t, id)
	require.NotContains(t, string(kept.Payload), "SECRET")
	require.JSONEq(t, fmt.Sprintf(`{"id":%q,"type":"payment_intent.payment_failed","api_version":%q,"created":1767225600,"livemode":false,"data":{"object":{
		"id":"pi_x","object":"payment_intent","amount":1200,"metadata":{"customer":"c-1"},
		"last_payment_error":{"code":"card_declined","payment_method":{"id":"pm_1"}}}}}`, id, stripe.APIVersion), string(kept.Payload))
	require.Equal(t, "pi_x", kept.ObjectID)
	require.Equal(t, "ignored", kept.Status)
}

func TestEventsOfOthersAreKeptAndIgnored(t *testing.T) {
	t.Parallel()
	for change, note := range map[[2]string]string{
		{`"created"`, `"account":"acct_other","created"`}:     "connected account",
		{`"created"`, `"livemode":true,"created"`}:            "live mode",
		{stripe.APIVersion, "2026-01-28.dahlia"}:              "not about one of our invoices", // read like every other
		{"payment_intent.succeeded", "customer.created"}:      "nothing follows",
		{"payment_intent.succeeded", "payment_intent.future"}: "nothing follows",
		{`"created":1767225600`, `"created":4102444800`}:      "not about one of our invoices",
	} {
		id := "evt_" + running.NewID()
		tell(t, strings.Replace(event(id), change[0], change[1], 1))
		got := ends(t, id)
		require.Equal(t, "ignored", got.Status, change)
		require.Contains(t, got.Note, note)
	}
	for name, wrong := range map[string][2]string{
		"a list": {`"object":{"id"`, `"object":[{"id"`}, "a year too far": {"1767225600", "253402300800"}, "a type of text": {"payment_intent.succeeded", "Payment Intent"},
		"no object": {`"data":{"object":{`, `"data":{"thing":{`}, "text for time": {"1767225600", `"now"`}, "an id of text": {`"id":"evt_`, `"id":"evt `},
	} {
		payload := strings.Replace(event("evt_"+running.NewID()), wrong[0], wrong[1], 1)
		got := call(t, http.MethodPost, "/webhooks/stripe", payload, signed(payload, time.Now(), secret)...)
		require.Equal(t, http.StatusBadRequest, got.status, name)
	}
}

// An event that is too early waits, with pauses that grow, does not hold up the others, is given up in the end and can be
// replayed by an operator.
func TestAnEarlyEventWaits(t *testing.T) {
	t.Parallel()
	stuck := "evt_" + running.NewID()
	for i := range 120 { // more than are looked at together
		tell(t, early(fmt.Sprintf("%s-%d", stuck, i), stuck+"-unknown"))
	}
	id := "evt_" + running.NewID()
	tell(t, event(id))
	require.Equal(t, "ignored", ends(t, id).Status)

	first := stuck + "-0"
	require.Eventually(t, func() bool {
		got, err := running.Service.Event(t.Context(), first)
		return err == nil && got.Tries >= 3
	}, 30*time.Second, 50*time.Millisecond)
	waiting, err := running.Service.Event(t.Context(), first)
	require.NoError(t, err)
	require.Equal(t, "waiting", waiting.Status)
	require.Contains(t, waiting.Error, "there is no invoice "+stuck+"-unknown yet")
	require.WithinDuration(t, waiting.ReceivedAt.Add(72*time.Hour), waiting.GiveUpAt, time.Second)

	change(t, `UPDATE inbound_event SET give_up_at = now(), next_try_at = now() WHERE id = $1`, first)
	given := ends(t, first)
	require.Equal(t, "given_up", given.Status)
	replayed, err := running.Service.ReplayEvent(t.Context(), first)
	require.NoError(t, err)
	require.Equal(t, "waiting", replayed.Status, "it gets its three days anew")
	require.WithinDuration(t, time.Now().Add(72*time.Hour), replayed.GiveUpAt, time.Minute)
	require.Less(t, replayed.Tries, given.Tries)
	change(t, `DELETE FROM inbound_event WHERE id LIKE $1 || '-%'`, stuck)
}

func TestOneEventInManyCopiesAtOnce(t *testing.T) {
	t.Parallel()
	id := "evt_" + running.NewID()
	payload := event(id)
	var group errgroup.Group
	for range 24 {
		group.Go(func() error {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/webhooks/stripe", strings.NewReader(payload))
			if err != nil {
				return err
			}
			req.Header.Set("Stripe-Signature", signed(payload, time.Now(), secret)[1])
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				return err
			}
			if res.StatusCode != http.StatusOK {
				err = fmt.Errorf("answered %d", res.StatusCode)
			}
			return errors.Join(err, res.Body.Close())
		})
	}
	require.NoError(t, group.Wait())
	require.Equal(t, 1, ends(t, id).Tries, "it is applied once")
	require.Equal(t, 1, running.Count(t, `SELECT COUNT(*) FROM inbound_event WHERE id = $1`, id))
}

// What breaks off on the way was not told.
func TestATruncatedEventIsNotStored(t *testing.T) {
	t.Parallel()
	id := "evt_" + running.NewID()
	payload := event(id)
	body := io.MultiReader(strings.NewReader(payload[:len(payload)/2]), iotest.ErrReader(errors.New("the line is cut")))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/webhooks/stripe", body)
	require.NoError(t, err)
	req.ContentLength = int64(len(payload))
	req.Header.Set("Stripe-Signature", signed(payload, time.Now(), secret)[1])
	res, err := http.DefaultClient.Do(req)
	if err == nil {
		require.Equal(t, http.StatusBadRequest, res.StatusCode)
		require.NoError(t, res.Body.Close())
	}
	half := payload[:len(payload)/2]
	require.Equal(t, http.StatusBadRequest, call(t, http.MethodPost, "/webhooks/stripe", half, signed(half, time.Now(), secret)...).status)
	require.Zero(t, running.Count(t, `SELECT COUNT(*) FROM inbound_event WHERE id = $1`, id))
}

// FuzzStripeWebhook sends anything: unsigned it is refused, signed it is stored once or refused, and nothing breaks.
func FuzzStripeWebhook(f *testing.F) {
	f.Add([]byte(event("evt_fuzz")), "t=1,v1=00")
	f.Add([]byte(early("evt_fuzz_early", "inv_none")), "t=1767225600,v1=,v1=ff,v0=1")
	f.Add([]byte(`{"id":"evt_fuzz2","type":"a.b","created":1e3,"data":{"object":{"metadata":[1],"status":{"a":"\u0000"},"amount":-0}}}`), ",,=")
	f.Add([]byte(`[]`), "t=99999999999999999999")
	f.Add([]byte(`{"id":"evt_fuzz3","type":"payment_intent.succeeded","data":{"object":{"id":{"a":1},"metadata":{"invoice":"x"},"amount":"x"}}}`), "")
	f.Fuzz(func(t *testing.T, body []byte, header string) {
		post := func(signature string) int {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "/webhooks/stripe", bytes.NewReader(body))
			require.NoError(t, err)
			req.Header["Stripe-Signature"] = []string{signature}
			recorder := httptest.NewRecorder()
			handler.ServeHTTP(recorder, req)
			return recorder.Code
		}
		require.Equal(t, http.StatusBadRequest, post(header))
		signature := signed(string(body), time.Now(), secret)[1]
		status := post(signature)
		require.Contains(t, []int{http.StatusOK, http.StatusBadRequest}, status, "%q", body)
		require.Equal(t, status, post(signature), "%q", body)
		if status == http.StatusBadRequest {
			return
		}
		var sent struct{ ID string }
		require.NoError(t, json.Unmarshal(body, &sent))
		kept, err := running.Service.ReplayEvent(t.Context(), sent.ID)
		require.NoError(t, err)
		require.NotContains(t, kept.Error, "panics")
	})
}
