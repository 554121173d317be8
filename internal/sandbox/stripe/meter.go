package stripe

// meter says how usage is added up (docs.stripe.com/api/billing/meter).
type meter struct {
	ID                string            `json:"id"`
	Object            string            `json:"object"`
	Created           int64             `json:"created"`
	CustomerMapping   customerMapping   `json:"customer_mapping"`
	DefaultAggregate  meterAggregation  `json:"default_aggregation"`
	DisplayName       string            `json:"display_name"`
	EventName         string            `json:"event_name"`
	EventTimeWindow   *string           `json:"event_time_window"`
	Livemode          bool              `json:"livemode"`
	Status            string            `json:"status"`
	StatusTransitions meterTransitions  `json:"status_transitions"`
	Updated           int64             `json:"updated"`
	ValueSettings     meterValueSetting `json:"value_settings"`
}

type customerMapping struct {
	EventPayloadKey string `json:"event_payload_key"`
	Type            string `json:"type"`
}

type meterAggregation struct {
	Formula string `json:"formula"`
}

type meterTransitions struct {
	DeactivatedAt *int64 `json:"deactivated_at"`
}

type meterValueSetting struct {
	EventPayloadKey string `json:"event_payload_key"`
}

const (
	meterActive   = "active"
	meterInactive = "inactive"
)

const (
	countFormula = "count"
	sumFormula   = "sum"
)

// Limits of a meter's names and payload keys, in characters.
const (
	maxMeterName  = 250
	maxEventName  = 100
	maxPayloadKey = 100
)

func (m *meter) identity() (string, int64) { return m.ID, m.Created }

func (m *meter) indexed() map[string]string {
	return map[string]string{"status": m.Status, "event_name": m.EventName}
}

var meters = collection[*meter]{name: "meter", prefix: "mtr_"}

func meterEndpoints() []endpoint {
	key := required(param{filled: true, maxChars: maxPayloadKey})
	creation := spec{
		"customer_mapping":    hash(spec{"event_payload_key": key, "type": required(enum("by_id"))}),
		"default_aggregation": required(hash(spec{"formula": required(enum(countFormula, sumFormula))})),
		"display_name":        required(param{filled: true, maxChars: maxMeterName}), "event_name": required(param{filled: true, maxChars: maxEventName}),
		"event_time_window": enum("day", "hour"), "value_settings": hash(spec{"event_payload_key": key}),
	}
	return []endpoint{
		post("/v1/billing/meters", creation, createMeter),
		get("/v1/billing/meters", pageSpec(spec{"status": enum(meterActive, meterInactive)}), func(r *call) (any, error) { return meters.list(r, nil, "status") }),
		get("/v1/billing/meters/{id}", nil, retrieve(meters, "id")),
		post("/v1/billing/meters/{id}", spec{"display_name": param{filled: true, maxChars: maxMeterName}}, updateMeter),
		post("/v1/billing/meters/{id}/deactivate", nil, deactivateMeter),
		post("/v1/billing/meters/{id}/reactivate", nil, reactivateMeter),
		get("/v1/billing/meters/{id}/event_summaries", summarySpec(), listSummaries),
		post("/v1/billing/meter_events", meterEventSpec(), createMeterEvent),
		post("/v1/billing/meter_event_adjustments", adjustmentSpec(), adjustMeterEvents),
	}
}

func createMeter(r *call) (any, error) {
	a := r.args
	m := &meter{
		ID: newID(r, meters), Object: "billing.meter", Created: r.now(), DisplayName: a.text("display_name"), EventName: a.text("event_name"),
		EventTimeWindow: optional(a.text("event_time_window")), Status: meterActive, Updated: r.now(),
	}
	m.CustomerMapping = customerMapping{EventPayloadKey: a.hash("customer_mapping").textOr("event_payload_key", "stripe_customer_id"), Type: "by_id"}
	m.DefaultAggregate.Formula = a.hash("default_aggregation").text("formula")
	m.ValueSettings.EventPayloadKey = a.hash("value_settings").textOr("event_payload_key", "value")
	if err := r.checkEventName(m); err != nil {
		return nil, err
	}
	meters.put(r.tx, m)
	return m, nil
}

// checkEventName lets only one active meter listen to a name.
func (r *call) checkEventName(m *meter) error {
	if other, found := r.meterOf(m.EventName); found && other.Status == meterActive {
		return refused("resource_already_exists", "event_name", "An active meter with the event name '%s' already exists: '%s'.", m.EventName, other.ID)
	}
	return nil
}

// meterOf finds the active meter of an event name, or else an inactive one.
func (r *call) meterOf(eventName string) (found *meter, ok bool) {
	meters.where(r.tx, "event_name", eventName, func(m *meter) bool {
		found = m
		return m.Status != meterActive
	})
	return found, found != nil
}

func (r *call) meter() (*meter, error) {
	m, found := meters.get(r.tx, r.id)
	if !found {
		return nil, notFound("meter", r.id, "id")
	}
	return m, nil
}

func updateMeter(r *call) (any, error) {
	m, err := r.meter()
	if err != nil {
		return nil, err
	}
	if r.args.has("display_name") {
		m.DisplayName = r.args.text("display_name")
	}
	return r.keepMeter(m)
}

func (r *call) keepMeter(m *meter) (any, error) {
	m.Updated = r.now()
	meters.put(r.tx, m)
	return m, nil
}

func deactivateMeter(r *call) (any, error) {
	m, err := r.meter()
	if err != nil {
		return nil, err
	}
	if m.Status == meterInactive {
		return nil, meterState(m)
	}
	at := r.now()
	m.Status, m.StatusTransitions.DeactivatedAt = meterInactive, &at
	return r.keepMeter(m)
}

func reactivateMeter(r *call) (any, error) {
	m, err := r.meter()
	if err != nil {
		return nil, err
	}
	if m.Status == meterActive {
		return nil, meterState(m)
	}
	if err := r.checkEventName(m); err != nil {
		return nil, err
	}
	m.Status, m.StatusTransitions.DeactivatedAt = meterActive, nil
	return r.keepMeter(m)
}

func meterState(m *meter) *apiError {
	return refused("", "id", "The meter '%s' is %s already.", m.ID, m.Status)
}
