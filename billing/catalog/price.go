package catalog

import (
	"errors"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/money"
)

// Validate checks that the price has the numbers its model needs, only those,
// and none below zero: what lowers an invoice is a credit or a discount.
func (p Price) Validate() error {
	if err := oneOf("model", p.Model, Flat, PerUnit, Graduated, Volume, Package); err != nil {
		return err
	}
	for _, number := range p.numbers() {
		if err := checkNumber(number.field, number.value); err != nil {
			return err
		}
		if !number.used && !number.value.IsZero() {
			return fmt.Errorf("%s is not used by model %s: remove it", number.field, p.Model)
		}
	}
	if p.Model == Package && !p.PackageSize.IsPositive() {
		return fmt.Errorf("package_size must be above 0, got %s", p.PackageSize)
	}
	return p.validateTiers()
}

type priceNumber struct {
	field string
	value decimal.Decimal
	used  bool
}

func (p Price) numbers() []priceNumber {
	return []priceNumber{
		{"unit_amount", p.UnitAmount, p.Model == PerUnit || p.Model == Package},
		{"flat_amount", p.FlatAmount, p.Model == Flat},
		{"package_size", p.PackageSize, p.Model == Package},
		{"free_units", p.FreeUnits, p.Model == Package},
	}
}

func (p Price) validateTiers() error {
	tiered := p.Model == Graduated || p.Model == Volume
	switch {
	case tiered && len(p.Tiers) == 0:
		return fmt.Errorf("tiers must not be empty for model %s", p.Model)
	case !tiered && len(p.Tiers) > 0:
		return fmt.Errorf("tiers are not used by model %s: remove them", p.Model)
	case !tiered && p.FlatAtZero:
		return fmt.Errorf("flat_at_zero is not used by model %s: remove it", p.Model)
	}
	previous := decimal.Zero
	for i, tier := range p.Tiers {
		if err := tier.validate(previous, i == len(p.Tiers)-1); err != nil {
			return fmt.Errorf("tiers[%d].%w", i, err)
		}
		if tier.UpTo != nil {
			previous = *tier.UpTo
		}
	}
	return nil
}

func (t Tier) validate(previous decimal.Decimal, last bool) error {
	switch {
	case last && t.UpTo != nil:
		return errors.New("up_to must be left out in the last tier, or larger quantities have no price")
	case !last && t.UpTo == nil:
		return errors.New("up_to is required in every tier but the last")
	case t.UpTo != nil:
		if err := checkNumber("up_to", *t.UpTo); err != nil {
			return err
		}
		if !t.UpTo.GreaterThan(previous) {
			return fmt.Errorf("up_to must exceed %s, got %s", previous, t.UpTo)
		}
	}
	if err := checkNumber("unit_amount", t.UnitAmount); err != nil {
		return err
	}
	return checkNumber("flat_amount", t.FlatAmount)
}

// checkNumber looks at the size first: printing a number with a huge exponent
// would write out all its zeros.
func checkNumber(field string, d decimal.Decimal) error {
	if err := money.CheckDecimal(d); err != nil {
		return fmt.Errorf("%s: %w", field, err)
	}
	if d.IsNegative() {
		return fmt.Errorf("%s must not be negative, got %s", field, d)
	}
	return nil
}
