package api_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/sendgrid/sendgrid-go/helpers/eventwebhook"
	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/internal/sandbox"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/api"
	"github.com/perennial-billing/perennial/starter/service"
	"github.com/perennial-billing/perennial/starter/startertest"
)

// reader is a customer who gets mail.
type reader struct {
	t  *testing.T
	id string // of the seller; the customer's ends in -c
}

func newReader(t *testing.T) reader {
	t.Helper()
	r := reader{t: t, id: running.Seller(t)}
	running.Customer(t, startertest.NewCustomer(r.id, r.id+"-c"))
	return r
}

func (r reader) address() string { return r.id + "-c@example.com" }

// buy causes mail, and waits for what becomes of it: none of it is left in the queue.
func (r reader) buy(name string) {
	r.t.Helper()
	running.Subscribe(r.t, service.NewSubscription{ID: r.id + "-" + name, Customer: r.id + "-c", Plan: r.id + "-pro"})
	require.Eventually(r.t, func() bool {
		for _, m := range r.mails() {
			if m.Status == "pending" || m.Status == "sending" {
				return false
			}
		}
		return true
	}, 20*time.Second, 20*time.Millisecond)
}

// mails are the customer's messages, newest first.
func (r reader) mails() []store.QueuedMail {
	r.t.Helper()
	list, err := running.Service.Mails(r.t.Context(), service.MailFilter{Customer: r.id + "-c"})
	require.NoError(r.t, err)
	return list.Data
}

// happens has the sandbox tell of a message, and returns the event when it has been dealt with.
func (r reader) happens(e sandbox.MailEvent) store.InboundEvent {
	r.t.Helper()
	sent, err := sandbox.SendMailEvent(r.t.Context(), running.Config.SendGridURL, e)
	require.NoError(r.t, err)
	require.Len(r.t, sent.Answers, max(1, e.Copies))
	for _, answer := range sent.Answers {
		require.Equal(r.t, http.StatusOK, answer)
	}
	return ends(r.t, "sg_"+sent.EventID)
}

func (r reader) customer() service.Customer {
	r.t.Helper()
	found, err := running.Service.Customer(r.t.Context(), r.id+"-c")
	require.NoError(r.t, err)
	return found
}

// A bounce stops mail to the address, however often and in whatever order it is told, until the address is set anew.
func TestABounceStopsMailUntilTheAddressIsSet(t *testing.T) {
	t.Parallel()
	r := newReader(t)
	r.buy("1")
	key := r.mails()[0].MessageKey
	require.Equal(t, "applied", r.happens(sandbox.MailEvent{Event: "bounce", MessageKey: key, To: r.address(), Copies: 3}).Status)
	for _, late := range []string{"delivered", "processed", "deferred"} {
		r.happens(sandbox.MailEvent{Event: late, MessageKey: key, To: r.address()})
	}
	bounced := r.mails()[0]
	require.Equal(t, "bounced", bounced.Delivery)
	require.Equal(t, "sent", bounced.Status)
	require.Contains(t, bounced.Error, "does not exist")
	stopped := r.customer().MailSuppression
	require.NotNil(t, stopped)
	require.Equal(t, "bounce", stopped.Reason)
	require.Equal(t, r.address(), stopped.Email)
	require.WithinDuration(t, time.Now(), stopped.At, time.Minute)
	require.Equal(t, 1, running.Count(t, `SELECT COUNT(*) FROM mail_suppression WHERE customer_id = $1`, r.id+"-c"))

	sent := len(r.mails())
	r.buy("2")
	require.Greater(t, len(r.mails()), sent)
	for _, m := range r.mails()[:len(r.mails())-sent] {
		require.Equal(t, "suppressed", m.Status, m.MessageKey)
		require.Contains(t, m.Error, "bounce: 550")
	}
	arrived, err := sandbox.Mailbox(t.Context(), running.Config.SendGridURL, r.address())
	require.NoError(t, err)
	require.Len(t, arrived, sent)

	put := call(t, http.MethodPut, fill(r.id, "/v1/customers/$-c/email"), fill(r.id, `{"email":"$-new@example.com"}`))
	require.Equal(t, http.StatusOK, put.status, string(put.body))
	require.NotContains(t, put.json(t), "mail_suppression")
	require.Equal(t, "applied", r.happens(sandbox.MailEvent{Event: "bounce", MessageKey: key, To: r.address()}).Status)
	require.Nil(t, r.customer().MailSuppression, "the dead address is the customer's no more")
	r.buy("3")
	arrived, err = sandbox.Mailbox(t.Context(), running.Config.SendGridURL, r.id+"-new@example.com")
	require.NoError(t, err)
	require.NotEmpty(t, arrived)

	for _, wrong := range []string{"", "nobody", "a@b@c", "Erika <erika@example.com>"} {
		require.Equal(t, http.StatusBadRequest, call(t, http.MethodPut, fill(r.id, "/v1/customers/$-c/email"), map[string]string{"email": wrong}).status, wrong)
	}
	require.Equal(t, http.StatusNotFound, call(t, http.MethodPut, "/v1/customers/nobody/email", `{"email":"a@example.com"}`).status)
}

func TestWhatStopsMailAndWhatDoesNot(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		event    sandbox.MailEvent
		delivery string
		reason   string // of the suppression; empty: there is none
	}{
		"complaint":     {sandbox.MailEvent{Event: "spamreport"}, "spam_report", "spam_report"},
		"dropped":       {sandbox.MailEvent{Event: "dropped"}, "dropped", "dropped"},
		"invalid":       {sandbox.MailEvent{Event: "dropped", Reason: "Invalid"}, "dropped", "dropped"},
		"spam content":  {sandbox.MailEvent{Event: "dropped", Reason: "Spam Content (if spam checker app enabled)"}, "dropped", ""},
		"blocked":       {sandbox.MailEvent{Event: "blocked"}, "blocked", ""},
		"delivered":     {sandbox.MailEvent{Event: "delivered"}, "delivered", ""},
		"deferred":      {sandbox.MailEvent{Event: "deferred"}, "deferred", ""},
		"open":          {sandbox.MailEvent{Event: "open"}, "", ""},
		"unsubscribed":  {sandbox.MailEvent{Event: "unsubscribe"}, "", ""},
		"not of ours":   {sandbox.MailEvent{Event: "bounce", To: "-other@example.com"}, "", ""},
		"other's again": {sandbox.MailEvent{Event: "spamreport", To: "-other@example.com"}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newReader(t)
			r.buy("1")
			if test.event.To != "" { // somebody else's mail through the same account
				test.event.To = r.id + test.event.To
				r.sendElsewhere(test.event.To)
			} else {
				test.event.To, test.event.MessageKey = r.address(), r.mails()[0].MessageKey
			}
			r.happens(test.event)
			require.Equal(t, test.delivery, r.mails()[0].Delivery)
			stopped := r.customer().MailSuppression
			if test.reason == "" {
				require.Nil(t, stopped)
				return
			}
			require.Equal(t, test.reason, stopped.Reason)
		})
	}
}

// sendElsewhere sends a mail that is not of the outbox.
func (r reader) sendElsewhere(to string) {
	r.t.Helper()
	body := fmt.Sprintf(`{"personalizations":[{"to":[{"email":%q}]}],"from":{"email":"a@example.com"},"subject":"x","content":[{"type":"text/plain","value":"x"}]}`, to)
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, running.Config.SendGridURL+"/v3/mail/send", bytes.NewReader([]byte(body)))
	require.NoError(r.t, err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+sandbox.SendGridKey)
	res, err := http.DefaultClient.Do(req)
	require.NoError(r.t, err)
	require.NoError(r.t, res.Body.Close())
	require.Equal(r.t, http.StatusAccepted, res.StatusCode)
}

// A message whose answer was lost may have arrived. A report on it proves that it did.
func TestAnUncertainMessageIsResolvedByAnEvent(t *testing.T) { //nolint:paralleltest // it makes the next mail of anybody uncertain
	r := newReader(t)
	require.NoError(t, sandbox.AddFault(t.Context(), running.Config.SendGridURL, sandbox.Fault{Kind: sandbox.DropAfterCommit}))
	r.buy("1")
	var uncertain []string
	for _, m := range r.mails() {
		if m.Status == "uncertain" {
			uncertain = append(uncertain, m.MessageKey)
		}
	}
	require.Len(t, uncertain, 1)
	r.happens(sandbox.MailEvent{Event: "delivered", MessageKey: uncertain[0], To: r.address()})
	for _, m := range r.mails() {
		require.Equal(t, "sent", m.Status)
		if m.MessageKey == uncertain[0] {
			require.Equal(t, "delivered", m.Delivery)
			require.NotEmpty(t, m.ProviderID)
			require.Empty(t, m.Error)
		}
	}
}

// signedMail signs as SendGrid does.
func signedMail(t *testing.T, key *ecdsa.PrivateKey, body []byte, stamp string) string {
	t.Helper()
	digest := sha256.Sum256(append([]byte(stamp), body...))
	signature, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
	require.NoError(t, err)
	return base64.StdEncoding.EncodeToString(signature)
}

func mailDoor(t testing.TB) (*api.API, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	retired, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return api.New(api.Options{Service: running.Service, MailKeys: []*ecdsa.PublicKey{&retired.PublicKey, &key.PublicKey}}), key
}

func postMail(t *testing.T, door *api.API, body []byte, signature, stamp string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "/webhooks/sendgrid", bytes.NewReader(body))
	require.NoError(t, err)
	req.Header.Set(eventwebhook.VerificationHTTPHeader, signature)
	req.Header.Set(eventwebhook.TimestampHTTPHeader, stamp)
	recorder := httptest.NewRecorder()
	door.ServeHTTP(recorder, req)
	return recorder.Code
}

func TestMailEventsAreVerified(t *testing.T) {
	t.Parallel()
	door, key := mailDoor(t)
	stranger, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	id := running.NewID()
	body := fmt.Appendf(nil, `[{"event":"delivered","sg_event_id":%q,"timestamp":1767225600},{"event":"open","sg_event_id":"%s-2","timestamp":1767225600}]`, id, id)
	at := func(ago time.Duration) string { return strconv.FormatInt(time.Now().Add(-ago).Unix(), 10) }
	kept := func() int {
		return running.Count(t, `SELECT COUNT(*) FROM inbound_event WHERE id LIKE 'sg_' || $1 || '%'`, id)
	}
	for name, refused := range map[string][2]string{
		"unsigned":       {"", at(0)},
		"no time":        {signedMail(t, key, body, ""), ""},
		"forged":         {signedMail(t, stranger, body, at(0)), at(0)},
		"other's":        {signedMail(t, key, []byte("[]"), at(0)), at(0)},
		"another time":   {signedMail(t, key, body, at(time.Hour)), at(0)},
		"old":            {signedMail(t, key, body, at(26*time.Hour)), at(26 * time.Hour)},
		"of the future":  {signedMail(t, key, body, at(-time.Hour)), at(-time.Hour)},
		"no time at all": {signedMail(t, key, body, "now"), "now"},
		"no signature":   {"MEUCIQ==", at(0)},
		"no base64":      {"%%%", at(0)},
	} {
		require.Equal(t, http.StatusBadRequest, postMail(t, door, body, refused[0], refused[1]), name)
	}
	require.Zero(t, kept())
	for range 3 {
		require.Equal(t, http.StatusOK, postMail(t, door, body, signedMail(t, key, body, at(23*time.Hour)), at(23*time.Hour)))
	}
	require.Equal(t, 2, kept())
	bad := fmt.Appendf(nil, `[{"event":"open","sg_event_id":"%s-3","timestamp":1},{"event":"open"}]`, id)
	require.Equal(t, http.StatusBadRequest, postMail(t, door, bad, signedMail(t, key, bad, at(0)), at(0)))
	require.Equal(t, 2, kept(), "all of a call or nothing")
	recorder := newRecorder(t, api.New(api.Options{Service: running.Service}), "/webhooks/sendgrid")
	require.Equal(t, http.StatusServiceUnavailable, recorder.Code)
	require.Contains(t, recorder.Body.String(), "SENDGRID_WEBHOOK_KEY")
}

func TestMailKeysAreChecked(t *testing.T) {
	t.Parallel()
	const rsa = "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAKj34GkxFhD90vcNLYLInFEX6Ppy1tPf9Cnzj4p4WGeKLs1Pt8QuKUpRKfFLfRYC9AIKjbJTWit+CqvjWYzvQwECAwEAAQ=="
	for _, wrong := range []string{"", "%", "AAAA", rsa} {
		_, err := api.MailKeys([]string{wrong})
		require.ErrorContains(t, err, "SENDGRID_WEBHOOK_KEY", wrong)
	}
}
