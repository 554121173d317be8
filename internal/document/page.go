package document

import (
	"github.com/perennial-billing/perennial/billing/money"
)

// page is an invoice with the forms of its locale: what the renderings have in common.
type page struct {
	Inv Invoice
	formats
}

func pageOf(inv Invoice) page { return page{Inv: inv, formats: formatsFor(inv.Locale)} }

// sum is a line of the totals. Class is how it stands out: "", "strong" or "last".
type sum struct{ Label, Amount, Class string }

// Sums lead from the net of the lines to what is open.
func (p page) Sums() []sum {
	sums := []sum{{Label: "Subtotal", Amount: p.Money(p.Inv.Subtotal)}}
	if !p.Inv.ShowsTax() {
		sums = append(sums, sum{Label: "Tax", Amount: p.Money(p.Inv.Tax)})
	}
	for _, group := range p.Inv.Taxes {
		if group.Charged {
			sums = append(sums, sum{Label: group.Label, Amount: p.Money(group.Tax)})
		}
	}
	sums = append(sums, sum{"Total", p.Coded(p.Inv.Total), "strong"})
	if p.Inv.Status == "void" {
		return sums
	}
	for _, moved := range []struct {
		label  string
		amount money.Amount
	}{
		{"From earlier invoices", p.Inv.CarriedIn},
		{"Credit applied", p.Inv.CreditApplied.Neg()},
		{"Paid from prepaid credit", p.Inv.Prepaid.Neg()},
		{"Left to your next invoice", p.Inv.CarriedOut.Neg()},
		{"Paid", p.Inv.Paid.Neg()},
	} {
		if !moved.amount.IsZero() {
			sums = append(sums, sum{Label: moved.label, Amount: p.Money(moved.amount)})
		}
	}
	for _, offset := range p.Inv.Offsets {
		label := "Credited by " + offset.Number
		if p.Inv.CreditGranted.IsPositive() {
			label = "Used to pay " + offset.Number
		}
		sums = append(sums, sum{Label: label, Amount: p.Money(offset.Amount.Neg())})
	}
	if p.Inv.CreditGranted.IsPositive() {
		return append(sums, sum{"Added to your credit", p.Coded(p.Inv.Spendable()), "last"})
	}
	return append(sums, sum{"Amount due", p.Coded(p.Inv.Owed), "last"})
}

// Headline is what the reader looks for first.
func (p page) Headline() sum {
	switch {
	case p.Inv.Status == "void":
		return sum{Label: "Total, not to be paid", Amount: p.Coded(p.Inv.Total)}
	case p.Inv.CreditGranted.IsPositive():
		return sum{Label: "Added to your credit", Amount: p.Coded(p.Inv.Spendable())}
	case p.Inv.Paid.IsPositive() && p.Inv.Owed.IsZero():
		return sum{Label: "Amount paid", Amount: p.Coded(p.Inv.Paid)}
	}
	return sum{Label: "Amount due", Amount: p.Coded(p.Inv.Owed)}
}

// Standing says how paying the invoice stands.
func (p page) Standing() string {
	switch {
	case p.Inv.Status == "void":
		return "Void"
	case p.Inv.CreditGranted.IsPositive():
		return "Credited"
	case p.Inv.AmountDue.IsZero() && p.Inv.Prepaid.IsPositive():
		return "Paid from prepaid credit"
	case p.Inv.AmountDue.IsZero():
		return "Nothing to pay"
	case p.Inv.Status == "paid" && p.Inv.Paid.IsZero():
		return "Credited on " + p.Date(p.Inv.PaidOn)
	case p.Inv.Status == "paid":
		return "Paid on " + p.Date(p.Inv.PaidOn)
	case p.Inv.Status == "uncollectible":
		return "Unpaid"
	case p.Inv.AwaitsTransfer:
		return "Waiting for your bank transfer"
	}
	return "Open"
}

// Quantity writes how many were charged.
func (p page) Quantity(l Line) string { return p.Number(l.Quantity) }

// UnitPrice is blank where the amount is not a quantity times one price.
func (p page) UnitPrice(l Line) string {
	if l.UnitPrice == nil {
		return ""
	}
	return p.price(*l.UnitPrice, l.Amount.Currency)
}
