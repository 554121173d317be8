package stripe

// mandate is Stripe's mandate object: the customer's permission to debit a bank account.
type mandate struct {
	ID                   string             `json:"id"`
	Object               string             `json:"object"`
	CustomerAcceptance   customerAcceptance `json:"customer_acceptance"`
	Livemode             bool               `json:"livemode"`
	MultiUse             *struct{}          `json:"multi_use,omitempty"`
	PaymentMethod        string             `json:"payment_method"`
	PaymentMethodDetails mandateDetails     `json:"payment_method_details"`
	SingleUse            *singleUse         `json:"single_use,omitempty"`
	Status               string             `json:"status"`
	Type                 string             `json:"type"`
}

type customerAcceptance struct {
	AcceptedAt *int64            `json:"accepted_at"`
	Offline    *struct{}         `json:"offline,omitempty"`
	Online     *onlineAcceptance `json:"online,omitempty"`
	Type       string            `json:"type"`
}

type onlineAcceptance struct {
	IPAddress *string `json:"ip_address"`
	UserAgent *string `json:"user_agent"`
}

type singleUse struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}

type mandateDetails struct {
	ACSSDebit     *acssMandate  `json:"acss_debit,omitempty"`
	AUBECSDebit   *becsMandate  `json:"au_becs_debit,omitempty"`
	BACSDebit     *bacsMandate  `json:"bacs_debit,omitempty"`
	SEPADebit     *sepaMandate  `json:"sepa_debit,omitempty"`
	Type          string        `json:"type"`
	USBankAccount *usAchMandate `json:"us_bank_account,omitempty"`
}

type acssMandate struct {
	IntervalDescription *string `json:"interval_description"`
	PaymentSchedule     string  `json:"payment_schedule"`
	TransactionType     string  `json:"transaction_type"`
}

type becsMandate struct {
	URL string `json:"url"`
}

type bacsMandate struct {
	NetworkStatus    string  `json:"network_status"`
	Reference        string  `json:"reference"`
	RevocationReason *string `json:"revocation_reason"`
	URL              string  `json:"url"`
}

type sepaMandate struct {
	Reference string `json:"reference"`
	URL       string `json:"url"`
}

type usAchMandate struct {
	CollectionMethod *string `json:"collection_method,omitempty"`
}

// The states of a mandate.
const (
	mandateActive   = "active"
	mandateInactive = "inactive"
	mandatePending  = "pending"
)

// identity dates a mandate by its acceptance: the object has no other time.
func (m *mandate) identity() (string, int64) {
	if m.CustomerAcceptance.AcceptedAt == nil {
		return m.ID, 0
	}
	return m.ID, *m.CustomerAcceptance.AcceptedAt
}

func (m *mandate) indexed() map[string]string {
	return map[string]string{"payment_method": m.PaymentMethod}
}

var mandates = collection[*mandate]{name: "mandate", prefix: "mandate_"}

func mandateEndpoints() []endpoint {
	return []endpoint{get("/v1/mandates/{id}", nil, retrieve(mandates, "mandate"))}
}

// mandateDataSpec says how the customer gave permission.
func mandateDataSpec() param {
	return hash(spec{"customer_acceptance": required(hash(spec{
		"accepted_at": integer(), "offline": hash(nil), "online": hash(spec{"ip_address": required(text()), "user_agent": required(text())}),
		"type": required(enum("offline", "online")),
	}))})
}

// newMandate records what the customer accepted. It permits one payment if a price is given, else any number.
func (r *call) newMandate(m *paymentMethod, accepted args, once *singleUse) *mandate {
	given := r.now()
	if accepted.has("accepted_at") {
		given = accepted.integer("accepted_at")
	}
	d := &mandate{
		ID: newID(r, mandates), Object: "mandate", PaymentMethod: m.ID, SingleUse: once, Status: mandateActive, Type: "single_use",
		CustomerAcceptance: customerAcceptance{AcceptedAt: &given, Type: accepted.textOr("type", "online")},
	}
	if once == nil {
		d.MultiUse, d.Type = &struct{}{}, "multi_use"
	}
	if d.CustomerAcceptance.Type == "offline" {
		d.CustomerAcceptance.Offline = &struct{}{}
	} else {
		online := accepted.hash("online")
		d.CustomerAcceptance.Online = &onlineAcceptance{IPAddress: optional(online.text("ip_address")), UserAgent: optional(online.text("user_agent"))}
	}
	d.describe(m.Type)
	mandates.put(r.tx, d)
	return d
}

func (m *mandate) describe(kind string) {
	m.PaymentMethodDetails.Type = kind
	reference := derive(16, "mandate reference", m.ID)
	url := "https://hooks.stripe.com/mandate/" + m.ID
	switch kind {
	case acssDebit:
		m.PaymentMethodDetails.ACSSDebit = &acssMandate{IntervalDescription: optional("as agreed"), PaymentSchedule: "combined", TransactionType: "personal"}
	case auBECSDebit:
		m.PaymentMethodDetails.AUBECSDebit = &becsMandate{URL: url}
	case bacsDebit:
		m.PaymentMethodDetails.BACSDebit = &bacsMandate{NetworkStatus: "accepted", Reference: reference, URL: url}
	case sepaDebit:
		m.PaymentMethodDetails.SEPADebit = &sepaMandate{Reference: reference, URL: url}
	default:
		m.PaymentMethodDetails.USBankAccount = &usAchMandate{}
	}
}

// standing finds the permission that covers further payments with a method.
func (r *call) standing(methodID string) (found *mandate) {
	mandates.where(r.tx, "payment_method", methodID, func(m *mandate) bool {
		if m.Status == mandateActive && m.MultiUse != nil {
			found = m
		}
		return true
	})
	return found
}

// mandateFor is the permission that a payment is made under: named, given now, or standing.
func (r *call) mandateFor(p *paymentIntent, m *paymentMethod) (*mandate, error) {
	if id := r.args.text("mandate"); id != "" {
		named, found := mandates.get(r.tx, id)
		switch {
		case !found:
			return nil, noSuch("mandate", id, "mandate")
		case named.PaymentMethod != m.ID || named.Status != mandateActive || named.MultiUse == nil:
			return nil, refused("payment_intent_mandate_invalid", "mandate", "The provided mandate (%s) is not valid for this payment method, or is no longer active.", id)
		}
		return named, nil
	}
	if accepted := r.args.hash("mandate_data").hash("customer_acceptance"); accepted.in != nil {
		var once *singleUse
		if deref(p.SetupFutureUsage) != "off_session" {
			once = &singleUse{Amount: p.Amount, Currency: p.Currency}
		}
		return r.newMandate(m, accepted, once), nil
	}
	if given := r.standing(m.ID); given != nil {
		return given, nil
	}
	e := refused("", "", "This PaymentIntent requires a mandate, but no existing mandate was found. "+
		"Collect mandate acceptance from the customer and try again, providing acceptance data in the mandate_data parameter.")
	e.PaymentIntent = p
	return nil, e
}

// setMandate changes the state of a permission.
func (r *call) setMandate(m *mandate, status string) {
	before := snapshot(m)
	m.Status = status
	mandates.put(r.tx, m)
	r.emitUpdate("mandate.updated", before, m)
}

// revoke ends every permission to debit a method.
func (r *call) revoke(methodID string) {
	var given []*mandate
	mandates.where(r.tx, "payment_method", methodID, func(m *mandate) bool {
		given = append(given, m)
		return true
	})
	for _, m := range given {
		if bacs := m.PaymentMethodDetails.BACSDebit; bacs != nil {
			bacs.NetworkStatus = "revoked"
		}
		r.setMandate(m, mandateInactive)
	}
}
