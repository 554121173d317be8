package stripe

import (
	"fmt"
	"slices"
)

// verifyWithMicrodeposits tells the customer to look for two small payments, or one with a code.
type verifyWithMicrodeposits struct {
	ArrivalDate           int64  `json:"arrival_date"`
	HostedVerificationURL string `json:"hosted_verification_url"`
	MicrodepositType      string `json:"microdeposit_type"`
}

// microdepositState is what is known of a verification under way.
type microdepositState struct {
	Attempts int    `json:"attempts"` // that failed
	Mandate  string `json:"mandate"`  // waits for the verification
}

const (
	microdepositsBucket = "microdeposits"
	maxVerifications    = 10
)

// Values that decide the verification of test accounts (docs.stripe.com/payments/ach-direct-debit).
const (
	codeOfSuccess, codeOfExcess, codeOfTimeout = "SM11AA", "SM33CC", "SM44DD"
)

func verifySpec() spec {
	return spec{"amounts": list(integer()), "client_secret": filledText(), "descriptor_code": filledText()}
}

// microdeposits starts a verification; the customer can also answer at the page that authenticates cards.
func (r *call) microdeposits(intentID, clientSecret string, m *paymentMethod, mandateID string) *nextAction {
	r.putAuthentication(intentID, r.args.text("return_url"))
	bucketOf(r.tx, microdepositsBucket).put([]byte(intentID), encode(microdepositState{Mandate: mandateID}))
	kind := "descriptor_code"
	if m.Type == acssDebit {
		kind = "amounts"
	}
	return &nextAction{Type: "verify_with_microdeposits", VerifyWithMicrodeposits: &verifyWithMicrodeposits{
		ArrivalDate: businessDays(r.asOf, 1).Unix(), HostedVerificationURL: r.baseURL + authenticatePath + intentID + "?client_secret=" + clientSecret,
		MicrodepositType: kind,
	}}
}

func (r *call) microdepositState(intentID string) (s microdepositState) {
	if stored := bucketOf(r.tx, microdepositsBucket).get([]byte(intentID)); stored != nil {
		decode(stored, &s)
	}
	return s
}

// verification judges what the customer found on the account. An error without a code ends nothing but this try.
func (r *call) verification(intentID string, m *paymentMethod) *lastError {
	amounts, code := r.args.list("amounts"), r.args.text("descriptor_code")
	slices.Sort(amounts)
	test, _ := bankByNumber(m.Type, r.traits(m.ID).Bank, r.traits(m.ID).Number)
	is := func(first, second, descriptor string) bool {
		return slices.Equal(amounts, []string{first, second}) || code == descriptor
	}
	switch {
	case is("32", "45", codeOfSuccess) && !test.unproven:
		return nil
	case is("10", "11", codeOfExcess), test.unproven:
		return &lastError{
			Type: typeInvalid, Code: "payment_method_microdeposit_verification_attempts_exceeded",
			Message: "You have exceeded the number of allowed verification attempts.",
		}
	case is("40", "41", codeOfTimeout):
		return &lastError{Type: typeInvalid, Code: "payment_method_microdeposit_verification_timeout", Message: "Microdeposits were not verified in time."}
	}
	s := r.microdepositState(intentID)
	s.Attempts++
	if s.Attempts >= maxVerifications {
		return &lastError{
			Type: typeInvalid, Code: "payment_method_microdeposit_verification_attempts_exceeded",
			Message: "You have exceeded the number of allowed verification attempts.",
		}
	}
	bucketOf(r.tx, microdepositsBucket).put([]byte(intentID), encode(s))
	return &lastError{Message: fmt.Sprintf("You have %d verification attempts remaining.", maxVerifications-s.Attempts)}
}

// mismatch refuses one try and keeps count of it.
func (r *call) mismatch(left string) *apiError {
	code, what := "payment_method_microdeposit_verification_amounts_mismatch", "amounts"
	if r.args.has("descriptor_code") {
		code, what = "payment_method_microdeposit_verification_descriptor_code_mismatch", "descriptor code"
	}
	e := refused(code, "", "The %s provided did not match what was sent to the bank account. %s", what, left)
	e.keepsEffects = true
	return e
}

func (r *call) checkVerification(nextStep *nextAction) *apiError {
	switch amounts := r.args.list("amounts"); {
	case nextStep == nil || nextStep.VerifyWithMicrodeposits == nil:
		return refused("payment_method_bank_account_already_verified", "", "This intent does not wait for the verification of a bank account.")
	case (len(amounts) == 0) == !r.args.has("descriptor_code"):
		return invalid("parameter_missing", "", "Exactly one of the following params should be provided for this request: amounts or descriptor_code.")
	case len(amounts) != 0 && len(amounts) != 2:
		return invalid("payment_method_microdeposit_verification_amounts_invalid", "amounts", "You must provide exactly two microdeposit amounts.")
	}
	return nil
}

func verifyIntent(r *call) (any, error) {
	p, err := r.intent()
	if err != nil {
		return nil, err
	}
	if refusal := r.checkVerification(p.NextAction); refusal != nil {
		return nil, refusal
	}
	m, _ := paymentMethods.get(r.tx, *p.PaymentMethod)
	if err := r.checkOwner(m, p.Customer); err != nil {
		return nil, err
	}
	problem := r.verification(p.ID, m)
	switch {
	case problem == nil:
		return r.proven(p, m)
	case problem.Code == "":
		return nil, r.mismatch(problem.Message)
	}
	return r.fail(p, m, *problem)
}

// proven goes on with a payment whose bank account has been verified.
func (r *call) proven(p *paymentIntent, m *paymentMethod) (any, error) {
	return r.startDebit(p, m, r.prove(p.ID, m))
}

// prove marks the account as verified and brings the mandate into force.
func (r *call) prove(intentID string, m *paymentMethod) *mandate {
	known := r.traits(m.ID)
	known.Proven = true
	r.putTraits(m.ID, known)
	s := r.microdepositState(intentID)
	bucketOf(r.tx, microdepositsBucket).delete([]byte(intentID))
	given, _ := mandates.get(r.tx, s.Mandate)
	r.setMandate(given, mandateActive)
	return given
}

func verifySetup(r *call) (any, error) {
	s, err := r.openSetup("verify")
	if err != nil {
		return nil, err
	}
	if refusal := r.checkVerification(s.NextAction); refusal != nil {
		return nil, refusal
	}
	m, _ := paymentMethods.get(r.tx, *s.PaymentMethod)
	if err := r.checkOwner(m, s.Customer); err != nil {
		return nil, err
	}
	problem := r.verification(s.ID, m)
	switch {
	case problem == nil:
		r.prove(s.ID, m)
		return r.finishSetup(s, m, testCard{})
	case problem.Code == "":
		return nil, r.mismatch(problem.Message)
	}
	return r.failSetup(s, m, *problem)
}
