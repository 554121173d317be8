package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/perennial-billing/perennial/billing/quote"
)

func printQuote(out io.Writer, answer quoted) error {
	for _, invoice := range answer.Invoices {
		if err := printQuotedInvoice(out, invoice, answer.Invoices); err != nil {
			return err
		}
	}
	if err := printQuoteEnd(out, answer.Result); err != nil {
		return err
	}
	for _, difference := range answer.Differences {
		fmt.Fprintln(out, "DIFFERS ", difference)
	}
	return nil
}

func printQuotedInvoice(out io.Writer, invoice quote.Invoice, invoices []quote.Invoice) error {
	title := "INVOICE"
	if invoice.Kind == quote.ACreditNote {
		title = "CREDIT NOTE"
	}
	about := strings.Join(invoice.Subscriptions, ", ")
	if about == "" {
		about = "credit"
	}
	fmt.Fprintf(out, "%s %d  %s of %s (%s)%s, issued %s %s, for %s\n", title, invoice.Number, about, invoice.Customer, invoice.Reason,
		paidByAnotherThan(invoice), stamp(invoice.IssuedAt), invoice.IssuedAt.Zone(), span(invoice.Period))
	rows := make([][]any, 0, len(invoice.Lines))
	for _, line := range invoice.Lines {
		rows = append(rows, []any{
			"  " + line.Description, span(line.Period), quotedLine(line, invoices).arithmetic(), line.Amount.Amount, taxInWords(line),
		})
	}
	if err := table(out, "  line|period|arithmetic|net|tax", rows); err != nil {
		return err
	}
	if err := facts(out, sumsOf(invoice)...); err != nil {
		return err
	}
	fmt.Fprintln(out)
	return nil
}

// paidByAnotherThan says who pays an invoice that is in another's name.
func paidByAnotherThan(invoice quote.Invoice) string {
	if invoice.PaidBy == invoice.Customer {
		return ""
	}
	return " paid by " + invoice.PaidBy
}

// sumsOf are the names and values below the lines. Most are left out when they are zero.
func sumsOf(invoice quote.Invoice) []any {
	var pairs []any
	for _, d := range invoice.Discounts {
		pairs = append(pairs, "  Discount", discountInWords(d))
	}
	for _, s := range []struct {
		name  string
		sum   quote.Amount
		known bool // also when it is zero
	}{
		{"Net", invoice.Subtotal, true},
		{"Tax", invoice.Tax, true},
		{"Total", invoice.Total, true},
		{"Carried in", invoice.CarriedIn, false},
		{"Credit applied", invoice.CreditApplied, false},
		{"Credit granted", invoice.CreditGranted, false},
	} {
		if s.known || s.sum.Minor != 0 {
			pairs = append(pairs, "  "+s.name, inWords(s.sum))
		}
	}
	for _, paid := range invoice.Prepaid {
		pairs = append(pairs, "  Prepaid", inWords(paid.Amount)+" from grant "+paid.Grant)
	}
	if invoice.CarriedOut.Minor != 0 {
		pairs = append(pairs, "  Carried to the next", inWords(invoice.CarriedOut))
	}
	pairs = append(pairs, "  Due", inWords(invoice.AmountDue))
	if invoice.Owed.Minor != 0 {
		pairs = append(pairs, "  Owed in the end", inWords(invoice.Owed))
	}
	for _, offset := range invoice.Pays {
		pairs = append(pairs, "  Pays", inWords(offset.Amount)+" of "+offset.Invoice)
	}
	return pairs
}

func inWords(a quote.Amount) string { return fmt.Sprintf("%s %s", a.Currency, a.Amount) }

// printQuoteEnd says what was not invoiced, and how everything stands in the end.
func printQuoteEnd(out io.Writer, result quote.Result) error {
	for _, skipped := range result.Skipped {
		fmt.Fprintf(out, "SKIPPED  %s, %s: %s\n", skipped.Subscription, span(skipped.Period), skipped.Reason)
	}
	for _, refused := range result.Refused {
		fmt.Fprintf(out, "REFUSED  %s at %s: %s (%s)\n", refused.Path, stamp(refused.At), refused.Message, refused.Code)
	}
	for _, seats := range result.Seats {
		if err := printSeats(out, seats); err != nil {
			return err
		}
	}
	if err := printUses(out, result.Uses); err != nil {
		return err
	}
	rows := make([][]any, 0, len(result.Subscriptions))
	for _, s := range result.Subscriptions {
		next := ""
		if s.NextDue != nil {
			next = stamp(*s.NextDue)
		}
		rows = append(rows, []any{s.ID, s.Customer, s.Status, planInWords(s), s.Seats, next})
	}
	if err := table(out, "subscription|customer|status|plan|seats|next", rows); err != nil {
		return err
	}
	for _, s := range result.Subscriptions {
		if s.PlanCredit != nil && s.PlanCredit.Minor != 0 {
			fmt.Fprintf(out, "%s has %s of plan credit %s.\n", s.ID, inWords(*s.PlanCredit), whatBecomesOf(s))
		}
	}
	if err := printEntitlements(out, result.Entitlements); err != nil {
		return err
	}
	for _, grant := range result.Grants {
		if err := printGrant(out, grant); err != nil {
			return err
		}
	}
	for _, credit := range result.Credit {
		if credit.Amount.Minor != 0 {
			fmt.Fprintf(out, "%s has a credit of %s.\n", credit.Customer, inWords(credit.Amount))
		}
		if credit.Carried.Minor != 0 {
			fmt.Fprintf(out, "%s owes %s with the next invoice.\n", credit.Customer, inWords(credit.Carried))
		}
	}
	return nil
}

// printSeats shows what became of each member's seat.
func printSeats(out io.Writer, s quote.SeatStatement) error {
	fmt.Fprintf(out, "SEATS  %s of %s, %s\n", s.Charge, s.Subscription, span(s.Period))
	rows := make([][]any, 0, len(s.Entries))
	for _, e := range s.Entries {
		rows = append(rows, []any{"  " + e.Member, e.Kind, e.On, fmt.Sprintf("%d of %d", e.Days, e.Of), e.Amount.Amount})
	}
	if err := table(out, "  member|seat|from|days|amount", rows); err != nil {
		return err
	}
	fmt.Fprintln(out)
	return nil
}

// printGrant shows what changed a grant, and what is left of it.
func printGrant(out io.Writer, g quote.GrantLeft) error {
	fmt.Fprintf(out, "\nGRANT  %s of %s (%s)\n", g.Grant, g.Customer, g.Basis)
	rows := make([][]any, 0, len(g.Movements))
	for _, m := range g.Movements {
		rows = append(rows, []any{"  " + stamp(m.At), strings.ReplaceAll(string(m.Kind), "_", " "), m.Amount.Amount, m.Cost.Amount})
	}
	if err := table(out, "  on|what|amount|of it paid for", rows); err != nil {
		return err
	}
	state := ""
	if g.Waiting {
		state = ", to be used when it is paid"
	}
	fmt.Fprintf(out, "%s has %s left of grant %s%s.\n", g.Customer, inWords(g.Left), g.Grant, state)
	return nil
}

// planInWords is what a subscription has: its plan and add-ons.
func planInWords(s quote.Subscription) string {
	bought := []string{fmt.Sprintf("%s version %d", s.Plan, s.PlanVersion)}
	for _, added := range s.AddOns {
		bought = append(bought, fmt.Sprintf("%d × %s", added.Quantity, added.ID))
	}
	return strings.Join(bought, " + ")
}

func whatBecomesOf(s quote.Subscription) string {
	if s.EndedAt != nil {
		return "that has expired"
	}
	return "for later charges"
}

// creditedIn is what a credit gives a part of back: the amount of an earlier line, and of which invoice.
func creditedIn(line quote.Line, invoices []quote.Invoice) string {
	if line.Credits == nil {
		return ""
	}
	for _, invoice := range invoices {
		if invoice.ID == line.Credits.Invoice {
			return fmt.Sprintf("%s of invoice %d", invoice.Lines[line.Credits.Line-1].Amount.Amount, invoice.Number)
		}
	}
	return "what was charged"
}

// stamp is an instant on the customer's clock, without the time at the beginning of a day.
func stamp(at quote.Local) string {
	return strings.TrimSuffix(at.Clock().Format("2006-01-02 15:04:05"), " 00:00:00")
}

func span(p quote.Period) string { return stamp(p.Start) + " to " + stamp(p.End) }

// quotedLine is a line of a quote as arithmetic reads it.
func quotedLine(line quote.Line, invoices []quote.Invoice) explainedLine {
	return explainedLine{Explanation: line.Explanation, kind: line.Kind, currency: line.Amount.Currency, credited: creditedIn(line, invoices)}
}

// discountInWords says what a discount took off the lines, which is in their amounts already.
func discountInWords(d quote.Discounted) string {
	text := fmt.Sprintf("%s %s off, by %s (%s)", d.Taken.Currency, d.Taken.Amount, d.Name, d.Discount)
	if d.GivenBack.Minor != 0 {
		text += fmt.Sprintf("; %s of what it took off before went back", d.GivenBack.Amount)
	}
	return text
}

func taxInWords(line quote.Line) string {
	if line.TaxRate.IsZero() {
		return string(line.TaxTreatment)
	}
	return fmt.Sprintf("%s (%s %%)", line.Tax.Amount, line.TaxRate)
}
