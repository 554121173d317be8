package document

import (
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/tax"
	"github.com/perennial-billing/perennial/internal/store"
)

// taxInvoiceCountries want the words "Tax invoice" on a document that shows their tax: GST in Australia, New Zealand,
// Singapore and India, VAT in the United Arab Emirates, Saudi Arabia and South Africa. Who is not registered there must
// not use them (for Australia: ATO, "Tax invoices").
var taxInvoiceCountries = []string{"AE", "AU", "IN", "NZ", "SA", "SG", "ZA"}

// title names the document. A negative total is money for the customer: it amends earlier invoices, which its lines name.
func title(row store.Invoice, lines []store.InvoiceLine) string {
	if row.Total < 0 {
		return "Credit note"
	}
	for _, line := range lines {
		registered := line.Treatment == string(tax.Taxed) || line.Treatment == string(tax.Zero)
		if registered && slices.Contains(taxInvoiceCountries, line.Jurisdiction) {
			return "Tax invoice"
		}
	}
	return "Invoice"
}

// groupTaxes sums net and tax of the lines that are taxed alike, as the tax rules grouped them.
func groupTaxes(lines []store.InvoiceLine, currency money.Currency, f formats) ([]TaxGroup, error) {
	var firsts []store.InvoiceLine
	var groups []TaxGroup
	for _, line := range lines {
		at := slices.IndexFunc(firsts, func(first store.InvoiceLine) bool { return taxedAlike(first, line) })
		if at < 0 {
			at = len(groups)
			firsts = append(firsts, line)
			groups = append(groups, newTaxGroup(line, currency, f))
		}
		if err := groups[at].add(money.New(line.Amount, currency), money.New(line.Tax, currency)); err != nil {
			return nil, fmt.Errorf("tax of line %d: %w", line.Position, err)
		}
	}
	return groups, nil
}

func taxedAlike(a, b store.InvoiceLine) bool {
	return a.Jurisdiction == b.Jurisdiction && a.Scheme == b.Scheme && a.Treatment == b.Treatment && a.TaxRate.Equal(b.TaxRate)
}

func newTaxGroup(line store.InvoiceLine, currency money.Currency, f formats) TaxGroup {
	return TaxGroup{
		Label: taxGroupLabel(line, f), Notes: taxNotes(line, f), Base: money.Zero(currency), Tax: money.Zero(currency),
		Charged: line.Treatment != string(tax.OutOfScope),
	}
}

func (g *TaxGroup) add(base, amount money.Amount) (err error) {
	if g.Base, err = g.Base.Add(base); err != nil {
		return err
	}
	g.Tax, err = g.Tax.Add(amount)
	return err
}

func taxGroupLabel(line store.InvoiceLine, f formats) string {
	label := taxLabel(line.Treatment, line.TaxRate, f)
	switch tax.Treatment(line.Treatment) {
	case tax.OutOfScope:
		return "No tax charged"
	case tax.Taxed, tax.Zero:
		label = taxName(line) + " " + label
	case tax.Exempt:
		label = "Exempt from " + taxName(line)
	}
	return label + ", " + country(line.Jurisdiction)
}

// taxName is VAT wherever one of the schemes we know applies.
func taxName(line store.InvoiceLine) string {
	switch tax.Scheme(line.Scheme) {
	case tax.SchemeUKVAT, tax.SchemeEUOSS, tax.SchemeEUVAT:
		return "VAT"
	}
	return "tax"
}

// taxLabel is what a line says in its tax column.
func taxLabel(treatment string, rate decimal.Decimal, f formats) string {
	switch tax.Treatment(treatment) {
	case tax.Taxed, tax.Zero:
		return f.Number(rate) + "%"
	case tax.ReverseCharge:
		return "Reverse charge"
	case tax.Exempt:
		return "Exempt"
	}
	return "–"
}

// taxNotes gives the wording a treatment demands, in the customer's language and in English (for the reverse charge in
// the EU: Directive 2006/112/EC art. 226(11a)).
func taxNotes(line store.InvoiceLine, f formats) []string {
	if line.Treatment != string(tax.ReverseCharge) {
		return nil
	}
	note := tax.NoteEUReverseCharge
	if line.Jurisdiction == "GB" {
		note = tax.NoteUKReverseCharge
	}
	notes := []string{tax.NoteText(note, f.tag)}
	if inEnglish := tax.NoteText(note, "en"); inEnglish != notes[0] {
		notes = append(notes, inEnglish)
	}
	return notes
}

// registrationLabel names the register that a seller's number is from.
func registrationLabel(r tax.Registration) string {
	switch r.Scheme {
	case tax.SchemeUKVAT:
		return "UK VAT"
	case tax.SchemeEUOSS:
		return "EU VAT (One Stop Shop)"
	}
	return "VAT"
}
