package invoicing

import (
	"fmt"
	"math"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/rating"
)

// roomForTax is how many times an amount before tax must fit into the largest one.
const roomForTax = 4

// CheckAmounts refuses terms whose recurring charges for a whole period do not fit, with their tax, into an amount: no
// invoice could ever be made of them. The error wraps money.ErrOverflow. A currency in which a charge has no price is not
// this function's to refuse.
func CheckAmounts(terms Terms, currency money.Currency) error {
	total, err := RecurringTotal(terms, currency)
	if err == nil && total.Minor > math.MaxInt64/roomForTax {
		err = fmt.Errorf("%s: %w", total, money.ErrOverflow)
	}
	if err != nil {
		return fmt.Errorf("plan %q costs more than an amount can hold: %w", terms.Plan.ID, err)
	}
	return nil
}

// RecurringTotal is what the recurring charges of terms come to for a whole period, before tax and discounts; charges without
// a price in the currency are left out. The error wraps money.ErrOverflow.
func RecurringTotal(terms Terms, currency money.Currency) (money.Amount, error) {
	f, total := Facts{Currency: currency}, money.Zero(currency)
	for _, charge := range terms.Plan.Charges {
		if _, priced := charge.Prices[currency]; !priced || charge.Kind != catalog.Recurring {
			continue
		}
		line, err := f.line(ofSeats(charge, terms, calendar.Period{}, rating.Whole))
		if err == nil {
			total, err = total.Add(line.Amount)
		}
		if err != nil {
			return money.Amount{}, err
		}
	}
	return total, nil
}
