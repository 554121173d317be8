package demo

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/proof"
)

// Print writes the result for people.
func (r Result) Print(out io.Writer) {
	fmt.Fprintf(out, "\nBilling from %s to %s, played in %.0f seconds\n", r.From.Format("2 January 2006"), r.To.Format("2 January 2006"), r.Seconds)
	for _, company := range r.Companies {
		company.print(out)
	}
	fmt.Fprintf(out, "\nMail: %d sent, %d refused, %d of unknown fate\n", r.Mail["sent"], r.Mail["refused"], r.Mail["uncertain"]+r.Mail["sending"])
	PrintProofs(out, r.Proofs)
	r.Links.print(out)
}

func (c Company) print(out io.Writer) {
	fmt.Fprintf(out, "\n── %s %s\n", c.Name, strings.Repeat("─", max(0, 70-len(c.Name))))
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(out, "Subscriptions  %s\n", counts(c.Subscriptions))
	fmt.Fprintf(out, "Invoices       %s\n", counts(c.Invoices))
	fmt.Fprintf(out, "Dunning        %s\n\n", counts(c.Dunning))
	fmt.Fprintln(w, "currency\tinvoices\tbilled\tof it tax\tcredit given\tcredit used\tcollected\trecovered\topen\twritten off\t")
	for _, t := range c.Turnover {
		fmt.Fprintf(w, "%s\t%d\t", t.Currency, t.Invoices)
		for _, minor := range []int64{t.Billed, t.Tax, t.Granted, t.Credited, t.Collected, t.Recovered, t.Open, t.WrittenOff} {
			fmt.Fprintf(w, "%s\t", plain(minor, t.Currency))
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintln(w)
	fmt.Fprintln(w, "tax of\tscheme\ttreatment\trate\tcurrency\tnet\ttax\t")
	for _, t := range taxed(c.Tax) {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s %%\t%s\t%s\t%s\t\n",
			t.Jurisdiction, cmp.Or(t.Scheme, "-"), t.Treatment, t.Rate, t.Currency, plain(t.Net, t.Currency), plain(t.Tax, t.Currency))
	}
	fmt.Fprintln(w)
	fmt.Fprintln(w, "return\tperiod\tstatus\tpayable\tfile by\t")
	for _, filed := range c.Returns {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t\n", filed.Scheme, filed.Period, filed.Status, filed.Payable, filed.FileBy)
	}
	_ = w.Flush() // the writer below reports its own errors
}

// taxed leaves out what is out of scope everywhere: it is in the JSON.
func taxed(totals []store.TaxTotal) []store.TaxTotal {
	return slices.DeleteFunc(slices.Clone(totals), func(t store.TaxTotal) bool { return t.Treatment == "out_of_scope" })
}

func counts(list []store.StatusCount) string {
	words := make([]string, len(list))
	for i, c := range list {
		words[i] = fmt.Sprintf("%d %s", c.Count, strings.ReplaceAll(c.Status, "_", " "))
	}
	return cmp.Or(strings.Join(words, ", "), "none")
}

// plain is an amount without its currency, for a column of one currency.
func plain(minor int64, currency money.Currency) string {
	return strings.TrimPrefix(money.New(minor, currency).String(), string(currency)+" ")
}

// PrintProofs writes which proofs hold, and what contradicts those that don't.
func PrintProofs(out io.Writer, report proof.Report) {
	fmt.Fprintf(out, "\n── Proofs %s\n", strings.Repeat("─", 64))
	for _, p := range report.Proofs {
		mark := "holds"
		if !p.Holds() {
			mark = "FAILS"
		}
		fmt.Fprintf(out, "%s  %s (%d %s checked)\n", mark, p.Claim, p.Checked, p.Unit)
		for _, fault := range p.Faults {
			fmt.Fprintf(out, "         %s\n", fault)
		}
		if hidden := p.FaultCount - len(p.Faults); hidden > 0 {
			fmt.Fprintf(out, "         … and %d more\n", hidden)
		}
	}
}

func (l Links) print(out io.Writer) {
	fmt.Fprintf(out, "\n── Look further %s\n", strings.Repeat("─", 58))
	for _, link := range [][2]string{{"Temporal UI", l.TemporalUI}, {"Mailbox", l.Mailbox}, {"API", l.API}} {
		if link[1] != "" {
			fmt.Fprintf(out, "%-12s %s\n", link[0], link[1])
		}
	}
	for _, invoice := range l.Invoices {
		fmt.Fprintf(out, "%-12s %s\n", "Invoice", invoice)
	}
}
