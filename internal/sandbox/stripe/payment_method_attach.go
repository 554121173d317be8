package stripe

import "net/http"

func attachMethod(r *call) (any, error) {
	customerID := r.args.text("customer")
	if _, err := r.liveCustomer(customerID, "customer"); err != nil {
		return nil, err
	}
	return r.attach(r.id, customerID)
}

// namedMethod is the method that a request about an intent of a customer names, or describes; nil when it does neither.
func (r *call) namedMethod(customerID *string) (m *paymentMethod, err error) {
	switch {
	case r.args.text("payment_method") != "":
		m, err = r.useMethod(r.args.text("payment_method"), "payment_method")
	case r.args.has("payment_method_data"):
		if m, err = r.newMethod(r.args.hash("payment_method_data")); err == nil {
			paymentMethods.put(r.tx, m)
		}
	default:
		return nil, nil
	}
	if err == nil {
		err = r.checkOwner(m, customerID)
	}
	return m, err
}

// useMethod finds a method, or makes a new one when given the name of a test method such as pm_card_visa.
func (r *call) useMethod(id, param string) (*paymentMethod, error) {
	if m, found := paymentMethods.get(r.tx, id); found {
		return m, nil
	}
	if m, found := paymentMethods.get(r.tx, r.made[id]); found {
		return m, nil
	}
	m := r.testMethod(id)
	if m == nil && id == r.id {
		return nil, notFound("PaymentMethod", id, param)
	}
	if m == nil {
		return nil, noSuch("PaymentMethod", id, param)
	}
	paymentMethods.put(r.tx, m)
	if r.made == nil {
		r.made = map[string]string{}
	}
	r.made[id] = m.ID
	return m, nil
}

// testMethod makes a method from the name of one of Stripe's test methods; nil for any other text.
func (r *call) testMethod(token string) *paymentMethod {
	if test, found := cardByToken(token); found {
		return r.methodFrom(test)
	}
	if test, found := bankByToken(token); found {
		return r.methodFromBank(test)
	}
	return nil
}

// attach saves a method to a customer. The bank is asked first, so that most declining test cards fail here.
func (r *call) attach(id, customerID string) (*paymentMethod, error) {
	m, err := r.useMethod(id, "payment_method")
	if err != nil {
		return nil, err
	}
	known := r.traits(m.ID)
	switch {
	case deref(m.Customer) == customerID:
		return m, nil
	case m.Customer != nil:
		return nil, refused("payment_method_unexpected_state", "", "The payment method you provided has already been attached to a customer.")
	case known.Detached || known.Charged:
		return nil, errUsedUp()
	}
	if k, _ := kindOf(m.Type); !k.reusable() {
		return nil, refused("payment_method_unexpected_state", "", "The payment method type %s cannot be saved to customers.", m.Type)
	}
	test, _ := cardByNumber(known.Number)
	if test.decline != "" && !test.attaches {
		return nil, &apiError{
			Type: typeCard, Code: declineErrorCode(test.decline), DeclineCode: test.decline,
			Message: declineMessage(test.decline), status: http.StatusPaymentRequired,
		}
	}
	m.Customer = &customerID
	if m.Card != nil {
		m.Card.Checks.CVCCheck = optional("pass")
	}
	paymentMethods.put(r.tx, m)
	r.emit("payment_method.attached", m, nil)
	return m, nil
}

func errUsedUp() *apiError {
	return refused("payment_method_unexpected_state", "payment_method", "The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment, "+
		"shared with a connected account without Customer attachment, or was detached from a Customer. It may not be used again. "+
		"To use a PaymentMethod multiple times, you must attach it to a Customer first.")
}

func detachMethod(r *call) (any, error) {
	m, found := paymentMethods.get(r.tx, r.id)
	if !found {
		return nil, notFound("PaymentMethod", r.id, "payment_method")
	}
	if m.Customer == nil {
		return nil, refused("payment_method_unexpected_state", "", "The payment method you provided is not attached to a customer so detachment is impossible.")
	}
	m.detach(r)
	return m, nil
}

// detach frees the method for good: it cannot be used again. The customer's default goes with it.
func (m *paymentMethod) detach(r *call) {
	before := snapshot(m)
	owner, _ := customers.get(r.tx, *m.Customer)
	m.Customer = nil
	paymentMethods.put(r.tx, m)
	known := r.traits(m.ID)
	known.Detached = true
	r.putTraits(m.ID, known)
	if deref(owner.InvoiceSettings.DefaultPaymentMethod) == m.ID {
		owner.InvoiceSettings.DefaultPaymentMethod = nil
		customers.put(r.tx, owner)
	}
	r.emitUpdate("payment_method.detached", before, m)
}
