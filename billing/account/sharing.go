package account

import "github.com/perennial-billing/perennial/billing/money"

// Sharing is what subscriptions have to have in common to share the invoice of what falls due together. With the customer they
// have seller, addressee and payer in common; in another zone an invoice would have other days.
type Sharing struct {
	CustomerID string
	Currency   money.Currency
	// Zone is an IANA name.
	Zone string
	// BillingGroup is the customer's own name for what belongs together; PONumber keeps purchase orders apart.
	BillingGroup string
	PONumber     string
}

// With says that two subscriptions share invoices. Without a group a subscription has its own.
func (s Sharing) With(other Sharing) bool { return s.BillingGroup != "" && s == other }
