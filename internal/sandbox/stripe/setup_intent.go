package stripe

import (
	"net/http"
	"slices"
)

// setupIntent is Stripe's setup intent object: saving a method for later without a charge.
type setupIntent struct {
	ID                                string            `json:"id"`
	Object                            string            `json:"object"`
	Application                       *string           `json:"application"`
	AutomaticPaymentMethods           *automaticMethods `json:"automatic_payment_methods"`
	CancellationReason                *string           `json:"cancellation_reason"`
	ClientSecret                      string            `json:"client_secret"`
	Created                           int64             `json:"created"`
	Customer                          *string           `json:"customer"`
	Description                       *string           `json:"description"`
	FlowDirections                    []string          `json:"flow_directions"`
	LastSetupError                    *lastError        `json:"last_setup_error"`
	LatestAttempt                     *string           `json:"latest_attempt"`
	Livemode                          bool              `json:"livemode"`
	Mandate                           *string           `json:"mandate"`
	Metadata                          map[string]string `json:"metadata"`
	NextAction                        *nextAction       `json:"next_action"`
	OnBehalfOf                        *string           `json:"on_behalf_of"`
	PaymentMethod                     *string           `json:"payment_method"`
	PaymentMethodConfigurationDetails *string           `json:"payment_method_configuration_details"`
	PaymentMethodOptions              setupOptions      `json:"payment_method_options"`
	PaymentMethodTypes                []string          `json:"payment_method_types"`
	SingleUseMandate                  *string           `json:"single_use_mandate"`
	Status                            string            `json:"status"`
	Usage                             string            `json:"usage"`
}

type setupOptions struct {
	ACSSDebit     *verificationOptions `json:"acss_debit,omitempty"`
	USBankAccount *verificationOptions `json:"us_bank_account,omitempty"`
	Card          struct {
		MandateOptions      *string `json:"mandate_options"`
		Network             *string `json:"network"`
		RequestThreeDSecure string  `json:"request_three_d_secure"`
	} `json:"card"`
}

func (s *setupIntent) identity() (string, int64) { return s.ID, s.Created }

func (s *setupIntent) indexed() map[string]string {
	return map[string]string{"customer": deref(s.Customer), "payment_method": deref(s.PaymentMethod)}
}

var setupIntents = collection[*setupIntent]{name: "setup_intent", prefix: "seti_"}

func setupIntentEndpoints() []endpoint {
	confirmation := spec{
		"mandate_data": mandateDataSpec(), "payment_method": filledText(), "payment_method_data": methodDataSpec(),
		"payment_method_options": setupOptionsSpec(), "return_url": filledText(), "use_stripe_sdk": boolean(),
	}
	update := spec{
		"customer": filledText(), "description": textUpTo(1000), "metadata": metadata(), "payment_method": filledText(),
		"payment_method_data": methodDataSpec(), "payment_method_options": setupOptionsSpec(), "payment_method_types": methodTypes(),
	}
	creation := confirmation.with(update).with(spec{
		"automatic_payment_methods": hash(spec{"allow_redirects": enum("always", "never"), "enabled": required(boolean())}),
		"confirm":                   boolean(), "usage": futureUsage(),
	})
	cancel := spec{"cancellation_reason": enum("abandoned", "duplicate", "requested_by_customer")}
	return []endpoint{
		post("/v1/setup_intents", creation, createSetup),
		get("/v1/setup_intents", datedPageSpec(spec{"customer": filledText(), "payment_method": filledText()}),
			func(r *call) (any, error) { return setupIntents.list(r, nil, "customer", "payment_method") }),
		get("/v1/setup_intents/{id}", spec{"client_secret": filledText()}, retrieve(setupIntents, "intent")),
		post("/v1/setup_intents/{id}", update, updateSetup),
		post("/v1/setup_intents/{id}/verify_microdeposits", verifySpec(), verifySetup),
		post("/v1/setup_intents/{id}/cancel", cancel, cancelSetup),
		post("/v1/setup_intents/{id}/confirm", confirmation.with(spec{"client_secret": filledText()}), confirmSetup),
	}
}

func createSetup(r *call) (any, error) {
	s := &setupIntent{
		ID: newID(r, setupIntents), Object: "setup_intent", Created: r.now(), Status: statusRequiresPaymentMethod,
		Usage: r.args.textOr("usage", "off_session"),
	}
	s.ClientSecret = secret(s.ID)
	s.PaymentMethodOptions.Card.RequestThreeDSecure = "automatic"
	var err error
	if s.PaymentMethodTypes, s.AutomaticPaymentMethods, err = chooseTypes(r.args, ""); err != nil {
		return nil, err
	}
	if err := s.apply(r); err != nil {
		return nil, err
	}
	setupIntents.put(r.tx, s)
	r.emit("setup_intent.created", s, nil)
	if r.args.boolean("confirm") {
		return r.confirmSetup(s)
	}
	return s, nil
}

func (s *setupIntent) apply(r *call) error {
	var err error
	if s.Metadata, err = merged(r.args, s.Metadata); err != nil {
		return err
	}
	r.args.setText("description", &s.Description)
	applyVerification(r.args.hash("payment_method_options"), &s.PaymentMethodOptions.ACSSDebit, &s.PaymentMethodOptions.USBankAccount)
	if types := r.args.list("payment_method_types"); len(types) > 0 {
		s.PaymentMethodTypes, s.AutomaticPaymentMethods = types, nil
	}
	if err := checkReusable(s.PaymentMethodTypes); err != nil {
		return err
	}
	if id := r.args.text("customer"); id != "" {
		if _, err := r.liveCustomer(id, "customer"); err != nil {
			return err
		}
		s.Customer = &id
	}
	m, err := r.namedMethod(s.Customer)
	if err != nil || m == nil {
		return err
	}
	s.PaymentMethod, s.Status, s.NextAction = &m.ID, statusRequiresConfirmation, nil
	return nil
}

// open finds the setup intent of the path and checks that the action is still possible.
func (r *call) openSetup(action string) (*setupIntent, error) {
	s, found := setupIntents.get(r.tx, r.id)
	if !found {
		return nil, notFound("setup_intent", r.id, "intent")
	}
	if slices.Contains([]string{statusSucceeded, statusCanceled}, s.Status) {
		e := refused("setup_intent_unexpected_state", "", "You cannot %s this SetupIntent because it has a status of %s.", action, s.Status)
		e.SetupIntent = s
		return nil, e
	}
	return s, nil
}

func updateSetup(r *call) (any, error) {
	s, err := r.openSetup("update")
	if err != nil {
		return nil, err
	}
	if err := s.apply(r); err != nil {
		return nil, err
	}
	setupIntents.put(r.tx, s)
	return s, nil
}

func cancelSetup(r *call) (any, error) {
	s, err := r.openSetup("cancel")
	if err != nil {
		return nil, err
	}
	s.Status, s.NextAction = statusCanceled, nil
	r.args.setText("cancellation_reason", &s.CancellationReason)
	setupIntents.put(r.tx, s)
	r.emit("setup_intent.canceled", s, nil)
	return s, nil
}

func confirmSetup(r *call) (any, error) {
	s, err := r.openSetup("confirm")
	if err != nil {
		return nil, err
	}
	if err := s.apply(r); err != nil {
		return nil, err
	}
	return r.confirmSetup(s)
}

func (r *call) confirmSetup(s *setupIntent) (any, error) {
	if s.PaymentMethod == nil {
		e := refused("setup_intent_unexpected_state", "", "You cannot confirm this SetupIntent because it's missing a payment method. Update the SetupIntent with a payment method and then confirm it again.")
		e.SetupIntent = s
		return nil, e
	}
	if err := s.AutomaticPaymentMethods.checkReturnURL("SetupIntent", r.args); err != nil {
		return nil, err
	}
	m, _ := paymentMethods.get(r.tx, *s.PaymentMethod)
	if err := r.checkOwner(m, s.Customer); err != nil {
		return nil, err
	}
	if !slices.Contains(s.PaymentMethodTypes, m.Type) {
		return nil, refused("setup_intent_invalid_parameter", "payment_method",
			"The PaymentMethod provided (%s) is not allowed for this SetupIntent. Please attach a PaymentMethod of one of the following types: %v.", m.Type, s.PaymentMethodTypes)
	}
	k, _ := kindOf(m.Type)
	if k.family == debitFamily {
		return r.confirmDebitSetup(s, m)
	}
	test, _ := cardByNumber(r.traits(m.ID).Number)
	if test.asksOnSetup() || k.family == redirectFamily {
		s.Status, s.LastSetupError = statusRequiresAction, nil
		s.NextAction = r.authentication(s.ID, s.ClientSecret)
		r.try(s, m, statusRequiresAction, nil)
		setupIntents.put(r.tx, s)
		r.emit("setup_intent.requires_action", s, nil)
		return s, nil
	}
	return r.finishSetup(s, m, test)
}

// finishSetup asks the bank and saves the method to the customer.
func (r *call) finishSetup(s *setupIntent, m *paymentMethod, test testCard) (any, error) {
	if test.decline != "" && !test.attaches {
		return r.failSetup(s, m, lastError{Type: typeCard, Code: declineErrorCode(test.decline), DeclineCode: test.decline, Message: declineMessage(test.decline)})
	}
	known := r.traits(m.ID)
	known.SetUp = true
	r.putTraits(m.ID, known)
	s.Status, s.NextAction, s.LastSetupError = statusSucceeded, nil, nil
	a := r.try(s, m, statusSucceeded, nil)
	setupIntents.put(r.tx, s)
	switch k, _ := kindOf(m.Type); {
	case k.family == redirectFamily:
		made := r.generate(m, s.Customer, generatedFrom{SetupAttempt: &a.ID})
		a.PaymentMethodDetails[m.Type], s.Mandate = redirectDetails(m, made), made.GeneratedSEPADebitMandate
		setupAttempts.put(r.tx, a)
		setupIntents.put(r.tx, s)
	case s.Customer != nil && m.Customer == nil:
		if _, err := r.attach(m.ID, *s.Customer); err != nil {
			return nil, err
		}
	}
	r.emit("setup_intent.succeeded", s, nil)
	r.followSetup(s)
	r.followPortal(s)
	return s, nil
}

func (r *call) failSetup(s *setupIntent, m *paymentMethod, reason lastError) (any, error) {
	reason.PaymentMethod, reason.DocURL = m, "https://stripe.com/docs/error-codes/"+dashed(reason.Code)
	s.Status, s.PaymentMethod, s.NextAction, s.LastSetupError = statusRequiresPaymentMethod, nil, nil, &reason
	r.try(s, m, "failed", &reason)
	setupIntents.put(r.tx, s)
	r.emit("setup_intent.setup_failed", s, nil)
	return nil, &apiError{
		Type: reason.Type, Code: reason.Code, DeclineCode: reason.DeclineCode, Message: reason.Message,
		PaymentMethod: m, SetupIntent: s, status: http.StatusPaymentRequired, keepsEffects: true,
	}
}
