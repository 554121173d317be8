// Package document renders invoices for people: as a page to read, print and keep, and as plain text.
//
// The words are English; amounts, numbers and dates follow the customer's locale. What the law wants in the
// customer's own language, such as the reverse charge note, is printed in both.
package document

import (
	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/money"
)

// Invoice is an invoice as a person reads it. All amounts share one currency; all dates are civil dates in the
// customer's zone. It holds personal data: show it to the customer and to the seller, nobody else.
type Invoice struct {
	ID string
	// PageKey leads to its page.
	PageKey string
	Title   string // "Invoice", "Tax invoice" or "Credit note"
	Number  string
	// PONumber is the customer's purchase order, if there is one.
	PONumber string
	Status   string // open, paid, void or uncollectible
	Locale   string // the customer's BCP 47 tag
	Zone     string // the customer's time zone

	Seller Party
	Buyer  Party

	Issued calendar.Date
	Period Span
	Lines  []Line
	Taxes  []TaxGroup

	Subtotal      money.Amount
	Tax           money.Amount
	Total         money.Amount
	CarriedIn     money.Amount // what earlier invoices left to be collected with this one
	CarriedOut    money.Amount // what this one leaves to the next
	CreditApplied money.Amount
	Prepaid       money.Amount // what prepaid credit paid
	CreditGranted money.Amount
	AmountDue     money.Amount // what the customer was asked to pay
	Paid          money.Amount
	Credited      money.Amount // what later credits paid of AmountDue
	Owed          money.Amount // what is still open of AmountDue

	Payments []Payment
	// AwaitsTransfer says that the customer is asked for a bank transfer: our page about paying says where to.
	AwaitsTransfer bool
	// Offsets are the earlier invoices that CreditGranted paid, or the later credits that paid this invoice.
	Offsets []Offset
	PaidOn  calendar.Date // zero unless paid
}

// Party is a seller or a buyer.
type Party struct {
	Name          string
	Address       []string // lines, the country last
	Email         string   // empty for sellers
	Registrations []Registration
}

// Registration is a number that a tax authority knows a party by.
type Registration struct {
	Label  string // such as "VAT"
	Number string
}

// Span is a range of days, both included.
type Span struct {
	First, Last calendar.Date
}

// Line is one line of an invoice.
type Line struct {
	Position    int
	Description string
	// Details explain the amount in words: tiers, the prorated share, what is credited, late usage.
	Details  []string
	Period   Span
	Quantity decimal.Decimal
	// UnitPrice is in major units; nil where the amount is not a quantity times one price.
	UnitPrice *decimal.Decimal
	TaxLabel  string
	Amount    money.Amount // net of tax
}

// TaxGroup is the tax of all lines that are taxed alike.
type TaxGroup struct {
	Label string
	// Notes are the words that the treatment demands, in the customer's language and in English.
	Notes []string
	Base  money.Amount
	Tax   money.Amount
	// Charged is false where no tax regime applies: there is nothing to show but a zero.
	Charged bool
}

// Payment is money received.
type Payment struct {
	On     calendar.Date
	Amount money.Amount
	Method string // such as "Visa"; empty when unknown
}

// Offset is an amount that went from a credit to an invoice; Number is the other document's.
type Offset struct {
	Number string
	On     calendar.Date
	Amount money.Amount
}

// ShowsTax says whether tax has anything to say on this invoice, be it that it is the buyer's to declare.
func (inv Invoice) ShowsTax() bool {
	for _, group := range inv.Taxes {
		if group.Charged {
			return true
		}
	}
	return false
}

// Spendable is the credit that is left to pay later invoices, after Offsets.
func (inv Invoice) Spendable() money.Amount {
	left := inv.CreditGranted
	for _, offset := range inv.Offsets {
		left.Minor -= offset.Amount.Minor
	}
	return left
}
