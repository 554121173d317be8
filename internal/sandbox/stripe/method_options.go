package stripe

// methodDataSpec describes a payment method that is made on the way. Cards come from Stripe's own pages there, never as data.
func methodDataSpec() param {
	return hash(newMethodSpec().with(spec{"type": required(enum(otherMethods()...))}))
}

func newMethodSpec() spec {
	return bankSpecs().with(spec{
		"allow_redisplay": redisplay(), "billing_details": hash(billingDetailsSpec()), "metadata": metadata(), "radar_options": radarSpec(),
	})
}

func radarSpec() param { return hash(spec{"session": text()}) }

type methodOptions struct {
	ACSSDebit       *verificationOptions `json:"acss_debit,omitempty"`
	Card            cardOptions          `json:"card"`
	CustomerBalance *transferOptions     `json:"customer_balance,omitempty"`
	USBankAccount   *verificationOptions `json:"us_bank_account,omitempty"`
}

type cardOptions struct {
	Installments        *string `json:"installments"`
	MandateOptions      *string `json:"mandate_options"`
	Network             *string `json:"network"`
	RequestThreeDSecure string  `json:"request_three_d_secure"`
}

// verificationOptions say how a bank account is verified.
type verificationOptions struct {
	VerificationMethod string `json:"verification_method"`
}

// transferOptions say where a bank transfer is to arrive.
type transferOptions struct {
	BankTransfer *transferChoice `json:"bank_transfer,omitempty"`
	FundingType  *string         `json:"funding_type"`
}

type transferChoice struct {
	EUBankTransfer *euChoice `json:"eu_bank_transfer,omitempty"`
	Type           *string   `json:"type"`
}

type euChoice struct {
	Country string `json:"country"`
}

// apply keeps the options that decide how a payment goes.
func (o *methodOptions) apply(a args) {
	o.Card.RequestThreeDSecure = a.hash(cardKind).textOr("request_three_d_secure", o.Card.RequestThreeDSecure)
	applyVerification(a, &o.ACSSDebit, &o.USBankAccount)
	if !a.has(customerBalance) {
		return
	}
	given := a.hash(customerBalance)
	o.CustomerBalance = &transferOptions{FundingType: optional(given.text("funding_type"))}
	if given.has("bank_transfer") {
		o.CustomerBalance.BankTransfer = readTransfer(given.hash("bank_transfer"))
	}
}

func readTransfer(a args) *transferChoice {
	choice := &transferChoice{Type: optional(a.text("type"))}
	if country := a.hash("eu_bank_transfer").text("country"); country != "" {
		choice.EUBankTransfer = &euChoice{Country: country}
	}
	return choice
}

func applyVerification(a args, acss, us **verificationOptions) {
	for kind, field := range map[string]**verificationOptions{acssDebit: acss, usBankAccount: us} {
		if method := a.hash(kind).text("verification_method"); method != "" {
			*field = &verificationOptions{VerificationMethod: method}
		}
	}
}

// verification is the way asked for to verify an account of the kind; empty if none was.
func verification(kind string, acss, us *verificationOptions) string {
	chosen := map[string]*verificationOptions{acssDebit: acss, usBankAccount: us}[kind]
	if chosen == nil {
		return ""
	}
	return chosen.VerificationMethod
}
