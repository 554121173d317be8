package quote

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/exactyaml"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/rating"
	"github.com/perennial-billing/perennial/billing/subscription"
)

// measures are what the prices of the catalogue, and those agreed with customers, need to know of each meter's events.
func (s *Scenario) measures() map[string]catalog.Measures {
	meters := map[string]catalog.Measures{}
	learn := func(plan catalog.Plan) {
		for meter, needed := range plan.Measures() {
			meters[meter] = meters[meter].Join(needed)
		}
	}
	for _, plan := range s.Catalog.Plans() {
		learn(plan)
		for _, entry := range s.Timeline {
			if sold := entry.Subscribe; sold != nil && sold.Plan == plan.ID && len(sold.Prices) > 0 {
				learn(plan.WithAgreed(sold.Prices))
			}
			if change := entry.Change; change != nil && (change.Plan == plan.ID || change.Plan == "") && len(change.Prices) > 0 {
				learn(plan.WithAgreed(change.Prices))
			}
		}
	}
	return meters
}

func (a *Usage) whose(w *world) (*customer, error) { return w.customer("usage.customer", a.Customer) }

func (a *Usage) do(ctx context.Context, w *world, s step) error {
	needed, metered := w.meters[a.Meter]
	if !metered {
		return fmt.Errorf("usage.meter: no plan has a charge for meter %q", exactyaml.Clip(a.Meter))
	}
	used, err := a.measured(needed)
	if err != nil {
		return fmt.Errorf("usage.%w", err)
	}
	happened := s.at
	if !a.HappenedAt.IsZero() {
		happened = a.HappenedAt.In(s.who.zone)
	}
	if happened.After(s.at) {
		return fmt.Errorf("usage.happened_at: %s is after the entry's own instant: it cannot be known yet", a.HappenedAt)
	}
	s.who.use(a.Meter, happened, used)
	change(w, &s.who.addressee.usageEnds, s.at.Truncate(quarter).Add(quarter))
	return w.billLate(ctx, s, happened)
}

// billLate bills usage at once that became known after the end of the subscription that it belongs to.
func (w *world) billLate(ctx context.Context, s step, happened time.Time) error {
	for _, b := range w.books {
		if b.owner != s.who || !b.state.Ended() || !happened.Truncate(quarter).Before(*b.state.EndedAt) {
			continue
		}
		err := b.command(ctx, s, "", Timing{}, subscription.Command{Kind: subscription.BillLate})
		if err != nil {
			return err
		}
	}
	return nil
}

// measured is what is known of the entry. An amount, values, or an event count of 1 make it one event.
func (a *Usage) measured(needed catalog.Measures) (rating.Usage, error) {
	used := rating.Usage{Quantity: a.Quantity, Detail: a.Detail}
	if err := checkUsed("quantity", a.Quantity); err != nil {
		return used, err
	}
	single := a.Amount != nil || len(a.Values) > 0
	if single && !a.Detail.IsZero() {
		return used, errors.New("detail: amount and values are those of one event, detail is for many: give one or the other")
	}
	if single {
		used.Detail = rating.Detail{Events: []rating.Event{{Quantity: a.Quantity, Amount: a.Amount, Values: a.Values}}}
	} else if a.Detail.EventCount == 1 && len(a.Detail.Events) == 0 {
		used.Events = []rating.Event{{Quantity: a.Quantity}}
	}
	if err := checkMeasured(used.Detail, needed, a.Quantity.IsPositive(), single); err != nil {
		return used, err
	}
	used, err := used.Summed()
	if err != nil {
		return used, fmt.Errorf("detail: %w", err)
	}
	return used, nil
}

// checkMeasured holds what is known of usage against what prices need, by the rules for events that are reported.
func checkMeasured(known rating.Detail, needed catalog.Measures, used, single bool) error {
	for i, event := range known.Events {
		atLeast := catalog.Measures{Dimensions: needed.Dimensions, NeedsAmount: needed.NeedsAmount && known.Amount == nil}
		if err := atLeast.CheckEvent(event.Amount, event.Values); err != nil {
			if single {
				return err
			}
			return fmt.Errorf("detail.events[%d].%w", i, err)
		}
	}
	for i, group := range known.Groups {
		if err := needed.CheckValues(group.Values); err != nil {
			return fmt.Errorf("detail.groups[%d].%w", i, err)
		}
	}
	if known.Amount != nil {
		return checkUsed("detail.amount", *known.Amount)
	}
	if needed.NeedsAmount && used && len(known.Events) == 0 {
		return errors.New("amount: is missing: the meter is charged by the amounts of its events")
	}
	return nil
}

func checkUsed(field string, number decimal.Decimal) error {
	if err := money.CheckDecimal(number); err != nil {
		return fmt.Errorf("%s: %w", field, err)
	}
	if number.IsNegative() {
		return fmt.Errorf("%s: must not be negative, got %s", field, number)
	}
	return nil
}
