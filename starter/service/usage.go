package service

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/usagecsv"
)

// LargestBatch is the number of events a request may carry.
const LargestBatch = 1000

// UsageBatch is metered events of one customer.
type UsageBatch struct {
	Customer string       `json:"customer" example:"cus_42"`
	Events   []UsageEvent `json:"events" minItems:"1" maxItems:"1000"`
}

// UsageEvent is one metered event.
type UsageEvent struct {
	ID       string    `json:"id" doc:"Your id of the event; sent again under the same meter it is counted once." example:"req_8a1"`
	Meter    string    `json:"meter" example:"input_tokens"`
	Quantity Quantity  `json:"quantity" example:"4808"`
	At       time.Time `json:"at" doc:"When it was used."`
	// Amount is required where a price of the meter is dynamic.
	Amount *Quantity         `json:"amount,omitempty" doc:"The event's own price, in the customer's currency; for meters charged by it." example:"0.43"`
	Values map[string]string `json:"values,omitempty" doc:"The values of the dimensions that the meter is priced by; the default price is that of what has none."`
}

// Quantity is a decimal exactly as it was written, as a JSON number or string.
type Quantity string

// UnmarshalJSON accepts a number or a string, and keeps its text: whether it is a quantity is checked with the request.
func (q *Quantity) UnmarshalJSON(text []byte) error {
	var number json.Number
	if err := json.Unmarshal(text, (*string)(q)); err == nil {
		return nil
	}
	if err := json.Unmarshal(text, &number); err != nil {
		return fmt.Errorf("quantity %s is neither a number nor a string", text)
	}
	*q = Quantity(number)
	return nil
}

// UsageResult says what became of the events of a request.
type UsageResult struct {
	Accepted     int   `json:"accepted" doc:"Events in the request; all of them are stored."`
	New          int64 `json:"new" doc:"Events stored by this request."`
	AlreadyKnown int64 `json:"already_known" doc:"Events that had been stored before, with the same content."`
	// Conflicting events had been stored before with other content; what was stored stays.
	Conflicting []store.UsageEvent `json:"conflicting,omitempty" doc:"What is stored under ids that were sent again with other content; it stays."`
}

// AddUsage stores events of a customer: all of them, or none if one is wrong.
func (s *Service) AddUsage(ctx context.Context, in UsageBatch) (UsageResult, error) {
	customer, err := s.customerOf(ctx, in.Customer)
	if err != nil {
		return UsageResult{}, err
	}
	if n := len(in.Events); n == 0 || n > LargestBatch {
		return UsageResult{}, invalid("events", "%d events were sent: send 1 to %d at a time", n, LargestBatch)
	}
	meters, err := s.store.Meters(ctx, customer.EntityID)
	if err != nil {
		return UsageResult{}, err
	}
	latest, err := s.latestUsage(ctx, customer)
	if err != nil {
		return UsageResult{}, err
	}
	events, err := checkEvents(in.Events, meters, latest)
	if err != nil {
		return UsageResult{}, err
	}
	added, conflicting, err := s.storeUsage(ctx, customer.ID, events)
	return UsageResult{
		Accepted: len(events) - len(conflicting), New: added,
		AlreadyKnown: int64(len(events)-len(conflicting)) - added, Conflicting: conflicting,
	}, err
}

// skew is how far a machine that reports usage may be ahead of us.
const skew = 5 * time.Minute

// earliestUsage catches times in a wrong unit or without a date.
var earliestUsage = time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC)

func (s *Service) latestUsage(ctx context.Context, customer store.Customer) (time.Time, error) {
	now, err := s.now(ctx, customer)
	return now.Add(skew), err
}

func checkEvents(in []UsageEvent, meters map[string]catalog.Measures, latest time.Time) ([]store.UsageEvent, error) {
	var p problems
	events := make([]store.UsageEvent, len(in))
	seen := make(map[[2]string]store.UsageEvent, len(in))
	for i, e := range in {
		field := func(name string) string { return fmt.Sprintf("events[%d].%s", i, name) }
		p.check(field("id"), checkText(e.ID, longestName))
		p.check(field("meter"), checkMeter(e.Meter, meters))
		quantity, err := usagecsv.ParseQuantity(string(e.Quantity))
		p.check(field("quantity"), err)
		p.check(field("at"), checkUsageTime(e.At, latest))
		events[i] = store.UsageEvent{ID: e.ID, Meter: e.Meter, Quantity: quantity, At: e.At.UTC(), Values: e.Values}
		checkMeasured(&p, &events[i], e.Amount, meters, field)
		key := [2]string{e.Meter, e.ID}
		if first, again := seen[key]; again && !first.Same(events[i]) {
			p.add(field("id"), "%.60q occurs before in this request with other content", e.ID)
		}
		seen[key] = events[i]
	}
	return events, p.err()
}

// checkMeasured reads an event's amount and holds it and the values against what the meter needs.
func checkMeasured(p *problems, e *store.UsageEvent, amount *Quantity, meters map[string]catalog.Measures, field func(string) string) {
	needed, known := meters[e.Meter]
	if !known {
		return
	}
	if amount != nil {
		parsed, err := usagecsv.ParseAmount(string(*amount))
		if e.Amount = &parsed; err != nil {
			p.check(field("amount"), err)
			return
		}
	}
	if fault, wrong := errors.AsType[*catalog.EventError](needed.CheckEvent(e.Amount, e.Values)); wrong {
		p.add(field(fault.Field), "%s", fault.Reason)
	}
}

func checkMeter(meter string, meters map[string]catalog.Measures) error {
	if _, known := meters[meter]; known {
		return nil
	}
	known := slices.Sorted(maps.Keys(meters))
	if len(known) == 0 {
		return fmt.Errorf("unknown meter %.60q: no plan of the customer's seller charges for usage", meter)
	}
	return fmt.Errorf("unknown meter %.60q: use one of %s", meter, strings.Join(known, ", "))
}

func checkUsageTime(at, latest time.Time) error {
	if at.After(latest) {
		return fmt.Errorf("%s is in the future: the customer's present is %s", at.UTC().Format(time.RFC3339), latest.Add(-skew).Format(time.RFC3339))
	}
	if at.Before(earliestUsage) {
		return fmt.Errorf("%s is before %d: is it missing, or in another unit?", at.UTC().Format(time.RFC3339), earliestUsage.Year())
	}
	return nil
}

// storeUsage stores events; those known with other content come back as they are stored.
func (s *Service) storeUsage(ctx context.Context, customerID string, events []store.UsageEvent) (added int64, conflicting []store.UsageEvent, err error) {
	if added, err = s.store.AddUsage(ctx, customerID, events); err != nil || added == int64(len(events)) {
		return added, nil, err
	}
	conflicting, err = s.store.UsageConflicts(ctx, customerID, events)
	return added, conflicting, err
}

// Usage is what a customer used in a stretch of time.
type Usage struct {
	Customer string             `json:"customer"`
	From     time.Time          `json:"from"`
	To       time.Time          `json:"to"`
	Totals   []store.UsageTotal `json:"totals"`
}

// Usage sums a customer's events per meter in [from, to), billed or not.
func (s *Service) Usage(ctx context.Context, customerID string, from, to time.Time) (Usage, error) {
	customer, err := s.customerOf(ctx, customerID)
	if err != nil {
		return Usage{}, err
	}
	if !from.Before(to) {
		return Usage{}, invalid("to", "%s is not after from, %s", to.Format(time.RFC3339), from.Format(time.RFC3339))
	}
	totals, err := s.store.UsageTotals(ctx, customer.ID, from, to)
	if totals == nil {
		totals = []store.UsageTotal{}
	}
	return Usage{Customer: customer.ID, From: from.UTC(), To: to.UTC(), Totals: totals}, err
}
