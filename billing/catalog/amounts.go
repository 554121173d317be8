package catalog

import (
	"fmt"
	"slices"

	"github.com/shopspring/decimal"
)

// amounts lists pointers to all amounts of money of a price with their paths: what it costs, and the free units and bounds
// of percentages, whose meter counts money.
func (p *Price) amounts() ([]string, []*decimal.Decimal) {
	fields, amounts := p.costs()
	if p.Model == Percentage {
		fields, amounts = append(fields, "free_units"), append(amounts, &p.FreeUnits)
	}
	for i := range p.Tiers {
		if tier := &p.Tiers[i]; p.Model == GraduatedPercentage && tier.UpTo != nil {
			fields, amounts = append(fields, fmt.Sprintf("tiers[%d].up_to", i)), append(amounts, tier.UpTo)
		}
	}
	return fields, amounts
}

// costs lists pointers to the amounts that somebody pays, with their paths.
func (p *Price) costs() ([]string, []*decimal.Decimal) {
	var fields []string
	var amounts []*decimal.Decimal
	add := func(field string, amount *decimal.Decimal) {
		fields, amounts = append(fields, field), append(amounts, amount)
	}
	add("unit_amount", &p.UnitAmount)
	add("flat_amount", &p.FlatAmount)
	add("event_amount", &p.EventAmount)
	add("event_minimum", &p.EventMinimum)
	add("event_maximum", &p.EventMaximum)
	add("minimum", &p.Minimum)
	add("maximum", &p.Maximum)
	for i := range p.Tiers {
		tier := &p.Tiers[i]
		add(fmt.Sprintf("tiers[%d].unit_amount", i), &tier.UnitAmount)
		add(fmt.Sprintf("tiers[%d].flat_amount", i), &tier.FlatAmount)
	}
	for i := range p.Cells {
		add(fmt.Sprintf("cells[%d].unit_amount", i), &p.Cells[i].UnitAmount)
	}
	if p.DefaultUnitAmount != nil {
		add("default_unit_amount", p.DefaultUnitAmount)
	}
	if p.Commitment != nil {
		add("commitment.amount", &p.Commitment.Amount)
		add("commitment.overage_unit_amount", &p.Commitment.OverageUnitAmount)
	}
	return fields, amounts
}

func (p Price) eachAmount(f func(field string, amount decimal.Decimal) error) error {
	fields, amounts := p.amounts()
	for i, amount := range amounts {
		if err := f(fields[i], *amount); err != nil {
			return err
		}
	}
	return nil
}

// WithAmounts returns the price with each amount of money replaced; numbers that are no money stay as they are. The
// price itself is not changed.
func (p Price) WithAmounts(f func(decimal.Decimal) (decimal.Decimal, error)) (Price, error) {
	p = p.copied()
	_, amounts := p.amounts()
	for _, amount := range amounts {
		replaced, err := f(*amount)
		if err != nil {
			return Price{}, err
		}
		*amount = replaced
	}
	return p, nil
}

// Times is the price multiplied by a factor, 0 or more: whatever is used costs so many times as much, limits included.
// Quantities, bounds and what is free stay as they are. A dynamic price cannot be multiplied by 0: its multiplier would
// read as left out.
func (p Price) Times(factor decimal.Decimal) Price {
	p = p.copied()
	_, costs := p.costs()
	costs = append(costs, &p.Percent)
	for i := range p.Tiers {
		costs = append(costs, &p.Tiers[i].Percent)
	}
	if p.Model == Dynamic {
		if p.Multiplier.IsZero() {
			p.Multiplier = decimal.NewFromInt(1)
		}
		costs = append(costs, &p.Multiplier)
	}
	for _, cost := range costs {
		if !cost.IsZero() {
			*cost = cost.Mul(factor)
		}
	}
	return p
}

// copied shares nothing that can be changed with the price itself.
func (p Price) copied() Price {
	p.Tiers, p.Cells = slices.Clone(p.Tiers), slices.Clone(p.Cells)
	for i := range p.Tiers {
		p.Tiers[i].UpTo = copied(p.Tiers[i].UpTo)
	}
	p.DefaultUnitAmount, p.Commitment = copied(p.DefaultUnitAmount), copied(p.Commitment)
	return p
}

func copied[T any](p *T) *T {
	if p == nil {
		return nil
	}
	value := *p
	return &value
}
