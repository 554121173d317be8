package stripe

// methodDataSpec describes a payment method that is made on the way.
func methodDataSpec() param {
	return hash(newMethodSpec())
}

func newMethodSpec() spec {
	return bankSpecs().with(spec{
		"allow_redisplay": redisplay(), "billing_details": hash(billingDetailsSpec()), "card": hash(cardSpec()),
		"metadata": metadata(), "radar_options": opaque(), "type": required(text()),
	})
}

// methodOptionsSpec leaves out what would move money in ways the sandbox does not know, such as capture_method.
func methodOptionsSpec() param { return hash(optionsByKind()) }

// sessionOptionsSpec adds what only the pages of Checkout are told.
func sessionOptionsSpec() param {
	return hash(optionsByKind().with(spec{
		acssDebit: hash(spec{
			"currency": enum("cad", "usd"), "mandate_options": opaque(), "verification_method": enum("automatic", "instant", "microdeposits"),
		}),
		weChatPay: hash(spec{"app_id": text(), "client": required(enum("android", "ios", "web"))}),
	}))
}

func optionsByKind() spec {
	verification := spec{"verification_method": enum("automatic", "instant", "microdeposits")}
	return spec{
		acssDebit: hash(verification.with(spec{"mandate_options": opaque()})), auBECSDebit: hash(nil), bacsDebit: hash(spec{"mandate_options": opaque()}),
		bancontact: hash(spec{"preferred_language": enum("de", "en", "fr", "nl")}), ideal: hash(nil), linkKind: hash(spec{"persistent_token": text()}),
		customerBalance: hash(bankTransferSpec()), sepaDebit: hash(spec{"mandate_options": opaque()}),
		usBankAccount: hash(verification.with(spec{
			"financial_connections": opaque(), "mandate_options": opaque(), "networks": opaque(), "preferred_settlement_speed": enum("fastest", "standard"),
		})),
		"card": hash(spec{
			"cvc_token": text(), "installments": opaque(), "mandate_options": opaque(), "moto": boolean(), "network": text(),
			"request_three_d_secure": enum("any", "automatic", "challenge"), "statement_descriptor_suffix_kana": text(),
			"statement_descriptor_suffix_kanji": text(), "three_d_secure": opaque(),
		}),
	}
}

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
