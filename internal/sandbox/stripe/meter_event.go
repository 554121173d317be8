package stripe

import (
	"strconv"
	"strings"
	"time"

	"github.com/perennial-billing/perennial/internal/sandbox/form"
)

// meterEvent is Stripe's receipt of usage.
type meterEvent struct {
	Object     string            `json:"object"`
	Created    int64             `json:"created"`
	EventName  string            `json:"event_name"`
	Identifier string            `json:"identifier"`
	Livemode   bool              `json:"livemode"`
	Payload    map[string]string `json:"payload"`
	Timestamp  int64             `json:"timestamp"`
}

// meterUsage is what the sandbox remembers of an event: identifiers may come again after a day.
type meterUsage struct {
	Cancelled  bool   `json:"cancelled"`
	Created    int64  `json:"created"`
	Customer   string `json:"customer"`
	EventName  string `json:"event_name"`
	ID         string `json:"id"`
	Identifier string `json:"identifier"`
	Meter      string `json:"meter"`
	Timestamp  int64  `json:"timestamp"`
	Value      int64  `json:"value"`
}

type meterEventAdjustment struct {
	Object    string             `json:"object"`
	Cancel    *meterCancellation `json:"cancel"`
	EventName string             `json:"event_name"`
	Livemode  bool               `json:"livemode"`
	Status    string             `json:"status"`
	Type      string             `json:"type"`
}

type meterCancellation struct {
	Identifier string `json:"identifier"`
}

// When usage can be reported and taken back (docs.stripe.com/api/billing/meter-event/create). Days are calendar days
// of UTC.
const (
	meterEventAge    = 35 // days
	meterEventAhead  = 5 * time.Minute
	identifierUnique = 24 * time.Hour
	meterCancelLimit = 24 * time.Hour
)

func (u *meterUsage) identity() (string, int64) { return u.ID, u.Created }

func (u *meterUsage) indexed() map[string]string {
	return map[string]string{"identifier": u.Identifier, "meter_customer": u.Meter + "/" + u.Customer}
}

var meterUsages = collection[*meterUsage]{name: "meter event", prefix: "mevt_"}

func meterEventSpec() spec {
	return spec{
		"event_name": required(param{filled: true, maxChars: maxEventName}), "identifier": param{filled: true, maxChars: maxEventName},
		"payload": required(anyFields()), "timestamp": integer(),
	}
}

func adjustmentSpec() spec {
	return spec{
		"cancel":     hash(spec{"identifier": param{filled: true, maxChars: maxEventName}}),
		"event_name": required(param{filled: true, maxChars: maxEventName}), "type": required(enum("cancel")),
	}
}

// createMeterEvent tells at once what Stripe's asynchronous validation would find out: at this API version it has no
// event to report it with.
func createMeterEvent(r *call) (any, error) {
	e := &meterEvent{Object: "billing.meter_event", Created: r.now(), EventName: r.args.text("event_name"), Identifier: r.args.text("identifier"), Payload: map[string]string{}, Timestamp: r.now()}
	if r.args.has("timestamp") {
		e.Timestamp = r.args.integer("timestamp")
	}
	for key, value := range r.args.field("payload").Fields {
		if value.Kind != form.Text {
			return nil, invalid("", join("payload", key), "Invalid string: %s must be a single value", join("payload", key))
		}
		e.Payload[key] = value.Text
	}
	u := &meterUsage{ID: newID(r, meterUsages), Created: e.Created, EventName: e.EventName, Timestamp: e.Timestamp}
	if e.Identifier == "" {
		e.Identifier = derive(idChars, "meter event", u.ID)
	}
	u.Identifier = e.Identifier
	if err := r.checkTimestamp(e.Timestamp); err != nil {
		return nil, err
	}
	if err := r.meterUsage(e, u); err != nil {
		return nil, err
	}
	if last := r.lastUsage(u.Identifier); last != nil && r.asOf.Sub(time.Unix(last.Created, 0)) < identifierUnique {
		return nil, refused("", "", "An event already exists with identifier %s.", u.Identifier)
	}
	meterUsages.put(r.tx, u)
	return e, nil
}

func (r *call) checkTimestamp(timestamp int64) error {
	oldest := r.asOf.UTC().Truncate(24*time.Hour).AddDate(0, 0, -meterEventAge)
	switch {
	case timestamp < oldest.Unix():
		return invalid("", "timestamp", "The timestamp must be within the past %d calendar days.", meterEventAge)
	case timestamp > r.asOf.Add(meterEventAhead).Unix():
		return invalid("", "timestamp", "The timestamp must be at most 5 minutes in the future.")
	}
	return nil
}

// meterUsage finds whose usage an event is, of which meter, and how much.
func (r *call) meterUsage(e *meterEvent, u *meterUsage) error {
	m, found := r.meterOf(e.EventName)
	switch {
	case !found:
		return refused("resource_missing", "event_name", "No meter was found matching event_name %s.", e.EventName)
	case m.Status != meterActive:
		return refused("", "event_name", "The meter matching event_name %s is inactive: reactivate it with POST /v1/billing/meters/%s/reactivate.", e.EventName, m.ID)
	}
	key := m.CustomerMapping.EventPayloadKey
	if e.Payload[key] == "" {
		return invalid("parameter_missing", "payload["+key+"]", "Customer mapping key %s not found in payload.", key)
	}
	c, err := r.liveCustomer(e.Payload[key], "payload["+key+"]")
	if err != nil {
		return err
	}
	u.Meter, u.Customer = m.ID, c.ID
	if m.DefaultAggregate.Formula == countFormula {
		return nil
	}
	key = m.ValueSettings.EventPayloadKey
	written, given := e.Payload[key]
	if !given {
		return invalid("parameter_missing", "payload["+key+"]", "Value key %s not found in payload.", key)
	}
	if u.Value, err = strconv.ParseInt(strings.TrimSpace(written), 10, 64); err != nil || u.Value > maxUsage || u.Value < -maxUsage {
		return invalid("", "payload["+key+"]", "Invalid value for %s: %s must be a whole number of at most 15 digits.", key, written)
	}
	return nil
}

// maxUsage keeps sums exact in every client's numbers.
const maxUsage = 999_999_999_999_999

// lastUsage is the latest event with the identifier.
func (r *call) lastUsage(identifier string) (last *meterUsage) {
	meterUsages.where(r.tx, "identifier", identifier, func(u *meterUsage) bool {
		last = u
		return true
	})
	return last
}

// adjustMeterEvents takes an event back within a day of its receipt, at once: the adjustment itself cannot be retrieved.
func adjustMeterEvents(r *call) (any, error) {
	a := &meterEventAdjustment{Object: "billing.meter_event_adjustment", EventName: r.args.text("event_name"), Status: "complete", Type: r.args.text("type")}
	identifier := r.args.hash("cancel").text("identifier")
	if identifier == "" {
		return nil, missing("cancel[identifier]")
	}
	u := r.lastUsage(identifier)
	switch {
	case u == nil || u.EventName != a.EventName:
		return nil, refused("resource_missing", "cancel[identifier]", "No event of %s was found with identifier %s.", a.EventName, identifier)
	case u.Cancelled:
		return nil, refused("", "cancel[identifier]", "The event with identifier %s was cancelled already.", identifier)
	case r.asOf.Sub(time.Unix(u.Created, 0)) > meterCancelLimit:
		return nil, refused("", "cancel[identifier]", "The event with identifier %s was received more than 24 hours ago and can no longer be cancelled.", identifier)
	}
	u.Cancelled = true
	meterUsages.put(r.tx, u)
	a.Cancel = &meterCancellation{Identifier: identifier}
	return a, nil
}
