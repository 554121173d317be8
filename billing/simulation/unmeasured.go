package simulation

import (
	"slices"

	"github.com/perennial-billing/perennial/billing/catalog"
)

// unmeasured says what a price of the other catalogue has to know of usage that no invoice of the old plan has kept: each
// event, amounts, or values of a dimension. It is empty if all is known. The number of events is kept of every line.
func (f *filling) unmeasured(charge catalog.Charge) string {
	if charge.Kind != catalog.Usage {
		return ""
	}
	tried := charge.Prices[f.currency]
	var old catalog.Price
	for _, c := range f.old.EveryCharge() {
		if c.Meter == charge.Meter {
			old = c.Prices[f.currency]
		}
	}
	if tried.NeedsEvents() != "" && old.NeedsEvents() == "" {
		return "each event by itself for its " + tried.NeedsEvents()
	}
	if tried.Model == catalog.Dynamic && old.Model != catalog.Dynamic {
		return "the amounts of events"
	}
	for _, dimension := range tried.Dimensions {
		if !slices.Contains(old.Dimensions, dimension) {
			return "usage by " + dimension
		}
	}
	return ""
}
