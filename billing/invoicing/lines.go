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
	charges := terms.Charges()
	lines := make([]Line, 0, len(charges))
	for _, charge := range charges {
		line, due, err := f.inAdvance(charge, terms, period, rating.Share{Num: num, Den: den})
		if err != nil {
			return nil, err
		}
		if due {
			line.replaced = inOpening
			lines = append(lines, line)
		}
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

// inAdvance makes the line that a charge pays for time to come, if it does: the charge itself, or the use committed to.
func (f Facts) inAdvance(c catalog.Charge, terms Terms, period calendar.Period, part rating.Share) (line Line, due bool, err error) {
	switch {
	case c.Timing == catalog.Advance:
		line, err = f.line(ofSeats(c, terms, period, part))
		return line, true, err
	case c.Prices[f.Currency].CommittedInAdvance():
		line, err = f.commitmentLine(c, terms, period, part)
		return line, true, err
	}
	return Line{}, false, nil
}

// commitmentLine charges in advance for committed use. What is used beyond it is charged when the period has ended.
func (f Facts) commitmentLine(c catalog.Charge, terms Terms, period calendar.Period, part rating.Share) (Line, error) {
	price, plan := c.Prices[f.Currency], terms.Plan
	rated := rating.Commitment(price)
	amount, err := money.FromFraction(rated.Exact, part.Num, part.Den, f.Currency, price.Rounding)
	if err != nil {
		return Line{}, fmt.Errorf("plan %q charge %q: commitment: %w", plan.ID, c.ID, err)
	}
	line := Line{
		Kind: CommitmentLine, ChargeID: c.ID, PlanID: plan.ID, PlanVersion: plan.Version, ProductID: plan.ProductID(),
		Description: fmt.Sprintf("%s: committed %s", nameOf(plan, c), c.Name), Quantity: decimal.NewFromInt(1), TaxCategory: c.TaxCategory,
		Period: period, Exact: part.Of(rated.Exact, exactPlaces), Amount: amount, Explanation: explained(part, rated.Steps),
	}
	line.Explanation = line.Explanation.of(price)
	return line, nil
}

// item is what a line charges: a charge of the terms for what was used or bought in a stretch of time.
type item struct {
	charge catalog.Charge
	terms  Terms
	usage  rating.Usage
	// billed is what was billed before for the same usage, if any.
	billed money.Amount
	period calendar.Period
	part   rating.Share
}

// ofSeats is an item of a recurring charge.
func ofSeats(c catalog.Charge, terms Terms, period calendar.Period, part rating.Share) item {
	return item{charge: c, terms: terms, usage: rating.Units(terms.quantity(c)), period: period, part: part}
}

// line makes the line of an item: rated, prorated, then rounded once. Its errors name the plan and the charge, and the
// currency if that is what is wrong.
func (f Facts) line(it item) (Line, error) {
	plan, c := it.terms.Plan, it.charge
	price, err := c.Price(f.Currency)
	if err != nil {
		return Line{}, fmt.Errorf("plan %q version %d: %w", plan.ID, plan.Version, err)
	}
	priced, err := rating.Request{
		Price: price, Currency: f.Currency, Usage: it.usage, Part: it.part, Metered: c.Kind == catalog.Usage, AlreadyBilled: it.billed,
	}.Line()
	if err != nil {
		return Line{}, fmt.Errorf("plan %q charge %q: %w", plan.ID, c.ID, err)
	}
	line := Line{
		Kind: Recurring, ChargeID: c.ID, PlanID: plan.ID, PlanVersion: plan.Version, ProductID: plan.ProductID(),
		Description: describe(plan, c, it.usage.Quantity), Quantity: it.usage.Quantity, TaxCategory: c.TaxCategory, Period: it.period,
		Exact: priced.Prorated, Amount: priced.Amount, Explanation: explained(it.part, priced.Steps),
	}
	line.Explanation = line.Explanation.of(price)
	if !it.billed.IsZero() {
		line.Exact = line.Exact.Sub(it.billed.Decimal())
		line.Explanation.AlreadyBilled = it.billed.Decimal().String()
	}
	return line, nil
}

// exactPlaces is how many decimals are kept of a prorated amount to explain it; the amount itself is rounded from the fraction.
const exactPlaces = 18

func explained(part rating.Share, steps []rating.Step) Explanation {
	if part.IsWhole() {
		return Explanation{Steps: steps}
	}
	return Explanation{Steps: steps, Part: part.Num, Of: part.Den}
}

// of adds where a price came from.
func (e Explanation) of(price catalog.Price) Explanation {
	e.Conversion, e.Phase, e.Agreed = price.Converted, price.Phase, price.Agreed
	return e
}

// share is the part of the whole amount that was explained.
func (e Explanation) share() rating.Share {
	if e.Of == 0 {
		return rating.Whole
	}
	return rating.Share{Num: e.Part, Den: e.Of}
}

func describe(plan catalog.Plan, c catalog.Charge, qty decimal.Decimal) string {
	if c.Kind == catalog.Usage || c.Per == catalog.PerSeat || c.Per == catalog.PerQuantity {
		return nameOf(plan, c) + ": " + qty.String() + " × " + c.Name
	}
	return nameOf(plan, c) + ": " + c.Name
}
