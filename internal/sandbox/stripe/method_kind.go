package stripe

import (
	"slices"
	"strings"
)

// methodKind is what is known of a type of payment method, apart from any one method.
type methodKind struct {
	currencies string // in lower case, separated by spaces; empty: all
	days       int    // business days from a debit to its outcome
	family     family
	limit      int64 // largest single payment, in minor units; 0: only the limit of every charge
	name       string
	single     bool // cannot be saved for payments without the customer
	verified   bool // the bank account must be verified before its first use
}

// family says how a payment of this kind goes.
type family int

const (
	cardFamily     family = iota // answered at once
	debitFamily                  // pulled from a bank account under a mandate, with an outcome days later
	redirectFamily               // approved on the page of the customer's bank
	transferFamily               // sent by the customer
	listedFamily                 // pages may offer it, and nobody can pay with it here
)

// The names of the kinds.
const (
	acssDebit       = "acss_debit"
	auBECSDebit     = "au_becs_debit"
	bacsDebit       = "bacs_debit"
	bancontact      = "bancontact"
	cardKind        = "card"
	customerBalance = "customer_balance"
	ideal           = "ideal"
	linkKind        = "link"
	sepaDebit       = "sepa_debit"
	usBankAccount   = "us_bank_account"
)

// methodKinds lists what the sandbox plays, with the currencies and days that Stripe documents
// (docs.stripe.com/payments/payment-methods/payment-method-support). The SEPA limit is that of new accounts.
func methodKinds() []methodKind {
	return []methodKind{
		{name: cardKind},
		{name: acssDebit, family: debitFamily, currencies: "cad usd", days: 5, verified: true},
		{name: auBECSDebit, family: debitFamily, currencies: "aud", days: 3},
		{name: bacsDebit, family: debitFamily, currencies: "gbp", days: 4},
		{name: bancontact, family: redirectFamily, currencies: "eur"},
		{name: customerBalance, family: transferFamily, currencies: "eur gbp jpy mxn usd", single: true},
		{name: ideal, family: redirectFamily, currencies: "eur"},
		{name: linkKind},
		{name: sepaDebit, family: debitFamily, currencies: "eur", days: 5, limit: 1_000_000},
		{name: usBankAccount, family: debitFamily, currencies: "usd", days: 4, verified: true},
	}
}

func kindOf(name string) (methodKind, bool) {
	for _, k := range knownKinds() {
		if k.name == name {
			return k, true
		}
	}
	return methodKind{}, false
}

func (k methodKind) takes(currency string) bool {
	return k.currencies == "" || among(k.currencies, currency)
}

// reusable says whether the kind can be saved for payments without the customer.
func (k methodKind) reusable() bool { return !k.single }

// otherMethods are all kinds that Stripe has at this version, but cards.
func otherMethods() []string {
	names := []string{"giropay", "sofort"} // being wound down: nothing can be paid with them, but they are still asked for
	for _, k := range knownKinds() {
		if k.name != cardKind {
			names = append(names, k.name)
		}
	}
	slices.Sort(names)
	return names
}

// methodType is one of all kinds that Stripe has: to ask for one that the sandbox does not play is no mistake.
func methodType() param { return enum(append(otherMethods(), cardKind)...) }

func methodTypes() param {
	names := []string{}
	for _, k := range knownKinds() {
		names = append(names, k.name)
	}
	return list(enum(names...))
}

// checkCurrency refuses listed types that cannot pay in the currency.
func checkCurrency(types []string, currency string) error {
	for _, name := range types {
		k, _ := kindOf(name)
		if !k.takes(currency) {
			return invalid("payment_intent_invalid_parameter", "payment_method_types",
				"The currency provided (%s) is invalid for one or more payment method types on this PaymentIntent. Payments with %s support the following currencies: %s.",
				currency, name, strings.ReplaceAll(k.currencies, " ", ", "))
		}
	}
	return nil
}

// chooseTypes applies the default since 2023-08-16: dynamic payment methods unless types are listed. An empty
// currency is that of a setup intent, which may save whatever can be used again.
func chooseTypes(a args, currency string) ([]string, *automaticMethods, error) {
	listed, automatic := a.list("payment_method_types"), a.hash("automatic_payment_methods")
	switch {
	case len(listed) > 0 && automatic.boolean("enabled"):
		return nil, nil, invalid("", "payment_method_types", "You may only specify one of these parameters: automatic_payment_methods, payment_method_types.")
	case len(listed) > 0:
		return listed, nil, nil
	case a.has("automatic_payment_methods") && !automatic.boolean("enabled"):
		return []string{cardKind}, nil, nil
	}
	m := &automaticMethods{Enabled: true, AllowRedirects: automatic.textOr("allow_redirects", "always")}
	return m.types(currency), m, nil
}

// types are the kinds that suit the currency. Bank transfers are not among them: they need options of their own.
func (m *automaticMethods) types(currency string) []string {
	var names []string
	for _, k := range methodKinds() {
		redirects := k.family == redirectFamily && m.AllowRedirects == "never"
		if k.family != transferFamily && !redirects && (currency == "" || k.takes(currency)) {
			names = append(names, k.name)
		}
	}
	return names
}

// checkReusable refuses what a setup intent cannot save.
func checkReusable(types []string) error {
	if i := slices.IndexFunc(types, func(name string) bool { k, _ := kindOf(name); return !k.reusable() }); i >= 0 {
		return invalid("setup_intent_invalid_parameter", "payment_method_types",
			"The payment method type \"%s\" is invalid for a SetupIntent: it cannot be saved for future payments.", types[i])
	}
	return nil
}
