package stripe

import "strings"

// transferInstructions tell the customer where to send the money.
type transferInstructions struct {
	AmountRemaining       int64              `json:"amount_remaining"`
	Currency              string             `json:"currency"`
	FinancialAddresses    []financialAddress `json:"financial_addresses"`
	HostedInstructionsURL string             `json:"hosted_instructions_url"`
	Reference             string             `json:"reference"`
	Type                  string             `json:"type"`
}

type financialAddress struct {
	ABA               *abaAddress      `json:"aba,omitempty"`
	IBAN              *ibanAddress     `json:"iban,omitempty"`
	SortCode          *sortCodeAddress `json:"sort_code,omitempty"`
	Spei              *speiAddress     `json:"spei,omitempty"`
	SupportedNetworks []string         `json:"supported_networks"`
	Type              string           `json:"type"`
	Zengin            *zenginAddress   `json:"zengin,omitempty"`
}

type abaAddress struct {
	AccountNumber string `json:"account_number"`
	BankName      string `json:"bank_name"`
	RoutingNumber string `json:"routing_number"`
}

type ibanAddress struct {
	AccountHolderName string `json:"account_holder_name"`
	BIC               string `json:"bic"`
	Country           string `json:"country"`
	IBAN              string `json:"iban"`
}

type sortCodeAddress struct {
	AccountHolderName string `json:"account_holder_name"`
	AccountNumber     string `json:"account_number"`
	SortCode          string `json:"sort_code"`
}

type speiAddress struct {
	BankCode string `json:"bank_code"`
	BankName string `json:"bank_name"`
	Clabe    string `json:"clabe"`
}

type zenginAddress struct {
	AccountHolderName string `json:"account_holder_name"`
	AccountNumber     string `json:"account_number"`
	AccountType       string `json:"account_type"`
	BankCode          string `json:"bank_code"`
	BankName          string `json:"bank_name"`
	BranchCode        string `json:"branch_code"`
	BranchName        string `json:"branch_name"`
}

// fundingInstructions are a customer's own account details, which do not change.
type fundingInstructions struct {
	Object       string              `json:"object"`
	BankTransfer fundingBankTransfer `json:"bank_transfer"`
	Currency     string              `json:"currency"`
	FundingType  string              `json:"funding_type"`
	Livemode     bool                `json:"livemode"`
}

type fundingBankTransfer struct {
	Country            string             `json:"country"`
	FinancialAddresses []financialAddress `json:"financial_addresses"`
	Type               string             `json:"type"`
}

// transferTypes are the kinds of bank transfer, by currency.
func transferType(currency string) string {
	return map[string]string{
		"eur": "eu_bank_transfer", "gbp": "gb_bank_transfer", "jpy": "jp_bank_transfer", "mxn": "mx_bank_transfer", "usd": "us_bank_transfer",
	}[currency]
}

// transferSpec describes where a transfer is to arrive; which formats of an account can be asked for depends on who asks.
func transferSpec(formats ...string) param {
	return hash(spec{
		"eu_bank_transfer":        hash(spec{"country": required(enum("BE", "DE", "ES", "FR", "IE", "NL"))}),
		"requested_address_types": list(enum(formats...)),
		"type":                    required(enum("eu_bank_transfer", "gb_bank_transfer", "jp_bank_transfer", "mx_bank_transfer", "us_bank_transfer")),
	})
}

// bankTransferSpec are the options of customer_balance.
func bankTransferSpec() spec {
	return spec{"bank_transfer": transferSpec("aba", "iban", "sepa", "sort_code", "spei", "swift", "zengin"), "funding_type": enum("bank_transfer")}
}

// checkTransfer says where a transfer in the currency arrives, or what is wrong with the request for it.
func checkTransfer(chosen *transferChoice, currency, path string) (country string, refusal *apiError) {
	kind := ""
	if chosen != nil {
		kind = deref(chosen.Type)
	}
	country = strings.ToUpper(transferType(currency)[:2])
	switch {
	case kind == "":
		return "", missing(path + "[type]")
	case kind != transferType(currency):
		return "", invalid("payment_intent_invalid_parameter", path+"[type]", "The bank transfer type %s cannot be used with the currency %s.", kind, currency)
	case kind == "eu_bank_transfer":
		if chosen.EUBankTransfer == nil {
			return "", missing(path + "[eu_bank_transfer][country]")
		}
		country = chosen.EUBankTransfer.Country
	}
	return country, nil
}

// addressesOf are the account details that belong to one customer.
func addressesOf(customerID, currency, country string) []financialAddress {
	number := digits(12, "virtual account", customerID, currency)
	const holder, bank = "Sandbox", "STRIPE TEST BANK"
	switch currency {
	case "gbp":
		return []financialAddress{{
			Type: "sort_code", SortCode: &sortCodeAddress{AccountHolderName: holder, AccountNumber: number[:8], SortCode: "200000"},
			SupportedNetworks: []string{"bacs", "fps"},
		}}
	case "jpy":
		return []financialAddress{{Type: "zengin", SupportedNetworks: []string{"zengin"}, Zengin: &zenginAddress{
			AccountHolderName: holder, AccountNumber: number[:7], AccountType: "futsu", BankCode: "0000", BankName: bank, BranchCode: "000", BranchName: "HEAD",
		}}}
	case "mxn":
		return []financialAddress{{
			Type: "spei", Spei: &speiAddress{BankCode: "002", BankName: bank, Clabe: "002180" + number}, SupportedNetworks: []string{"spei"},
		}}
	case "usd":
		return []financialAddress{{
			Type: "aba", ABA: &abaAddress{AccountNumber: number, BankName: bank, RoutingNumber: "110000000"}, SupportedNetworks: []string{"ach", "domestic_wire_us"},
		}}
	default:
		return []financialAddress{{Type: "iban", SupportedNetworks: []string{"sepa"}, IBAN: &ibanAddress{
			AccountHolderName: holder, BIC: "TEST" + country + "22", Country: country, IBAN: country + "00" + number,
		}}}
	}
}

// digits derives a number of the given length.
func digits(length int, parts ...string) string {
	var out strings.Builder
	for _, c := range derive(length, parts...) {
		out.WriteByte('0' + byte(c)%10)
	}
	return out.String()
}

func createFundingInstructions(r *call) (any, error) {
	c, err := r.liveCustomer(r.id, "customer")
	if err != nil {
		return nil, err
	}
	currency := strings.ToLower(r.args.text("currency"))
	if transferType(currency) == "" {
		return nil, invalid("", "currency", "Bank transfers are not available in %s.", currency)
	}
	country, refusal := checkTransfer(readTransfer(r.args.hash("bank_transfer")), currency, "bank_transfer")
	if refusal != nil {
		return nil, refusal
	}
	return fundingInstructions{
		Object: "funding_instructions", Currency: currency, FundingType: "bank_transfer", BankTransfer: fundingBankTransfer{
			Country: country, FinancialAddresses: addressesOf(c.ID, currency, country), Type: transferType(currency),
		},
	}, nil
}

// confirmTransfer pays with what the customer sent before, and asks for the rest.
func (r *call) confirmTransfer(p *paymentIntent, m *paymentMethod) (any, error) {
	if p.Customer == nil {
		return nil, invalid("parameter_missing", "customer", "You must provide a `customer` when confirming using the payment method type `customer_balance`.")
	}
	var chosen *transferChoice
	if options := p.PaymentMethodOptions.CustomerBalance; options != nil {
		chosen = options.BankTransfer
	}
	country, refusal := checkTransfer(chosen, p.Currency, "payment_method_options[customer_balance][bank_transfer]")
	if refusal != nil {
		return nil, refusal
	}
	r.putTransfer(p.ID, transfer{Country: country, Currency: p.Currency, Customer: *p.Customer})
	p.Status, p.LastPaymentError = statusRequiresAction, nil
	r.instruct(p, p.Amount, country)
	paymentIntents.put(r.tx, p)
	balance := r.cashBalance(*p.Customer)
	if available := min(balance.Available[p.Currency], p.Amount); available > 0 && balance.Settings.ReconciliationMode == "automatic" {
		r.applyCash(p, m, available)
	}
	if p.Status == statusRequiresAction {
		r.emit("payment_intent.requires_action", p, nil)
		r.followPayment(p)
	}
	return p, nil
}

// instruct writes what is still to be sent.
func (r *call) instruct(p *paymentIntent, remaining int64, country string) {
	p.NextAction = &nextAction{Type: "display_bank_transfer_instructions", DisplayBankTransferInstructions: &transferInstructions{
		AmountRemaining: remaining, Currency: p.Currency, FinancialAddresses: addressesOf(*p.Customer, p.Currency, country),
		HostedInstructionsURL: "https://payments.stripe.com/bank_transfers/instructions/test_" + p.ID, Reference: derive(12, "transfer reference", p.ID),
		Type: transferType(p.Currency),
	}}
}

// transfer is how far a payment by bank transfer has come.
type transfer struct {
	Applied  int64  `json:"applied"` // of the amount, so far
	Country  string `json:"country"`
	Currency string `json:"currency"`
	Customer string `json:"customer"` // whose cash was used: the payment may be handed to somebody else
}

const transfersBucket = "transfers"

func (r *call) putTransfer(intentID string, t transfer) {
	bucketOf(r.tx, transfersBucket).put([]byte(intentID), encode(t))
}

func (r *call) transferOf(intentID string) (t transfer) {
	if stored := bucketOf(r.tx, transfersBucket).get([]byte(intentID)); stored != nil {
		decode(stored, &t)
	}
	return t
}
