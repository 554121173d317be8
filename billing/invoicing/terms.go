package invoicing

import (
	"fmt"
	"math"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/rating"
)

// Charges lists what the terms pay for: the plan's own charges and those of the add-ons that were bought.
func (t Terms) Charges() []catalog.Charge {
	if len(t.Plan.AddOns) == 0 {
		return t.Plan.Charges
	}
	return slices.DeleteFunc(slices.Clone(t.Plan.EveryCharge()), func(c catalog.Charge) bool { return t.bought(c) == 0 })
}

// Meters lists the meters that the terms pay for, those of the plan itself first.
func (t Terms) Meters() []string {
	var meters []string
	for _, c := range t.Charges() {
		if c.Kind == catalog.Usage && !slices.Contains(meters, c.Meter) {
			meters = append(meters, c.Meter)
		}
	}
	return meters
}

// bought is how many there are of the add-on that a charge belongs to, and 1 for the plan itself.
func (t Terms) bought(c catalog.Charge) int64 {
	if addOn, is := t.Plan.AddOnOf(c.ID); is {
		return t.AddOns[addOn.ID]
	}
	return 1
}

// quantity is what a recurring charge is multiplied by: 0 for one of an add-on that was not bought.
func (t Terms) quantity(c catalog.Charge) decimal.Decimal {
	bought := t.bought(c)
	switch {
	case bought == 0 || c.Per == catalog.PerQuantity:
		return decimal.NewFromInt(bought)
	case c.Per == catalog.PerSeat:
		return decimal.NewFromInt(t.Seats)
	}
	return decimal.NewFromInt(1)
}

// nameOf is what a line calls that to which a charge belongs: the plan, with the add-on if it is one's.
func nameOf(plan catalog.Plan, c catalog.Charge) string {
	if addOn, is := plan.AddOnOf(c.ID); is {
		return plan.Name + " + " + addOn.Name
	}
	return plan.Name
}

// roomForTax is how many times an amount before tax must fit into the largest one.
const roomForTax = 4

// CheckAmounts refuses terms of which what a whole period costs in any case, or a limit of the plan, does not fit with its
// tax into an amount: no invoice could ever be made of them. The error wraps money.ErrOverflow. A currency in which a
// charge has no price is not this function's to refuse.
func CheckAmounts(terms Terms, currency money.Currency) error {
	total, err := Facts{Currency: currency}.sumOf(terms, Facts.least)
	if err == nil {
		err = fits(total)
	}
	if err != nil {
		return fmt.Errorf("plan %q costs more than an amount can hold: %w", terms.Plan.ID, err)
	}
	spend := terms.Plan.Spend[currency]
	for _, limit := range []decimal.Decimal{spend.Minimum, spend.Maximum} {
		amount, err := money.FromDecimal(limit, currency)
		if err == nil {
			err = fits(amount)
		}
		if err != nil {
			return fmt.Errorf("plan %q limits spend by more than an amount can hold: %w", terms.Plan.ID, err)
		}
	}
	return nil
}

// RecurringTotal is what the recurring charges of terms come to for a whole period, before tax and discounts; charges without
// a price in the currency are left out. The error wraps money.ErrOverflow.
func RecurringTotal(terms Terms, currency money.Currency) (money.Amount, error) {
	return Facts{Currency: currency}.sumOf(terms, Facts.recurring)
}

// sumOf adds up what the charges cost that have a price in the currency.
func (f Facts) sumOf(terms Terms, cost func(Facts, catalog.Charge, Terms) (money.Amount, error)) (money.Amount, error) {
	total := money.Zero(f.Currency)
	for _, charge := range terms.Charges() {
		if _, priced := charge.Prices[f.Currency]; !priced {
			continue
		}
		amount, err := cost(f, charge, terms)
		if err == nil {
			total, err = total.Add(amount)
		}
		if err != nil {
			return money.Amount{}, err
		}
	}
	return total, nil
}

// recurring is what a charge costs for the passing of a whole period.
func (f Facts) recurring(c catalog.Charge, terms Terms) (money.Amount, error) {
	if c.Kind != catalog.Recurring {
		return money.Zero(f.Currency), nil
	}
	line, err := f.line(ofSeats(c, terms, calendar.Period{}, rating.Whole))
	return line.Amount, err
}

// least is what a charge costs for a whole period in which nothing is used.
func (f Facts) least(c catalog.Charge, terms Terms) (money.Amount, error) {
	if c.Kind == catalog.Recurring {
		return f.recurring(c, terms)
	}
	price := c.Prices[f.Currency]
	return money.FromDecimal(decimal.Max(price.Minimum, rating.Commitment(price).Exact), f.Currency)
}

func fits(total money.Amount) error {
	if total.Minor > math.MaxInt64/roomForTax {
		return fmt.Errorf("%s: %w", total, money.ErrOverflow)
	}
	return nil
}
