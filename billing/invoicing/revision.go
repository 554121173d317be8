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
//
// Revisions that are billed together follow each other: each takes back what the one before charged. So many lines come
// before them on the invoice.
func (f Facts) revisionLines(before int) ([]Line, error) {
	revisions := slices.Clone(f.Earlier)
	if f.Revises != nil {
		revisions = append(revisions, *f.Revises)
	}
	var lines []Line
	var here []BilledLine // charged by revisions on this invoice
	for n, revision := range revisions {
		revision.Billed = slices.DeleteFunc(append(slices.Clone(revision.Billed), here...), func(b BilledLine) bool {
			return slices.ContainsFunc(lines, func(l Line) bool { return l.Credits != nil && *l.Credits == b.ref() })
		})
		f.Revises = &revision
		more, err := f.revised()
		if err != nil {
			return nil, err
		}
		for _, line := range more {
			line.replaced = f.replacedBy(n + 1)
			lines = append(lines, line)
			if line.Credits == nil {
				here = append(here, BilledLine{InvoiceID: f.Key, Position: before + len(lines), Line: line, Plan: revision.NewTerms.Plan})
			}
		}
	}
	return lines, nil
}

func (b BilledLine) ref() LineRef { return LineRef{InvoiceID: b.InvoiceID, Position: b.Position} }

func (f Facts) revised() ([]Line, error) {
	credits, err := f.credits()
	if err != nil {
		return nil, err
	}
	charges, err := f.chargesForRest()
	if err != nil {
		return nil, err
	}
	if credits, err = f.withinCharges(credits, charges); err != nil {
		return nil, err
	}
	return append(credits, charges...), nil
}

func (f Facts) credits() ([]Line, error) {
	var lines []Line
	for _, billed := range f.Revises.Billed {
		if f.Revises.Keeps(billed) {
			continue
		}
		line, err := f.credit(billed)
		if err != nil {
			return nil, fmt.Errorf("credit for line %d of invoice %s, charge %q: %w", billed.Position, billed.InvoiceID, billed.Line.ChargeID, err)
		}
		if !line.Amount.IsZero() || line.returnsPlanCredit() {
			lines = append(lines, line)
		}
	}
	return lines, nil
}

// Keeps says that the new terms contain the very same charge, which then simply goes on. In a plan that does not
// prorate it goes on whatever the seats, and add-ons are paid for until the period ends.
func (r Revision) Keeps(billed BilledLine) bool {
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
	return fixed || r.NewTerms.quantity(charge).Equal(line.Quantity)
}

func (r Revision) kept(charge catalog.Charge) bool {
	return slices.ContainsFunc(r.Billed, func(billed BilledLine) bool {
		return billed.Line.ChargeID == charge.ID && r.Keeps(billed)
	})
}

func (f Facts) credit(billed BilledLine) (Line, error) {
	original := billed.Line
	if original.Amount.Currency != f.Currency {
		return Line{}, fmt.Errorf("%w: %s was charged, the invoice is in %s", money.ErrCurrencyMismatch, original.Amount, f.Currency)
	}
	left := proration.Remaining
	if f.Revises.NewTerms == nil && f.Opens == nil {
		left = proration.Unused
	}
	at, end := f.inPaidTime(original)
	num, den, err := left(billed.Plan.Proration, f.Zone, original.Period, at)
	if err != nil {
		return Line{}, err
	}
	part := rating.Share{Num: num, Den: den}
	exact, amount, err := billed.unused(part)
	if err != nil {
		return Line{}, err
	}
	explanation, ref := explained(part, nil), billed.ref()
	if explanation.Of > 0 {
		explanation.OfExact = billed.ofExact()
	}
	if charge, err := billed.Plan.Charge(original.ChargeID); err == nil {
		explanation.Conversion = charge.Prices[f.Currency].Converted
	}
	if explanation.Discounts, err = discount.GivenBack(original.Explanation.Discounts, num, den); err != nil {
		return Line{}, err
	}
	line := Line{
		Kind: ProrationCredit, ChargeID: original.ChargeID, PlanID: original.PlanID, PlanVersion: original.PlanVersion,
		ProductID:   billed.Plan.ProductID(),
		Description: unusedTime + strings.TrimPrefix(original.Description, remainingTime), Quantity: original.Quantity,
		Exact: exact.Neg(), Amount: amount.Neg(), TaxCategory: original.TaxCategory, Decision: original.Decision,
		Period:      calendar.Period{Start: f.Revises.At, End: end},
		Credits:     &ref,
		Explanation: explanation,
	}
	line.Discount, err = line.sumDiscounts()
	return line, err
}

// inPaidTime is the revision's instant on a line's own clock, and when the line's time now ends. Pauses after which the
// period was extended have stopped that clock by the civil days by which the period ends later than the line says.
func (f Facts) inPaidTime(l Line) (at, end time.Time) {
	at, end = f.Revises.At, l.Period.End
	days := f.Zone.DateOf(end).DaysUntil(f.Zone.DateOf(f.Revises.Period.End))
	if days <= 0 {
		return at, end
	}
	at = f.Zone.AddDays(at, -days)
	if at.Before(l.Period.Start) {
		at = l.Period.Start
	}
	return at, f.Revises.Period.End
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
	for _, charge := range terms.Charges() {
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
