package document

import (
	"fmt"
	"strings"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/rating"
)

// arithmetic spells out prices that are more than a quantity times a unit price.
func (l *lineFacts) arithmetic() []string {
	steps := l.explained.Steps
	if len(steps) == 0 {
		return nil
	}
	var details []string
	switch modelled := named(steps, false); {
	case len(modelled) == 0:
	case l.price.Model == catalog.Package:
		details = append(details, l.packages(modelled[0]))
	case l.price.Model == catalog.Volume:
		details = append(details, fmt.Sprintf("All at the price of tier %d: %s", modelled[0].Tier, l.sum(modelled[0])))
	case l.price.Model == catalog.Stairstep:
		details = append(details, fmt.Sprintf("The price of tier %d: %s", modelled[0].Tier, l.sum(modelled[0])))
	case l.price.Model == catalog.Graduated || l.price.Model == catalog.GraduatedPercentage:
		details = append(details, l.tiers(modelled)...)
	case l.price.Model == catalog.Matrix:
		details = append(details, l.cells(modelled)...)
	case l.price.Model == catalog.PerUnit && (len(steps) > 1 || l.ofCommitment()):
		details = append(details, l.sum(modelled[0]))
	}
	for _, step := range named(steps, true) {
		details = append(details, l.inWords(step))
	}
	return details
}

// named lists the steps that say what they are for, or those that do not.
func named(steps []rating.Step, are bool) []rating.Step {
	var found []rating.Step
	for _, step := range steps {
		if (step.What != "") == are {
			found = append(found, step)
		}
	}
	return found
}

// inWords writes a step that says what it is for.
func (l *lineFacts) inWords(step rating.Step) string {
	switch step.What {
	case rating.Free:
		return l.Number(step.Quantity) + " free"
	case rating.AtPercent:
		return fmt.Sprintf("%s × %s %% = %s", l.Number(step.Quantity), l.Number(step.UnitAmount.Shift(2)), l.priced(step.Amount))
	case rating.Committed:
		return "To the commitment: " + l.priced(step.Amount)
	case rating.Overage:
		return l.overage(step)
	case rating.PaidInAdvance:
		return "Paid in advance: " + l.priced(step.Amount)
	case rating.Minimum:
		if l.ofPlan() {
			return "Minimum: " + l.priced(step.Amount)
		}
		return "Up to the minimum: " + l.priced(step.Amount)
	case rating.Maximum:
		if l.ofPlan() {
			return "Maximum of a whole period: " + l.priced(l.plan.Spend[l.currency].Maximum)
		}
		return "Above the maximum: " + l.priced(step.Amount)
	case invoicing.AlreadyCharged:
		return "Charged without it: " + l.priced(step.Amount)
	}
	return l.ofEvents(step)
}

// overage writes what use beyond a commitment, or spend beyond a minimum, costs: so many units at their own price, or an
// amount times what the factor exceeds 1 by.
func (l *lineFacts) overage(step rating.Step) string {
	if c := l.price.Commitment; c != nil && c.OverageUnitAmount.IsPositive() {
		return "Beyond the commitment: " + l.sum(step)
	}
	beyond := "commitment"
	if l.ofPlan() {
		beyond = "minimum"
	}
	return fmt.Sprintf("Beyond the %s: %s × %s = %s", beyond, l.priced(step.Quantity), l.Number(step.UnitAmount), l.priced(step.Amount))
}

func (l *lineFacts) tiers(steps []rating.Step) []string {
	details := make([]string, len(steps))
	for i, step := range steps {
		order := "Next"
		if i == 0 {
			order = "First"
		}
		details[i] = fmt.Sprintf("%s %s", order, l.sum(step))
	}
	return details
}

// sum writes a step as a person would calculate it: "500 × $0.08 + $5.00 = $45.00".
func (l *lineFacts) sum(step rating.Step) string {
	var b strings.Builder
	b.WriteString(l.Number(step.Quantity))
	if !step.UnitAmount.IsZero() || step.FlatAmount.IsZero() {
		b.WriteString(" × " + l.priced(step.UnitAmount))
		if !step.FlatAmount.IsZero() {
			b.WriteString(" + " + l.priced(step.FlatAmount))
		}
		return b.String() + " = " + l.priced(step.Amount)
	}
	return b.String() + " for " + l.priced(step.FlatAmount)
}

func (l *lineFacts) packages(step rating.Step) string {
	text := fmt.Sprintf("%s packages of %s × %s = %s",
		l.Number(step.Quantity), l.Number(l.price.PackageSize), l.priced(step.UnitAmount), l.priced(step.Amount))
	if l.price.FreeUnits.IsPositive() {
		text += fmt.Sprintf(", after %s free", l.Number(l.price.FreeUnits))
	}
	return text
}
