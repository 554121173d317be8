package simulation

import (
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/lifecycle"
)

// items are the one-off charges and adjustments that the event's invoice billed. They are no plan's, and cost what they cost.
func (r *replay) items() []invoicing.Item {
	var items []invoicing.Item
	for _, line := range r.issued.Lines {
		if line.Kind != invoicing.OneOff && line.Kind != invoicing.Adjustment || lifecycle.SettlesSeat(line.ChargeID) {
			continue
		}
		items = append(items, invoicing.Item{
			ID: line.ChargeID, Kind: line.Kind, Description: line.ChargeID, Quantity: line.Quantity, Unit: line.Unit,
			TaxCategory: untaxed, Period: line.Period,
		})
	}
	return items
}

// untaxed is a category that can be decided about everywhere: where the replay's customers are, nothing is taxed.
const untaxed = "saas_b2b"
