package simulate

import (
	"fmt"
	"io"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/catalogfile"
	"github.com/perennial-billing/perennial/billing/tax"
)

// ReadCatalog reads the catalogue to be tried. It must be one that could be sold: its charges must be
// taxable. Errors name the path of the field.
func ReadCatalog(r io.Reader) ([]catalog.Plan, error) {
	file, err := catalogfile.Read(r)
	if err != nil {
		return nil, err
	}
	plans := file.Plans()
	for i, plan := range plans {
		for _, charge := range plan.Charges {
			if err := tax.CheckCategory(charge.TaxCategory); err != nil {
				return nil, fmt.Errorf("[%d]: plan %q charge %q: %w", i, plan.ID, charge.ID, err)
			}
		}
	}
	return plans, nil
}
