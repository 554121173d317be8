package paymethod

import (
	_ "embed"
	"slices"
	"strings"

	"github.com/perennial-billing/perennial/billing/money"
)

// KindTransfer is a bank transfer to an account that the provider keeps for the customer: whatever arrives there is the
// customer's, and pays what waits for it.
const KindTransfer = "customer_balance"

// Route is where a bank transfer goes.
type Route struct {
	// Scheme is the provider's name for the kind of account, such as eu_bank_transfer.
	Scheme string
	// Country of the account (ISO 3166-1 alpha-2), where the scheme has accounts in several; empty: there is no choice.
	Country string
}

type transferRow struct {
	Currency  money.Currency `json:"currency"`
	Scheme    string         `json:"scheme"`
	Countries []string       `json:"countries,omitempty"`
	// Otherwise is the country of the account of who is in none of the Countries.
	Otherwise string `json:"otherwise,omitempty"`
	Source    string `json:"source"`
	Edition   string `json:"edition"`
}

//go:embed rules/transfers.json
var transferData []byte

// transfers is built once while the program starts and only read afterwards.
var transfers = index(mustRead[transferRow]("transfers.json", transferData), func(r transferRow) money.Currency { return r.Currency })

// RouteOf says where a customer of a country sends money in a currency; false when the provider has no accounts for it. A
// European is given an account in their own country where there are any.
func RouteOf(currency money.Currency, country string) (Route, bool) {
	row, found := transfers[currency]
	if !found {
		return Route{}, false
	}
	route := Route{Scheme: row.Scheme, Country: row.Otherwise}
	if country = strings.ToUpper(country); slices.Contains(row.Countries, country) {
		route.Country = country
	}
	return route, true
}
