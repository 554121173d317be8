package rating

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/money"
)

var one = decimal.NewFromInt(1)

// modelSteps relies on a valid price: the model is known and the last tier has no bound.
func modelSteps(p catalog.Price, u Usage) ([]Step, error) {
	if u.ProratedQuantity != nil && p.Model != catalog.PerUnit && p.Model != catalog.Volume {
		return nil, fmt.Errorf("prorated_quantity is not used by model %s: prorate the amount, or rate a smaller quantity", p.Model)
	}
	switch p.Model {
	case catalog.Flat:
		return []Step{step(0, u.Quantity, decimal.Zero, p.FlatAmount)}, nil
	case catalog.PerUnit:
		return perUnit(p, u.charged()), nil
	case catalog.Package:
		return []Step{step(0, packages(p, u.Quantity.Sub(p.FreeUnits)), p.UnitAmount, decimal.Zero)}, nil
	case catalog.Percentage:
		return percentage(p, u)
	case catalog.Dynamic:
		return dynamic(p, u)
	case catalog.Matrix:
		return matrix(p, u)
	}
	return tierSteps(p, u), nil
}

func tierSteps(p catalog.Price, u Usage) []Step {
	switch {
	case u.Quantity.IsZero():
		return atZero(p)
	case p.Model == catalog.Volume:
		return volume(p, u)
	case p.Model == catalog.Stairstep:
		i := tierOf(p.Tiers, u.Quantity)
		return []Step{step(i+1, u.Quantity, decimal.Zero, p.Tiers[i].FlatAmount)}
	default:
		return graduated(p, u.Quantity)
	}
}

func perUnit(p catalog.Price, quantity decimal.Decimal) []Step {
	if p.FreeUnits.IsZero() {
		return []Step{step(0, quantity, p.UnitAmount, decimal.Zero)}
	}
	free := decimal.Min(quantity, p.FreeUnits)
	return []Step{
		step(0, free, decimal.Zero, decimal.Zero).of(Free),
		step(0, quantity.Sub(free), p.UnitAmount, decimal.Zero),
	}
}

func atZero(p catalog.Price) []Step {
	if !p.FlatAtZero {
		return nil
	}
	return []Step{step(1, decimal.Zero, unitAmount(p.Model, p.Tiers[0]), p.Tiers[0].FlatAmount)}
}

// unitAmount is what a unit costs in a tier.
func unitAmount(model catalog.Model, tier catalog.Tier) decimal.Decimal {
	if model == catalog.GraduatedPercentage {
		return tier.Percent.Shift(-2)
	}
	return tier.UnitAmount
}

func graduated(p catalog.Price, quantity decimal.Decimal) []Step {
	steps := make([]Step, 0, len(p.Tiers))
	lower := decimal.Zero
	for i, tier := range p.Tiers {
		upper, last := quantity, true
		if tier.UpTo != nil && tier.UpTo.LessThan(quantity) {
			upper, last = *tier.UpTo, false
		}
		units := upper
		if i > 0 {
			units = upper.Sub(lower)
		}
		if p.PackageSize.IsPositive() {
			units = packagesInTier(p, lower, upper)
		}
		steps = append(steps, step(i+1, units, unitAmount(p.Model, tier), tier.FlatAmount))
		if last {
			break
		}
		lower = upper
	}
	return steps
}

// packagesInTier counts the packages that begin in a tier, or those that its own units start.
func packagesInTier(p catalog.Price, lower, upper decimal.Decimal) decimal.Decimal {
	if p.PackagesAcrossTiers {
		return packages(p, upper).Sub(packages(p, lower))
	}
	return packages(p, upper.Sub(lower))
}

func volume(p catalog.Price, u Usage) []Step {
	by := u.Quantity
	if p.TierByProrated {
		by = u.charged()
	}
	i := tierOf(p.Tiers, by)
	units := u.charged()
	if p.PackageSize.IsPositive() {
		units = packages(p, units)
	}
	return []Step{step(i+1, units, p.Tiers[i].UnitAmount, p.Tiers[i].FlatAmount)}
}

// tierOf is the index of the tier that a quantity falls in.
func tierOf(tiers []catalog.Tier, quantity decimal.Decimal) int {
	return slices.IndexFunc(tiers, func(tier catalog.Tier) bool {
		return tier.UpTo == nil || quantity.LessThanOrEqual(*tier.UpTo)
	})
}

// packages returns how many packages the units are. QuoRem at precision 0 is exact whole-number division.
func packages(p catalog.Price, units decimal.Decimal) decimal.Decimal {
	if !units.IsPositive() {
		return decimal.Zero
	}
	whole, rest := units.QuoRem(p.PackageSize, 0)
	if rest.IsZero() {
		return whole
	}
	half, odd := rest.Add(rest).Cmp(p.PackageSize), whole.BigInt().Bit(0) == 1
	if cmp.Or(p.PackageRounding, money.Up).Raises(half, odd) {
		return whole.Add(one)
	}
	return whole
}

func dynamic(p catalog.Price, u Usage) ([]Step, error) {
	if u.Amount == nil && u.Quantity.IsPositive() {
		return nil, errors.New("amount is required: model dynamic charges the amounts that come with the events")
	}
	amount, multiplier := decimal.Zero, one
	if u.Amount != nil {
		amount = *u.Amount
	}
	if p.Multiplier.IsPositive() {
		multiplier = p.Multiplier
	}
	return []Step{step(0, amount, multiplier, decimal.Zero).of(EventsAmount)}, nil
}

// matrix adds up the quantities of each cell, so that it does not matter how finely usage was grouped.
func matrix(p catalog.Price, u Usage) ([]Step, error) {
	if len(u.Groups) == 0 && u.Quantity.IsPositive() {
		return nil, fmt.Errorf("groups are required: model matrix prices a quantity by %s", strings.Join(p.Dimensions, ", "))
	}
	cells := make(map[string]int, len(p.Cells))
	for i, cell := range p.Cells {
		cells[p.CellKey(cell.Values)] = i
	}
	quantities := make([]decimal.Decimal, len(p.Cells)+1)
	for _, group := range u.Groups {
		i, priced := cells[p.CellKey(group.Values)]
		if !priced {
			i = len(p.Cells)
		}
		quantities[i] = quantities[i].Add(group.Quantity)
	}
	var steps []Step
	for i, cell := range p.Cells {
		if quantities[i].IsPositive() {
			s := step(0, quantities[i], cell.UnitAmount, decimal.Zero)
			s.Values = cell.Values
			steps = append(steps, s)
		}
	}
	if rest := quantities[len(p.Cells)]; rest.IsPositive() {
		steps = append(steps, step(0, rest, *p.DefaultUnitAmount, decimal.Zero).of(OtherCells))
	}
	return steps, nil
}
