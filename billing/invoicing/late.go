package invoicing

import (
	"slices"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/rating"
)

// Charged is a line of an earlier invoice that charged a closed period in arrears. Its amount is before discounts.
type Charged struct {
	Kind        LineKind
	PlanID      string
	PlanVersion int
	// ChargeID is empty for a line about a plan as a whole.
	ChargeID string
	Usage    rating.Usage
	Amount   money.Amount
}

// ArrearsKinds are the kinds of lines that charge a closed period in arrears.
func ArrearsKinds() []LineKind {
	return []LineKind{UsageLine, Recurring, TrueUp, SpendOverage, SpendLimit}
}

// Late are the lines that charged a period before. What is used of a meter and became known since is priced as a part of
// all that was used in the period: tiers go on, and minimums, commitments and flat amounts are not charged again.
type Late struct {
	Charged []Charged
}

// usage joins what was used of a charge's meter in the period, and what was billed for it.
func (l *Late) usage(plan catalog.Plan, chargeID string, more rating.Usage, currency money.Currency) (rating.Usage, money.Amount, error) {
	if l == nil {
		return more, money.Amount{}, nil
	}
	var whole rating.Usage
	billed := money.Zero(currency)
	for _, c := range l.Charged {
		if c.Kind != UsageLine || !c.of(plan) || c.ChargeID != chargeID {
			continue
		}
		whole = whole.Plus(c.Usage)
		var err error
		if billed, err = billed.Add(c.Amount); err != nil {
			return whole, billed, err
		}
	}
	if billed.IsZero() {
		billed = money.Amount{}
	}
	return whole.Plus(more), billed, nil
}

// amount is what lines of some kinds charged under a plan version.
func (l *Late) amount(plan catalog.Plan, currency money.Currency, kinds ...LineKind) (money.Amount, error) {
	sum := money.Zero(currency)
	if l == nil {
		return sum, nil
	}
	for _, c := range l.Charged {
		if !slices.Contains(kinds, c.Kind) || !c.of(plan) {
			continue
		}
		var err error
		if sum, err = sum.Add(c.Amount); err != nil {
			return sum, err
		}
	}
	return sum, nil
}

func (c Charged) of(plan catalog.Plan) bool {
	return c.PlanID == plan.ID && c.PlanVersion == plan.Version
}

// pays says whether a charge is charged in arrears for the closed period: all such are, but of a period that was billed
// before only what was used.
func (c Closing) pays(charge catalog.Charge) bool {
	return charge.Timing == catalog.Arrears && (c.Late == nil || charge.Kind == catalog.Usage)
}
