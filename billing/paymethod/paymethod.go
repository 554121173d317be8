// Package paymethod knows which kinds of payment method there are and which suit a market: the currencies that a kind
// takes, whether it can be charged again without its customer, when its outcome is known, and what its customer must be
// told before a debit. All of it is data, with source and edition: rules/methods.json and rules/markets.json.
package paymethod

import (
	"cmp"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/money"
)

// Use is what a method is wanted for.
type Use string

// The uses: charged again and again without the customer, or for one payment.
const (
	Recurring Use = "recurring"
	Once      Use = "once"
)

// ParseUse reads a use; empty is Recurring.
func ParseUse(text string) (Use, error) {
	switch Use(text) {
	case "", Recurring:
		return Recurring, nil
	case Once:
		return Once, nil
	}
	return "", fmt.Errorf("use %.40q is unknown: use %s or %s", text, Recurring, Once)
}

// Family is how a payment of a kind goes.
type Family string

// The families.
const (
	Card     Family = "card"     // answered at once
	Debit    Family = "debit"    // pulled from a bank account under a mandate, with an outcome days later
	Redirect Family = "redirect" // approved on the page of the customer's bank
	Wallet   Family = "wallet"
	Later    Family = "later"    // bought now, paid to somebody else later
	Voucher  Family = "voucher"  // paid at a counter or a machine, with a reference
	Transfer Family = "transfer" // sent by the customer
)

// Who starts a payment.
const (
	ByMerchant = "merchant"
	ByCustomer = "customer"
)

// When the outcome of a payment is known.
const (
	Instant = "instant"
	Delayed = "delayed"
)

// The kinds that rules elsewhere name.
const (
	KindCard          = "card"
	KindSEPADebit     = "sepa_debit"
	KindUSBankAccount = "us_bank_account"
)

// Method is a kind of payment method, by the name that Stripe has for it.
type Method struct {
	Kind        string `json:"kind"`
	Name        string `json:"name"`
	Family      Family `json:"family"`
	InitiatedBy string `json:"initiated_by"`
	// Currencies are those it takes; none: all.
	Currencies []money.Currency `json:"currencies,omitempty"`
	Recurring  bool             `json:"recurring,omitempty"`
	Once       bool             `json:"once,omitempty"`
	// Worldwide kinds suit a customer of any country.
	Worldwide bool `json:"worldwide,omitempty"`
	// Notification is Instant, or Delayed by about so many BusinessDays of the Calendar.
	Notification string `json:"notification"`
	BusinessDays int    `json:"business_days,omitempty"`
	// Calendar of the banks that a debit goes through; empty: every day from Monday to Friday.
	Calendar calendar.Banks `json:"calendar,omitempty"`
	// Verified kinds need proof that the bank account is the customer's before its first use.
	Verified bool `json:"verified,omitempty"`
	// Becomes is the kind that later charges use, where this one needs its customer present; empty: itself.
	Becomes string `json:"becomes,omitempty"`
	// Minimum and Maximum of one payment, minor units, where known.
	Minimum map[money.Currency]int64 `json:"minimum,omitempty"`
	Maximum map[money.Currency]int64 `json:"maximum,omitempty"`
	Notice  *Notice                  `json:"notice,omitempty"`
	Source  string                   `json:"source"`
	Edition string                   `json:"edition"`
}

// Notice is how long before a debit its customer must know of it.
type Notice struct {
	// Days are what our mandates agree on; 0: the customer has waived it.
	Days int `json:"days"`
	// Business: they are days on which banks work.
	Business bool `json:"business,omitempty"`
	// RuleDays are those of the scheme's own rule, without an agreement.
	RuleDays int    `json:"rule_days"`
	Basis    string `json:"basis"`
}

// market says what suits the customers of a country who pay in a currency, the best first.
type market struct {
	Country   string         `json:"country"`
	Currency  money.Currency `json:"currency"`
	Recurring []string       `json:"recurring"`
	Once      []string       `json:"once"`
	Source    string         `json:"source"`
	Edition   string         `json:"edition"`
}

//go:embed rules/methods.json
var methodData []byte

//go:embed rules/markets.json
var marketData []byte

// The tables are built once while the program starts and only read afterwards.
var (
	methods = mustRead[Method]("methods.json", methodData)
	byKind  = index(methods, func(m Method) string { return m.Kind })
	markets = index(mustRead[market]("markets.json", marketData), func(m market) Market { return Market{m.Country, m.Currency} })
)

func index[K comparable, T any](rows []T, key func(T) K) map[K]T {
	found := make(map[K]T, len(rows))
	for _, row := range rows {
		found[key(row)] = row
	}
	return found
}

// mustRead panics only when the binary was built from broken rule data, which the package's tests rule out.
func mustRead[T any](name string, raw []byte) []T {
	var rows []T
	if err := json.Unmarshal(raw, &rows); err != nil {
		panic(fmt.Errorf("payment method rule data %s: %w", name, err))
	}
	return rows
}

// Market is a country and a currency that its customers pay in, with a row of its own in the table.
type Market struct {
	Country  string
	Currency money.Currency
}

// Markets lists those of the table by country and currency.
func Markets() []Market {
	list := make([]Market, 0, len(markets))
	for at := range markets {
		list = append(list, at)
	}
	slices.SortFunc(list, func(a, b Market) int {
		return cmp.Or(cmp.Compare(a.Country, b.Country), cmp.Compare(a.Currency, b.Currency))
	})
	return list
}

// Offer lists the kinds that suit a customer of a country (ISO 3166-1 alpha-2) who pays in a currency, the best first. In a
// place without a row of its own it is what is used all over the world. Kinds that an account has not enabled are for the
// caller to leave out.
func Offer(country string, currency money.Currency, use Use) []Method {
	row, known := markets[Market{strings.ToUpper(country), currency}]
	if !known {
		return slices.Clone(worldwide(currency, use))
	}
	kinds := row.Recurring
	if use == Once {
		kinds = row.Once
	}
	offered := make([]Method, 0, len(kinds))
	for _, kind := range kinds {
		if m, found := byKind[kind]; found && m.Takes(currency) && m.suits(use) {
			offered = append(offered, m)
		}
	}
	return offered
}

func worldwide(currency money.Currency, use Use) []Method {
	var offered []Method
	for _, m := range methods {
		if m.Worldwide && m.Takes(currency) && m.suits(use) {
			offered = append(offered, m)
		}
	}
	return offered
}

func (m Method) suits(use Use) bool {
	if use == Recurring {
		return m.Recurring
	}
	return m.Once
}

// Lookup finds a kind by its name.
func Lookup(kind string) (Method, bool) {
	m, found := byKind[kind]
	return m, found
}

// IsDebit says that a kind is pulled from a bank account under a mandate.
func IsDebit(kind string) bool { return byKind[kind].Family == Debit }

// DebitKinds are the names of the kinds that are.
func DebitKinds() []string {
	var kinds []string
	for _, m := range methods {
		if m.Family == Debit {
			kinds = append(kinds, m.Kind)
		}
	}
	return kinds
}

// Takes says whether a payment can be made in a currency.
func (m Method) Takes(currency money.Currency) bool {
	return len(m.Currencies) == 0 || slices.Contains(m.Currencies, currency)
}

// CheckCurrency refuses a currency that the kind does not take.
func (m Method) CheckCurrency(currency money.Currency) error {
	if m.Takes(currency) {
		return nil
	}
	listed := make([]string, len(m.Currencies))
	for i, c := range m.Currencies {
		listed[i] = string(c)
	}
	return fmt.Errorf("%s (%s) takes %s, not %s: choose another payment method", m.Name, m.Kind, strings.Join(listed, ", "), currency)
}

// CheckAmount refuses a currency that the kind does not take, and what is below its minimum or above its maximum.
func (m Method) CheckAmount(amount money.Amount) error {
	if err := m.CheckCurrency(amount.Currency); err != nil {
		return err
	}
	if least, known := m.Minimum[amount.Currency]; known && amount.Minor < least {
		return fmt.Errorf("%s (%s) takes no less than %s, and this is %s", m.Name, m.Kind, money.New(least, amount.Currency), amount)
	}
	if most, known := m.Maximum[amount.Currency]; known && amount.Minor > most {
		return fmt.Errorf("%s (%s) takes no more than %s, and this is %s", m.Name, m.Kind, money.New(most, amount.Currency), amount)
	}
	return nil
}
