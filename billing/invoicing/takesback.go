package invoicing

// TakesBack is the latest invoice of which the facts take lines back, if they take any. Their invoice has to be in its name:
// the credit is theirs who were charged.
func (f Facts) TakesBack() (invoiceID string, is bool) {
	of := func(r Revision) {
		if n := len(r.Billed); n > 0 {
			invoiceID, is = r.Billed[n-1].InvoiceID, true
		}
	}
	for _, earlier := range f.Earlier {
		of(earlier)
	}
	if f.Revises != nil {
		of(*f.Revises)
	}
	return invoiceID, is
}
