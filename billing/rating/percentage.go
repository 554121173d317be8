package rating

import (
	"errors"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/catalog"
)

// percentage charges a share of the amount that the events moved, and a fee for each of them.
func percentage(p catalog.Price, u Usage) ([]Step, error) {
	if field := p.NeedsEvents(); field != "" {
		if len(u.Events) == 0 && (u.Quantity.IsPositive() || u.EventCount > 0) {
			return nil, fmt.Errorf("events are required: %s looks at each of them", field)
		}
		return eventByEvent(p, u.Events).steps(p), nil
	}
	if p.EventAmount.IsPositive() && u.EventCount == 0 && u.Quantity.IsPositive() {
		return nil, errors.New("event_count is required: event_amount is a fee for each event")
	}
	free := decimal.Min(u.Quantity, p.FreeUnits)
	freeEvents := min(u.EventCount, p.FreeEvents)
	return tally{
		free: free, charged: u.Quantity.Sub(free), freeEvents: freeEvents, chargedEvents: u.EventCount - freeEvents,
	}.steps(p), nil
}

// tally is what the events come to.
type tally struct {
	free, charged             decimal.Decimal
	freeEvents, chargedEvents int64
	// raised and lowered are the sums by which the minimum and the maximum of an event changed so many of them.
	raised, lowered             decimal.Decimal
	raisedEvents, loweredEvents int64
}

// eventByEvent takes the free units and events in the order of the events, and keeps each event within its limits. An
// event that is free altogether has no minimum.
func eventByEvent(p catalog.Price, events []Event) tally {
	var t tally
	left, percent := p.FreeUnits, p.Percent.Shift(-2)
	open := p.FreeRule == catalog.FreeEvents && (p.FreeUnits.IsPositive() || p.FreeEvents > 0)
	for i, event := range events {
		charged, fee := event.Quantity, int64(i) >= p.FreeEvents
		if p.FreeRule == catalog.FreeEvents {
			open = open && (p.FreeEvents == 0 || int64(i) < p.FreeEvents)
			charged, fee = wholeEvent(p, event, &left, &open)
		} else {
			free := decimal.Min(left, charged)
			left, charged = left.Sub(free), charged.Sub(free)
		}
		t.free, t.charged = t.free.Add(event.Quantity.Sub(charged)), t.charged.Add(charged)
		if fee {
			t.chargedEvents++
		} else {
			t.freeEvents++
		}
		if fee || charged.IsPositive() {
			t.limit(p, priceOf(p, charged.Mul(percent), fee))
		}
	}
	return t
}

// wholeEvent lets an event go free while both allowances last. The one that exceeds the free units ends them.
func wholeEvent(p catalog.Price, event Event, left *decimal.Decimal, open *bool) (charged decimal.Decimal, fee bool) {
	switch {
	case !*open:
		return event.Quantity, true
	case p.FreeUnits.IsZero():
		return decimal.Zero, false
	case event.Quantity.LessThanOrEqual(*left):
		*left = left.Sub(event.Quantity)
		return decimal.Zero, false
	}
	*open = false
	return event.Quantity.Sub(*left), true
}

func priceOf(p catalog.Price, share decimal.Decimal, fee bool) decimal.Decimal {
	if fee {
		return share.Add(p.EventAmount)
	}
	return share
}

func (t *tally) limit(p catalog.Price, price decimal.Decimal) {
	switch {
	case price.LessThan(p.EventMinimum):
		t.raised, t.raisedEvents = t.raised.Add(p.EventMinimum.Sub(price)), t.raisedEvents+1
	case p.EventMaximum.IsPositive() && price.GreaterThan(p.EventMaximum):
		t.lowered, t.loweredEvents = t.lowered.Add(price.Sub(p.EventMaximum)), t.loweredEvents+1
	}
}

func (t tally) steps(p catalog.Price) []Step {
	var steps []Step
	count := decimal.NewFromInt
	if t.free.IsPositive() {
		steps = append(steps, step(0, t.free, decimal.Zero, decimal.Zero).of(Free))
	}
	steps = append(steps, step(0, t.charged, p.Percent.Shift(-2), decimal.Zero).of(AtPercent))
	if p.EventAmount.IsPositive() {
		steps = append(steps, step(0, count(t.chargedEvents), p.EventAmount, decimal.Zero).of(EventFee))
	}
	if t.raisedEvents > 0 {
		steps = append(steps, step(0, count(t.raisedEvents), decimal.Zero, t.raised).of(EventMinimum))
	}
	if t.loweredEvents > 0 {
		steps = append(steps, step(0, count(t.loweredEvents), decimal.Zero, t.lowered.Neg()).of(EventMaximum))
	}
	return steps
}
