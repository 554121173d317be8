package simulate

import (
	"fmt"
	"io"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/quote"
	"github.com/perennial-billing/perennial/billing/tax"
)

// ReadCatalog reads the catalogue to be tried. It must be one that could be sold: what is recorded of usage has to be
// enough for its prices, and its charges must be taxable. Errors name the path of the field.
func ReadCatalog(r io.Reader) ([]catalog.Plan, error) {
	plans, err := quote.ParseCatalog(r)
	if err != nil {
		return nil, err
	}
	for i, plan := range plans {
		if err := plan.CheckMeasured(); err != nil {
			return nil, fmt.Errorf("catalog[%d]: %w", i, err)
		}
		for _, charge := range plan.Charges {
			if err := tax.CheckCategory(charge.TaxCategory); err != nil {
				return nil, fmt.Errorf("catalog[%d]: plan %q charge %q: %w", i, plan.ID, charge.ID, err)
			}
		}
	}
	return plans, nil
}
