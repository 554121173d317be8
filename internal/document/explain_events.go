package document

import (
	"fmt"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/rating"
)

// ofEvents writes a step about the events that were metered.
func (l *lineFacts) ofEvents(step rating.Step) string {
	switch step.What {
	case rating.EventFee:
		return fmt.Sprintf("%s × %s = %s", l.counted(step.Quantity), l.priced(step.UnitAmount), l.priced(step.Amount))
	case rating.EventMinimum:
		return fmt.Sprintf("%s raised to the minimum of %s: %s", l.counted(step.Quantity), l.priced(l.price.EventMinimum), l.priced(step.Amount))
	case rating.EventMaximum:
		return fmt.Sprintf("%s lowered to the maximum of %s: %s", l.counted(step.Quantity), l.priced(l.price.EventMaximum), l.priced(step.Amount))
	case rating.EventsAmount:
		if step.UnitAmount.Equal(decimal.NewFromInt(1)) {
			return "Amounts of the events: " + l.priced(step.Amount)
		}
		return fmt.Sprintf("Amounts of the events: %s × %s = %s", l.priced(step.Quantity), l.Number(step.UnitAmount), l.priced(step.Amount))
	case rating.OtherCells:
		return "Others: " + l.sum(step)
	}
	return strings.ReplaceAll(string(step.What), "_", " ") + ": " + l.sum(step)
}

func (l *lineFacts) counted(events decimal.Decimal) string {
	if events.Equal(decimal.NewFromInt(1)) {
		return "1 event"
	}
	return l.Number(events) + " events"
}

// cells writes what each combination of dimension values costs: "eu, large: 2 × $0.30 = $0.60".
func (l *lineFacts) cells(steps []rating.Step) []string {
	details := make([]string, len(steps))
	for i, step := range steps {
		values := make([]string, len(l.price.Dimensions))
		for n, dimension := range l.price.Dimensions {
			values[n] = step.Values[dimension]
		}
		details[i] = strings.Join(values, ", ") + ": " + l.sum(step)
	}
	return details
}
