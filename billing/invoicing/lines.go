package invoicing

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/proration"
	"github.com/perennial-billing/perennial/billing/rating"
)

// openingLines charges in advance for the period that begins.
func (f Facts) openingLines() ([]Line, error) {
	if f.Opens == nil {
		return nil, nil
	}
	terms, period := f.Opens.Terms, f.Opens.Period
	full, charged := against(terms.Plan, period, f.Opens.Full)
	if !charged {
		return nil, nil
	}
	num, den, err := proration.Between(terms.Plan.Proration, f.Zone, full, period.Start, period.End)
	if err != nil {
		return nil, fmt.Errorf("plan %q: %w", terms.Plan.ID, err)
	}
	var lines []Line
	for _, charge := range terms.Plan.Charges {
		if charge.Timing != catalog.Advance {
			continue
		}
		line, err := f.charge(charge, terms, quantity(charge, terms.Seats), period, share{num, den})
		if err != nil {
			return nil, err
		}
		lines = append(lines, line)
	}
	return lines, nil
}

// against is the cycle against which a plan prorates what recurs in a period of it. A stub that is free is not charged.
func against(plan catalog.Plan, period, full calendar.Period) (_ calendar.Period, charged bool) {
	switch {
	case full == calendar.Period{}:
		return period, true
	case !full.Start.Before(period.Start):
		return full, true
	case plan.Stub() == calendar.StubWhole:
		full.Start = period.Start
	}
	return full, plan.Stub() != calendar.StubFree
}

// share is the prorated part of a period that a line charges; whole charges all of it.
type share struct{ num, den int64 }

var whole = share{1, 1}

// charge makes the line of one charge for a stretch of time: rated, prorated, then rounded once. Its errors name the
// plan and the charge, and the currency if that is what is wrong.
func (f Facts) charge(c catalog.Charge, terms Terms, qty decimal.Decimal, period calendar.Period, part share) (Line, error) {
	price, err := c.Price(f.Currency)
	if err != nil {
		return Line{}, fmt.Errorf("plan %q version %d: %w", terms.Plan.ID, terms.Plan.Version, err)
	}
	rated, err := rating.Rate(price, qty)
	if err != nil {
		return Line{}, fmt.Errorf("plan %q charge %q: %w", terms.Plan.ID, c.ID, err)
	}
	line := Line{
		Kind: Recurring, ChargeID: c.ID, PlanID: terms.Plan.ID, PlanVersion: terms.Plan.Version,
		Description: describe(terms.Plan, c, qty), Quantity: qty, TaxCategory: c.TaxCategory, Period: period,
		Explanation: part.explained(rated.Steps),
	}
	line.Explanation.Conversion = price.Converted
	line.Exact = part.of(rated.Exact, exactPlaces)
	line.Amount, err = money.FromDecimal(part.of(rated.Exact, int32(f.Currency.Digits())), f.Currency)
	if err != nil {
		return Line{}, fmt.Errorf("plan %q charge %q: %w", terms.Plan.ID, c.ID, err)
	}
	return line, nil
}

// exactPlaces is how many decimals are kept of a prorated amount to explain it; the amount itself is rounded from the fraction.
const exactPlaces = 18

// of takes the share of an amount. A true part is rounded once, half away from zero, at the given number of decimals.
func (s share) of(exact decimal.Decimal, places int32) decimal.Decimal {
	if s.num == s.den {
		return exact
	}
	return exact.Mul(decimal.NewFromInt(s.num)).DivRound(decimal.NewFromInt(s.den), places)
}

func (s share) explained(steps []rating.Step) Explanation {
	if s.num == s.den {
		return Explanation{Steps: steps}
	}
	return Explanation{Steps: steps, Part: s.num, Of: s.den}
}

// quantity is what a recurring charge is multiplied by.
func quantity(c catalog.Charge, seats int64) decimal.Decimal {
	if c.Per == catalog.PerSeat {
		return decimal.NewFromInt(seats)
	}
	return decimal.NewFromInt(1)
}

func describe(plan catalog.Plan, c catalog.Charge, qty decimal.Decimal) string {
	if c.Kind == catalog.Usage || c.Per == catalog.PerSeat {
		return fmt.Sprintf("%s: %s × %s", plan.Name, qty.String(), c.Name)
	}
	return fmt.Sprintf("%s: %s", plan.Name, c.Name)
}
