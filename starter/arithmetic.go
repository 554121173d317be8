package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/rating"
)

// explainedLine is what is known of how a line's amount came about.
type explainedLine struct {
	invoicing.Explanation
	kind     invoicing.LineKind
	currency money.Currency
	// credited is what the line charged that this one gives a part of back.
	credited string
}

// arithmetic is how the amount came about, in one line that can be added up.
func (l explainedLine) arithmetic() string {
	text := inSum(l.Steps)
	if l.kind == invoicing.ProrationCredit && l.credited != "" {
		text = l.credited + l.exactly()
	} else if l.Of != 0 && len(l.Steps) > 1 && l.isShared() {
		text = "(" + text + ")"
	}
	if l.Of != 0 && l.isShared() {
		text += fmt.Sprintf(" × %d/%d", l.Part, l.Of)
	}
	if l.Passed > 0 {
		text += fmt.Sprintf(" after %d/%d", l.Passed, l.Of)
	}
	if l.AlreadyBilled != "" {
		text += fmt.Sprintf(" - %s billed before", l.AlreadyBilled)
	}
	for _, taken := range l.Discounts {
		if taken.Amount.IsPositive() {
			text += fmt.Sprintf(" - %s", taken.Amount.Decimal())
		}
	}
	return text + l.remarks()
}

// legiblePlaces are the decimals that are shown of what was not rounded.
const legiblePlaces = 6

// exactly is what the credited line came to before it was rounded, if the credit is a share of that.
func (l explainedLine) exactly() string {
	exact, err := decimal.NewFromString(l.OfExact)
	if err != nil { // none
		return ""
	}
	return fmt.Sprintf(" (%s before rounding)", exact.Round(legiblePlaces))
}

// isShared says whether the amount is a share of the steps. What was used was used: of its price only the limits are for a
// part of the period, and their steps have that part already.
func (l explainedLine) isShared() bool { return l.kind != invoicing.UsageLine }

func (l explainedLine) remarks() string {
	text := ""
	if l.kind == invoicing.UsageLine && l.Of != 0 && hasLimits(l.Steps) {
		text += fmt.Sprintf(", with %d/%d of the limits", l.Part, l.Of)
	}
	if c := l.Conversion; c != nil {
		text += ", at " + rateInWords(c.From, l.currency, c.Rate, c.Source, c.RateDate, c.MarkupPercent)
	}
	if l.Capped {
		text += ", no more than what takes its place"
	}
	if l.Late != "" {
		text += fmt.Sprintf(" (%s of it from earlier periods)", l.Late)
	}
	if l.Agreed {
		text += " (agreed price)"
	}
	if l.Phase > 0 {
		text += fmt.Sprintf(" (phase %d)", l.Phase)
	}
	return text
}

func hasLimits(steps []rating.Step) bool {
	return slices.ContainsFunc(steps, func(s rating.Step) bool {
		return slices.Contains([]rating.What{rating.Committed, rating.Overage, rating.PaidInAdvance, rating.Minimum, rating.Maximum}, s.What)
	})
}

// inSum joins the steps, each with its sign.
func inSum(steps []rating.Step) string {
	var text strings.Builder
	for i, step := range steps {
		sign := " + "
		if step.UnitAmount.IsZero() && step.Amount.IsNegative() {
			sign, step.Amount = " - ", step.Amount.Neg()
		}
		if i > 0 || sign == " - " {
			text.WriteString(sign)
		}
		text.WriteString(stepInSum(step))
	}
	return strings.TrimPrefix(text.String(), " ")
}

// stepInSum is a step with what it is for, where its figures do not tell.
func stepInSum(step rating.Step) string {
	switch {
	case step.What == rating.Free:
		return step.Quantity.String() + " free"
	case step.What == rating.AtPercent:
		return fmt.Sprintf("%s × %s %%", step.Quantity, step.UnitAmount.Shift(2))
	case step.UnitAmount.IsZero():
		return step.Amount.String() + purpose(step)
	case step.FlatAmount.IsZero():
		return fmt.Sprintf("%s × %s%s", step.Quantity, step.UnitAmount, purpose(step))
	}
	return fmt.Sprintf("%s × %s + %s%s", step.Quantity, step.UnitAmount, step.FlatAmount, purpose(step))
}

// purposes are what steps are for, as people say it.
var purposes = map[rating.What]string{
	rating.EventFee: "fees", rating.EventMinimum: "to the least of a transaction", rating.EventMaximum: "to the most of a transaction",
	rating.OtherCells: "other values", rating.Committed: "up to the commitment", rating.Overage: "beyond the commitment",
	rating.PaidInAdvance: "paid in advance", rating.Minimum: "to the minimum", rating.Maximum: "to the maximum",
	invoicing.AlreadyCharged: "charged by the lines",
}

func purpose(step rating.Step) string {
	if words := purposes[step.What]; words != "" {
		return " (" + words + ")"
	}
	if len(step.Values) > 0 {
		return " (" + cellInWords(step.Values) + ")"
	}
	return ""
}

// cellInWords names a cell of a matrix.
func cellInWords(values map[string]string) string {
	parts := make([]string, 0, len(values))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		parts = append(parts, name+" "+values[name])
	}
	return strings.Join(parts, ", ")
}
