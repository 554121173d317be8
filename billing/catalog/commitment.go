package catalog

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/money"
)

// countable are the models of which a quantity can be committed: their price follows from the quantity alone.
var countable = []Model{PerUnit, Graduated, Volume, Package, Stairstep}

func (c Commitment) validate(model Model) error {
	if model == Flat {
		return errors.New("amount is of no use to model flat, whose price is the same whatever is used: remove the commitment")
	}
	if err := checkAmount("amount", c.Amount); err != nil {
		return err
	}
	if err := checkQuantity("quantity", c.Quantity); err != nil {
		return err
	}
	if c.Amount.IsZero() == c.Quantity.IsZero() {
		return errors.New("amount or quantity must be above 0, and not both")
	}
	if c.Quantity.IsPositive() && !slices.Contains(countable, model) {
		return fmt.Errorf("quantity is not used by model %s: commit to an amount", model)
	}
	if err := c.validateOverage(); err != nil {
		return err
	}
	if c.Paid != "" {
		return oneOf("paid", c.Paid, PaidInArrears, PaidInAdvance)
	}
	return nil
}

func (c Commitment) validateOverage() error {
	if err := checkAmount("overage_unit_amount", c.OverageUnitAmount); err != nil {
		return err
	}
	if err := checkQuantity("overage_factor", c.OverageFactor); err != nil {
		return err
	}
	switch {
	case c.OverageUnitAmount.IsPositive() && c.Quantity.IsZero():
		return errors.New("overage_unit_amount needs a committed quantity: use overage_factor with an amount")
	case c.OverageUnitAmount.IsPositive() && c.OverageFactor.IsPositive():
		return errors.New("overage_factor cannot be combined with overage_unit_amount: remove one of them")
	}
	return nil
}

// validateSpend checks the limits of the whole plan.
func (p Plan) validateSpend() error {
	//workflowcheck:ignore the order of the map does not survive the sorting
	for _, currency := range slices.Sorted(maps.Keys(p.Spend)) {
		if !slices.Contains(p.Currencies(), currency) {
			return fmt.Errorf("spend.%s: the plan is not sold in that currency, but in %s", currency, listed(p.Currencies()))
		}
		if err := p.Spend[currency].validate(currency); err != nil {
			return fmt.Errorf("spend.%s.%w", currency, err)
		}
	}
	return nil
}

func (s Spend) validate(currency money.Currency) error {
	for _, amount := range []struct {
		field string
		value decimal.Decimal
	}{{"minimum", s.Minimum}, {"maximum", s.Maximum}} {
		if err := checkAmount(amount.field, amount.value); err != nil {
			return err
		}
		// The limits are compared with amounts of money, and become some.
		if most := currency.Digits(); amount.value.Exponent() < -int32(most) && !amount.value.Equal(amount.value.Truncate(int32(most))) {
			return fmt.Errorf("%s: at most %d digits may follow the point in %s", amount.field, most, currency)
		}
	}
	if err := checkQuantity("overage_factor", s.OverageFactor); err != nil {
		return err
	}
	switch {
	case s.Minimum.IsZero() && s.Maximum.IsZero():
		return errors.New("minimum or maximum must be above 0")
	case s.Maximum.IsPositive() && s.Maximum.LessThan(s.Minimum):
		return fmt.Errorf("maximum must not be below minimum %s, got %s", s.Minimum, s.Maximum)
	case s.OverageFactor.IsPositive() && s.OverageFactor.LessThan(decimal.NewFromInt(1)):
		return fmt.Errorf("overage_factor must be at least 1, got %s: what is cheaper beyond an amount is a discount", s.OverageFactor)
	case s.OverageFactor.IsPositive() && s.Minimum.IsZero():
		return errors.New("overage_factor needs a minimum, beyond which it counts")
	case s.Minimum.IsPositive() && s.TaxCategory == "":
		return errors.New("tax_category is required with a minimum: without it no tax of the true-up can be determined")
	}
	return nil
}
