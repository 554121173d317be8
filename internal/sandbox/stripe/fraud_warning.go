package stripe

// fraudWarning is Stripe's radar.early_fraud_warning object: the issuer reports fraud before any dispute.
type fraudWarning struct {
	ID            string  `json:"id"`
	Object        string  `json:"object"`
	Actionable    bool    `json:"actionable"` // neither refunded nor disputed yet
	Charge        string  `json:"charge"`
	Created       int64   `json:"created"`
	FraudType     string  `json:"fraud_type"`
	Livemode      bool    `json:"livemode"`
	PaymentIntent *string `json:"payment_intent"`
}

func (w *fraudWarning) identity() (string, int64) { return w.ID, w.Created }

func (w *fraudWarning) indexed() map[string]string {
	return map[string]string{"charge": w.Charge, "payment_intent": deref(w.PaymentIntent)}
}

var fraudWarnings = collection[*fraudWarning]{name: "early_fraud_warning", prefix: "issfr_"}

func fraudWarningEndpoints() []endpoint {
	filters := datedPageSpec(spec{"charge": filledText(), "payment_intent": filledText()})
	return []endpoint{
		get("/v1/radar/early_fraud_warnings", filters, func(r *call) (any, error) { return fraudWarnings.list(r, nil, "charge", "payment_intent") }),
		get("/v1/radar/early_fraud_warnings/{id}", nil, retrieve(fraudWarnings, "id")),
	}
}

// warn follows a successful charge.
func (r *call) warn(c *charge) {
	w := &fraudWarning{
		ID: newID(r, fraudWarnings), Object: "radar.early_fraud_warning", Actionable: true, Charge: c.ID, Created: r.now(),
		FraudType: "made_with_lost_card", PaymentIntent: c.PaymentIntent,
	}
	fraudWarnings.put(r.tx, w)
	r.emit("radar.early_fraud_warning.created", w, nil)
}

// settleWarnings marks the warnings of a charge that was refunded or disputed: there is nothing left to do.
func (r *call) settleWarnings(chargeID string) {
	var open []*fraudWarning
	fraudWarnings.where(r.tx, "charge", chargeID, func(w *fraudWarning) bool {
		open = append(open, w)
		return true
	})
	for _, w := range open {
		before := snapshot(w)
		w.Actionable = false
		fraudWarnings.put(r.tx, w)
		r.emitUpdate("radar.early_fraud_warning.updated", before, w)
	}
}
