package stripe

import (
	"net/http"
	"time"
)

// paymentMethod is Stripe's payment method object: what the customer pays with.
type paymentMethod struct {
	ID             string            `json:"id"`
	Object         string            `json:"object"`
	AllowRedisplay string            `json:"allow_redisplay"`
	BillingDetails billingDetails    `json:"billing_details"`
	Card           *card             `json:"card,omitempty"`
	Created        int64             `json:"created"`
	Customer       *string           `json:"customer"`
	Livemode       bool              `json:"livemode"`
	Metadata       map[string]string `json:"metadata"`
	Type           string            `json:"type"`

	bankAccounts
	Bancontact      *struct{}    `json:"bancontact,omitempty"`
	CustomerBalance *struct{}    `json:"customer_balance,omitempty"`
	Ideal           *idealBank   `json:"ideal,omitempty"`
	Link            *linkAccount `json:"link,omitempty"`
}

type card struct {
	Brand             string       `json:"brand"`
	Checks            cardChecks   `json:"checks"`
	Country           string       `json:"country"`
	DisplayBrand      string       `json:"display_brand"`
	ExpMonth          int64        `json:"exp_month"`
	ExpYear           int64        `json:"exp_year"`
	Fingerprint       string       `json:"fingerprint"`
	Funding           string       `json:"funding"`
	GeneratedFrom     *string      `json:"generated_from"`
	Last4             string       `json:"last4"`
	Networks          cardNetworks `json:"networks"`
	ThreeDSecureUsage struct {
		Supported bool `json:"supported"`
	} `json:"three_d_secure_usage"`
	Wallet *string `json:"wallet"`
}

type cardChecks struct {
	AddressLine1Check      *string `json:"address_line1_check"`
	AddressPostalCodeCheck *string `json:"address_postal_code_check"`
	CVCCheck               *string `json:"cvc_check"`
}

type cardNetworks struct {
	Available []string `json:"available"`
	Preferred *string  `json:"preferred"`
}

func (m *paymentMethod) identity() (string, int64) { return m.ID, m.Created }

func (m *paymentMethod) indexed() map[string]string {
	return map[string]string{"customer": deref(m.Customer)}
}

var paymentMethods = collection[*paymentMethod]{name: "PaymentMethod", prefix: "pm_"}

func paymentMethodEndpoints() []endpoint {
	creation := newMethodSpec().with(spec{"card": hash(cardSpec()), "type": required(methodType())})
	update := spec{
		"allow_redisplay": redisplay(), "billing_details": hash(billingDetailsSpec()),
		"card": hash(spec{"exp_month": integer(), "exp_year": integer(), "networks": hash(spec{"preferred": clearable(preferredNetwork())})}), "link": hash(nil), "metadata": metadata(),
		usBankAccount: hash(spec{"account_holder_type": enum("company", "individual"), "account_type": enum("checking", "savings")}),
	}
	return []endpoint{
		post("/v1/payment_methods", creation, createMethod),
		get("/v1/payment_methods", pageSpec(spec{"customer": filledText(), "type": methodType()}), listMethods),
		get("/v1/payment_methods/{id}", nil, retrieve(paymentMethods, "payment_method")),
		post("/v1/payment_methods/{id}", update, updateMethod),
		post("/v1/payment_methods/{id}/attach", spec{"customer": required(text())}, attachMethod),
		post("/v1/payment_methods/{id}/detach", nil, detachMethod),
	}
}

func redisplay() param { return enum("always", "limited", "unspecified") }

func cardSpec() spec {
	return spec{"cvc": text(), "exp_month": integer(), "exp_year": integer(), "networks": hash(spec{"preferred": preferredNetwork()}), "number": text(), "token": text()}
}

func preferredNetwork() param { return enum("cartes_bancaires", "mastercard", "visa") }

func createMethod(r *call) (any, error) {
	m, err := r.newMethod(r.args)
	if err != nil {
		return nil, err
	}
	paymentMethods.put(r.tx, m)
	return m, nil
}

// merged hides that a nil *apiError is not a nil error.
func merged(a args, current map[string]string) (map[string]string, error) {
	m, refusal := a.mergeMetadata(current)
	if refusal != nil {
		return nil, refusal
	}
	return m, nil
}

// newMethod makes a method from the parameters of its creation, or from payment_method_data.
func (r *call) newMethod(a args) (*paymentMethod, error) {
	k, found := kindOf(a.text("type"))
	var m *paymentMethod
	var err error
	switch {
	case !found || k.family == listedFamily:
		return nil, invalid("payment_method_unsupported_type", "type", "The payment method type \"%s\" is invalid, or the sandbox does not play it.", a.text("type"))
	case k.name == cardKind:
		m, err = r.newCardMethod(a.hash("card"))
	case k.family == debitFamily:
		m, err = r.newBankMethod(k.name, a)
	default:
		m = r.newPlainMethod(k.name, a)
	}
	if err != nil {
		return nil, err
	}
	m.BillingDetails.update(a.hash("billing_details"))
	m.AllowRedisplay = a.textOr("allow_redisplay", m.AllowRedisplay)
	m.Metadata, err = merged(a, nil)
	return m, err
}

func (r *call) newCardMethod(given args) (*paymentMethod, error) {
	test, err := findTestCard(given)
	if err != nil {
		return nil, err
	}
	m := r.methodFrom(test)
	if given.has("exp_month") || given.has("exp_year") {
		if err := m.Card.setExpiry(given, r.asOf.Year()); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// findTestCard refuses numbers that are not test cards, without repeating them: somebody may have typed a real one.
func findTestCard(given args) (testCard, error) {
	if token := given.text("token"); token != "" {
		if test, found := cardByToken(token); found {
			return test, nil
		}
		return testCard{}, noSuch("token", token, "card[token]")
	}
	number := given.text("number")
	if number == "" {
		return testCard{}, missing("card[number]")
	}
	for _, field := range []string{"exp_month", "exp_year"} {
		if !given.has(field) {
			return testCard{}, missing("card[" + field + "]")
		}
	}
	if test, found := cardByNumber(number); found {
		return test, nil
	}
	return testCard{}, &apiError{
		Type: typeCard, Code: "incorrect_number", Param: "number", status: http.StatusPaymentRequired,
		Message: "Your card number is incorrect. The sandbox accepts Stripe's test card numbers only.",
	}
}

// methodFrom makes a new, unattached method for a test card, valid for three more years.
func (r *call) methodFrom(test testCard) *paymentMethod {
	funding, country := test.funding, test.country
	if funding == "" {
		funding = "credit"
	}
	if country == "" {
		country = "US"
	}
	c := &card{
		Brand: test.brand, Country: country, DisplayBrand: map[string]string{amex: "american_express"}[test.brand], ExpMonth: 12,
		ExpYear: int64(r.asOf.Year() + 3), Fingerprint: derive(16, "fingerprint", test.number), Funding: funding,
		Last4: test.number[len(test.number)-4:], Networks: cardNetworks{Available: []string{test.brand}},
	}
	if c.DisplayBrand == "" {
		c.DisplayBrand = test.brand
	}
	c.ThreeDSecureUsage.Supported = true
	m := r.newMethodOf(cardKind)
	m.Card = c
	r.putTraits(m.ID, traits{Number: test.number, Token: "pm_card_" + test.name})
	return m
}

func (r *call) newMethodOf(kind string) *paymentMethod {
	return &paymentMethod{
		ID: newID(r, paymentMethods), Object: "payment_method", AllowRedisplay: "unspecified", Created: r.now(), Metadata: map[string]string{}, Type: kind,
	}
}

// setExpiry checks the expiry date as the card network would at the given year; two digits mean this century.
func (c *card) setExpiry(given args, year int) error {
	if given.has("exp_month") {
		c.ExpMonth = given.integer("exp_month")
	}
	if given.has("exp_year") {
		c.ExpYear = given.integer("exp_year")
	}
	if c.ExpYear >= 0 && c.ExpYear < 100 {
		c.ExpYear += 2000
	}
	decline := func(code, param, message string) error {
		return &apiError{Type: typeCard, Code: code, Param: param, Message: message, status: http.StatusPaymentRequired}
	}
	if c.ExpMonth < 1 || c.ExpMonth > 12 {
		return decline("invalid_expiry_month", "exp_month", "Your card's expiration month is invalid.")
	}
	if c.ExpYear < int64(year) || c.ExpYear > int64(year)+50 {
		return decline("invalid_expiry_year", "exp_year", "Your card's expiration year is invalid.")
	}
	return nil
}

// expired says whether the card's last month has passed.
func (c *card) expired(at time.Time) bool {
	return !at.Before(time.Date(int(c.ExpYear), time.Month(c.ExpMonth)+1, 1, 0, 0, 0, 0, time.UTC))
}

// listMethods needs a customer: methods that belong to nobody are not listed at this API version.
func listMethods(r *call) (any, error) {
	if !r.args.has("customer") {
		return nil, missing("customer")
	}
	if _, err := r.liveCustomer(r.args.text("customer"), "customer"); err != nil {
		return nil, err
	}
	kind := r.args.text("type")
	return paymentMethods.list(r, func(m *paymentMethod) bool { return kind == "" || m.Type == kind }, "customer")
}

func updateMethod(r *call) (any, error) {
	m, found := paymentMethods.get(r.tx, r.id)
	if !found {
		return nil, notFound("PaymentMethod", r.id, "payment_method")
	}
	if m.Customer == nil {
		return nil, refused("", "", "You must save this PaymentMethod to a customer before you can update it.")
	}
	before := snapshot(m)
	var err error
	if m.Metadata, err = merged(r.args, m.Metadata); err != nil {
		return nil, err
	}
	m.AllowRedisplay = r.args.textOr("allow_redisplay", m.AllowRedisplay)
	m.BillingDetails.update(r.args.hash("billing_details"))
	if m.Card != nil && r.args.has(cardKind) {
		if err := m.Card.setExpiry(r.args.hash("card"), r.asOf.Year()); err != nil {
			return nil, err
		}
	}
	if given := r.args.hash(usBankAccount); m.USBankAccount != nil {
		m.USBankAccount.AccountHolderType = given.textOr("account_holder_type", m.USBankAccount.AccountHolderType)
		m.USBankAccount.AccountType = given.textOr("account_type", m.USBankAccount.AccountType)
	}
	paymentMethods.put(r.tx, m)
	r.emitUpdate("payment_method.updated", before, m)
	return m, nil
}

// traits are what the sandbox knows of a method beyond its public object.
type traits struct {
	Bank     string `json:"bank,omitempty"` // of a test account
	Charged  bool   `json:"charged"`        // used once without a customer: Stripe then forbids further use
	Detached bool   `json:"detached"`
	Number   string `json:"number"`
	Proven   bool   `json:"proven,omitempty"`   // a bank account verified by microdeposits
	SetUp    bool   `json:"set_up"`             // authenticated for later off-session use
	Token    string `json:"token"`              // pm_card_... it was made from, for scenarios
	Verified bool   `json:"verified,omitempty"` // a bank account linked through Financial Connections
}

const traitsBucket = "payment_method_traits"

func (r *call) traits(methodID string) traits {
	var t traits
	if stored := bucketOf(r.tx, traitsBucket).get([]byte(methodID)); stored != nil {
		decode(stored, &t)
	}
	return t
}

func (r *call) putTraits(methodID string, t traits) {
	bucketOf(r.tx, traitsBucket).put([]byte(methodID), encode(t))
}
