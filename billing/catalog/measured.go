package catalog

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/money"
)

// Measures are what prices need to know of a meter's events besides the quantity.
type Measures struct {
	// Dimensions are those that some price divides the quantity by, ascending.
	Dimensions []string
	// NeedsAmount says that some price charges the amounts that come with the events.
	NeedsAmount bool
}

// longestValues bounds the dimension values of an event, written as JSON, in bytes.
const longestValues = 2000

// EventError is what is wrong with an event, by the path of the field: "amount", "values" or "values.region".
type EventError struct {
	Field  string
	Reason string
}

func (e *EventError) Error() string { return e.Field + ": " + e.Reason }

func eventError(field, format string, args ...any) error {
	return &EventError{Field: field, Reason: fmt.Sprintf(format, args...)}
}

// CheckEvent refuses an event without the amount that is needed, with an amount below 0 or of more than 12 decimals, and with
// values of dimensions that nothing is priced by: one that is spelled wrong would be charged at the default price. A
// dimension that is left out is. The error is an *EventError.
func (m Measures) CheckEvent(amount *decimal.Decimal, values map[string]string) error {
	if m.NeedsAmount && amount == nil {
		return eventError("amount", "is missing: the meter is charged by the amounts of its events")
	}
	if amount != nil {
		if err := money.CheckDecimal(*amount); err != nil {
			return eventError("amount", "%s", err)
		}
		if amount.IsNegative() {
			return eventError("amount", "must not be negative, got %s", amount)
		}
	}
	return m.CheckValues(values)
}

// CheckValues is CheckEvent for an event's values alone.
func (m Measures) CheckValues(values map[string]string) error {
	//workflowcheck:ignore the names are sorted
	for _, name := range slices.Sorted(maps.Keys(values)) {
		value := values[name]
		switch {
		case len(m.Dimensions) == 0:
			return eventError(fmt.Sprintf("values.%.100s", name), "no price of the meter has dimensions: leave values out")
		case !slices.Contains(m.Dimensions, name):
			return eventError(fmt.Sprintf("values.%.100s", name), "no price of the meter has this dimension: use %s", strings.Join(m.Dimensions, ", "))
		case len(value) > longestValue:
			return eventError("values."+name, "must have at most %d bytes, got %d", longestValue, len(value))
		case !utf8.ValidString(value) || strings.ContainsFunc(value, unicode.IsControl):
			return eventError("values."+name, "holds characters that are not text")
		}
	}
	text, err := json.Marshal(values)
	if err != nil {
		return eventError("values", "cannot be written as JSON: %s", err)
	}
	if len(text) > longestValues {
		return eventError("values", "must have at most %d bytes as JSON, got %d", longestValues, len(text))
	}
	return nil
}

// Join is what the prices of both need.
func (m Measures) Join(other Measures) Measures {
	dimensions := slices.Concat(m.Dimensions, other.Dimensions)
	slices.Sort(dimensions)
	return Measures{Dimensions: slices.Compact(dimensions), NeedsAmount: m.NeedsAmount || other.NeedsAmount}
}

// Measures are what the plan's prices, in every currency and phase, need of each meter.
func (p Plan) Measures() map[string]Measures {
	needed := map[string]Measures{}
	for _, phased := range p.InEachPhase() {
		for _, charge := range phased.EveryCharge() {
			if charge.Kind != Usage {
				continue
			}
			for _, currency := range charge.currencies() {
				price := charge.Prices[currency]
				needed[charge.Meter] = needed[charge.Meter].Join(Measures{Dimensions: price.Dimensions, NeedsAmount: price.Model == Dynamic})
			}
		}
	}
	return needed
}

// NeedsEvents names the field of a percentage that looks at each event by itself; empty if there is none.
func (p Price) NeedsEvents() string {
	switch {
	case p.EventMinimum.IsPositive():
		return "event_minimum"
	case p.EventMaximum.IsPositive():
		return "event_maximum"
	case p.FreeRule == FreeEvents && (p.FreeUnits.IsPositive() || p.FreeEvents > 0):
		return "free_rule"
	}
	return ""
}
