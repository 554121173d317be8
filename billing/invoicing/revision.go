package invoicing

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/discount"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/proration"
	"github.com/perennial-billing/perennial/billing/rating"
)

// How the lines of a revision begin.
const (
	unusedTime    = "Unused time: "
	remainingTime = "Remaining time: "
)

// revisionLines credits what was charged for time that the old terms will not cover any more and charges the new terms
// for that time, as separate lines. The credit is a share of the original line, never of today's price, and a line is
// credited once, so no more is ever given back than was charged. The day of the change belongs to the new terms.
func (f Facts) revisionLines() ([]Line, error) {
	if f.Revises == nil {
		return nil, nil
	}
	credits, err := f.credits()
	if err != nil {
		return nil, err
	}
	charges, err := f.chargesForRest()
	return append(credits, charges...), err
}

func (f Facts) credits() ([]Line, error) {
	var lines []Line
	for _, billed := range f.Revises.Billed {
		if f.Revises.keeps(billed) {
			continue
		}
		line, err := f.credit(billed)
		if err != nil {
			return nil, fmt.Errorf("credit for line %d of invoice %s, charge %q: %w", billed.Position, billed.InvoiceID, billed.Line.ChargeID, err)
		}
		if !line.Amount.IsZero() {
			lines = append(lines, line)
		}
	}
	return lines, nil
}

// keeps says that the new terms contain the very same charge, which then simply goes on. In a plan that does not
// prorate it goes on whatever the seats.
func (r Revision) keeps(billed BilledLine) bool {
	if r.NewTerms == nil {
		return false
	}
	plan, line := r.NewTerms.Plan, billed.Line
	if plan.ID != line.PlanID || plan.Version != line.PlanVersion {
		return false
	}
	charge, err := plan.Charge(line.ChargeID)
	if err != nil {
		return false
	}
	fixed := plan.Proration == catalog.GrainNone && r.At.After(line.Period.Start)
	return fixed || quantity(charge, r.NewTerms.Seats).Equal(line.Quantity)
}

func (r Revision) kept(charge catalog.Charge) bool {
	return slices.ContainsFunc(r.Billed, func(billed BilledLine) bool {
		return billed.Line.ChargeID == charge.ID && r.keeps(billed)
	})
}

func (f Facts) credit(billed BilledLine) (Line, error) {
	original := billed.Line
	if original.Amount.Currency != f.Currency {
		return Line{}, fmt.Errorf("%w: %s was charged, the invoice is in %s", money.ErrCurrencyMismatch, original.Amount, f.Currency)
	}
	num, den, err := proration.Remaining(billed.Plan.Proration, f.Zone, original.Period, f.Revises.At)
	if err != nil {
		return Line{}, err
	}
	amount, err := original.Amount.MulRatio(num, den)
	if err != nil {
		return Line{}, err
	}
	part := rating.Share{Num: num, Den: den}
	explanation := explained(part, nil)
	if charge, err := billed.Plan.Charge(original.ChargeID); err == nil {
		explanation.Conversion = charge.Prices[f.Currency].Converted
	}
	if explanation.Discounts, err = discount.GivenBack(original.Explanation.Discounts, num, den); err != nil {
		return Line{}, err
	}
	line := Line{
		Kind: ProrationCredit, ChargeID: original.ChargeID, PlanID: original.PlanID, PlanVersion: original.PlanVersion,
		Description: unusedTime + strings.TrimPrefix(original.Description, remainingTime), Quantity: original.Quantity,
		Exact: part.Of(original.Amount.Decimal(), exactPlaces).Neg(), Amount: amount.Neg(),
		TaxCategory: original.TaxCategory, Decision: original.Decision,
		Period:      calendar.Period{Start: f.Revises.At, End: original.Period.End},
		Credits:     &LineRef{InvoiceID: billed.InvoiceID, Position: billed.Position},
		Explanation: explanation,
	}
	line.Discount, err = line.sumDiscounts()
	return line, err
}

// chargesForRest charges the new terms, but for what goes on unchanged, for the rest of the period.
func (f Facts) chargesForRest() ([]Line, error) {
	revision := f.Revises
	if revision.NewTerms == nil {
		return nil, nil
	}
	terms := *revision.NewTerms
	full, charged := against(terms.Plan, revision.Period, revision.Full)
	if !charged {
		return nil, nil
	}
	part, err := f.restOf(*revision, full)
	if err != nil {
		return nil, fmt.Errorf("plan %q: %w", terms.Plan.ID, err)
	}
	rest := calendar.Period{Start: revision.At, End: revision.Period.End}
	var lines []Line
	for _, charge := range terms.Plan.Charges {
		if revision.kept(charge) {
			continue
		}
		line, due, err := f.inAdvance(charge, terms, rest, part)
		if err != nil {
			return nil, err
		}
		if !due {
			continue
		}
		line.Kind, line.Description = ProrationCharge, remainingTime+line.Description
		if !line.Amount.IsZero() {
			lines = append(lines, line)
		}
	}
	return lines, nil
}

// restOf is the share of a whole cycle that is left of the period under way.
func (f Facts) restOf(r Revision, full calendar.Period) (rating.Share, error) {
	if !r.Period.Contains(r.At) {
		return rating.Share{}, fmt.Errorf("prorating a change at %s: it is outside the period %s", r.At.UTC().Format(time.RFC3339Nano), r.Period)
	}
	num, den, err := proration.Between(r.grain(), f.Zone, full, r.At, r.Period.End)
	return rating.Share{Num: num, Den: den}, err
}

// grain is the one by which the new terms are charged: their plan's. A plan that does not prorate, where it takes the
// place of one that does, goes by that one's grain: else the rest of the period would be given back and cost nothing.
func (r Revision) grain() catalog.Grain {
	grain := r.NewTerms.Plan.Proration
	for _, billed := range r.Billed {
		if grain == catalog.GrainNone {
			grain = billed.Plan.Proration
		}
	}
	return grain
}
