package stripe

import "strings"

// bankAccounts are the bank accounts a payment method can be; at most one is set.
type bankAccounts struct {
	ACSSDebit     *acssAccount `json:"acss_debit,omitempty"`
	AUBECSDebit   *becsAccount `json:"au_becs_debit,omitempty"`
	BACSDebit     *bacsAccount `json:"bacs_debit,omitempty"`
	SEPADebit     *sepaAccount `json:"sepa_debit,omitempty"`
	USBankAccount *usAccount   `json:"us_bank_account,omitempty"`
}

type acssIdentity struct {
	BankName          *string `json:"bank_name"`
	Fingerprint       string  `json:"fingerprint"`
	InstitutionNumber string  `json:"institution_number"`
	Last4             string  `json:"last4"`
	TransitNumber     string  `json:"transit_number"`
}

type acssAccount struct{ acssIdentity }

type becsAccount struct {
	BSBNumber   string `json:"bsb_number"`
	Fingerprint string `json:"fingerprint"`
	Last4       string `json:"last4"`
}

type bacsAccount struct {
	Fingerprint string `json:"fingerprint"`
	Last4       string `json:"last4"`
	SortCode    string `json:"sort_code"`
}

type sepaIdentity struct {
	BankCode    string `json:"bank_code"`
	BranchCode  string `json:"branch_code"`
	Country     string `json:"country"`
	Fingerprint string `json:"fingerprint"`
	Last4       string `json:"last4"`
}

type sepaAccount struct {
	sepaIdentity
	GeneratedFrom *generatedFrom `json:"generated_from"`
}

// generatedFrom is the payment or set-up that turned a bank's approval into a SEPA debit.
type generatedFrom struct {
	Charge       *string `json:"charge"`
	SetupAttempt *string `json:"setup_attempt"`
}

type usIdentity struct {
	AccountHolderType string `json:"account_holder_type"`
	AccountType       string `json:"account_type"`
	BankName          string `json:"bank_name"`
	Fingerprint       string `json:"fingerprint"`
	Last4             string `json:"last4"`
	RoutingNumber     string `json:"routing_number"`
}

type usAccount struct {
	usIdentity
	FinancialConnectionsAccount *string         `json:"financial_connections_account"`
	Networks                    usNetworks      `json:"networks"`
	StatusDetails               usStatusDetails `json:"status_details"`
}

type usNetworks struct {
	Preferred string   `json:"preferred"`
	Supported []string `json:"supported"`
}

type usStatusDetails struct {
	Blocked *blockedAccount `json:"blocked,omitempty"`
}

// blockedAccount says why no more debits are tried.
type blockedAccount struct {
	NetworkCode string `json:"network_code"`
	Reason      string `json:"reason"`
}

// idealBanks are the banks that can be named in advance.
const idealBanks = "abn_amro asn_bank bunq handelsbanken ing knab moneyou n26 nn rabobank regiobank revolut sns_bank triodos_bank van_lanschot yoursafe"

// bankSpecs are the parameters of the bank accounts, by kind.
func bankSpecs() spec {
	return spec{
		acssDebit:   hash(spec{"account_number": required(text()), "institution_number": required(text()), "transit_number": required(text())}),
		auBECSDebit: hash(spec{"account_number": required(text()), "bsb_number": required(text())}),
		bacsDebit:   hash(spec{"account_number": text(), "sort_code": text()}),
		bancontact:  hash(nil), customerBalance: hash(nil), ideal: hash(spec{"bank": enum(strings.Fields(idealBanks)...)}), linkKind: hash(nil),
		sepaDebit: hash(spec{"iban": required(text())}),
		usBankAccount: hash(spec{
			"account_holder_type": enum("company", "individual"), "account_number": text(), "account_type": enum("checking", "savings"),
			"financial_connections_account": text(), "routing_number": text(),
		}),
	}
}

// findTestBank refuses accounts that are not for tests, without repeating their numbers.
func findTestBank(kind string, given args) (testBank, error) {
	names := map[string][]string{
		acssDebit: {"transit_number", "institution_number", "account_number"}, auBECSDebit: {"bsb_number", "account_number"},
		bacsDebit: {"sort_code", "account_number"}, sepaDebit: {"iban"}, usBankAccount: {"routing_number", "account_number"},
	}[kind]
	var parts []string
	for _, name := range names {
		part := strings.NewReplacer(" ", "", "-", "").Replace(given.text(name))
		if part == "" {
			return testBank{}, missing(kind + "[" + name + "]")
		}
		parts = append(parts, strings.ToUpper(part))
	}
	last := len(parts) - 1
	if b, found := bankByNumber(kind, strings.Join(parts[:last], "-"), parts[last]); found {
		return b, nil
	}
	return testBank{}, invalid("payment_method_invalid_parameter_testmode", kind+"["+names[last]+"]",
		"This account is not one of Stripe's test accounts for %s, and the sandbox accepts no others.", kind)
}

// newBankMethod makes a method from the parameters of its creation.
func (r *call) newBankMethod(kind string, a args) (*paymentMethod, error) {
	details := a.hash("billing_details")
	given := a.hash(kind)
	test, err := findTestBank(kind, given)
	if err != nil {
		return nil, err
	}
	if details.text("name") == "" {
		return nil, missing("billing_details[name]")
	}
	if kind != usBankAccount && details.text("email") == "" {
		return nil, missing("billing_details[email]")
	}
	m := r.methodFromBank(test)
	if m.USBankAccount != nil {
		m.USBankAccount.AccountHolderType = given.textOr("account_holder_type", m.USBankAccount.AccountHolderType)
		m.USBankAccount.AccountType = given.textOr("account_type", m.USBankAccount.AccountType)
		m.USBankAccount.FinancialConnectionsAccount = nil // typed in by hand, so it must prove itself by microdeposits
	}
	known := r.traits(m.ID)
	known.Token, known.Verified = "", false
	r.putTraits(m.ID, known)
	return m, nil
}

// methodFromBank makes a new, unattached method of a test account. One named by its token counts as linked through
// Financial Connections, which verifies it.
func (r *call) methodFromBank(test testBank) *paymentMethod {
	m := r.newMethodOf(test.kind)
	fingerprint, last4 := derive(16, "fingerprint", test.kind, test.number), test.number[len(test.number)-4:]
	switch test.kind {
	case acssDebit:
		transit, institution, _ := strings.Cut(test.bank, "-")
		m.ACSSDebit = &acssAccount{acssIdentity{
			BankName: optional("STRIPE TEST BANK"), Fingerprint: fingerprint, InstitutionNumber: institution, Last4: last4, TransitNumber: transit,
		}}
	case auBECSDebit:
		m.AUBECSDebit = &becsAccount{BSBNumber: test.bank, Fingerprint: fingerprint, Last4: last4}
	case bacsDebit:
		m.BACSDebit = &bacsAccount{Fingerprint: fingerprint, Last4: last4, SortCode: test.bank}
	case sepaDebit:
		m.SEPADebit = &sepaAccount{sepaIdentity: sepaIdentity{BankCode: test.number[4:9], Country: test.number[:2], Fingerprint: fingerprint, Last4: last4}}
	default:
		m.USBankAccount = &usAccount{
			usIdentity: usIdentity{
				AccountHolderType: "individual", AccountType: "checking", BankName: "STRIPE TEST BANK", Fingerprint: fingerprint, Last4: last4,
				RoutingNumber: test.bank,
			},
			FinancialConnectionsAccount: optional("fca_" + derive(idChars, "fca", m.ID)),
			Networks:                    usNetworks{Preferred: "ach", Supported: []string{"ach"}},
		}
	}
	holder, address := "Jenny Rosen", "jenny.rosen@example.com"
	m.BillingDetails.Name, m.BillingDetails.Email = &holder, &address
	r.putTraits(m.ID, traits{Bank: test.bank, Number: test.number, Token: test.name, Verified: true})
	return m
}
