package stripe

import (
	"net/http"
	"slices"
)

// lastError is why the latest attempt of an intent failed.
type lastError struct {
	Charge        string         `json:"charge,omitempty"`
	Code          string         `json:"code,omitempty"`
	DeclineCode   string         `json:"decline_code,omitempty"`
	DocURL        string         `json:"doc_url,omitempty"`
	Message       string         `json:"message"`
	PaymentMethod *paymentMethod `json:"payment_method,omitempty"`
	Type          string         `json:"type"`
}

// nextAction tells the client how the customer authenticates.
type nextAction struct {
	DisplayBankTransferInstructions *transferInstructions    `json:"display_bank_transfer_instructions,omitempty"`
	RedirectToURL                   *redirect                `json:"redirect_to_url,omitempty"`
	Type                            string                   `json:"type"`
	UseStripeSDK                    map[string]string        `json:"use_stripe_sdk,omitempty"`
	VerifyWithMicrodeposits         *verifyWithMicrodeposits `json:"verify_with_microdeposits,omitempty"`
}

type redirect struct {
	ReturnURL *string `json:"return_url"`
	URL       string  `json:"url"`
}

func confirmIntent(r *call) (any, error) {
	p, err := r.intent()
	if err != nil {
		return nil, err
	}
	confirmable := []string{statusRequiresPaymentMethod, statusRequiresConfirmation, statusRequiresAction}
	if !slices.Contains(confirmable, p.Status) {
		return nil, p.unexpectedState("confirm", confirmable...)
	}
	if err := p.apply(r); err != nil {
		return nil, err
	}
	return r.confirm(p)
}

// confirm tries to take the money once. A decline is returned as an error that keeps its effects.
func (r *call) confirm(p *paymentIntent) (any, error) {
	if p.PaymentMethod == nil {
		e := refused("payment_intent_unexpected_state", "", "You cannot confirm this PaymentIntent because it's missing a payment method. "+
			"You can either update the PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a payment method or ConfirmationToken.")
		e.PaymentIntent = p
		return nil, e
	}
	offSession := r.args.has("off_session") && r.args.text("off_session") != "false"
	if offSession && p.Customer == nil && r.args.text("setup_future_usage") != "" {
		return nil, invalid("", "off_session", "You cannot set `setup_future_usage` together with `off_session`.")
	}
	if !offSession {
		if err := p.AutomaticPaymentMethods.checkReturnURL("PaymentIntent", r.args); err != nil {
			return nil, err
		}
	}
	m, _ := paymentMethods.get(r.tx, *p.PaymentMethod)
	if err := r.checkOwner(m, p.Customer); err != nil {
		return nil, err // detached, or the intent's customer changed, since the method was chosen
	}
	if !slices.Contains(p.PaymentMethodTypes, m.Type) {
		return nil, refused("payment_intent_incompatible_payment_method", "payment_method",
			"The PaymentMethod provided (%s) is not allowed for this PaymentIntent. Please attach a PaymentMethod of one of the following types: %v.", m.Type, p.PaymentMethodTypes)
	}
	r.returnCash(p)
	switch k, _ := kindOf(m.Type); k.family {
	case debitFamily:
		return r.confirmDebit(p, m, offSession)
	case redirectFamily:
		return r.confirmRedirect(p, m, offSession)
	case transferFamily:
		return r.confirmTransfer(p, m)
	}
	o := r.outcomeOf(m, p, offSession)
	o.authenticated = r.takeAuthentication(p.ID)
	switch {
	case !o.asks, o.authenticated:
		return r.attempt(p, m, o)
	case offSession:
		return r.attempt(p, m, outcome{declineCode: "authentication_required", card: o.card})
	case r.args.boolean("error_on_requires_action"):
		return r.fail(p, m, lastError{
			Code: "authentication_required", DeclineCode: "authentication_not_handled",
			Message: "This payment required an authentication action to complete, but `error_on_requires_action` was set.",
		})
	default:
		return r.askCustomer(p)
	}
}

// checkReturnURL applies Stripe's rule for dynamic methods that might redirect a customer who is present.
func (m *automaticMethods) checkReturnURL(kind string, a args) error {
	if m == nil || m.AllowRedirects == "never" || a.text("return_url") != "" {
		return nil
	}
	return invalid("", "return_url", "This %s is configured to accept payment methods enabled in your Dashboard. "+
		"Because some of these payment methods might redirect your customer off of your page, you must provide a `return_url`. "+
		"If you don't want to accept redirect-based payment methods, set `automatic_payment_methods[enabled]` to `true` and "+
		"`automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents and Payment Intents.", kind)
}

// askCustomer stops before any charge is made: there is none until the customer has authenticated.
func (r *call) askCustomer(p *paymentIntent) (any, error) {
	p.Status, p.LastPaymentError = statusRequiresAction, nil
	p.NextAction = r.authentication(p.ID, p.ClientSecret)
	paymentIntents.put(r.tx, p)
	r.emit("payment_intent.requires_action", p, nil)
	return p, nil
}

// authentication points at the sandbox's page where a person (or a test) plays the customer.
func (r *call) authentication(id, clientSecret string) *nextAction {
	page := r.baseURL + authenticatePath + id + "?client_secret=" + clientSecret
	back := r.args.text("return_url")
	r.putAuthentication(id, back)
	if back != "" {
		return &nextAction{Type: "redirect_to_url", RedirectToURL: &redirect{URL: page, ReturnURL: &back}}
	}
	return &nextAction{Type: "use_stripe_sdk", UseStripeSDK: map[string]string{"type": "three_d_secure_redirect", "stripe_js": page}}
}

// attempt makes one charge and brings the intent into the state its outcome calls for.
func (r *call) attempt(p *paymentIntent, m *paymentMethod, o outcome) (any, error) {
	c := r.newCharge(p, m, o)
	p.LatestCharge = &c.ID
	if o.declineCode != "" {
		charges.put(r.tx, c)
		r.emit("charge.failed", c, nil)
		return r.fail(p, m, lastError{Charge: c.ID, Code: declineErrorCode(o.declineCode), DeclineCode: o.declineCode, Message: *c.FailureMessage})
	}
	p.LastPaymentError, p.NextAction = nil, nil
	if made := c.PaymentMethodDetails.generated(); made != nil && p.SetupFutureUsage != nil {
		*made = r.generate(m, p.Customer, generatedFrom{Charge: &c.ID})
	}
	if p.CaptureMethod == "manual" {
		p.Status, p.AmountCapturable = statusRequiresCapture, p.Amount
	} else {
		r.settleCharge(c, p.Amount)
		p.Status, p.AmountReceived = statusSucceeded, p.Amount
	}
	if o.card.risk == riskElevated {
		r.openReview(p, c)
	}
	charges.put(r.tx, c)
	paymentIntents.put(r.tx, p)
	r.emit("charge.succeeded", c, nil)
	if p.Status == statusRequiresCapture {
		r.emit("payment_intent.amount_capturable_updated", p, nil)
	} else {
		r.emit("payment_intent.succeeded", p, nil)
	}
	r.afterSuccess(p, m, c, o)
	r.followPayment(p)
	return p, nil
}

// afterSuccess saves the method for later where asked, and starts what test cards do after a success.
func (r *call) afterSuccess(p *paymentIntent, m *paymentMethod, c *charge, o outcome) {
	r.saveMethod(p, m)
	if o.card.warns {
		r.warn(c)
	}
	if o.card.dispute != "" && c.Captured {
		r.openDispute(c, o.card.dispute)
	}
}

// saveMethod saves the method of a payment for later where asked; otherwise it is used up, unless it was saved before.
func (r *call) saveMethod(p *paymentIntent, m *paymentMethod) {
	known := r.traits(m.ID)
	k, _ := kindOf(m.Type)
	switch {
	case m.Customer == nil && p.Customer != nil && p.SetupFutureUsage != nil && k.family != redirectFamily && k.reusable():
		m.Customer = p.Customer
		paymentMethods.put(r.tx, m)
		r.emit("payment_method.attached", m, nil)
	case m.Customer == nil:
		known.Charged = true
	}
	known.SetUp = known.SetUp || deref(p.SetupFutureUsage) == "off_session"
	r.putTraits(m.ID, known)
}

// fail records a failed attempt: the method is taken off, and the caller gets 402 with everything inside.
func (r *call) fail(p *paymentIntent, m *paymentMethod, reason lastError) (any, error) {
	if reason.Type == "" {
		reason.Type = typeCard
	}
	reason.PaymentMethod = m
	reason.DocURL = "https://stripe.com/docs/error-codes/" + dashed(reason.Code)
	p.LastPaymentError, p.PaymentMethod, p.NextAction, p.Status = &reason, nil, nil, statusRequiresPaymentMethod
	paymentIntents.put(r.tx, p)
	r.emit("payment_intent.payment_failed", p, nil)
	return nil, &apiError{
		Type: reason.Type, Charge: reason.Charge, Code: reason.Code, DeclineCode: reason.DeclineCode, Message: reason.Message,
		PaymentIntent: p, PaymentMethod: m, status: http.StatusPaymentRequired, keepsEffects: true,
	}
}
