// Package rating turns what was used into an exact price: the formulas of the
// pricing models, with each piece of arithmetic kept so that an invoice line can
// explain itself. Only a Request's Line is rounded, once.
//
// Where tiers continue over several invoices of one cycle, rate the usage of
// the whole cycle so far and subtract what was already billed: see Request.
package rating

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/catalog"
)

// What says what a step is for, where it is not simply units at their price.
type What string

// What steps are for.
const (
	Free          What = "free"            // units or events that cost nothing
	AtPercent     What = "percent"         // an amount times a percentage
	EventFee      What = "event_fee"       // events times the fee
	EventMinimum  What = "event_minimum"   // so many events were raised to the minimum, by so much together
	EventMaximum  What = "event_maximum"   // so many events were lowered to the maximum, by so much together
	EventsAmount  What = "events_amount"   // the amounts that came with the events
	OtherCells    What = "default"         // units without a cell of their own in the matrix
	Committed     What = "commitment"      // raises the price to what was committed
	Overage       What = "overage"         // use beyond the commitment
	PaidInAdvance What = "paid_in_advance" // the commitment was charged when the period began
	Minimum       What = "minimum"         // raises the price to the minimum
	Maximum       What = "maximum"         // lowers the price to the maximum
)

// Step is one piece of the arithmetic: Quantity × UnitAmount + FlatAmount =
// Amount, in major units.
type Step struct {
	What What `json:"what,omitzero"`
	// Tier is the number of the tier, from 1; 0 for models without tiers.
	Tier int `json:"tier,omitzero"`
	// Values are those of the matrix's cell.
	Values map[string]string `json:"values,omitempty"`
	// Quantity is in units, or in packages where the price is one of packages, or in money for percentages and overages.
	Quantity   decimal.Decimal `json:"quantity"`
	UnitAmount decimal.Decimal `json:"unit_amount"`
	FlatAmount decimal.Decimal `json:"flat_amount"`
	Amount     decimal.Decimal `json:"amount"`
}

// Rated is the price of a quantity and how it came about.
type Rated struct {
	// Exact is the sum of the steps in major units, not yet rounded.
	Exact decimal.Decimal `json:"exact"`
	Steps []Step          `json:"steps"`
}

// Rate prices what was used in a whole period:
//
//	flat        the flat amount, whatever the quantity
//	per_unit    the quantity after the free units × unit amount
//	graduated   each tier's share of the quantity × its unit amount + its flat
//	            amount, for every tier that the quantity enters
//	volume      the whole quantity × the unit amount of the one tier it falls in
//	            + that tier's flat amount
//	package     every started package after the free units × unit amount
//	stairstep   the flat amount of the one tier that the quantity falls in
//	percentage  the quantity after the free units × percent + the events after the
//	            free events × event amount; see FreeRule, EventMinimum, EventMaximum
//	graduated_percentage  graduated, with percentages as the tiers' unit amounts
//	dynamic     the sum of the events' amounts × multiplier
//	matrix      the quantity of each combination of values × the unit amount of its
//	            cell, or the default's
//
// Nothing used costs nothing in the tiered models, unless the price says
// FlatAtZero: then it costs the flat amount of the first tier. Then come the
// commitment, the minimum and the maximum. Usage that is negative, contradicts
// itself, is beyond the limits of money.ParseDecimal or lacks what the model needs
// is an error, and so is an invalid price.
func Rate(p catalog.Price, u Usage) (Rated, error) { return RatePart(p, u, Whole) }

// RatePart prices what was used in a part of a period: commitment, minimum and maximum are those of the part.
func RatePart(p catalog.Price, u Usage, part Share) (Rated, error) {
	if err := p.Validate(); err != nil {
		return Rated{}, fmt.Errorf("price: %w", err)
	}
	if err := part.check(); err != nil {
		return Rated{}, err
	}
	used, err := u.complete()
	if err != nil {
		return Rated{}, err
	}
	steps, err := modelSteps(p, used)
	if err != nil {
		return Rated{}, err
	}
	rated := limited(p, used, sum(steps), part)
	return rated, nil
}

func sum(steps []Step) Rated {
	rated := Rated{Steps: steps}
	for i, s := range steps {
		if i == 0 {
			rated.Exact = s.Amount
			continue
		}
		rated.Exact = rated.Exact.Add(s.Amount)
	}
	return rated
}

func (r *Rated) add(s Step) {
	r.Steps = append(r.Steps, s)
	r.Exact = r.Exact.Add(s.Amount)
}

// step leaves out the arithmetic of what is zero.
func step(tier int, quantity, unitAmount, flatAmount decimal.Decimal) Step {
	s := Step{Tier: tier, Quantity: quantity, UnitAmount: unitAmount, FlatAmount: flatAmount, Amount: flatAmount}
	switch {
	case unitAmount.IsZero() || quantity.IsZero():
	case flatAmount.IsZero():
		s.Amount = quantity.Mul(unitAmount)
	default:
		s.Amount = quantity.Mul(unitAmount).Add(flatAmount)
	}
	return s
}

func (s Step) of(what What) Step {
	s.What = what
	return s
}

// adjustment is a step that adds an amount, or takes it off.
func adjustment(what What, amount decimal.Decimal) Step {
	return step(0, decimal.Zero, decimal.Zero, amount).of(what)
}
