package document

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
)

//go:embed invoice.html
var invoiceHTML string

var invoicePage = template.Must(template.New("invoice").Parse(invoiceHTML))

// HTML writes the invoice as one page that needs nothing else: no fonts, scripts or pictures are fetched. It prints
// on A4 and Letter.
func (inv Invoice) HTML(w io.Writer) error {
	if err := invoicePage.Execute(w, pageOf(inv)); err != nil {
		return fmt.Errorf("page of invoice %s: %w", inv.Number, err)
	}
	return nil
}
