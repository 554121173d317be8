package stripe

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
)

// event is Stripe's record that something happened.
type event struct {
	ID              string       `json:"id"`
	Object          string       `json:"object"`
	APIVersion      string       `json:"api_version"`
	Created         int64        `json:"created"`
	Data            eventData    `json:"data"`
	Livemode        bool         `json:"livemode"`
	PendingWebhooks int          `json:"pending_webhooks"`
	Request         eventRequest `json:"request"`
	Type            string       `json:"type"`
}

type eventData struct {
	Object             json.RawMessage            `json:"object"`
	PreviousAttributes map[string]json.RawMessage `json:"previous_attributes,omitempty"`
}

// eventRequest ties an event to the call that caused it; both are null for what happens by itself.
type eventRequest struct {
	ID             *string `json:"id"`
	IdempotencyKey *string `json:"idempotency_key"`
}

func (e *event) identity() (string, int64) { return e.ID, e.Created }

func (e *event) indexed() map[string]string { return map[string]string{"type": e.Type} }

var events = collection[*event]{name: "event", prefix: "evt_"}

func eventEndpoints() []endpoint {
	filters := spec{"delivery_success": boolean(), "type": filledText(), "types": list(text())}
	return []endpoint{
		get("/v1/events", datedPageSpec(filters), listEvents),
		get("/v1/events/{id}", nil, retrieve(events, "id")),
	}
}

func listEvents(r *call) (any, error) {
	types, kind := r.args.list("types"), r.args.text("type")
	if len(types) > 0 && r.args.has("type") {
		return nil, invalid("", "type", "You may only specify one of these parameters: type, types.")
	}
	if len(types) > maxEventTypes {
		return nil, invalid("", "types", "You may only specify up to %d types.", maxEventTypes)
	}
	byIndex := []string{"type"}
	if strings.Contains(kind, "*") {
		byIndex = nil
	}
	return events.list(r, func(e *event) bool {
		if r.args.has("delivery_success") && r.args.boolean("delivery_success") != (e.PendingWebhooks == 0) {
			return false
		}
		return (kind == "" || matchesType(kind, e.Type)) && (len(types) == 0 || slices.Contains(types, e.Type))
	}, byIndex...)
}

// maxEventTypes is how many types one list request can name.
const maxEventTypes = 20

// matchesType compares the type of an event with one that may end in a wildcard, such as "charge.*".
func matchesType(wanted, kind string) bool {
	group, wild := strings.CutSuffix(wanted, "*")
	return wanted == kind || (wild && strings.HasPrefix(kind, group))
}

// emit records an event about an object and queues its deliveries.
func (r *call) emit(kind string, object any, previous map[string]json.RawMessage) {
	e := &event{
		ID: newID(r, events), Object: "event", APIVersion: APIVersion, Created: r.now(), Type: kind,
		Data:    eventData{Object: encode(object), PreviousAttributes: previous},
		Request: eventRequest{ID: optional(r.requestID), IdempotencyKey: optional(r.key)},
	}
	webhookEndpoints.all(r.tx, func(w *webhookEndpoint) bool {
		if w.wants(kind) {
			if d, lost := spoil(r.tx, e); !lost {
				queueDelivery(r.tx, w.ID, d)
			}
			e.PendingWebhooks++
		}
		return true
	})
	events.put(r.tx, e)
	r.emitted = r.emitted || e.PendingWebhooks > 0
}

// snapshot remembers an object's top-level fields, to find out later what changed.
func snapshot(object any) map[string]json.RawMessage {
	var fields map[string]json.RawMessage
	decode(encode(object), &fields)
	return fields
}

// emitUpdate records an event with the previous values of the fields that changed. Nothing changed: no event.
func (r *call) emitUpdate(kind string, before map[string]json.RawMessage, object any) {
	previous := map[string]json.RawMessage{}
	for name, value := range snapshot(object) {
		if !reflect.DeepEqual(before[name], value) {
			previous[name] = before[name]
		}
	}
	if len(previous) > 0 {
		r.emit(kind, object, previous)
	}
}
