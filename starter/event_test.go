package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/internal/sandbox"
)

// An operator finds a missed payment, reads the event and replays it.
func TestAnOperatorLooksForEvents(t *testing.T) {
	t.Parallel()
	id := addEntity(t)
	addCustomer(t, id, id+"-c", "--payment-method", "pm_card_visa")
	ok(t, "subscription", "create", "--id", id+"-s", "--customer", id+"-c", "--plan", id+"-pro")
	swept := decoded(t, ok(t, "event", "sweep", "--json"))
	require.Positive(t, swept["listed"])
	require.Contains(t, ok(t, "event", "sweep"), "events listed")

	event := fmt.Sprintf(`{"id":"evt_%s","type":"payment_intent.succeeded","created":%d,"data":{"object":{"id":"pi_%s","client_secret":"hidden"}}}`,
		id, time.Now().Unix(), id)
	require.NoError(t, running.Service.KeepEvent(t.Context(), []byte(event)))
	require.Contains(t, ok(t, "event", "replay", "evt_"+id), "not about one of our invoices")
	list := decoded(t, ok(t, "event", "list", "--object", "pi_"+id, "--json"))["data"].([]any)
	require.Len(t, list, 1)
	require.Regexp(t, `evt_`+id+`\s+payment_intent.succeeded\s+pi_`+id+`\s+webhook\s+ignored`, ok(t, "event", "list", "--object", "pi_"+id))
	shown := ok(t, "event", "show", "evt_"+id)
	require.Contains(t, shown, `"id": "pi_`+id+`"`)
	require.NotContains(t, shown, "hidden")
	require.Equal(t, exitRefused, starter(t, "event", "show", "evt_none").code)
	require.Equal(t, exitRefused, starter(t, "event", "replay", "evt_none").code)
	require.Contains(t, starter(t, "event", "purge", "--before", time.Now().Format(time.DateOnly)).err, "--before")
	require.Contains(t, ok(t, "event", "purge", "--before", "2020-01-01"), "0 events")
}

func TestAnOperatorSeesStoppedMail(t *testing.T) {
	t.Parallel()
	id := addEntity(t)
	addCustomer(t, id, id+"-c")
	ok(t, "subscription", "create", "--id", id+"-s", "--customer", id+"-c", "--plan", id+"-pro")
	require.Eventually(t, func() bool {
		mails, err := sandbox.Mailbox(t.Context(), running.Config.SendGridURL, id+"-c@example.com")
		return err == nil && len(mails) == 2
	}, time.Minute, 50*time.Millisecond)
	require.Contains(t, ok(t, "mail", "list", "--customer", id+"-c"), "receipt")
	bounce := fmt.Sprintf(`[{"event":"bounce","type":"bounce","email":"%s-c@example.com","reason":"550 no such user","timestamp":%d,"sg_event_id":"%s",
		"message_key":%q}]`, id, time.Now().Unix(), id, decoded(t, ok(t, "mail", "list", "--customer", id+"-c", "--json"))["data"].([]any)[0].(map[string]any)["message_key"])
	require.NoError(t, running.Service.KeepMailEvents(t.Context(), []byte(bounce)))
	require.Contains(t, ok(t, "event", "replay", "sg_"+id), "mail to its address is stopped")
	require.Contains(t, ok(t, "customer", "show", id+"-c"), "bounce: 550 no such user")
	ok(t, "subscription", "create", "--id", id+"-s2", "--customer", id+"-c", "--plan", id+"-pro")
	require.Eventually(t, func() bool {
		return len(decoded(t, ok(t, "mail", "list", "--customer", id+"-c", "--status", "suppressed", "--json"))["data"].([]any)) == 2
	}, time.Minute, 50*time.Millisecond)
	require.NotContains(t, ok(t, "customer", "set-email", id+"-c", id+"-new@example.com"), "bounce")
	require.Equal(t, exitRefused, starter(t, "customer", "set-email", id+"-c", "nobody").code)
}
