package stripe

import (
	"encoding/json"

	bolt "go.etcd.io/bbolt"
)

// checkoutSession is Stripe's Checkout Session object: a page on which a customer pays or saves a method.
type checkoutSession struct {
	ID                        string            `json:"id"`
	Object                    string            `json:"object"`
	AfterExpiration           *string           `json:"after_expiration"`
	AllowPromotionCodes       *bool             `json:"allow_promotion_codes"`
	AmountSubtotal            *int64            `json:"amount_subtotal"`
	AmountTotal               *int64            `json:"amount_total"`
	AutomaticTax              automaticTax      `json:"automatic_tax"`
	BillingAddressCollection  *string           `json:"billing_address_collection"`
	CancelURL                 *string           `json:"cancel_url"`
	ClientReferenceID         *string           `json:"client_reference_id"`
	ClientSecret              *string           `json:"client_secret"`
	Consent                   *string           `json:"consent"`
	ConsentCollection         *string           `json:"consent_collection"`
	Created                   int64             `json:"created"`
	Currency                  *string           `json:"currency"`
	CurrencyConversion        *string           `json:"currency_conversion"`
	Customer                  *string           `json:"customer"`
	CustomerCreation          *string           `json:"customer_creation"`
	CustomerDetails           *customerDetails  `json:"customer_details"`
	CustomerEmail             *string           `json:"customer_email"`
	CustomFields              []string          `json:"custom_fields"`
	CustomText                customText        `json:"custom_text"`
	ExpiresAt                 int64             `json:"expires_at"`
	Invoice                   *string           `json:"invoice"`
	InvoiceCreation           *string           `json:"invoice_creation"`
	Livemode                  bool              `json:"livemode"`
	Locale                    *string           `json:"locale"`
	Metadata                  map[string]string `json:"metadata"`
	Mode                      string            `json:"mode"`
	PaymentIntent             *string           `json:"payment_intent"`
	PaymentLink               *string           `json:"payment_link"`
	PaymentMethodCollection   string            `json:"payment_method_collection"`
	ConfigurationDetails      *string           `json:"payment_method_configuration_details"`
	PaymentMethodOptions      struct{}          `json:"payment_method_options"`
	PaymentMethodTypes        []string          `json:"payment_method_types"`
	PaymentStatus             string            `json:"payment_status"`
	PhoneNumberCollection     switchedOn        `json:"phone_number_collection"`
	RecoveredFrom             *string           `json:"recovered_from"`
	ReturnURL                 *string           `json:"return_url,omitempty"`
	SavedPaymentMethodOptions *savedOptions     `json:"saved_payment_method_options"`
	SetupIntent               *string           `json:"setup_intent"`
	ShippingAddressCollection *string           `json:"shipping_address_collection"`
	ShippingCost              *string           `json:"shipping_cost"`
	ShippingDetails           *string           `json:"shipping_details"`
	ShippingOptions           []string          `json:"shipping_options"`
	Status                    string            `json:"status"`
	SubmitType                *string           `json:"submit_type"`
	Subscription              *string           `json:"subscription"`
	SuccessURL                *string           `json:"success_url"`
	TotalDetails              *totalDetails     `json:"total_details"`
	UIMode                    string            `json:"ui_mode"`
	URL                       *string           `json:"url"`
}

type automaticTax struct {
	Enabled   bool    `json:"enabled"`
	Liability *string `json:"liability"`
	Status    *string `json:"status"`
}

type customText struct {
	AfterSubmit              *string `json:"after_submit"`
	ShippingAddress          *string `json:"shipping_address"`
	Submit                   *string `json:"submit"`
	TermsOfServiceAcceptance *string `json:"terms_of_service_acceptance"`
}

type customerDetails struct {
	Address   *address `json:"address"`
	Email     *string  `json:"email"`
	Name      *string  `json:"name"`
	Phone     *string  `json:"phone"`
	TaxExempt string   `json:"tax_exempt"`
	TaxIDs    []string `json:"tax_ids"`
}

type savedOptions struct {
	AllowRedisplayFilters []string `json:"allow_redisplay_filters"`
	PaymentMethodSave     *string  `json:"payment_method_save"`
}

type switchedOn struct {
	Enabled bool `json:"enabled"`
}

type totalDetails struct {
	AmountDiscount int64 `json:"amount_discount"`
	AmountShipping int64 `json:"amount_shipping"`
	AmountTax      int64 `json:"amount_tax"`
}

// lineItem is what a session sells.
type lineItem struct {
	ID             string `json:"id"`
	Object         string `json:"object"`
	AmountDiscount int64  `json:"amount_discount"`
	AmountSubtotal int64  `json:"amount_subtotal"`
	AmountTax      int64  `json:"amount_tax"`
	AmountTotal    int64  `json:"amount_total"`
	Currency       string `json:"currency"`
	Description    string `json:"description"`
	Price          price  `json:"price"`
	Quantity       int64  `json:"quantity"`
}

// price is the one-time price a line item was made with; the sandbox keeps no catalogue.
type price struct {
	ID                string            `json:"id"`
	Object            string            `json:"object"`
	Active            bool              `json:"active"`
	BillingScheme     string            `json:"billing_scheme"`
	Created           int64             `json:"created"`
	Currency          string            `json:"currency"`
	CustomUnitAmount  *string           `json:"custom_unit_amount"`
	Livemode          bool              `json:"livemode"`
	LookupKey         *string           `json:"lookup_key"`
	Metadata          map[string]string `json:"metadata"`
	Nickname          *string           `json:"nickname"`
	Product           string            `json:"product"`
	Recurring         *string           `json:"recurring"`
	TaxBehavior       string            `json:"tax_behavior"`
	TiersMode         *string           `json:"tiers_mode"`
	TransformQuantity *string           `json:"transform_quantity"`
	Type              string            `json:"type"`
	UnitAmount        int64             `json:"unit_amount"`
	UnitAmountDecimal string            `json:"unit_amount_decimal"`
}

// The states of a session, and of its money.
const (
	sessionComplete = "complete"
	sessionExpired  = "expired"
	sessionOpen     = "open"

	paymentNotRequired = "no_payment_required"
	paymentPaid        = "paid"
	paymentUnpaid      = "unpaid"
)

func (s *checkoutSession) identity() (string, int64) { return s.ID, s.Created }

func (s *checkoutSession) indexed() map[string]string {
	return map[string]string{
		"customer": deref(s.Customer), "payment_intent": deref(s.PaymentIntent), "setup_intent": deref(s.SetupIntent), "status": s.Status,
	}
}

var checkoutSessions = collection[*checkoutSession]{name: "checkout.session", prefix: "cs_test_"}

func checkoutEndpoints() []endpoint {
	filters := datedPageSpec(spec{
		"customer": filledText(), "customer_details": hash(spec{"email": required(text())}), "payment_intent": filledText(),
		"status": enum(sessionComplete, sessionExpired, sessionOpen),
	})
	return []endpoint{
		post("/v1/checkout/sessions", sessionSpec(), createSession),
		get("/v1/checkout/sessions", filters, listSessions),
		get("/v1/checkout/sessions/{id}", nil, retrieve(checkoutSessions, "session")),
		post("/v1/checkout/sessions/{id}", spec{"metadata": metadata()}, updateSession),
		post("/v1/checkout/sessions/{id}/expire", nil, expireSession),
		get("/v1/checkout/sessions/{id}/line_items", pageSpec(nil), listLineItems),
	}
}

func listSessions(r *call) (any, error) {
	wanted := r.args.hash("customer_details").text("email")
	return checkoutSessions.list(r, func(s *checkoutSession) bool {
		return wanted == "" || (s.CustomerDetails != nil && deref(s.CustomerDetails.Email) == wanted)
	}, "payment_intent", "customer", "status")
}

func (r *call) session() (*checkoutSession, error) {
	s, found := checkoutSessions.get(r.tx, r.id)
	if !found {
		return nil, notFound("checkout.session", r.id, "session")
	}
	return s, nil
}

func updateSession(r *call) (any, error) {
	s, err := r.session()
	if err != nil {
		return nil, err
	}
	if s.Metadata, err = merged(r.args, s.Metadata); err != nil {
		return nil, err
	}
	checkoutSessions.put(r.tx, s)
	return s, nil
}

// listLineItems answers all items at once: a session has at most a hundred.
func listLineItems(r *call) (any, error) {
	if _, err := r.session(); err != nil {
		return nil, err
	}
	limit := defaultLimit
	if r.args.has("limit") {
		limit = int(max(1, min(r.args.integer("limit"), maxLimit)))
	}
	items := r.plan(r.id).Items
	after := r.args.text("starting_after")
	for i, item := range items {
		if item.ID == after {
			items = items[i+1:]
			break
		}
	}
	result := page{Object: "list", Data: []json.RawMessage{}, HasMore: len(items) > limit, URL: r.path}
	for _, item := range items[:min(limit, len(items))] {
		result.Data = append(result.Data, encode(item))
	}
	return result, nil
}

// sessionItems is the list that expanding "line_items" puts into a session.
func sessionItems(tx *bolt.Tx, sessionID string) (any, bool) {
	items := planOf(tx, sessionID).Items
	result := page{Object: "list", Data: []json.RawMessage{}, HasMore: len(items) > defaultLimit, URL: "/v1/checkout/sessions/" + sessionID + "/line_items"}
	for _, item := range items[:min(defaultLimit, len(items))] {
		result.Data = append(result.Data, encode(item))
	}
	return result, true
}
