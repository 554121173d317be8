package stripe

import "strings"

// paymentIntent is Stripe's payment intent object.
type paymentIntent struct {
	ID                                string            `json:"id"`
	Object                            string            `json:"object"`
	Amount                            int64             `json:"amount"`
	AmountCapturable                  int64             `json:"amount_capturable"`
	AmountDetails                     amountDetails     `json:"amount_details"`
	AmountReceived                    int64             `json:"amount_received"`
	Application                       *string           `json:"application"`
	ApplicationFeeAmount              *int64            `json:"application_fee_amount"`
	AutomaticPaymentMethods           *automaticMethods `json:"automatic_payment_methods"`
	CanceledAt                        *int64            `json:"canceled_at"`
	CancellationReason                *string           `json:"cancellation_reason"`
	CaptureMethod                     string            `json:"capture_method"`
	ClientSecret                      string            `json:"client_secret"`
	ConfirmationMethod                string            `json:"confirmation_method"`
	Created                           int64             `json:"created"`
	Currency                          string            `json:"currency"`
	Customer                          *string           `json:"customer"`
	Description                       *string           `json:"description"`
	Invoice                           *string           `json:"invoice"`
	LastPaymentError                  *lastError        `json:"last_payment_error"`
	LatestCharge                      *string           `json:"latest_charge"`
	Livemode                          bool              `json:"livemode"`
	Metadata                          map[string]string `json:"metadata"`
	NextAction                        *nextAction       `json:"next_action"`
	OnBehalfOf                        *string           `json:"on_behalf_of"`
	PaymentMethod                     *string           `json:"payment_method"`
	PaymentMethodConfigurationDetails *string           `json:"payment_method_configuration_details"`
	PaymentMethodOptions              methodOptions     `json:"payment_method_options"`
	PaymentMethodTypes                []string          `json:"payment_method_types"`
	Processing                        *string           `json:"processing"`
	ReceiptEmail                      *string           `json:"receipt_email"`
	Review                            *string           `json:"review"`
	SetupFutureUsage                  *string           `json:"setup_future_usage"`
	Shipping                          *shipping         `json:"shipping"`
	Source                            *string           `json:"source"`
	StatementDescriptor               *string           `json:"statement_descriptor"`
	StatementDescriptorSuffix         *string           `json:"statement_descriptor_suffix"`
	Status                            string            `json:"status"`
	TransferData                      *string           `json:"transfer_data"`
	TransferGroup                     *string           `json:"transfer_group"`
}

type amountDetails struct {
	Tip struct{} `json:"tip"`
}

type automaticMethods struct {
	AllowRedirects string `json:"allow_redirects"`
	Enabled        bool   `json:"enabled"`
}

// The states of an intent.
const (
	statusCanceled              = "canceled"
	statusProcessing            = "processing"
	statusRequiresAction        = "requires_action"
	statusRequiresCapture       = "requires_capture"
	statusRequiresConfirmation  = "requires_confirmation"
	statusRequiresPaymentMethod = "requires_payment_method"
	statusSucceeded             = "succeeded"
)

func (p *paymentIntent) identity() (string, int64) { return p.ID, p.Created }

func (p *paymentIntent) indexed() map[string]string {
	return map[string]string{"customer": deref(p.Customer)}
}

var paymentIntents = collection[*paymentIntent]{name: "payment_intent", prefix: "pi_"}

// confirmSpec is what confirming takes; creating with confirm=true takes the same.
func confirmSpec() spec {
	return spec{
		"capture_method": enum("automatic", "automatic_async", "manual"), "error_on_requires_action": boolean(),
		"mandate": filledText(), "mandate_data": mandateDataSpec(), "off_session": enum("true", "false", "one_off", "recurring"),
		"payment_method": filledText(), "payment_method_data": methodDataSpec(), "payment_method_options": paymentOptionsSpec(),
		"payment_method_types": methodTypes(), "radar_options": radarSpec(), "receipt_email": email(), "return_url": filledText(),
		"setup_future_usage": futureUsage(), "shipping": hash(shippingSpec()), "use_stripe_sdk": boolean(),
	}
}

func futureUsage() param { return enum("off_session", "on_session") }

// detailSpec is what both creating and updating take.
func detailSpec() spec {
	return spec{
		"customer": filledText(), "description": textUpTo(1000), "metadata": metadata(),
		"statement_descriptor": textUpTo(22), "statement_descriptor_suffix": textUpTo(22), "transfer_group": text(),
	}
}

func paymentIntentEndpoints() []endpoint {
	creation := confirmSpec().with(detailSpec()).with(spec{
		"amount": required(integer()), "confirm": boolean(), "confirmation_method": enum("automatic", "manual"), "currency": required(text()),
		"automatic_payment_methods": hash(spec{"allow_redirects": enum("always", "never"), "enabled": required(boolean())}),
	})
	update := detailSpec().with(spec{
		"amount": integer(), "capture_method": enum("automatic", "automatic_async", "manual"), "currency": filledText(),
		"payment_method": filledText(), "payment_method_data": methodDataSpec(), "payment_method_options": paymentOptionsSpec(),
		"payment_method_types": methodTypes(), "receipt_email": email(), "setup_future_usage": clearable(futureUsage()),
		"shipping": hash(shippingSpec()),
	})
	capture := spec{
		"amount_to_capture": integer(), "final_capture": boolean(), "metadata": metadata(),
		"statement_descriptor": textUpTo(22), "statement_descriptor_suffix": textUpTo(22),
	}
	cancel := spec{"cancellation_reason": enum("abandoned", "duplicate", "fraudulent", "requested_by_customer")}
	return []endpoint{
		post("/v1/payment_intents", creation, createIntent),
		get("/v1/payment_intents", datedPageSpec(spec{"customer": filledText()}), func(r *call) (any, error) { return paymentIntents.list(r, nil, "customer") }),
		get("/v1/payment_intents/{id}", spec{"client_secret": filledText()}, retrieve(paymentIntents, "intent")),
		post("/v1/payment_intents/{id}", update, updateIntent),
		post("/v1/payment_intents/{id}/cancel", cancel, cancelIntent),
		post("/v1/payment_intents/{id}/capture", capture, captureIntent),
		post("/v1/payment_intents/{id}/verify_microdeposits", verifySpec(), verifyIntent),
		post("/v1/payment_intents/{id}/confirm", confirmSpec().with(spec{"client_secret": filledText(), "setup_future_usage": clearable(futureUsage())}), confirmIntent),
	}
}

func createIntent(r *call) (any, error) {
	p := &paymentIntent{
		ID: newID(r, paymentIntents), Object: "payment_intent", CaptureMethod: r.args.textOr("capture_method", "automatic_async"),
		ConfirmationMethod: r.args.textOr("confirmation_method", "automatic"), Created: r.now(), Metadata: map[string]string{},
		PaymentMethodOptions: methodOptions{Card: cardOptions{RequestThreeDSecure: "automatic"}}, Status: statusRequiresPaymentMethod,
	}
	p.ClientSecret = secret(p.ID)
	var err error
	if p.PaymentMethodTypes, p.AutomaticPaymentMethods, err = chooseTypes(r.args, strings.ToLower(r.args.text("currency"))); err != nil {
		return nil, err
	}
	if err := p.apply(r); err != nil {
		return nil, err
	}
	paymentIntents.put(r.tx, p)
	r.emit("payment_intent.created", p, nil)
	if r.args.boolean("confirm") {
		return r.confirm(p)
	}
	for _, name := range []string{"error_on_requires_action", "off_session", "return_url"} {
		if r.args.has(name) {
			return nil, invalid("", name, "The parameter `%s` can only be passed when `confirm` is `true`.", name)
		}
	}
	return p, nil
}

// apply writes the parameters that creating, updating and confirming have in common.
func (p *paymentIntent) apply(r *call) error {
	a := r.args
	var err error
	if p.Metadata, err = merged(a, p.Metadata); err != nil {
		return err
	}
	if types := a.list("payment_method_types"); len(types) > 0 {
		p.PaymentMethodTypes, p.AutomaticPaymentMethods = types, nil
	}
	if err := p.applyAmount(r); err != nil {
		return err
	}
	if id := a.text("customer"); id != "" {
		if _, err := r.liveCustomer(id, "customer"); err != nil {
			return err
		}
		p.Customer = &id
	}
	for name, field := range map[string]**string{
		"description": &p.Description, "receipt_email": &p.ReceiptEmail, "setup_future_usage": &p.SetupFutureUsage,
		"statement_descriptor": &p.StatementDescriptor, "statement_descriptor_suffix": &p.StatementDescriptorSuffix,
		"transfer_group": &p.TransferGroup,
	} {
		a.setText(name, field)
	}
	p.CaptureMethod = a.textOr("capture_method", p.CaptureMethod)
	if a.has("shipping") {
		p.Shipping = readShipping(a.hash("shipping"))
	}
	p.PaymentMethodOptions.apply(a.hash("payment_method_options"))
	return p.applyMethod(r)
}

// applyAmount checks amount and currency together: the limits depend on both.
func (p *paymentIntent) applyAmount(r *call) error {
	a := r.args
	if !a.has("amount") && !a.has("currency") {
		return checkCurrency(p.PaymentMethodTypes, p.Currency)
	}
	if a.has("amount") {
		p.Amount = a.integer("amount")
	}
	if a.has("currency") {
		currency, refusal := parseCurrency(a.text("currency"))
		if refusal != nil {
			return refusal
		}
		p.Currency = currency
	}
	if p.AutomaticPaymentMethods != nil {
		p.PaymentMethodTypes = p.AutomaticPaymentMethods.types(p.Currency)
	}
	if err := checkCurrency(p.PaymentMethodTypes, p.Currency); err != nil {
		return err
	}
	if refusal := checkAmount(p.Amount, p.Currency); refusal != nil {
		return refusal
	}
	r.takeAuthentication(p.ID)
	if p.Status == statusRequiresAction { // what the customer was asked to authenticate is no longer what is charged
		p.Status, p.NextAction = statusRequiresConfirmation, nil
	}
	return nil
}

// applyMethod attaches the method named by the request to the intent.
func (p *paymentIntent) applyMethod(r *call) error {
	m, err := r.namedMethod(p.Customer)
	if err != nil || m == nil {
		return err
	}
	if deref(p.PaymentMethod) != m.ID {
		r.takeAuthentication(p.ID) // it was for the other method
	}
	p.PaymentMethod = &m.ID
	if p.Status == statusRequiresPaymentMethod || p.Status == statusRequiresAction {
		p.Status, p.NextAction = statusRequiresConfirmation, nil
	}
	return nil
}

// checkOwner refuses a method that belongs to somebody else or can no longer be used.
func (r *call) checkOwner(m *paymentMethod, customerID *string) error {
	known := r.traits(m.ID)
	switch {
	case m.Customer == nil && (known.Charged || known.Detached):
		return errUsedUp()
	case m.Customer != nil && customerID == nil:
		return refused("", "payment_method", "The payment method supplied (%s) belongs to a Customer. Please include the Customer in the `customer` parameter on the PaymentIntent.", m.ID)
	case m.Customer != nil && *m.Customer != *customerID:
		return refused("", "payment_method", "The payment method supplied (%s) belongs to a different Customer.", m.ID)
	}
	return nil
}
