package control

import (
	"context"
	"net/http"
)

// EventWebhook is where the SendGrid side tells what became of mail.
type EventWebhook struct {
	URL string `json:"url"`
	// PublicKey verifies what is told: base64 of its PKIX form, as SendGrid shows it. It is answered, not sent.
	PublicKey string `json:"public_key,omitempty"`
}

// MailEvent makes something happen to the newest message to an address, and has the event webhook told.
type MailEvent struct {
	// Event is SendGrid's name of it: processed, deferred, delivered, bounce, dropped, spamreport, open or unsubscribe; and
	// blocked for a bounce of that type.
	Event string `json:"event"`
	To    string `json:"to,omitempty"`
	// MessageKey chooses the message by its custom argument instead of the newest.
	MessageKey string `json:"message_key,omitempty"`
	Reason     string `json:"reason,omitempty"` // of a bounce, block, drop or deferral; empty: a usual one
	Copies     int    `json:"copies,omitempty"` // how often the same event is told; 0 means 1
}

// MailEventSent says what was told, and how each telling was answered (HTTP status).
type MailEventSent struct {
	EventID string `json:"event_id"`
	Answers []int  `json:"answers"`
}

// SetEventWebhook has the SendGrid side at sendGridURL tell address of events, and returns the key that verifies them.
func SetEventWebhook(ctx context.Context, sendGridURL, address string) (publicKey string, err error) {
	var set EventWebhook
	err = call(ctx, http.MethodPut, sendGridURL+"/_sandbox/event-webhook", EventWebhook{URL: address}, &set)
	return set.PublicKey, err
}

// SendMailEvent makes something happen to a message that was accepted at sendGridURL.
func SendMailEvent(ctx context.Context, sendGridURL string, e MailEvent) (MailEventSent, error) {
	var sent MailEventSent
	err := call(ctx, http.MethodPost, sendGridURL+"/_sandbox/events", e, &sent)
	return sent, err
}
