package main

import (
	"fmt"
	"io"

	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/workflows/message"
)

func (p *program) printPreview(preview message.Preview) error {
	return p.show(preview, func(out io.Writer) error {
		if len(preview.Invoices) == 0 {
			_, err := fmt.Fprintf(out, "No invoice would be made. The subscription would be %s.\n", preview.State.Status)
			return err
		}
		var rows [][]any
		for _, invoice := range preview.Invoices {
			for _, line := range invoice.Lines {
				rows = append(rows, []any{invoice.IssuedAt, line.Description, line.PeriodStart, line.PeriodEnd, line.Amount})
			}
			for _, sum := range previewedSums(invoice) {
				rows = append(rows, []any{invoice.IssuedAt, sum.name, "", "", sum.amount})
			}
		}
		return table(out, "issued|line|from|to|amount", rows)
	})
}

// previewedSum is an amount below the lines of an invoice.
type previewedSum struct {
	name   string
	amount money.Amount
}

// previewedSums are what follows the lines: what changes nothing is left out.
func previewedSums(invoice message.PreviewedInvoice) []previewedSum {
	sums := []previewedSum{{"Total, with tax of " + invoice.Tax.String(), invoice.Total}}
	for _, s := range []previewedSum{
		{"Carried in from earlier invoices", invoice.CarriedIn},
		{"Becomes credit of the customer", invoice.CreditGranted},
		{"Paid with the customer's credit", invoice.CreditApplied.Neg()},
		{"Paid with prepaid credit", invoice.PrepaidApplied.Neg()},
		{"Carried to the next invoice", invoice.CarriedOut.Neg()},
	} {
		if !s.amount.IsZero() {
			sums = append(sums, s)
		}
	}
	return append(sums, previewedSum{"Due", invoice.AmountDue})
}
