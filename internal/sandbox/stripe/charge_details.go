package stripe

// methodDetails describe the method at the moment of the charge; one of them is set.
type methodDetails struct {
	ACSSDebit       *acssPaid       `json:"acss_debit,omitempty"`
	AUBECSDebit     *becsPaid       `json:"au_becs_debit,omitempty"`
	BACSDebit       *bacsPaid       `json:"bacs_debit,omitempty"`
	Bancontact      *bancontactPaid `json:"bancontact,omitempty"`
	Card            *cardDetails    `json:"card,omitempty"`
	CustomerBalance *struct{}       `json:"customer_balance,omitempty"`
	Ideal           *idealPaid      `json:"ideal,omitempty"`
	Link            *linkPaid       `json:"link,omitempty"`
	SEPADebit       *sepaPaid       `json:"sepa_debit,omitempty"`
	Type            string          `json:"type"`
	USBankAccount   *usPaid         `json:"us_bank_account,omitempty"`
}

type acssPaid struct {
	acssIdentity
	Mandate *string `json:"mandate,omitempty"`
}

type becsPaid struct {
	becsAccount
	Mandate *string `json:"mandate,omitempty"`
}

type bacsPaid struct {
	bacsAccount
	Mandate *string `json:"mandate"`
}

type sepaPaid struct {
	sepaIdentity
	Mandate *string `json:"mandate"`
}

type usPaid struct {
	usIdentity
	Mandate          *string `json:"mandate,omitempty"`
	PaymentReference *string `json:"payment_reference"`
}

type linkPaid struct {
	Country *string `json:"country"`
}

// generatedDebit is the SEPA debit that the bank's approval was turned into, for later payments.
type generatedDebit struct {
	GeneratedSEPADebit        *string `json:"generated_sepa_debit"`
	GeneratedSEPADebitMandate *string `json:"generated_sepa_debit_mandate"`
	IBANLast4                 *string `json:"iban_last4"`
	VerifiedName              *string `json:"verified_name"`
}

type idealPaid struct {
	generatedDebit
	Bank *string `json:"bank"`
	BIC  *string `json:"bic"`
}

type bancontactPaid struct {
	generatedDebit
	BankCode          *string `json:"bank_code"`
	BankName          *string `json:"bank_name"`
	BIC               *string `json:"bic"`
	PreferredLanguage *string `json:"preferred_language"`
}

// cardDetails describe the card at the moment of the charge.
type cardDetails struct {
	AmountAuthorized  *int64        `json:"amount_authorized"`
	AuthorizationCode *string       `json:"authorization_code"`
	Brand             string        `json:"brand"`
	Checks            cardChecks    `json:"checks"`
	Country           string        `json:"country"`
	ExpMonth          int64         `json:"exp_month"`
	ExpYear           int64         `json:"exp_year"`
	Fingerprint       string        `json:"fingerprint"`
	Funding           string        `json:"funding"`
	Installments      *string       `json:"installments"`
	Last4             string        `json:"last4"`
	Mandate           *string       `json:"mandate"`
	Network           string        `json:"network"`
	ThreeDSecure      *threeDSecure `json:"three_d_secure"`
	Wallet            *string       `json:"wallet"`
}

// threeDSecure is how the customer authenticated a charge.
type threeDSecure struct {
	AuthenticationFlow          string  `json:"authentication_flow"`
	ElectronicCommerceIndicator string  `json:"electronic_commerce_indicator"`
	ExemptionIndicator          *string `json:"exemption_indicator"`
	Result                      string  `json:"result"`
	ResultReason                *string `json:"result_reason"`
	TransactionID               string  `json:"transaction_id"`
	Version                     string  `json:"version"`
}

// detailsOf describes a method for a charge of the given amount.
func detailsOf(m *paymentMethod, amount *int64) methodDetails {
	d := methodDetails{Type: m.Type}
	switch m.Type {
	case acssDebit:
		d.ACSSDebit = &acssPaid{acssIdentity: m.ACSSDebit.acssIdentity}
	case auBECSDebit:
		d.AUBECSDebit = &becsPaid{becsAccount: *m.AUBECSDebit}
	case bacsDebit:
		d.BACSDebit = &bacsPaid{bacsAccount: *m.BACSDebit}
	case bancontact:
		d.Bancontact = &bancontactPaid{
			BankCode: optional("VAPE"), BankName: optional("VAN DE PUT & CO"), BIC: optional("VAPEBE22"),
			generatedDebit: generatedDebit{IBANLast4: optional("7061"), VerifiedName: optional("Jenny Rosen")},
		}
	case customerBalance:
		d.CustomerBalance = &struct{}{}
	case ideal:
		d.Ideal = &idealPaid{
			Bank: m.Ideal.Bank, BIC: m.Ideal.BIC,
			generatedDebit: generatedDebit{IBANLast4: optional("5264"), VerifiedName: optional("Jenny Rosen")},
		}
	case linkKind:
		d.Link = &linkPaid{}
	case sepaDebit:
		d.SEPADebit = &sepaPaid{sepaIdentity: m.SEPADebit.sepaIdentity}
	case usBankAccount:
		d.USBankAccount = &usPaid{usIdentity: m.USBankAccount.usIdentity}
	default:
		d.Card = &cardDetails{
			AmountAuthorized: amount, Brand: m.Card.Brand, Checks: m.Card.Checks, Country: m.Card.Country, ExpMonth: m.Card.ExpMonth,
			ExpYear: m.Card.ExpYear, Fingerprint: m.Card.Fingerprint, Funding: m.Card.Funding, Last4: m.Card.Last4, Network: m.Card.Brand,
		}
	}
	return d
}

// setMandate names the permission that a debit was made under.
func (d *methodDetails) setMandate(id string) {
	switch d.Type {
	case acssDebit:
		d.ACSSDebit.Mandate = &id
	case auBECSDebit:
		d.AUBECSDebit.Mandate = &id
	case bacsDebit:
		d.BACSDebit.Mandate = &id
	case sepaDebit:
		d.SEPADebit.Mandate = &id
	case usBankAccount:
		d.USBankAccount.Mandate = &id
	}
}

// reference is what the customer finds on the statement, once the bank has paid.
func (d *methodDetails) reference(chargeID string) {
	if d.USBankAccount != nil {
		d.USBankAccount.PaymentReference = optional("09100001" + derive(7, "payment_reference", chargeID))
	}
}

// generated is where the details of a bank's approval name the SEPA debit made of it; nil for other methods.
func (d *methodDetails) generated() *generatedDebit {
	switch {
	case d.Bancontact != nil:
		return &d.Bancontact.generatedDebit
	case d.Ideal != nil:
		return &d.Ideal.generatedDebit
	default:
		return nil
	}
}

// last4 is what a receipt shows of the method.
func (d *methodDetails) last4() string {
	switch {
	case d.ACSSDebit != nil:
		return d.ACSSDebit.Last4
	case d.AUBECSDebit != nil:
		return d.AUBECSDebit.Last4
	case d.BACSDebit != nil:
		return d.BACSDebit.Last4
	case d.Card != nil:
		return d.Card.Last4
	case d.SEPADebit != nil:
		return d.SEPADebit.Last4
	case d.USBankAccount != nil:
		return d.USBankAccount.Last4
	default:
		return ""
	}
}
