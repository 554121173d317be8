package sendgrid_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/sendgrid/sendgrid-go/helpers/eventwebhook"
	"github.com/sendgrid/sendgrid-go/helpers/mail"
	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/internal/sandbox"
)

// heard is a call of the event webhook.
type heard struct {
	header http.Header
	body   []byte
}

// ear is somebody whom the webhook tells, and who answers with a status.
func ear(t *testing.T, status int) (url string, calls func() []heard) {
	t.Helper()
	received := make(chan heard, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		received <- heard{header: r.Header, body: body}
		w.WriteHeader(status)
	}))
	t.Cleanup(server.Close)
	return server.URL + "/webhooks/sendgrid", func() []heard {
		var all []heard
		for len(received) > 0 {
			all = append(all, <-received)
		}
		return all
	}
}

// The library verifies what the webhook tells, with the key that was answered.
func TestEventsAreSigned(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := start(t, dir)
	url, calls := ear(t, http.StatusOK)
	_, err := sandbox.SendMailEvent(t.Context(), s.SendGridURL(), sandbox.MailEvent{Event: "bounce", To: "ada@example.com"})
	require.ErrorContains(t, err, "404")
	res, err := send(t, s, sandbox.SendGridKey, mail.GetRequestBody(invoiceMail()), nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusAccepted, res.StatusCode)
	_, err = sandbox.SendMailEvent(t.Context(), s.SendGridURL(), sandbox.MailEvent{Event: "bounce", To: "ada@example.com"})
	require.ErrorContains(t, err, "PUT /_sandbox/event-webhook first")

	shown, err := sandbox.SetEventWebhook(t.Context(), s.SendGridURL(), url)
	require.NoError(t, err)
	again, err := sandbox.SetEventWebhook(t.Context(), s.SendGridURL(), url)
	require.NoError(t, err)
	require.Equal(t, shown, again)
	sent, err := sandbox.SendMailEvent(t.Context(), s.SendGridURL(), sandbox.MailEvent{Event: "bounce", To: "ada@example.com", Copies: 2})
	require.NoError(t, err)
	require.Equal(t, []int{200, 200}, sent.Answers)

	key, err := eventwebhook.ConvertPublicKeyBase64ToECDSA(shown)
	require.NoError(t, err)
	told := calls()
	require.Len(t, told, 2)
	for _, call := range told {
		signature, stamp := call.header.Get(eventwebhook.VerificationHTTPHeader), call.header.Get(eventwebhook.TimestampHTTPHeader)
		valid, err := eventwebhook.VerifySignature(key, call.body, signature, stamp)
		require.NoError(t, err)
		require.True(t, valid)
		var events []map[string]any
		require.NoError(t, json.Unmarshal(call.body, &events))
		require.Len(t, events, 1)
		require.Equal(t, sent.EventID, events[0]["sg_event_id"])
		require.Equal(t, "bounce", events[0]["event"])
		require.Equal(t, "bounce", events[0]["type"])
		require.Equal(t, "mail:in-42:receipt", events[0]["message_key"])
		require.Equal(t, "ada@example.com", events[0]["email"])
	}
	for _, wrong := range []sandbox.MailEvent{{Event: "lost", To: "ada@example.com"}, {Event: "bounce", To: "ada@example.com", Copies: 21}} {
		_, err := sandbox.SendMailEvent(t.Context(), s.SendGridURL(), wrong)
		require.ErrorContains(t, err, "400")
	}
	_, err = sandbox.SetEventWebhook(t.Context(), s.SendGridURL(), "nowhere")
	require.ErrorContains(t, err, "no address")

	require.NoError(t, s.Close())
	kept, err := sandbox.SetEventWebhook(t.Context(), start(t, dir).SendGridURL(), url)
	require.NoError(t, err)
	require.Equal(t, shown, kept, "the key outlives the process")
}
