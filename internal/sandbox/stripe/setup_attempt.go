package stripe

// setupAttempt is Stripe's setup attempt object: one try to save a method.
type setupAttempt struct {
	ID                   string         `json:"id"`
	Object               string         `json:"object"`
	Application          *string        `json:"application"`
	Created              int64          `json:"created"`
	Customer             *string        `json:"customer"`
	FlowDirections       []string       `json:"flow_directions"`
	Livemode             bool           `json:"livemode"`
	OnBehalfOf           *string        `json:"on_behalf_of"`
	PaymentMethod        string         `json:"payment_method"`
	PaymentMethodDetails map[string]any `json:"payment_method_details"`
	SetupError           *lastError     `json:"setup_error"`
	SetupIntent          string         `json:"setup_intent"`
	Status               string         `json:"status"`
	Usage                string         `json:"usage"`
}

func (a *setupAttempt) identity() (string, int64) { return a.ID, a.Created }

func (a *setupAttempt) indexed() map[string]string {
	return map[string]string{"setup_intent": a.SetupIntent}
}

var setupAttempts = collection[*setupAttempt]{name: "setup_attempt", prefix: "setatt_"}

func setupAttemptEndpoints() []endpoint {
	filters := datedPageSpec(spec{"setup_intent": required(filledText())})
	return []endpoint{get("/v1/setup_attempts", filters, func(r *call) (any, error) {
		if _, found := setupIntents.get(r.tx, r.args.text("setup_intent")); !found {
			return nil, noSuch("setup_intent", r.args.text("setup_intent"), "setup_intent")
		}
		return setupAttempts.list(r, nil, "setup_intent")
	})}
}

// try writes how a try stands: the one that waits for its customer goes on, any other is new.
func (r *call) try(s *setupIntent, m *paymentMethod, status string, problem *lastError) *setupAttempt {
	a, found := setupAttempts.get(r.tx, deref(s.LatestAttempt))
	if !found || a.Status != statusRequiresAction || a.PaymentMethod != m.ID {
		a = &setupAttempt{
			ID: newID(r, setupAttempts), Object: "setup_attempt", Created: r.now(), Customer: s.Customer, PaymentMethod: m.ID,
			PaymentMethodDetails: map[string]any{"type": m.Type, m.Type: map[string]any{}}, SetupIntent: s.ID, Usage: s.Usage,
		}
		if k, _ := kindOf(m.Type); k.family == redirectFamily {
			a.PaymentMethodDetails[m.Type] = redirectDetails(m, generatedDebit{})
		}
		if m.Card != nil {
			a.PaymentMethodDetails[cardKind] = map[string]any{
				"brand": m.Card.Brand, "checks": m.Card.Checks, "country": m.Card.Country, "exp_month": m.Card.ExpMonth, "exp_year": m.Card.ExpYear,
				"fingerprint": m.Card.Fingerprint, "funding": m.Card.Funding, "last4": m.Card.Last4, "network": m.Card.Brand, "three_d_secure": nil, "wallet": nil,
			}
		}
	}
	a.Status, a.SetupError = status, problem
	setupAttempts.put(r.tx, a)
	s.LatestAttempt = &a.ID
	return a
}

// redirectDetails are what is known of the bank, and what its approval was turned into, if it was given.
func redirectDetails(m *paymentMethod, made generatedDebit) any {
	if m.Ideal != nil {
		return idealPaid{generatedDebit: made, Bank: m.Ideal.Bank, BIC: m.Ideal.BIC}
	}
	return bancontactPaid{generatedDebit: made}
}
