package invoicing

import (
	"fmt"
	"strconv"

	"github.com/perennial-billing/perennial/billing/tax"
)

// applyTax decides each line's tax at the tax point, the civil day of issue in the customer's zone, and writes the
// line's share of its group's tax into it. Credits keep the decision of the line they take back, if
// it is another invoice's.
func (f Facts) applyTax(lines []Line) ([]tax.Group, error) {
	taxable := make([]tax.Line, len(lines))
	decided := make(map[string]tax.Decision, 1) // by category: all else is the same for every line
	for i := range lines {
		if lines[i].Credits == nil || lines[i].Credits.InvoiceID == f.Key {
			decision, known := decided[lines[i].TaxCategory]
			if !known {
				var err error
				if decision, err = f.determine(lines[i]); err != nil {
					return nil, fmt.Errorf("tax of charge %q: %w", lines[i].ChargeID, err)
				}
				decided[lines[i].TaxCategory] = decision
			}
			lines[i].Decision = decision
		}
		taxable[i] = tax.Line{ID: strconv.Itoa(i), Net: lines[i].Amount, Decision: lines[i].Decision}
	}
	groups, err := tax.Apply(taxable)
	if err != nil {
		return nil, err
	}
	for _, group := range groups {
		for _, taxed := range group.Lines {
			i, err := strconv.Atoi(taxed.ID)
			if err != nil {
				return nil, fmt.Errorf("tax line %q: %w", taxed.ID, err)
			}
			lines[i].Tax = taxed.Tax
		}
	}
	return groups, nil
}

// determine decides the tax of a line by its category. The category of prepaid credit is empty.
func (f Facts) determine(line Line) (tax.Decision, error) {
	day := f.Zone.DateOf(f.IssuedAt)
	if line.Kind == PrepaidCredit {
		return tax.DeterminePrepaid(f.Buyer, day)
	}
	return tax.Determine(f.Seller, f.Buyer, line.TaxCategory, day)
}
