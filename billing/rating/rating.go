// Package rating turns a quantity into an exact price: the formulas of the
// pricing models, with each piece of arithmetic kept so that an invoice line can
// explain itself. Nothing is rounded here; the line is rounded once, by
// money.FromDecimal.
//
// Where tiers continue over several invoices of one cycle, rate the quantity of
// the whole cycle so far and subtract what was already billed.
package rating

import (
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/money"
)

// Step is one piece of the arithmetic: Quantity × UnitAmount + FlatAmount =
// Amount, in major units.
type Step struct {
	// Tier is the number of the tier, from 1; 0 for models without tiers.
	Tier int `json:"tier,omitzero"`
	// Quantity is in units, or in packages for the package model.
	Quantity   decimal.Decimal `json:"quantity"`
	UnitAmount decimal.Decimal `json:"unit_amount"`
	FlatAmount decimal.Decimal `json:"flat_amount"`
	Amount     decimal.Decimal `json:"amount"`
}

// Rated is the price of a quantity and how it came about.
type Rated struct {
	// Exact is the sum of the steps in major units, not yet rounded.
	Exact decimal.Decimal `json:"exact"`
	Steps []Step          `json:"steps"`
}

// Rate prices a quantity:
//
//	flat       the flat amount, whatever the quantity
//	per_unit   quantity × unit amount
//	graduated  each tier's share of the quantity × its unit amount + its flat
//	           amount, for every tier that the quantity enters
//	volume     the whole quantity × the unit amount of the one tier it falls in
//	           + that tier's flat amount
//	package    every started package after the free units × unit amount
//
// Nothing used costs nothing in the tiered models, unless the price says
// FlatAtZero: then it costs the flat amount of the first tier. A quantity that is
// negative or beyond the limits of money.ParseDecimal is an error, and so is an
// invalid price.
func Rate(p catalog.Price, quantity decimal.Decimal) (Rated, error) {
	if err := money.CheckDecimal(quantity); err != nil {
		return Rated{}, fmt.Errorf("quantity: %w", err)
	}
	if quantity.IsNegative() {
		return Rated{}, fmt.Errorf("quantity must not be negative, got %s", quantity)
	}
	if err := p.Validate(); err != nil {
		return Rated{}, fmt.Errorf("price: %w", err)
	}
	rated := Rated{Steps: steps(p, quantity)}
	for _, s := range rated.Steps {
		rated.Exact = rated.Exact.Add(s.Amount)
	}
	return rated, nil
}

// steps relies on a valid price: the model is known and the last tier has no bound.
func steps(p catalog.Price, quantity decimal.Decimal) []Step {
	switch p.Model {
	case catalog.Flat:
		return []Step{step(0, quantity, decimal.Zero, p.FlatAmount)}
	case catalog.PerUnit:
		return []Step{step(0, quantity, p.UnitAmount, decimal.Zero)}
	case catalog.Package:
		return []Step{step(0, packages(quantity.Sub(p.FreeUnits), p.PackageSize), p.UnitAmount, decimal.Zero)}
	}
	switch {
	case quantity.IsZero():
		return atZero(p)
	case p.Model == catalog.Volume:
		return volume(p.Tiers, quantity)
	default:
		return graduated(p.Tiers, quantity)
	}
}

func step(tier int, quantity, unitAmount, flatAmount decimal.Decimal) Step {
	return Step{
		Tier:       tier,
		Quantity:   quantity,
		UnitAmount: unitAmount,
		FlatAmount: flatAmount,
		Amount:     quantity.Mul(unitAmount).Add(flatAmount),
	}
}

func atZero(p catalog.Price) []Step {
	if !p.FlatAtZero {
		return nil
	}
	return []Step{step(1, decimal.Zero, p.Tiers[0].UnitAmount, p.Tiers[0].FlatAmount)}
}

func graduated(tiers []catalog.Tier, quantity decimal.Decimal) []Step {
	var steps []Step
	lower := decimal.Zero
	for i, tier := range tiers {
		upper := quantity
		if tier.UpTo != nil && tier.UpTo.LessThan(quantity) {
			upper = *tier.UpTo
		}
		steps = append(steps, step(i+1, upper.Sub(lower), tier.UnitAmount, tier.FlatAmount))
		if upper.Equal(quantity) {
			break
		}
		lower = upper
	}
	return steps
}

func volume(tiers []catalog.Tier, quantity decimal.Decimal) []Step {
	i := slices.IndexFunc(tiers, func(tier catalog.Tier) bool {
		return tier.UpTo == nil || quantity.LessThanOrEqual(*tier.UpTo)
	})
	return []Step{step(i+1, quantity, tiers[i].UnitAmount, tiers[i].FlatAmount)}
}

// packages returns how many packages the units have started. QuoRem at precision
// 0 is exact whole-number division.
func packages(units, size decimal.Decimal) decimal.Decimal {
	if !units.IsPositive() {
		return decimal.Zero
	}
	whole, rest := units.QuoRem(size, 0)
	if rest.IsPositive() {
		whole = whole.Add(decimal.NewFromInt(1))
	}
	return whole
}
