package catalog

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/perennial-billing/perennial/billing/money"
)

// Agreed are the prices at which a plan version was sold to one subscription in place of the catalogue's, by charge id: of
// the plan itself or of its add-ons.
type Agreed map[string]map[money.Currency]Price

// WithAgreed is the plan with agreed prices. They hold in every phase: what was agreed is what is charged. The plan itself is
// left as it is.
func (p Plan) WithAgreed(agreed Agreed) Plan {
	if len(agreed) == 0 {
		return p
	}
	p.Charges = agreed.of(p.Charges)
	p.AddOns = slices.Clone(p.AddOns)
	for i, addOn := range p.AddOns {
		p.AddOns[i].Charges = agreed.of(addOn.Charges)
	}
	return p
}

// of are charges with the agreed prices.
func (a Agreed) of(charges []Charge) []Charge {
	charges = slices.Clone(charges)
	for i, charge := range charges {
		own := charge
		own.Prices = a[charge.ID]
		prices := maps.Clone(charge.Prices)
		for _, currency := range own.currencies() {
			price := own.Prices[currency]
			price.Agreed = true
			prices[currency] = price
		}
		charges[i].Prices = prices
	}
	return charges
}

// Equal says that the same prices are agreed, however their numbers were written.
func (a Agreed) Equal(other Agreed) bool { return a.Canonical() == other.Canonical() }

// Canonical is one text for equal prices, empty for none.
func (a Agreed) Canonical() string {
	if len(a) == 0 {
		return ""
	}
	text, err := json.Marshal(a) // in the order of the keys, with numbers as short as they can be
	if err != nil {
		return fmt.Sprint(map[string]map[money.Currency]Price(a)) // cannot happen: prices are texts and numbers
	}
	return string(text)
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
