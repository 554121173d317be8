package invoicing

import (
	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/discount"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/rating"
	"github.com/perennial-billing/perennial/billing/tax"
	"github.com/perennial-billing/perennial/billing/wallet"
)

// LineKind says where a line comes from.
type LineKind string

// The kinds of lines.
const (
	Recurring       LineKind = "recurring"
	UsageLine       LineKind = "usage"
	ProrationCredit LineKind = "proration_credit"
	ProrationCharge LineKind = "proration_charge"
	CommitmentLine  LineKind = "commitment" // committed use, paid in advance
	TrueUp          LineKind = "true_up"    // raises what a plan costs to its minimum
	SpendOverage    LineKind = "overage"    // makes spend beyond a plan's minimum dearer
	SpendLimit      LineKind = "spend_cap"  // lowers what a plan costs to its maximum
	OneOff          LineKind = "one_off"
	Adjustment      LineKind = "adjustment"
	PrepaidCredit   LineKind = "prepaid_credit" // credit that is bought: a liability, no sale
)

// PaysAhead says that such a line may charge for time that is still to come.
func (k LineKind) PaysAhead() bool {
	return k == Recurring || k == ProrationCharge || k == CommitmentLine
}

// Line is one charge or, with a negative amount, one credit.
type Line struct {
	Kind LineKind
	// SubscriptionID is set on invoices that consolidate several subscriptions.
	SubscriptionID string
	// ChargeID is the plan's charge, or the id of a one-off charge or adjustment, which has no plan. It is empty on lines about
	// the plan as a whole.
	ChargeID    string
	PlanID      string
	PlanVersion int
	// ProductID is what the plan sells (catalog.Plan.ProductID); empty without a plan.
	ProductID   string
	Description string
	// Meter is what a usage line counted, Measured what else is known of its usage.
	Meter    string
	Measured rating.Detail
	// Quantity is seats, metered units, or 1.
	Quantity decimal.Decimal
	// Exact is the price in major units before its only rounding. Amount is the rounded price less Discount: what is charged,
	// without tax. Of a credit, Exact is the share of the price that was charged, of what was paid if there was a discount, and
	// Amount its rounding. A part of a period that was split is the difference of two rounded prices, see Facts.lineAfter.
	Exact  decimal.Decimal
	Amount money.Amount
	// Discount is what discounts have taken off, no amount if nothing. On a credit it is below zero: the part of the original
	// line's discount that goes back with it, on top of Amount.
	Discount money.Amount
	// Tax is the line's share of the tax of its group; it comes on top of Amount.
	Tax         money.Amount
	TaxCategory string
	Decision    tax.Decision
	// Period is the time the line pays for.
	Period calendar.Period
	// Credits is the line of an earlier invoice that a proration credit takes back.
	Credits     *LineRef
	Explanation Explanation

	// replaced tells lines of one change from those of others on the invoice: what was paid for is held against what takes
	// its place. keepsPaid says that a credit gives back no more than that (catalog.CreditNone).
	replaced  int
	keepsPaid bool
}

// LineRef points at a line of an invoice.
type LineRef struct {
	InvoiceID string
	// Position counts from 1.
	Position int
}

// Explanation is the arithmetic of a line: the rated steps and the part of the period charged.
type Explanation struct {
	Steps []rating.Step `json:"steps,omitempty"`
	// Part/Of is the prorated share of the whole amount, counted by the plan's grain. 0/0 means the whole.
	Part int64 `json:"part,omitempty"`
	Of   int64 `json:"of,omitempty"`
	// Passed is how much of Of other parts have taken up before: the amount is the rounded price of Passed + Part less that of
	// Passed. 0 is none.
	Passed int64 `json:"passed,omitempty"`
	// OfExact, on a credit, is what the line came to before it was rounded that the credit gives a part of back, in major units:
	// the part is of that. Absent where that is just what was charged.
	OfExact string `json:"of_exact,omitempty"`
	// Capped says that a credit was cut to what the new terms cost, because the plan gives nothing back.
	Capped bool `json:"capped,omitempty"`
	// Late is the quantity that belongs to earlier periods.
	Late string `json:"late,omitempty"`
	// AlreadyBilled, in major units, was taken off because earlier invoices of the cycle billed it.
	AlreadyBilled string `json:"already_billed,omitempty"`
	// Conversion says where a price came from that is not the catalogue's own.
	Conversion *catalog.Conversion `json:"conversion,omitempty"`
	// Phase is the plan's phase, counted from 1, whose price it is; 0 for a regular price. A credit is a share of what was charged.
	Phase int `json:"phase,omitempty"`
	// Agreed says that the price is not the catalogue's: it was agreed with the customer.
	Agreed bool `json:"agreed,omitempty"`
	// Discounts are what each discount took off, in that order.
	Discounts []discount.Taken `json:"discounts,omitempty"`
}

// Offset is credit that pays, in whole or in part, what is owed for an earlier invoice.
type Offset struct {
	InvoiceID string
	Amount    money.Amount
}

// Invoice is the result: lines, tax per group and totals. Amounts share one currency, and always
//
//	Subtotal = sum of Lines.Amount = Deferred + Earned + Prepayment
//	Total = Subtotal + Tax
//	AmountDue = Total + CarriedIn + CreditGranted - CreditApplied - PrepaidApplied - CarriedOut
//
// Discounts are in the lines already: nothing more is taken off for them.
type Invoice struct {
	Key    string
	Reason Reason
	// Period is what the invoice is for: the period it opens, else revises, else closes.
	Period calendar.Period
	Lines  []Line
	Taxes  []tax.Group
	// Subtotal is the sum of the lines without tax.
	Subtotal money.Amount
	Tax      money.Amount
	Total    money.Amount
	// Deferred is the part of Subtotal on lines that pay for time not over at the issue, Earned the rest.
	// Credits count in both, so either may be negative.
	Deferred money.Amount
	Earned   money.Amount
	// Prepayment is the part of Subtotal for which credit is bought: it is owed to the customer until it is used.
	Prepayment money.Amount
	// CarriedIn was too little for earlier invoices to collect, CarriedOut is too little for this one.
	CarriedIn  money.Amount
	CarriedOut money.Amount
	// CreditGranted, from a negative total, goes to the customer's credit; CreditApplied is taken from it.
	CreditGranted money.Amount
	// Offsets are the parts of CreditGranted that pay earlier invoices at once.
	Offsets       []Offset
	CreditApplied money.Amount
	// Prepaid is what each grant pays, in the order in which they are used, PrepaidApplied their sum, no amount if none does.
	Prepaid        []wallet.Payment
	PrepaidApplied money.Amount
	// Discounts is what each discount took off the invoice, and what it gave back with credits.
	Discounts []discount.Total
	// AmountDue is what the customer is asked to pay, 0 or more.
	AmountDue money.Amount
}
