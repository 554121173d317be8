package stripe

import "time"

// debitPlan is what will become of a debit: fixed when it starts, so that time alone decides when.
type debitPlan struct {
	Code    string `json:"code,omitempty"`    // failure or network code; empty: the money comes
	Dispute bool   `json:"dispute,omitempty"` // and is taken back later
	Endless bool   `json:"endless,omitempty"` // the outcome never comes
	Minutes int    `json:"minutes,omitempty"` // until the outcome; 0: the scheme's business days
}

// lateReturn is from a successful debit to its return by the bank. Customers have 60 days for ACH, 8 weeks for SEPA.
const lateReturn = 10 * 24 * time.Hour

// planFor decides about a debit: a scenario has the first word, then the test account.
func (r *call) planFor(m *paymentMethod, p *paymentIntent) debitPlan {
	known := r.traits(m.ID)
	test, _ := bankByNumber(m.Type, known.Bank, known.Number)
	plan := debitPlan{Code: test.failure, Dispute: test.dispute, Endless: test.endless, Minutes: test.minutes}
	scripted, found := r.scripted(m, known, deref(p.Customer))
	if !found {
		return plan
	}
	plan = debitPlan{Minutes: test.minutes}
	switch scripted {
	case outcomeOK:
	case outcomeDispute:
		plan.Dispute = true
	default:
		plan.Code = scripted
	}
	return plan
}

// confirmDebit checks all that a debit needs before the bank is asked.
func (r *call) confirmDebit(p *paymentIntent, m *paymentMethod, offSession bool) (any, error) {
	k, _ := kindOf(m.Type)
	if p.CaptureMethod == "manual" {
		return nil, refused("payment_intent_invalid_parameter", "capture_method", "The payment method type %s cannot be captured manually.", m.Type)
	}
	if m.USBankAccount != nil && m.USBankAccount.StatusDetails.Blocked != nil {
		return r.fail(p, m, lastError{
			Type: typeInvalid, Code: "bank_account_unusable",
			Message: "The bank account provided cannot be used: an earlier payment was returned with the code " +
				m.USBankAccount.StatusDetails.Blocked.NetworkCode + ". Use a different bank account.",
		})
	}
	if k.limit > 0 && p.Amount > k.limit {
		return r.fail(p, m, lastError{
			Type: typeInvalid, Code: "charge_exceeds_transaction_limit",
			Message: "The amount is larger than the transaction limit of this account for " + m.Type + ", " + display(k.limit, p.Currency) + ".",
		})
	}
	given, err := r.mandateFor(p, m)
	if err != nil {
		return nil, err
	}
	if k.verified && !r.trusts(m, verification(m.Type, p.PaymentMethodOptions.ACSSDebit, p.PaymentMethodOptions.USBankAccount)) {
		if offSession {
			return r.fail(p, m, lastError{Type: typeInvalid, Code: "bank_account_unverified", Message: "The bank account has not been verified by its owner."})
		}
		r.setMandate(given, mandatePending)
		p.NextAction, p.Status, p.LastPaymentError = r.microdeposits(p.ID, p.ClientSecret, m, given.ID), statusRequiresAction, nil
		paymentIntents.put(r.tx, p)
		r.emit("payment_intent.requires_action", p, nil)
		return p, nil
	}
	return r.startDebit(p, m, given)
}

// trusts says whether the account was verified, in the way asked for, and may be used at once.
func (r *call) trusts(m *paymentMethod, asked string) bool {
	known := r.traits(m.ID)
	return known.Proven || (known.Verified && asked != "microdeposits")
}

// startDebit sends the debit on its way.
func (r *call) startDebit(p *paymentIntent, m *paymentMethod, given *mandate) (any, error) {
	k, _ := kindOf(m.Type)
	plan := r.planFor(m, p)
	c := r.newCharge(p, m, outcome{})
	c.PaymentMethodDetails.setMandate(given.ID)
	c.Status, c.Paid, c.Captured, c.ReceiptURL = "pending", false, true, nil
	charges.put(r.tx, c)
	p.LatestCharge, p.Status, p.NextAction, p.LastPaymentError = &c.ID, statusProcessing, nil, nil
	paymentIntents.put(r.tx, p)
	r.emit("charge.pending", c, nil)
	r.emit("payment_intent.processing", p, nil)
	r.saveMethod(p, m)
	r.followPayment(p)
	if given.SingleUse != nil {
		r.setMandate(given, mandateInactive)
	}
	if !plan.Endless {
		at := businessDays(r.asOf, k.days)
		if plan.Minutes > 0 {
			at = r.asOf.Add(time.Duration(plan.Minutes) * time.Minute)
		}
		r.schedule(at, due{Action: endDebit, ID: c.ID, Plan: &plan})
	}
	return p, nil
}

// businessDays counts days that are not Saturday or Sunday; the sandbox knows no bank holidays.
func businessDays(from time.Time, n int) time.Time {
	for at := from; ; {
		if n == 0 {
			return at
		}
		at = at.AddDate(0, 0, 1)
		if day := at.Weekday(); day != time.Saturday && day != time.Sunday {
			n--
		}
	}
}

// endDebit brings a debit to its outcome.
func (r *call) endDebit(chargeID string, plan debitPlan) {
	c, _ := charges.get(r.tx, chargeID)
	p, _ := paymentIntents.get(r.tx, *c.PaymentIntent)
	m, _ := paymentMethods.get(r.tx, c.PaymentMethod)
	if plan.Code != "" {
		r.returnDebit(p, m, c, plan.Code)
		return
	}
	c.Status, c.Paid = statusSucceeded, true
	r.settleCharge(c, c.Amount)
	c.PaymentMethodDetails.reference(c.ID)
	charges.put(r.tx, c)
	p.Status, p.AmountReceived = statusSucceeded, c.Amount
	paymentIntents.put(r.tx, p)
	r.emit("charge.succeeded", c, nil)
	r.emit("payment_intent.succeeded", p, nil)
	r.followPayment(p)
	if plan.Dispute {
		r.schedule(r.asOf.Add(lateReturn), due{Action: takeBack, ID: c.ID})
	}
}

// returnDebit is a debit the bank refused. Whatever is not a lack of money blocks a US account for good.
func (r *call) returnDebit(p *paymentIntent, m *paymentMethod, c *charge, code string) {
	known, found := returnFor(code)
	if !found {
		known, _ = returnFor("generic_could_not_process")
	}
	message := known.message()
	c.Status, c.FailureCode, c.FailureMessage = "failed", &known.failure, &message
	c.Outcome = chargeOutcome{
		NetworkStatus: "declined_by_network", Reason: &known.failure, RiskLevel: "not_assessed", SellerMessage: message, Type: "issuer_declined",
	}
	charges.put(r.tx, c)
	r.emit("charge.failed", c, nil)
	if m.USBankAccount != nil && known.blocks != "" {
		before := snapshot(m)
		m.USBankAccount.StatusDetails.Blocked = &blockedAccount{NetworkCode: known.network, Reason: known.blocks}
		paymentMethods.put(r.tx, m)
		r.emitUpdate("payment_method.updated", before, m)
	}
	// The error is for a caller who waits; nobody does.
	_, _ = r.fail(p, m, lastError{Type: typeInvalid, Charge: c.ID, Code: known.failure, Message: message})
	r.followPayment(p)
}

// takeBack is a debit returned after its success: no failed payment, but a dispute that is lost from the start.
func (r *call) takeBack(chargeID string) {
	c, _ := charges.get(r.tx, chargeID)
	if c.Refunded || c.Disputed {
		return
	}
	reason := "customer_initiated"
	if c.PaymentMethodDetails.Type != sepaDebit && c.PaymentMethodDetails.Type != bacsDebit {
		reason = "debit_not_authorized"
	}
	r.openDispute(c, reason)
	r.revoke(c.PaymentMethod)
}

// unusable refuses a saved account that the bank has closed to debits, before a set-up.
func (r *call) unusable(s *setupIntent, m *paymentMethod) (any, error) {
	return r.failSetup(s, m, lastError{Type: typeInvalid, Code: "bank_account_unusable", Message: "The bank account provided cannot be used. Use a different bank account."})
}

// confirmDebitSetup takes the permission for later debits.
func (r *call) confirmDebitSetup(s *setupIntent, m *paymentMethod) (any, error) {
	k, _ := kindOf(m.Type)
	if m.USBankAccount != nil && m.USBankAccount.StatusDetails.Blocked != nil {
		return r.unusable(s, m)
	}
	accepted := r.args.hash("mandate_data").hash("customer_acceptance")
	if accepted.in == nil {
		e := refused("", "", "This SetupIntent requires a mandate. Collect mandate acceptance from the customer and try again, providing acceptance data in the mandate_data parameter.")
		e.SetupIntent = s
		return nil, e
	}
	given := r.newMandate(m, accepted, nil)
	s.Mandate = &given.ID
	if k.verified && !r.trusts(m, verification(m.Type, s.PaymentMethodOptions.ACSSDebit, s.PaymentMethodOptions.USBankAccount)) {
		r.setMandate(given, mandatePending)
		s.NextAction, s.Status, s.LastSetupError = r.microdeposits(s.ID, s.ClientSecret, m, given.ID), statusRequiresAction, nil
		r.try(s, m, statusRequiresAction, nil)
		setupIntents.put(r.tx, s)
		r.emit("setup_intent.requires_action", s, nil)
		return s, nil
	}
	return r.finishSetup(s, m, testCard{})
}
