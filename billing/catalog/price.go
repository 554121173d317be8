package catalog

import (
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/money"
)

// Validate checks that the price has the numbers its model needs, only those, and none below zero: what lowers an invoice
// is a credit or a discount. Errors begin with the path of the field. How many decimals an amount may have depends on the
// currency; here it is the most that any currency allows, see ValidateIn.
func (p Price) Validate() error {
	if err := oneOf("model", p.Model, Models...); err != nil {
		return err
	}
	for _, number := range p.numbers() {
		if err := number.validate(p.Model); err != nil {
			return err
		}
	}
	for _, part := range []func() error{p.validateSettings, p.validateTiers, p.validateMatrix, p.validateLimits} {
		if err := part(); err != nil {
			return err
		}
	}
	return nil
}

// ValidateIn is Validate for a price in a currency: amounts have at most 12 decimals of its minor unit.
func (p Price) ValidateIn(currency money.Currency) error {
	most := currency.PriceDigits()
	if err := p.eachAmount(func(field string, amount decimal.Decimal) error {
		if amount.Exponent() < -int32(most) {
			return fmt.Errorf("%s: at most %d digits may follow the point of a price in %s", field, most, currency)
		}
		return nil
	}); err != nil {
		return err
	}
	return p.Validate()
}

// priceNumber is a number of a price with the models that use it.
type priceNumber struct {
	field  string
	value  decimal.Decimal
	check  func(decimal.Decimal) error
	usedBy []Model
}

func (p Price) numbers() []priceNumber {
	amount, number := money.CheckPrice, money.CheckDecimal
	return []priceNumber{
		{"unit_amount", p.UnitAmount, amount, []Model{PerUnit, Package}},
		{"flat_amount", p.FlatAmount, amount, []Model{Flat}},
		{"package_size", p.PackageSize, number, []Model{Package, Graduated, Volume}},
		{"free_units", p.FreeUnits, number, []Model{PerUnit, Package, Percentage}},
		{"percent", p.Percent, number, []Model{Percentage}},
		{"event_amount", p.EventAmount, amount, []Model{Percentage}},
		{"event_minimum", p.EventMinimum, amount, []Model{Percentage}},
		{"event_maximum", p.EventMaximum, amount, []Model{Percentage}},
		{"free_events", decimal.NewFromInt(p.FreeEvents), number, []Model{Percentage}},
		{"multiplier", p.Multiplier, number, []Model{Dynamic}},
		{"minimum", p.Minimum, amount, Models},
		{"maximum", p.Maximum, amount, Models},
	}
}

func (n priceNumber) validate(model Model) error {
	if n.value.IsZero() {
		return nil
	}
	if err := checkSign(n.field, n.value, n.check); err != nil {
		return err
	}
	if !slices.Contains(n.usedBy, model) {
		return unused(n.field, model)
	}
	return nil
}

func unused(field string, model Model) error {
	return fmt.Errorf("%s is not used by model %s: remove it", field, model)
}

// checkSign looks at the size first: printing a number with a huge exponent
// would write out all its zeros.
func checkSign(field string, d decimal.Decimal, size func(decimal.Decimal) error) error {
	if err := size(d); err != nil {
		return fmt.Errorf("%s: %w", field, err)
	}
	if d.IsNegative() {
		return fmt.Errorf("%s must not be negative, got %s", field, d)
	}
	return nil
}

func checkAmount(field string, d decimal.Decimal) error { return checkSign(field, d, money.CheckPrice) }
func checkQuantity(field string, d decimal.Decimal) error {
	return checkSign(field, d, money.CheckDecimal)
}

func (p Price) validateSettings() error {
	for _, setting := range []struct {
		field  string
		on     bool
		usedBy []Model
	}{
		{"flat_at_zero", p.FlatAtZero, tiered},
		{"free_rule", p.FreeRule != "", []Model{Percentage}},
		{"packages_across_tiers", p.PackagesAcrossTiers, []Model{Graduated}},
		{"tier_by_prorated", p.TierByProrated, []Model{Volume}},
		{"dimensions", len(p.Dimensions) > 0, []Model{Matrix}},
		{"cells", len(p.Cells) > 0, []Model{Matrix}},
		{"default_unit_amount", p.DefaultUnitAmount != nil, []Model{Matrix}},
	} {
		if setting.on && !slices.Contains(setting.usedBy, p.Model) {
			return unused(setting.field, p.Model)
		}
	}
	switch {
	case p.Model == Package && p.PackageSize.IsZero():
		return fmt.Errorf("package_size must be above 0, got %s", p.PackageSize)
	case p.PackagesAcrossTiers && p.PackageSize.IsZero():
		return fmt.Errorf("packages_across_tiers needs a package_size")
	case p.FreeRule != "":
		if err := oneOf("free_rule", p.FreeRule, FreeSeparately, FreeEvents); err != nil {
			return err
		}
	}
	if p.Rounding != "" {
		return oneOf("rounding", p.Rounding, money.Modes...)
	}
	return nil
}

func (p Price) validateLimits() error {
	if p.EventMaximum.IsPositive() && p.EventMaximum.LessThan(p.EventMinimum) {
		return fmt.Errorf("event_maximum must not be below event_minimum %s, got %s", p.EventMinimum, p.EventMaximum)
	}
	if p.Maximum.IsPositive() && p.Maximum.LessThan(p.Minimum) {
		return fmt.Errorf("maximum must not be below minimum %s, got %s", p.Minimum, p.Maximum)
	}
	if p.Commitment == nil {
		return nil
	}
	if p.Minimum.IsPositive() {
		return fmt.Errorf("minimum cannot be combined with a commitment, which is one: remove one of them")
	}
	if err := p.Commitment.validate(p.Model); err != nil {
		return fmt.Errorf("commitment.%w", err)
	}
	return nil
}

// HasLimits says that the price depends on which part of a period it is for, also where it is one of usage.
func (p Price) HasLimits() bool {
	return p.Minimum.IsPositive() || p.Maximum.IsPositive() || p.Commitment != nil
}

// CommittedInAdvance says that the charge is paid in part when the period begins.
func (p Price) CommittedInAdvance() bool {
	return p.Commitment != nil && p.Commitment.Paid == PaidInAdvance
}
