// Package lifecycle says what each boundary and each command does to a subscription and to its invoices, given its
// records. It decides; reading and writing is left to Records. So the real thing, a preview and a quote run the same
// code, and what is quoted is what then happens.
package lifecycle

import (
	"context"
	"errors"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/billing/tax"
)

// Records are what is remembered of one subscription. Whoever calls the methods of an Account sees to it that nobody else
// reads or writes these records meanwhile, and takes back what was written when the method returns an error.
type Records interface {
	Billed
	Noted
	Seating
	Sold
	// Segments lists the terms that were in force in [from, to), oldest first.
	Segments(ctx context.Context, from, to time.Time) ([]Segment, error)
	// Enforce puts terms in force from an instant on, in place of those in force.
	Enforce(ctx context.Context, terms subscription.Terms, at time.Time) error
	// CloseSegment ends the terms in force at an instant. Without any in force nothing changes.
	CloseSegment(ctx context.Context, at time.Time) error
	// ClaimUsage returns what was used of a meter and not billed before, with all that is known of it, and marks it as billed.
	ClaimUsage(ctx context.Context, claim UsageClaim) ([]invoicing.Usage, error)
	// Issue completes facts with what the customer has and owes and with the items that wait, builds the invoice of a cycle
	// from them and keeps it with everything that follows from it: those items wait no more. The error is
	// invoicing.ErrNothingToBill when there is nothing on it.
	Issue(ctx context.Context, facts invoicing.Facts, cycle int) (*Issued, error)
	// Transfer makes another customer the one whom invoices are for from now on, and returns the account with this customer.
	// The error is a *subscription.Refusal when that cannot be: customer_unknown, entity_mismatch or clocks_mixed.
	Transfer(ctx context.Context, customerID string) (Account, error)
}

// Noted is what is remembered without an invoice being made of it at once.
type Noted interface {
	// AddItem has an item wait for the next invoice. The error is a *subscription.Refusal, charge_exists, when the subscription
	// has or had an item with its id.
	AddItem(ctx context.Context, item invoicing.Item, at time.Time) error
	// CancelItem keeps an item that waits from being billed. The error is a *subscription.Refusal when there is nothing to
	// cancel: charge_unknown, charge_billed or charge_canceled.
	CancelItem(ctx context.Context, id string, at time.Time) error
	// AddCycle notes what came of a billing period, at the instant at which it was billed.
	AddCycle(ctx context.Context, cycle Cycle, at time.Time) error
	// HasCycle says that something came of a billing period.
	HasCycle(ctx context.Context, cycle int) (bool, error)
}

// Sold is at what prices plan versions are sold to a subscription.
type Sold interface {
	// Plan is a plan version as the subscription has it: with the prices that it was sold at.
	Plan(ctx context.Context, terms subscription.Terms) (catalog.Plan, error)
	// Agree keeps prices that are agreed for a plan version, in place of the catalogue's and of those agreed for it before.
	// The error is a *subscription.Refusal when that cannot be: plan_unknown, or one of CheckDeal's.
	Agree(ctx context.Context, deal Deal) error
	// Offer prices the terms that a command asks for and keeps the price. A version that the subscription has or had keeps
	// its price: its usage of one period is charged at one price. Another one is priced on the day of the command, also if
	// it follows only at the period's end. The error is a *subscription.Refusal when the terms are not sold: plan_unknown,
	// one of CheckSellable's, or one of the conversion into the subscription's currency.
	Offer(ctx context.Context, terms subscription.Terms, at time.Time) (catalog.Plan, error)
}

// Billed is what earlier invoices of a subscription charged.
type Billed interface {
	// RunningLines lists what was charged in advance for time after an instant and has not been credited.
	RunningLines(ctx context.Context, at time.Time) ([]invoicing.BilledLine, error)
	// ChargedAhead is what versions of plans were charged in advance for time inside a period, less what was credited of it.
	// A version may come several times.
	ChargedAhead(ctx context.Context, inside calendar.Period) ([]invoicing.PlanAmount, error)
	// ChargedInArrears is what was charged for time inside a period when it had passed, line by line.
	ChargedInArrears(ctx context.Context, inside calendar.Period) ([]invoicing.Charged, error)
}

// Segment is a stretch of time under unchanged terms; To is zero while it lasts.
type Segment struct {
	From, To time.Time
	Terms    subscription.Terms
}

// Issued is an invoice once it is on record.
type Issued struct {
	InvoiceID string
	Number    string
	Total     money.Amount
	AmountDue money.Amount
	// Pays are the earlier invoices, being collected, that the credit on this one has paid in full or in part.
	Pays []string
	// TopsUp is the customer whose prepaid credit paid a part of it and is bought up by itself, "" if it is not.
	TopsUp string
}

// Cycle is what came of a billing period: its invoice, or the reason why there is none.
type Cycle struct {
	Number         int
	Period         calendar.Period
	InvoiceID      string
	SkippedBecause string
}

// NothingToBill is why a billing period whose facts made no line has no invoice.
const NothingToBill = "nothing to bill"

// Account is one subscription's billing: its records, who sells, who buys and where the buyer's days begin.
type Account struct {
	Records  Records
	Currency money.Currency
	Zone     calendar.Zone
	Seller   tax.Seller
	Buyer    tax.Buyer
}

// Outcome is the state that follows and the invoice that came of it, nil if none did.
type Outcome struct {
	State   subscription.State
	Invoice *Issued
	// Former is what a customer is billed or credited who was the owner until now.
	Former *Issued
}

// facts begins the facts of an invoice of this account.
func (a Account) facts(subscriptionID, key string, reason invoicing.Reason, at time.Time) invoicing.Facts {
	return invoicing.Facts{
		Key: "invoice:" + subscriptionID + ":" + key, Reason: reason, IssuedAt: at.UTC(), Currency: a.Currency,
		Zone: a.Zone, Seller: a.Seller, Buyer: a.Buyer,
	}
}

// issueIfAny issues an invoice, or none when the facts make no line.
func (a Account) issueIfAny(ctx context.Context, facts invoicing.Facts, cycle int) (*Issued, error) {
	issued, err := a.Records.Issue(ctx, facts, cycle)
	if errors.Is(err, invoicing.ErrNothingToBill) {
		return nil, nil
	}
	return issued, err
}
