package rating

import (
	"errors"
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/money"
)

// Usage is what is priced. Most models need only the quantity.
type Usage struct {
	// Quantity is in units; for percentages it is the amount of money that the events moved. If it is left out, it is the
	// sum of the events or groups.
	Quantity decimal.Decimal `json:"quantity,omitzero"`
	Detail
}

// Detail is what some models need to know of a quantity.
type Detail struct {
	// Amount is the sum of the amounts that came with the events, in major units; for the model dynamic.
	Amount *decimal.Decimal `json:"amount,omitempty"`
	// EventCount is the number of events; for percentages with a fee per event. Events are counted if they are listed.
	EventCount int64 `json:"event_count,omitzero"`
	// Events are all events in the order of time; for percentages that look at each of them. They may stand for Amount and
	// Groups as well.
	Events []Event `json:"events,omitempty"`
	// Groups divide the quantity by dimension values, in any order, as finely as one likes; for the model matrix.
	Groups []Group `json:"groups,omitempty"`
	// ProratedQuantity is what is charged of Quantity, where units were there for a part of the period only: half of 10
	// seats that came in the middle is 5. For per_unit and volume.
	ProratedQuantity *decimal.Decimal `json:"prorated_quantity,omitempty"`
}

// IsZero says that nothing but the quantity is known.
func (d Detail) IsZero() bool {
	return d.Amount == nil && d.EventCount == 0 && len(d.Events) == 0 && len(d.Groups) == 0 && d.ProratedQuantity == nil
}

// Event is one thing that was metered.
type Event struct {
	Quantity decimal.Decimal `json:"quantity,omitzero"`
	// Amount is the event's own price in major units.
	Amount *decimal.Decimal `json:"amount,omitempty"`
	// Values are those of the event's dimensions.
	Values map[string]string `json:"values,omitempty"`
}

// Group is the quantity of one combination of dimension values. Dimensions that the price does not have make no
// difference; where one is missing that it has, the default price counts.
type Group struct {
	Values   map[string]string `json:"values"`
	Quantity decimal.Decimal   `json:"quantity"`
}

// Units is a usage of which nothing but the quantity is known.
func Units(quantity decimal.Decimal) Usage { return Usage{Quantity: quantity} }

// Plus joins the usage of one stretch of time with that of the next. What only one of them has is kept.
func (u Usage) Plus(later Usage) Usage {
	u.Quantity = u.Quantity.Add(later.Quantity)
	u.Amount = plus(u.Amount, later.Amount)
	u.ProratedQuantity = plus(u.ProratedQuantity, later.ProratedQuantity)
	u.EventCount += later.EventCount
	u.Events = append(slices.Clip(u.Events), later.Events...)
	u.Groups = append(slices.Clip(u.Groups), later.Groups...)
	return u
}

func plus(a, b *decimal.Decimal) *decimal.Decimal {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	total := a.Add(*b)
	return &total
}

// charged is the quantity that is multiplied by a price.
func (u Usage) charged() decimal.Decimal {
	if u.ProratedQuantity != nil {
		return *u.ProratedQuantity
	}
	return u.Quantity
}

// complete checks the usage and fills in what follows from its events and groups.
func (u Usage) complete() (Usage, error) {
	if err := checkNumber("quantity", u.Quantity); err != nil {
		return u, err
	}
	var err error
	if len(u.Events) > 0 {
		if u, err = u.fromEvents(); err != nil {
			return u, err
		}
	}
	if len(u.Groups) > 0 {
		if u, err = u.fromGroups(); err != nil {
			return u, err
		}
	}
	return u, u.check()
}

// Summed is the usage with what follows from its events: their number, their amount and their groups. What comes without
// dimension values is a group of its own, which a matrix charges at the default price.
func (u Usage) Summed() (Usage, error) {
	u, err := u.complete()
	if err == nil && len(u.Groups) == 0 && u.Quantity.IsPositive() {
		u.Groups = []Group{{Quantity: u.Quantity}}
	}
	return u, err
}

func (u Usage) check() error {
	if u.EventCount < 0 {
		return fmt.Errorf("event_count must not be negative, got %d", u.EventCount)
	}
	if u.Amount != nil {
		if err := checkNumber("amount", *u.Amount); err != nil {
			return err
		}
	}
	if u.ProratedQuantity == nil {
		return nil
	}
	if err := checkNumber("prorated_quantity", *u.ProratedQuantity); err != nil {
		return err
	}
	if u.ProratedQuantity.GreaterThan(u.Quantity) {
		return fmt.Errorf("prorated_quantity must not exceed quantity %s, got %s", u.Quantity, u.ProratedQuantity)
	}
	return nil
}

func (u Usage) fromEvents() (Usage, error) {
	total, amounts := decimal.Zero, 0
	amount := decimal.Zero
	var groups []Group
	for i, event := range u.Events {
		if err := event.check(); err != nil {
			return u, fmt.Errorf("events[%d].%w", i, err)
		}
		total = total.Add(event.Quantity)
		if event.Amount != nil {
			amount, amounts = amount.Add(*event.Amount), amounts+1
		}
		if event.Values != nil {
			groups = append(groups, Group{Values: event.Values, Quantity: event.Quantity})
		}
	}
	switch {
	case !u.Quantity.IsZero() && !u.Quantity.Equal(total):
		return u, fmt.Errorf("quantity %s is not the sum of the events, %s", u.Quantity, total)
	case u.EventCount != 0 && u.EventCount != int64(len(u.Events)):
		return u, fmt.Errorf("event_count %d is not the number of events, %d", u.EventCount, len(u.Events))
	case amounts > 0 && amounts < len(u.Events):
		return u, errors.New("events: an amount is given with some events and missing with others")
	case amounts > 0 && u.Amount != nil && !u.Amount.Equal(amount):
		return u, fmt.Errorf("amount %s is not the sum of the events' amounts, %s", u.Amount, amount)
	case amounts > 0:
		u.Amount = &amount
	}
	u.Quantity, u.EventCount = total, int64(len(u.Events))
	if len(u.Groups) == 0 {
		u.Groups = ungrouped(groups, total)
	}
	return u, checkNumber("sum of the events", total)
}

// ungrouped adds the events without dimension values as a group of their own.
func ungrouped(groups []Group, total decimal.Decimal) []Group {
	for _, group := range groups {
		total = total.Sub(group.Quantity)
	}
	if len(groups) > 0 && total.IsPositive() {
		groups = append(groups, Group{Quantity: total})
	}
	return groups
}

func (u Usage) fromGroups() (Usage, error) {
	total := decimal.Zero
	for i, group := range u.Groups {
		if err := checkNumber("quantity", group.Quantity); err != nil {
			return u, fmt.Errorf("groups[%d].%w", i, err)
		}
		total = total.Add(group.Quantity)
	}
	if !u.Quantity.IsZero() && !u.Quantity.Equal(total) {
		return u, fmt.Errorf("quantity %s is not the sum of the groups, %s", u.Quantity, total)
	}
	u.Quantity = total
	return u, checkNumber("sum of the groups", total)
}

func (e Event) check() error {
	if err := checkNumber("quantity", e.Quantity); err != nil {
		return err
	}
	if e.Amount == nil {
		return nil
	}
	return checkNumber("amount", *e.Amount)
}

// checkNumber looks at the size first: printing a number with a huge exponent would write out all its zeros.
func checkNumber(field string, d decimal.Decimal) error {
	if err := money.CheckDecimal(d); err != nil {
		return fmt.Errorf("%s: %w", field, err)
	}
	if d.IsNegative() {
		return fmt.Errorf("%s must not be negative, got %s", field, d)
	}
	return nil
}
