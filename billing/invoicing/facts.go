// Package invoicing makes invoices: an invoice is a pure function of immutable facts.
// The same function serves renewals, monthly runs, changes in mid-period and previews.
package invoicing

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/discount"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/rating"
	"github.com/perennial-billing/perennial/billing/tax"
	"github.com/perennial-billing/perennial/billing/wallet"
)

// Reason is why an invoice exists.
type Reason string

// Why invoices exist: the regular one of a cycle, a change of terms in mid-period, a pause, the end of a subscription, or
// items that do not wait for any of these.
const (
	ForCycle  Reason = "cycle"
	ForChange Reason = "change"
	ForPause  Reason = "pause"
	ForEnd    Reason = "final"
	ForItems  Reason = "items"
	// ForPrepaid sells prepaid credit. Such an invoice is of no subscription.
	ForPrepaid Reason = "prepaid"
)

// Facts are all that an invoice depends on. Any of Opens, Closes, Revises and Items may be there together: the invoice of a
// renewal closes one period and opens the next. But for Debts and the charges of a plan, the order in which facts are listed
// does not matter.
type Facts struct {
	// Key is the invoice's business identity, e.g. "invoice:sub_1:cycle-3".
	Key    string
	Reason Reason
	// IssuedAt decides the tax point, which is its civil day in Zone, and what is deferred.
	IssuedAt time.Time
	Currency money.Currency
	// Zone is the customer's: days are counted in it.
	Zone calendar.Zone
	// Opens is the period charged in advance, if one begins.
	Opens *Opening
	// Closes is the period charged in arrears, if one ended.
	Closes *Closing
	// Revises replaces, from an instant on, what was charged in advance for the period under way.
	Revises *Revision
	// Earlier are revisions of the same period, oldest first and before Revises, that were to be billed with the next
	// invoice, which this is.
	Earlier []Revision
	// Items are charges and adjustments that no plan foresees.
	Items []Item
	// Sells is prepaid credit that is bought, on an invoice of its own.
	Sells *Sale
	// Within is the billing period under way for an invoice of items alone.
	Within calendar.Period
	// Discounts are those in force, with what is left of each for the invoice's period: see discount.Discount.Serves. They
	// lower what the lines cost before tax.
	Discounts []discount.InForce
	// PlanCredit is what the customer has earned for seats that nobody used, without tax, 0 or more or no amount. It lowers
	// what the discounts leave, before tax, and is no money: what the invoice does not use is left for the next.
	PlanCredit money.Amount
	Seller     tax.Seller
	Buyer      tax.Buyer
	// Balance is the customer's credit in the invoice's currency, 0 or more, applied after tax.
	Balance money.Amount
	// Prepaid are the customer's grants in the invoice's currency. They pay, by PrepaidPolicy, what the balance leaves open.
	Prepaid       []wallet.Held
	PrepaidPolicy wallet.Policy
	// CarriedIn is what the customer's earlier invoices in the currency carried here, 0 or more: see Invoice.CarriedOut.
	CarriedIn money.Amount
	// Debts are the invoices of the same subscription that are not paid, oldest first. A credit pays them first.
	Debts []Debt
}

// Debt is what is still owed for an invoice, above 0.
type Debt struct {
	InvoiceID string
	Owed      money.Amount
}

// Opening is a period about to be charged in advance.
type Opening struct {
	Period calendar.Period
	// Full is the whole cycle that Period is a part of, if it begins earlier (Period is a stub) or ends later (a fixed term
	// cuts Period). Plans say how they charge a stub (catalog.Plan.Stub); what is cut is prorated. Zero means that Period is whole.
	Full  calendar.Period
	Terms Terms
}

// Terms are a plan, the seats bought of it and the add-ons bought with it.
type Terms struct {
	Plan catalog.Plan
	// Seats is 0 for plans without seats.
	Seats int64
	// AddOns are how many there are, 1 or more, of each add-on of the plan, by id.
	AddOns map[string]int64
}

// Closing is a period that ended, to be charged in arrears.
type Closing struct {
	// Period is the part that is billed; Full is the whole cycle it belongs to, against which parts are prorated. A cycle
	// that begins before Period makes Period a stub, as in Opening.
	Period calendar.Period
	Full   calendar.Period
	// Segments follow each other inside Period, oldest first. There are gaps where the subscription was not in force.
	Segments []Segment
	// InAdvance is what was charged in advance for Period and what follows of Full, less what was credited of it: it counts
	// for a plan's Spend. Plans without Spend do not need it.
	InAdvance []PlanAmount
	// Late, if set, says that the period was billed before: only the usage of its segments is charged.
	Late *Late
}

// PlanAmount is what one version of a plan was charged.
type PlanAmount struct {
	PlanID      string
	PlanVersion int
	Amount      money.Amount
}

// Segment is a stretch of time under unchanged terms, with what was used in it.
type Segment struct {
	Period calendar.Period
	Terms  Terms
	Usage  []Usage
}

// Usage is what was used of a meter and not billed before.
type Usage struct {
	Meter    string
	Quantity decimal.Decimal
	// Detail is what some models need to know besides: events, groups, amounts.
	Detail rating.Detail
	// AlreadyBilled, if above 0, says that Quantity includes what earlier invoices of the period billed for so much. Tiers
	// then go on where they stood, and the line is the price of all of it less this.
	AlreadyBilled money.Amount
	// Late is the part of Quantity that happened before the closed period and arrived after it was billed.
	Late decimal.Decimal
}

// Revision ends what was charged in advance at an instant: each line still running is credited for the time left and,
// unless the subscription ends or pauses, the new terms are charged for that time. What the new terms leave as it was
// is neither credited nor charged. Each line is credited by the grain of the plan that it charged: a plan that does not
// prorate gives nothing back.
type Revision struct {
	At time.Time
	// Period is the period under way; At lies in it. Full is as in Opening.
	Period calendar.Period
	Full   calendar.Period
	// Billed are the lines charged in advance for the period that have not been credited yet.
	Billed []BilledLine
	// NewTerms is nil when nothing follows.
	NewTerms *Terms
}

// BilledLine is a line of an earlier invoice with the version of the plan that it charged.
type BilledLine struct {
	InvoiceID string
	// Position counts the invoice's lines from 1.
	Position int
	Line     Line
	Plan     catalog.Plan
}
