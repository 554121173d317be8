package catalog

import (
	"errors"
	"fmt"
	"slices"

	"github.com/shopspring/decimal"
)

// tiered are the models that have tiers.
var tiered = []Model{Graduated, Volume, Stairstep, GraduatedPercentage}

func (p Price) validateTiers() error {
	has := slices.Contains(tiered, p.Model)
	switch {
	case has && len(p.Tiers) == 0:
		return fmt.Errorf("tiers must not be empty for model %s", p.Model)
	case !has && len(p.Tiers) > 0:
		return fmt.Errorf("tiers are not used by model %s: remove them", p.Model)
	}
	previous := decimal.Zero
	for i, tier := range p.Tiers {
		if err := tier.validate(p.Model, previous, i == len(p.Tiers)-1); err != nil {
			return fmt.Errorf("tiers[%d].%w", i, err)
		}
		if tier.UpTo != nil {
			previous = *tier.UpTo
		}
	}
	return nil
}

func (t Tier) validate(model Model, previous decimal.Decimal, last bool) error {
	if err := t.validateBound(previous, last); err != nil {
		return err
	}
	switch {
	case !t.UnitAmount.IsZero() && model != Graduated && model != Volume:
		return unused("unit_amount", model)
	case !t.Percent.IsZero() && model != GraduatedPercentage:
		return unused("percent", model)
	}
	if err := checkAmount("unit_amount", t.UnitAmount); err != nil {
		return err
	}
	if err := checkQuantity("percent", t.Percent); err != nil {
		return err
	}
	return checkAmount("flat_amount", t.FlatAmount)
}

func (t Tier) validateBound(previous decimal.Decimal, last bool) error {
	switch {
	case last && t.UpTo != nil:
		return errors.New("up_to must be left out in the last tier, or larger quantities have no price")
	case last:
		return nil
	case t.UpTo == nil:
		return errors.New("up_to is required in every tier but the last")
	}
	if err := checkQuantity("up_to", *t.UpTo); err != nil {
		return err
	}
	if !t.UpTo.GreaterThan(previous) {
		return fmt.Errorf("up_to must exceed %s, got %s", previous, t.UpTo)
	}
	return nil
}
