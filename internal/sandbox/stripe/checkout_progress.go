package stripe

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/perennial-billing/perennial/internal/sandbox/form"
)

func textValue(s string) *form.Value { return &form.Value{Kind: form.Text, Text: s} }

func hashValue(fields map[string]*form.Value) *form.Value {
	return &form.Value{Kind: form.Hash, Fields: fields}
}

func listValue(texts []string) *form.Value {
	v := &form.Value{Kind: form.List}
	for _, s := range texts {
		v.Items = append(v.Items, textValue(s))
	}
	return v
}

// within runs another endpoint's code inside this call, with its own parameters.
func within[T any](r *call, id string, params map[string]*form.Value, run func(*call) (any, error)) (made T, err error) {
	given, own := r.args, r.id
	defer func() { r.args, r.id = given, own }()
	r.args, r.id = args{in: hashValue(params)}, id
	result, err := run(r)
	if err != nil {
		return made, err
	}
	made, ok := result.(T)
	if !ok {
		return made, fmt.Errorf("the endpoint answered %T instead of %T", result, made)
	}
	return made, nil
}

// intentParams are the parameters of the session's intent: its own, and what the caller gave for it.
func (s *checkoutSession) intentParams(plan sessionPlan) map[string]*form.Value {
	params := map[string]*form.Value{"payment_method_types": listValue(s.PaymentMethodTypes)}
	if plan.Intent != nil && plan.Intent.Kind == form.Hash {
		maps.Copy(params, plan.Intent.Fields)
	}
	if plan.Options != nil {
		params["payment_method_options"] = plan.Options
	}
	if s.Customer != nil {
		params["customer"] = textValue(*s.Customer)
	}
	return params
}

func (r *call) startSessionSetup(s *checkoutSession, plan sessionPlan) error {
	made, err := within[*setupIntent](r, "", s.intentParams(plan), createSetup)
	if err != nil {
		return err
	}
	s.SetupIntent = &made.ID
	return nil
}

// payer is what the customer fills in.
type payer struct{ email, method, name string }

// submit confirms the session's intent with what the customer chose. A decline is an error whose effects stay.
func (r *call) submit(s *checkoutSession, p payer) (*nextAction, error) {
	plan := r.plan(s.ID)
	if err := r.identify(s, p, plan); err != nil {
		return nil, err
	}
	confirmation := map[string]*form.Value{
		"mandate_data":   hashValue(map[string]*form.Value{"customer_acceptance": hashValue(map[string]*form.Value{"type": textValue("online")})}),
		"payment_method": textValue(p.method), "return_url": textValue(r.baseURL + checkoutPath + s.ID + "/return"),
	}
	if plan.Options != nil {
		confirmation["payment_method_options"] = plan.Options
	}
	if s.Mode == "setup" {
		made, err := within[*setupIntent](r, *s.SetupIntent, confirmation, confirmSetup)
		if err != nil {
			return nil, err
		}
		return made.NextAction, nil
	}
	if s.PaymentIntent == nil {
		params := s.intentParams(plan)
		params["amount"], params["currency"] = textValue(strconv.FormatInt(*s.AmountTotal, 10)), textValue(*s.Currency)
		made, err := within[*paymentIntent](r, "", params, createIntent)
		if err != nil {
			return nil, err
		}
		s.PaymentIntent = &made.ID
		checkoutSessions.put(r.tx, s)
	}
	made, err := within[*paymentIntent](r, *s.PaymentIntent, confirmation, confirmIntent)
	if err != nil {
		return nil, err
	}
	return made.NextAction, nil
}

// identify keeps who pays, and makes the customer where one is needed and none was named.
func (r *call) identify(s *checkoutSession, p payer, plan sessionPlan) error {
	if s.CustomerDetails == nil {
		s.CustomerDetails = &customerDetails{TaxExempt: "none", TaxIDs: []string{}}
	}
	if p.email == "" {
		p.email = deref(s.CustomerEmail)
	}
	for given, field := range map[string]**string{p.email: &s.CustomerDetails.Email, p.name: &s.CustomerDetails.Name} {
		if given != "" {
			*field = optional(given)
		}
	}
	saves := args{in: plan.Intent}.text("setup_future_usage") != ""
	if s.Customer == nil && (saves || deref(s.CustomerCreation) == "always") {
		params := map[string]*form.Value{}
		for name, given := range map[string]*string{"email": s.CustomerDetails.Email, "name": s.CustomerDetails.Name} {
			if given != nil {
				params[name] = textValue(*given)
			}
		}
		made, err := within[*customer](r, "", params, createCustomer)
		if err != nil {
			return err
		}
		s.Customer = &made.ID
		if s.SetupIntent != nil {
			if _, err := within[*setupIntent](r, *s.SetupIntent, map[string]*form.Value{"customer": textValue(*s.Customer)}, updateSetup); err != nil {
				return err
			}
		}
	}
	checkoutSessions.put(r.tx, s)
	return nil
}

// followPayment brings the session of a payment up to date with it.
func (r *call) followPayment(p *paymentIntent) {
	var s *checkoutSession
	checkoutSessions.where(r.tx, "payment_intent", p.ID, func(found *checkoutSession) bool {
		s = found
		return false
	})
	if s == nil {
		return
	}
	paid := slices.Contains([]string{statusSucceeded, statusRequiresCapture}, p.Status)
	switch {
	case s.Status == sessionOpen && (paid || p.Status == statusProcessing || p.awaitsTransfer()):
		s.Status = sessionComplete
		if p.Status == statusSucceeded {
			s.PaymentStatus = paymentPaid
		}
		r.finishSession(s, "checkout.session.completed")
	case s.Status == sessionComplete && s.PaymentStatus == paymentUnpaid && p.Status == statusSucceeded:
		s.PaymentStatus = paymentPaid
		r.finishSession(s, "checkout.session.async_payment_succeeded")
	case s.Status == sessionComplete && s.PaymentStatus == paymentUnpaid && p.Status == statusRequiresPaymentMethod:
		r.finishSession(s, "checkout.session.async_payment_failed")
	}
}

// followSetup ends the session of a set-up.
func (r *call) followSetup(intent *setupIntent) {
	var s *checkoutSession
	checkoutSessions.where(r.tx, "setup_intent", intent.ID, func(found *checkoutSession) bool {
		s = found
		return false
	})
	if s != nil && s.Status == sessionOpen {
		s.Status = sessionComplete
		r.finishSession(s, "checkout.session.completed")
	}
}

func (r *call) finishSession(s *checkoutSession, kind string) {
	if s.Status != sessionOpen {
		s.URL = nil
	}
	checkoutSessions.put(r.tx, s)
	r.emit(kind, s, nil)
}

func expireSession(r *call) (any, error) {
	s, err := r.session()
	if err != nil {
		return nil, err
	}
	if s.Status != sessionOpen {
		return nil, refused("", "", "Only Checkout Sessions with a status in [\"open\"] can be expired. This Checkout Session has a status of `%s`.", s.Status)
	}
	return s, r.endSession(s)
}

// endSession closes the page, and cancels the payment that was begun on it.
func (r *call) endSession(s *checkoutSession) error {
	s.Status = sessionExpired
	if p, found := paymentIntents.get(r.tx, deref(s.PaymentIntent)); found && p.Status != statusCanceled {
		if _, err := within[*paymentIntent](r, *s.PaymentIntent, nil, cancelIntent); err != nil {
			return err
		}
	}
	if setup, found := setupIntents.get(r.tx, deref(s.SetupIntent)); found && setup.Status != statusCanceled {
		if _, err := within[*setupIntent](r, *s.SetupIntent, nil, cancelSetup); err != nil {
			return err
		}
	}
	r.finishSession(s, "checkout.session.expired")
	return nil
}
