package catalog

import (
	"fmt"
	"maps"
	"slices"

	"github.com/perennial-billing/perennial/billing/money"
)

// Agreed are the prices at which a plan version was sold to one subscription in place of the catalogue's, by charge id.
type Agreed map[string]map[money.Currency]Price

// WithAgreed is the plan with agreed prices. They hold in every phase: what was agreed is what is charged. The plan itself is
// left as it is.
func (p Plan) WithAgreed(agreed Agreed) Plan {
	if len(agreed) == 0 {
		return p
	}
	p.Charges = slices.Clone(p.Charges)
	for i, charge := range p.Charges {
		own := charge
		own.Prices = agreed[charge.ID]
		prices := maps.Clone(charge.Prices)
		for _, currency := range own.currencies() {
			price := own.Prices[currency]
			price.Agreed = true
			prices[currency] = price
		}
		p.Charges[i].Prices = prices
	}
	return p
}

// CheckAgreed checks prices that are to be agreed for a subscription in a currency, with the rules that the catalogue has
// for its own. Errors begin with the path from the prices on, such as "seats.USD.unit_amount".
func (p Plan) CheckAgreed(agreed Agreed, currency money.Currency) error {
	//workflowcheck:ignore the order of the map does not survive the sorting
	for _, id := range slices.Sorted(maps.Keys(agreed)) {
		charge, err := p.Charge(id)
		if err != nil {
			return fmt.Errorf("%.64s: %w", id, err)
		}
		charge.Prices = agreed[id]
		if _, priced := charge.Prices[currency]; !priced {
			return fmt.Errorf("%s.%s is missing: the subscription is billed in that currency", id, currency)
		}
		for _, other := range charge.currencies() {
			if other != currency {
				return fmt.Errorf("%s.%.3s: the subscription is billed in %s only", id, other, currency)
			}
		}
		if err := charge.validatePrice(currency); err != nil {
			return fmt.Errorf("%s.%s.%w", id, currency, err)
		}
	}
	return nil
}
