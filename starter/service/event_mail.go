package service

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/perennial-billing/perennial/internal/store"
)

// mailEvent is what is kept of SendGrid's report on a message. The address is needed to know whether it is still the
// customer's; where somebody read the mail, and with what, is nobody's business.
type mailEvent struct {
	Event      string `json:"event"`
	Type       string `json:"type,omitempty"` // of a bounce: bounce or blocked
	Email      string `json:"email,omitempty"`
	MessageKey string `json:"message_key,omitempty"` // our custom argument
	MessageID  string `json:"sg_message_id,omitempty"`
	EventID    string `json:"sg_event_id,omitempty"`
	Reason     string `json:"reason,omitempty"`
	Status     string `json:"status,omitempty"`
	Timestamp  int64  `json:"timestamp"` // unix seconds
}

// KeepMailEvents stores the events of one call of SendGrid's, whose signature was verified: all of them or, after an error,
// none. Storing one again changes nothing. An Invalid error says that they are no events.
func (s *Service) KeepMailEvents(ctx context.Context, payload []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(payload))
	decoder.UseNumber()
	var reports []map[string]any
	if err := decoder.Decode(&reports); err != nil {
		return invalid("body", "is not a list of events: %s", err)
	}
	rows := make([]store.InboundEvent, len(reports))
	for i, report := range reports {
		row, err := keptMail(report)
		if err != nil {
			return invalid(fmt.Sprintf("[%d]", i), "%s", err)
		}
		rows[i] = row
	}
	return s.store.Tx(ctx, func(tx store.Tx) error {
		for _, row := range rows {
			if _, err := tx.AddInboundEvent(ctx, row); err != nil {
				return err
			}
		}
		return nil
	})
}

func keptMail(report map[string]any) (store.InboundEvent, error) {
	text := func(name string) string {
		value, _ := report[name].(string)
		return cleaned(value)
	}
	event := mailEvent{
		Event: text("event"), Type: text("type"), Email: text("email"), MessageKey: text("message_key"), MessageID: text("sg_message_id"),
		EventID: text("sg_event_id"), Reason: text("reason"), Status: text("status"),
	}
	number, _ := report["timestamp"].(json.Number)
	var err error
	if event.Timestamp, err = number.Int64(); err != nil || event.Timestamp < 0 || event.Timestamp > latestEvent {
		return store.InboundEvent{}, fmt.Errorf("timestamp: %.60q is not a time in unix seconds", number.String())
	}
	if !eventTypePattern.MatchString(event.Event) {
		return store.InboundEvent{}, fmt.Errorf("event: %.60q is not a kind of event", event.Event)
	}
	kept, err := json.Marshal(event)
	if err != nil {
		return store.InboundEvent{}, fmt.Errorf("keep event: %w", err)
	}
	id := event.EventID
	if !eventIDPattern.MatchString(id) { // none, or nothing to name a row with: its content is its identity
		sum := sha256.Sum256(kept)
		id = hex.EncodeToString(sum[:])
	}
	return store.InboundEvent{
		ID: "sg_" + id, Provider: providerSendGrid, Type: event.Event, ObjectID: event.MessageKey, Source: store.FromWebhook,
		OccurredAt: time.Unix(event.Timestamp, 0).UTC(), Payload: kept,
	}, nil
}

// delivery is the stage that an event reports, and whether it says that the address is dead; empty for what does not
// concern the message's way. A block is for today: a full mailbox, a server that distrusts the sender.
func (e mailEvent) delivery() (stage, dead string) {
	switch e.Event {
	case "processed", "deferred", "delivered":
		return e.Event, ""
	case "bounce":
		if e.Type == "blocked" {
			return "blocked", ""
		}
		return "bounced", "bounce"
	case "dropped":
		if e.dropsAddress() {
			return "dropped", "dropped"
		}
		return "dropped", ""
	case "spamreport":
		return "spam_report", "spam_report"
	}
	return "", ""
}

// dropsAddress tells the drops because of the address (Bounced Address, Unsubscribed Address, Spam Reporting Address,
// Invalid) from those because of the message or the account (Spam Content, Recipient List over Package Quota).
func (e mailEvent) dropsAddress() bool {
	reason := strings.ToLower(strings.TrimSpace(e.Reason))
	return strings.HasSuffix(reason, " address") || reason == "invalid"
}

// applyMail notes on the message what became of it. An address that is dead gets no more mail until it is set anew.
func (s *Service) applyMail(ctx context.Context, kept store.InboundEvent) (verdict, error) {
	var event mailEvent
	if err := json.Unmarshal(kept.Payload, &event); err != nil {
		return hopeless("what is kept of it cannot be read: %s", err), nil
	}
	stage, dead := event.delivery()
	switch {
	case stage == "":
		return ignored("nothing follows from %s", kept.Type), nil
	case event.MessageKey == "":
		return ignored("it is about no message of ours: it has no message_key"), nil
	}
	message, err := s.store.MailByKey(ctx, event.MessageKey)
	if errors.Is(err, store.ErrNotFound) { // a message is recorded before it is sent, so that this is somebody else's
		return ignored("there is no message %.60q", event.MessageKey), nil
	}
	if err != nil {
		return verdict{}, err
	}
	stopped := int64(0)
	err = s.store.Tx(ctx, func(tx store.Tx) error {
		id, _, _ := strings.Cut(event.MessageID, ".")
		if err := tx.NoteDelivery(ctx, message.MessageKey, stage, id, event.Reason, kept.OccurredAt); err != nil || dead == "" {
			return err
		}
		var err error
		stopped, err = tx.SuppressMail(ctx, store.MailSuppression{
			Email: event.Email, Reason: dead, Detail: event.Reason, EventID: kept.ID, At: kept.OccurredAt,
		})
		return err
	})
	if stopped > 0 {
		return applied("message %s: %s; mail to its address is stopped", message.MessageKey, stage), err
	}
	return applied("message %s: %s", message.MessageKey, stage), err
}
