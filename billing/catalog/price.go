package catalog

import (
	"errors"
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
	if err := validateNumbers(&p); err != nil {
		return err
	}
	if err := validateSettings(&p); err != nil {
		return err
	}
	if err := p.validateTiers(); err != nil {
		return err
	}
	if err := p.validateMatrix(); err != nil {
		return err
	}
	return p.validateLimits()
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

// numbers are the numbers of a price, each with the models that use it.
var numbers = []struct {
	field  string
	value  func(*Price) decimal.Decimal
	check  func(decimal.Decimal) error
	usedBy []Model
}{
	{"unit_amount", func(p *Price) decimal.Decimal { return p.UnitAmount }, money.CheckPrice, []Model{PerUnit, Package}},
	{"flat_amount", func(p *Price) decimal.Decimal { return p.FlatAmount }, money.CheckPrice, []Model{Flat}},
	{"package_size", func(p *Price) decimal.Decimal { return p.PackageSize }, money.CheckDecimal, []Model{Package, Graduated, Volume}},
	{"free_units", func(p *Price) decimal.Decimal { return p.FreeUnits }, money.CheckDecimal, []Model{PerUnit, Package, Percentage}},
	{"percent", func(p *Price) decimal.Decimal { return p.Percent }, money.CheckDecimal, []Model{Percentage}},
	{"event_amount", func(p *Price) decimal.Decimal { return p.EventAmount }, money.CheckPrice, []Model{Percentage}},
	{"event_minimum", func(p *Price) decimal.Decimal { return p.EventMinimum }, money.CheckPrice, []Model{Percentage}},
	{"event_maximum", func(p *Price) decimal.Decimal { return p.EventMaximum }, money.CheckPrice, []Model{Percentage}},
	{"multiplier", func(p *Price) decimal.Decimal { return p.Multiplier }, money.CheckDecimal, []Model{Dynamic}},
	{"minimum", func(p *Price) decimal.Decimal { return p.Minimum }, money.CheckPrice, Models},
	{"maximum", func(p *Price) decimal.Decimal { return p.Maximum }, money.CheckPrice, Models},
}

func validateNumbers(p *Price) error {
	for _, number := range numbers {
		value := number.value(p)
		if value.IsZero() {
			continue
		}
		if err := checkSign(number.field, value, number.check); err != nil {
			return err
		}
		if !slices.Contains(number.usedBy, p.Model) {
			return unused(number.field, p.Model)
		}
	}
	switch {
	case p.FreeEvents < 0:
		return fmt.Errorf("free_events must not be negative, got %d", p.FreeEvents)
	case p.FreeEvents > 0 && p.Model != Percentage:
		return unused("free_events", p.Model)
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

// settings are what changes how a model computes, each with the models that it changes.
var settings = []struct {
	field  string
	on     func(*Price) bool
	usedBy []Model
}{
	{"flat_at_zero", func(p *Price) bool { return p.FlatAtZero }, tiered},
	{"free_rule", func(p *Price) bool { return p.FreeRule != "" }, []Model{Percentage}},
	{"package_rounding", func(p *Price) bool { return p.PackageRounding != "" }, []Model{Package, Graduated, Volume}},
	{"packages_across_tiers", func(p *Price) bool { return p.PackagesAcrossTiers }, []Model{Graduated}},
	{"tier_by_prorated", func(p *Price) bool { return p.TierByProrated }, []Model{Volume}},
	{"dimensions", func(p *Price) bool { return len(p.Dimensions) > 0 }, []Model{Matrix}},
	{"cells", func(p *Price) bool { return len(p.Cells) > 0 }, []Model{Matrix}},
	{"default_unit_amount", func(p *Price) bool { return p.DefaultUnitAmount != nil }, []Model{Matrix}},
}

func validateSettings(p *Price) error {
	for _, setting := range settings {
		if setting.on(p) && !slices.Contains(setting.usedBy, p.Model) {
			return unused(setting.field, p.Model)
		}
	}
	switch {
	case p.Model == Package && p.PackageSize.IsZero():
		return fmt.Errorf("package_size must be above 0, got %s", p.PackageSize)
	case p.PackagesAcrossTiers && p.PackageSize.IsZero():
		return errors.New("packages_across_tiers needs a package_size")
	case p.PackageRounding != "" && p.PackageSize.IsZero():
		return errors.New("package_rounding needs a package_size")
	case p.FreeRule != "":
		if err := oneOf("free_rule", p.FreeRule, FreeSeparately, FreeEvents); err != nil {
			return err
		}
	}
	if p.PackageRounding != "" {
		if err := oneOf("package_rounding", p.PackageRounding, money.Modes...); err != nil {
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
		return errors.New("minimum cannot be combined with a commitment, which is one: remove one of them")
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
