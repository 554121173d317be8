package invoicing

import (
	"fmt"
	"slices"

	"github.com/perennial-billing/perennial/billing/money"
)

// inOpening is the number of a change whose new terms begin a period of their own, as those with another interval do.
const inOpening = -1

// replacedBy is the number by which the lines of the nth revision find what takes their place.
func (f Facts) replacedBy(n int) int {
	if f.Revises.NewTerms == nil && f.Opens != nil {
		return inOpening
	}
	return n
}

// withinCharges cuts the credits of plans that give nothing back (catalog.CreditNone) to what the new terms cost: what was
// paid counts towards them and no more, the earlier line first.
func (f Facts) withinCharges(credits, charges []Line) ([]Line, error) {
	if f.Revises.NewTerms == nil {
		opened, err := f.openingLines()
		if err != nil {
			return nil, err
		}
		charges = opened
	}
	left, err := sumOf(f.Currency, charges)
	if err != nil {
		return nil, fmt.Errorf("sum of the new charges: %w", err)
	}
	kept := make([]Line, 0, len(credits))
	for _, credit := range credits {
		credit.keepsPaid = f.Revises.keepsPaid(*credit.Credits)
		if credit.keepsPaid {
			if left, err = credit.cutTo(left); err != nil {
				return nil, err
			}
		}
		if !credit.Amount.IsZero() || credit.returnsPlanCredit() && !credit.Explanation.Capped {
			kept = append(kept, credit)
		}
	}
	return kept, nil
}

// keepPaid cuts such credits again once the lines have their discounts: what takes the place of what was paid costs what is
// left of it then, and the customer's coupons and plan credit become no money by a change.
func (f Facts) keepPaid(lines []Line) error {
	for n := range lines {
		if !lines[n].keepsPaid {
			continue
		}
		var others []Line
		for i, line := range lines {
			if line.replaced == lines[n].replaced && line.SubscriptionID == lines[n].SubscriptionID && (line.Credits == nil || line.keepsPaid && i < n) {
				others = append(others, line)
			}
		}
		left, err := sumOf(f.Currency, others)
		if err != nil {
			return fmt.Errorf("charge %q: what takes its place: %w", lines[n].ChargeID, err)
		}
		if _, err := lines[n].cutTo(left); err != nil {
			return err
		}
	}
	return nil
}

// cutTo lets a credit give back no more than an amount, and returns what is left of that.
func (l *Line) cutTo(most money.Amount) (money.Amount, error) {
	if l.Amount.Neg().Cmp(most) > 0 {
		l.Amount, l.Exact, l.Explanation.Capped = most.Neg(), most.Decimal().Neg(), true
	}
	return most.Add(l.Amount)
}

func sumOf(currency money.Currency, lines []Line) (money.Amount, error) {
	amounts := make([]money.Amount, len(lines))
	for i, line := range lines {
		amounts[i] = line.Amount
	}
	return money.Sum(currency, amounts...)
}

func (r Revision) keepsPaid(ref LineRef) bool {
	return slices.ContainsFunc(r.Billed, func(billed BilledLine) bool {
		return billed.Plan.KeepsPaid() && billed.ref() == ref
	})
}
