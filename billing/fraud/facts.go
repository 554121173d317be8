package fraud

import "sync"

// Facts are what a rule can ask about, as they were when the payment was attempted. A pointer that is nil and a text that
// is empty are facts that are not known: a rule asks for them with has(), and one that does not is passed over.
type Facts struct {
	Payment  Payment  `json:"payment"`
	Customer Customer `json:"customer"`
	Velocity Velocity `json:"velocity"`
	// Outcome is what the provider made of the customer's latest earlier charge; nil before the first.
	Outcome *Outcome `json:"outcome,omitempty"`
}

// Payment is the attempt. Amounts are integers in minor units of their currency.
type Payment struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
	// ReferenceAmount is the amount in the currency of the seller's books; nil when no rate is known.
	ReferenceAmount   *int64 `json:"reference_amount,omitempty"`
	ReferenceCurrency string `json:"reference_currency,omitempty"`
	// First says that no payment of the customer has succeeded before.
	First bool `json:"first"`
	// Attempt counts the attempts to collect the invoice, from 1.
	Attempt int64 `json:"attempt"`
	// Initiator is who makes the payment: InitiatedByMerchant or InitiatedByCustomer.
	Initiator string `json:"initiator"`
	// Method is the provider's kind of payment method, such as "card" or "us_bank_account".
	Method      string `json:"method,omitempty"`
	CardCountry string `json:"card_country,omitempty"`
	Funding     string `json:"funding,omitempty"`
	Network     string `json:"network,omitempty"`
	// Fingerprint is the provider's name for the card or account, the same for every customer who uses it.
	Fingerprint string `json:"fingerprint,omitempty"`
}

// Who makes a payment.
const (
	InitiatedByMerchant = "merchant"
	InitiatedByCustomer = "customer"
)

// Customer is who pays.
type Customer struct {
	ID      string `json:"id"`
	Country string `json:"country"`
	// Email is the mailbox behind the address: see Mailbox.
	Email           string `json:"email,omitempty"`
	EmailDomain     string `json:"email_domain,omitempty"`
	EmailDisposable bool   `json:"email_disposable"`
	// AgeDays are the whole days since the customer was recorded.
	AgeDays    int64 `json:"age_days"`
	Business   bool  `json:"business"`
	TaxIDValid bool  `json:"tax_id_valid"`
	// Payments that succeeded, Refunds and Disputes, before this payment.
	Payments int64 `json:"payments"`
	Refunds  int64 `json:"refunds"`
	Disputes int64 `json:"disputes"`
}

// Velocity counts attempts before this one: the customer's, those with the same card or account (nil when its fingerprint
// is not known), and those of all customers with addresses at the same e-mail domain.
type Velocity struct {
	Customer    Counts  `json:"customer"`
	Card        *Counts `json:"card,omitempty"`
	EmailDomain *Counts `json:"email_domain,omitempty"`
}

// Counts are what was counted: attempts, those of them that were declined, the distinct cards and accounts that were
// tried, and the distinct customers.
type Counts struct {
	Payments  Windows `json:"payments"`
	Declines  Windows `json:"declines"`
	Cards     Windows `json:"cards"`
	Customers Windows `json:"customers"`
}

// Windows are the counts of the last hour, 24 hours, 7 days and 30 days.
type Windows [4]int64

// windowNames are how rules call them.
var windowNames = [4]string{"1h", "24h", "7d", "30d"}

// Outcome is what the provider's screening says of a charge.
type Outcome struct {
	// RiskLevel is normal, elevated, highest, not_assessed or unknown.
	RiskLevel string `json:"risk_level,omitempty"`
	// RiskScore is 0 to 100; nil when the provider gives none.
	RiskScore *int64 `json:"risk_score,omitempty"`
}

// Anonymous are the facts without what could tell people who the customer is: for the record of a decision.
func (f Facts) Anonymous() Facts {
	f.Customer.Email, f.Customer.EmailDomain, f.Payment.Fingerprint = "", "", ""
	return f
}

// Listable are the facts that a list can hold, with the kind of list that can hold them.
func (f Facts) Listable() map[ItemType]string {
	values := map[ItemType]string{}
	for _, a := range attributes() {
		if a.item == "" {
			continue
		}
		if value, ok := a.get(&f).(string); ok && value != "" {
			values[a.item] = value
		}
	}
	return values
}

// attribute is a fact as rules name it: "payment.amount". get answers nil for one that is not known.
type attribute struct {
	object, name string
	kind         kind
	get          func(*Facts) any
	// item is the type of the lists in which the fact can be looked up, if any.
	item ItemType
}

type kind int

const (
	isText kind = iota
	isNumber
	isTruth
)

func text(object, name string, get func(*Facts) string) attribute {
	return attribute{object: object, name: name, kind: isText, get: func(f *Facts) any {
		if value := get(f); value != "" {
			return value
		}
		return nil
	}}
}

func number(object, name string, get func(*Facts) int64) attribute {
	return attribute{object: object, name: name, kind: isNumber, get: func(f *Facts) any { return get(f) }}
}

func perhaps(object, name string, get func(*Facts) *int64) attribute {
	return attribute{object: object, name: name, kind: isNumber, get: func(f *Facts) any {
		if value := get(f); value != nil {
			return *value
		}
		return nil
	}}
}

func truth(object, name string, get func(*Facts) bool) attribute {
	return attribute{object: object, name: name, kind: isTruth, get: func(f *Facts) any { return get(f) }}
}

func (a attribute) listedAs(item ItemType) attribute {
	a.item = item
	return a
}

// attributes are all facts there are. They are made once and only read: each screening goes through them.
var attributes = sync.OnceValue(func() []attribute {
	list := []attribute{
		number("payment", "amount", func(f *Facts) int64 { return f.Payment.Amount }),
		text("payment", "currency", func(f *Facts) string { return f.Payment.Currency }),
		perhaps("payment", "reference_amount", func(f *Facts) *int64 { return f.Payment.ReferenceAmount }),
		text("payment", "reference_currency", func(f *Facts) string { return f.Payment.ReferenceCurrency }),
		truth("payment", "first", func(f *Facts) bool { return f.Payment.First }),
		number("payment", "attempt", func(f *Facts) int64 { return f.Payment.Attempt }),
		text("payment", "initiator", func(f *Facts) string { return f.Payment.Initiator }),
		text("payment", "method", func(f *Facts) string { return f.Payment.Method }),
		text("payment", "card_country", func(f *Facts) string { return f.Payment.CardCountry }).listedAs(Country),
		text("payment", "funding", func(f *Facts) string { return f.Payment.Funding }),
		text("payment", "network", func(f *Facts) string { return f.Payment.Network }),
		text("payment", "fingerprint", func(f *Facts) string { return f.Payment.Fingerprint }).listedAs(Fingerprint),
		text("customer", "id", func(f *Facts) string { return f.Customer.ID }).listedAs(CustomerID),
		text("customer", "country", func(f *Facts) string { return f.Customer.Country }).listedAs(Country),
		text("customer", "email", func(f *Facts) string { return f.Customer.Email }).listedAs(Email),
		text("customer", "email_domain", func(f *Facts) string { return f.Customer.EmailDomain }).listedAs(EmailDomain),
		truth("customer", "email_disposable", func(f *Facts) bool { return f.Customer.EmailDisposable }),
		number("customer", "age_days", func(f *Facts) int64 { return f.Customer.AgeDays }),
		truth("customer", "business", func(f *Facts) bool { return f.Customer.Business }),
		truth("customer", "tax_id_valid", func(f *Facts) bool { return f.Customer.TaxIDValid }),
		number("customer", "payments", func(f *Facts) int64 { return f.Customer.Payments }),
		number("customer", "refunds", func(f *Facts) int64 { return f.Customer.Refunds }),
		number("customer", "disputes", func(f *Facts) int64 { return f.Customer.Disputes }),
		text("outcome", "risk_level", func(f *Facts) string { return f.outcome().RiskLevel }),
		perhaps("outcome", "risk_score", func(f *Facts) *int64 { return f.outcome().RiskScore }),
	}
	list = append(list, counted("velocity.customer", func(f *Facts) *Counts { return &f.Velocity.Customer })...)
	list = append(list, counted("velocity.card", func(f *Facts) *Counts { return f.Velocity.Card })...)
	return append(list, counted("velocity.email_domain", func(f *Facts) *Counts { return f.Velocity.EmailDomain })...)
})

func (f *Facts) outcome() Outcome {
	if f.Outcome == nil {
		return Outcome{}
	}
	return *f.Outcome
}

// counted are the counts of an object, such as payments_1h.
func counted(object string, of func(*Facts) *Counts) []attribute {
	var list []attribute
	for what, windows := range map[string]func(*Counts) Windows{
		"payments":  func(c *Counts) Windows { return c.Payments },
		"declines":  func(c *Counts) Windows { return c.Declines },
		"cards":     func(c *Counts) Windows { return c.Cards },
		"customers": func(c *Counts) Windows { return c.Customers },
	} {
		for i, window := range windowNames {
			list = append(list, attribute{object: object, name: what + "_" + window, kind: isNumber, get: func(f *Facts) any {
				if counts := of(f); counts != nil {
					return windows(counts)[i]
				}
				return nil
			}})
		}
	}
	return list
}

// objects are the names of what has facts, those within others included.
var objects = sync.OnceValue(func() []string {
	names := []string{"velocity"}
	seen := map[string]bool{}
	for _, a := range attributes() {
		if !seen[a.object] {
			seen[a.object] = true
			names = append(names, a.object)
		}
	}
	return names
})
