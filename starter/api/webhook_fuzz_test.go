package api_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// tolerance is how old or how far ahead a signature of Stripe's may be, and slack what passes while a test runs.
const (
	tolerance = 5 * time.Minute
	slack     = 10 * time.Second
)

// FuzzStripeSignature surrounds a signature that is right, of some instant, with anything: of an instant long ago or far ahead
// it is refused whatever surrounds it, so that a call that was overheard opens no door later. Nothing breaks.
func FuzzStripeSignature(f *testing.F) {
	for _, seed := range [][2]string{
		{"", ""}, {"v1=00,", ""}, {"", ",v1=00"}, {"", ",t=1767225600"}, {"t=1767225600,", ""}, {"v0=1,t=", ","}, {"t=0, ", " "}, {"", "\x00"}, {"=,", ",="},
	} {
		for _, seconds := range []int64{0, 240, -240, 320, -320, 86400, -86400 * 365, 1 << 40} {
			f.Add(seed[0], seed[1], seconds)
		}
	}
	payload := event("evt_fuzz_signature")
	f.Fuzz(func(t *testing.T, before, after string, seconds int64) {
		const farthest = 1 << 40 // the signature's time is a number of seconds, and not of nanoseconds
		seconds = min(max(seconds, -farthest), farthest)
		signature := signed(payload, time.Unix(time.Now().Unix()+seconds, 0), secret)[1]
		req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/webhooks/stripe", strings.NewReader(payload))
		req.Header["Stripe-Signature"] = []string{before + signature + after}
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, req)
		off := time.Duration(min(max(seconds, -1e6), 1e6)) * time.Second
		switch {
		case off.Abs() > tolerance+slack:
			require.Equal(t, http.StatusBadRequest, recorder.Code, "%q %q", before, after)
		case before+after == "" && off.Abs() < tolerance-slack:
			require.Equal(t, http.StatusOK, recorder.Code, recorder.Body.String())
		default:
			require.Contains(t, []int{http.StatusOK, http.StatusBadRequest}, recorder.Code)
		}
	})
}

// FuzzSendGridSignature takes what was signed apart in another way: SendGrid signs the time and the body without anything
// between them. Nothing but what was sent is taken in.
func FuzzSendGridSignature(f *testing.F) {
	f.Add(0, uint(0), byte(0))
	f.Add(1, uint(0), byte(0))
	f.Add(-1, uint(0), byte(0))
	f.Add(-9, uint(3), byte(1))
	f.Add(0, uint(20), byte(0x80))
	const body = `[{"event":"open","sg_event_id":"fuzz-signature","timestamp":1767225600}]`
	door, key := mailDoor(f)
	f.Fuzz(func(t *testing.T, shift int, place uint, change byte) {
		stamp := strconv.FormatInt(time.Now().Unix(), 10)
		signature := []byte(signedMail(t, key, []byte(body), stamp))
		signature[place%uint(len(signature))] ^= change
		sent := stamp + body
		cut := min(max(len(stamp)+shift%len(sent), 0), len(sent))
		status := postMail(t, door, []byte(sent[cut:]), string(signature), sent[:cut])
		switch {
		case cut != len(stamp):
			require.Equal(t, http.StatusBadRequest, status, "%q", sent[:cut])
		case change == 0:
			require.Equal(t, http.StatusOK, status)
		default: // another way to write the same signature opens the same door
			require.Contains(t, []int{http.StatusOK, http.StatusBadRequest}, status)
		}
	})
}

// FuzzSendGridWebhook sends anything: with a wrong signature it is refused, with a right one stored once or refused. A signature is
// another each time, so that the fuzzer cannot make an input smaller: run it with -fuzzminimizetime 1x.
func FuzzSendGridWebhook(f *testing.F) {
	f.Add([]byte(`[{"event":"bounce","type":"bounce","email":"a@example.com","sg_event_id":"fuzz","timestamp":1767225600,"message_key":"mail:x:invoice"}]`), "MEUCIQ==", "1767225600")
	f.Add([]byte(`[{"event":"dropped","reason":"\u0000 address","sg_event_id":"\u0000","timestamp":1,"message_key":1}]`), "", "")
	f.Add([]byte(`[null,{"event":"open","timestamp":1e9}]`), "MAYCAQECAQE=", "x")
	f.Add([]byte(`{"event":"open"}`), "%", "-1")
	door, key := mailDoor(f)
	f.Fuzz(func(t *testing.T, body []byte, signature, stamp string) {
		require.Equal(t, http.StatusBadRequest, postMail(t, door, body, signature, stamp))
		now := strconv.FormatInt(time.Now().Unix(), 10)
		status := postMail(t, door, body, signedMail(t, key, body, now), now)
		require.Contains(t, []int{http.StatusOK, http.StatusBadRequest}, status, "%q", body)
		require.Equal(t, status, postMail(t, door, body, signedMail(t, key, body, now), now), "%q", body)
		require.Zero(t, running.Count(t, `SELECT COUNT(*) FROM inbound_event WHERE error LIKE '%panics%'`))
	})
}
