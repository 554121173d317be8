package document

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// textWidth fits a mail or a terminal window.
const textWidth = 76

// Text writes the invoice as plain text, amounts in a column on the right.
func (inv Invoice) Text(w io.Writer) error {
	p := textPage{page: pageOf(inv)}
	p.head()
	p.lines()
	p.totals()
	if _, err := io.WriteString(w, p.text.String()); err != nil {
		return fmt.Errorf("text of invoice %s: %w", inv.Number, err)
	}
	return nil
}

type textPage struct {
	page
	text strings.Builder
}

func (p *textPage) printf(format string, args ...any) { fmt.Fprintf(&p.text, format+"\n", args...) }

func (p *textPage) head() {
	p.printf("%s %s\n", strings.ToUpper(p.Inv.Title), p.Inv.Number)
	p.party("From", p.Inv.Seller)
	p.party("To", p.Inv.Buyer)
	p.printf("%-9s %s", "Issued", p.Date(p.Inv.Issued))
	p.printf("%-9s %s", "Period", p.Span(p.Inv.Period))
	if p.Inv.PONumber != "" {
		p.printf("%-9s %s", "Your PO", p.Inv.PONumber)
	}
	p.printf("%-9s %s\n", "Status", p.Standing())
}

func (p *textPage) party(role string, party Party) {
	p.printf("%-9s %s", role, party.Name)
	details := append([]string(nil), party.Address...)
	for _, r := range party.Registrations {
		details = append(details, r.Label+" "+r.Number)
	}
	if party.Email != "" {
		details = append(details, party.Email)
	}
	for _, detail := range details {
		p.printf("%-9s %s", "", detail)
	}
	p.printf("")
}

func (p *textPage) lines() {
	for _, line := range p.Inv.Lines {
		p.row(fmt.Sprintf("%d. %s", line.Position, line.Description), p.Money(line.Amount))
		for _, detail := range append([]string{p.Span(line.Period), p.measure(line)}, line.Details...) {
			p.printf("   %s", detail)
		}
		p.printf("")
	}
}

// measure is what the page has columns for: quantity, unit price and tax.
func (p *textPage) measure(line Line) string {
	text := "Quantity " + p.Quantity(line)
	if line.UnitPrice != nil {
		text += " × " + p.UnitPrice(line)
	}
	if p.Inv.ShowsTax() {
		text += ", tax: " + line.TaxLabel
	}
	return text
}

func (p *textPage) totals() {
	for _, sum := range p.Sums() {
		if sum.Class != "" {
			p.printf("%s", strings.Repeat("-", textWidth))
		}
		p.row(sum.Label, sum.Amount)
	}
	for _, group := range p.Inv.Taxes {
		if len(group.Notes) > 0 {
			p.printf("\n%s: %s", group.Label, strings.Join(group.Notes, " / "))
		}
	}
	for _, payment := range p.Inv.Payments {
		p.printf("\nReceived %s on %s%s", p.Coded(payment.Amount), p.Date(payment.On), by(payment.Method))
	}
	p.printf("\nDays are those of the time zone %s.", p.Inv.Zone)
}

func by(method string) string {
	if method == "" {
		return ""
	}
	return ", " + method
}

// row sets an amount against the right margin, or on a line of its own when there is no room.
func (p *textPage) row(label, amount string) {
	gap := textWidth - width(label) - width(amount)
	if gap < 1 {
		p.printf("%s\n%s%s", label, strings.Repeat(" ", max(0, textWidth-width(amount))), amount)
		return
	}
	p.printf("%s%s%s", label, strings.Repeat(" ", gap), amount)
}

// width counts what takes a column of its own: not the direction marks that some locales put around amounts.
func width(s string) int {
	marks := 0
	for _, r := range s {
		if unicode.Is(unicode.Cf, r) {
			marks++
		}
	}
	return utf8.RuneCountInString(s) - marks
}
