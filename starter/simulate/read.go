package simulate

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/account"
	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/lifecycle"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/rating"
	"github.com/perennial-billing/perennial/billing/simulation"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/internal/store"
)

// zones are those that were loaded.
type zones map[string]calendar.Zone

func (z zones) load(name string) (calendar.Zone, error) {
	zone, loaded := z[name]
	if !loaded {
		var err error
		if zone, err = calendar.LoadZone(name); err != nil {
			return zone, err
		}
		z[name] = zone
	}
	return zone, nil
}

// reading gathers the histories of subscriptions that are read at once.
type reading struct {
	q       store.Queries
	in      store.HistoryRange
	entries []store.HistoryEntry
	byID    map[string]*simulation.History
	// periods are when the earliest billing period began that was under way when the range did, of each subscription and those
	// that share coupons with it.
	periods map[string]time.Time
	// owners are the customers that each subscription has had.
	owners map[string]map[string]bool
}

// read reads the histories of subscriptions that share coupons, of several such groups at once; in their order.
func read(ctx context.Context, q store.Queries, in store.HistoryRange, z zones, groups [][]store.HistoryEntry) ([][]simulation.History, error) {
	r := reading{
		q: q, in: in, entries: slices.Concat(groups...), byID: map[string]*simulation.History{}, periods: map[string]time.Time{},
		owners: map[string]map[string]bool{},
	}
	all := make([][]simulation.History, len(groups))
	for i, group := range groups {
		all[i] = make([]simulation.History, len(group))
		period := underWay(group, in.From)
		for j, e := range group {
			zone, err := z.load(e.Zone)
			if err != nil {
				return nil, fmt.Errorf("subscription %s: %w", e.ID, err)
			}
			all[i][j] = begun(e, zone)
			r.byID[e.ID], r.periods[e.ID], r.owners[e.ID] = &all[i][j], period, map[string]bool{e.CustomerID: true}
		}
	}
	for _, part := range []func(context.Context) error{r.segments, r.sold, r.agreed, r.lines, r.months, r.before, r.commands, r.discounts, r.seats} {
		if err := part(ctx); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// begun is a history of which only the subscription is known.
func begun(e store.HistoryEntry, zone calendar.Zone) simulation.History {
	return simulation.History{
		SubscriptionID: e.ID, CustomerID: e.CustomerID, Beside: !e.Billed, Currency: e.Currency, Zone: zone, StartAt: e.StartedAt, EndedAt: e.EndedAt,
		Sharing: account.Sharing{CustomerID: e.CustomerID, Currency: e.Currency, Zone: e.Zone, BillingGroup: e.BillingGroup, PONumber: e.PONumber},
	}
}

// underWay is when the earliest of the billing periods began that were under way when the range did, or the range itself. Those of
// the monthly run do not matter: it charges nothing in advance.
func underWay(group []store.HistoryEntry, from time.Time) time.Time {
	earliest := from
	for _, e := range group {
		if e.Period != nil && !e.ByRun && e.Period.Before(earliest) {
			earliest = *e.Period
		}
	}
	return earliest
}

func (r *reading) segments(ctx context.Context) error {
	rows, err := r.q.PastSegments(ctx, r.entries, r.in.To)
	for _, row := range rows {
		segment := lifecycle.Segment{
			From: row.From, Terms: subscription.Terms{PlanID: row.PlanID, PlanVersion: row.PlanVersion, Seats: row.Seats, AddOns: row.AddOns},
		}
		if row.To != nil {
			segment.To = *row.To
		}
		h := r.byID[row.SubscriptionID]
		h.Terms = append(h.Terms, segment)
	}
	return err
}

func (r *reading) sold(ctx context.Context) error {
	rows, err := r.q.PriceLocks(ctx, r.entries)
	for _, row := range rows {
		h := r.byID[row.SubscriptionID]
		h.Sold = append(h.Sold, simulation.Sold{PlanID: row.PlanID, PlanVersion: row.PlanVersion, At: row.LockedAt, Conversion: row.Conversion})
	}
	return err
}

func (r *reading) agreed(ctx context.Context) error {
	rows, err := r.q.AgreedPrices(ctx, slices.Collect(maps.Keys(r.byID))...)
	for _, row := range rows {
		h := r.byID[row.SubscriptionID]
		h.Agreed = append(h.Agreed, simulation.Agreed{PlanID: row.PlanID, PlanVersion: row.PlanVersion, Prices: row.Prices})
	}
	return err
}

func (r *reading) discounts(ctx context.Context) error {
	customers := map[string]bool{}
	for _, owners := range r.owners {
		maps.Copy(customers, owners)
	}
	rows, err := r.q.PastDiscounts(ctx, slices.Collect(maps.Keys(customers)), r.in.To)
	for _, row := range rows {
		d := simulation.Discount{Discount: row.Discount, CustomerID: row.CustomerID, SubscriptionID: row.SubscriptionID}
		for _, use := range row.Uses {
			d.Taken = append(d.Taken, simulation.Taken{Use: use.Use, InvoiceID: use.InvoiceID, Serial: use.Serial, IssuedAt: use.IssuedAt})
		}
		for _, h := range r.byID {
			if r.owners[h.SubscriptionID][row.CustomerID] && (row.SubscriptionID == "" || row.SubscriptionID == h.SubscriptionID) {
				h.Discounts = append(h.Discounts, d)
			}
		}
	}
	return err
}

func (r *reading) lines(ctx context.Context) error {
	rows, err := r.q.PastLines(ctx, r.entries, r.in.From, r.in.To)
	if err != nil {
		return err
	}
	for _, row := range rows {
		h := r.byID[row.PartOf]
		if n := len(h.Issued); n == 0 || h.Issued[n-1].ID != row.InvoiceID {
			h.Issued = append(h.Issued, simulation.Issued{
				ID: row.InvoiceID, CustomerID: row.CustomerID, Number: row.Number, Serial: row.Serial, Key: row.BusinessKey, Counts: !row.IssuedAt.Before(r.in.From),
			})
		}
		r.owners[row.PartOf][row.CustomerID] = true
		late, err := lateOf(row.InvoiceLine)
		if err != nil {
			return fmt.Errorf("invoice %s, line %d: %w", row.Number, row.Position, err)
		}
		measured, err := measuredOf(row)
		if err != nil {
			return fmt.Errorf("invoice %s, line %d: %w", row.Number, row.Position, err)
		}
		unit, err := unitOf(row.InvoiceLine)
		if err != nil {
			return fmt.Errorf("invoice %s, line %d: %w", row.Number, row.Position, err)
		}
		invoice := &h.Issued[len(h.Issued)-1]
		invoice.Lines = append(invoice.Lines, simulation.Line{
			Kind: invoicing.LineKind(row.Kind), PlanID: row.PlanID, PlanVersion: row.PlanVersion, ChargeID: row.ChargeID, Quantity: row.Quantity,
			Late: late, Measured: measured, Unit: unit, Amount: money.New(row.Amount, h.Currency),
			Period: calendar.Period{Start: row.PeriodStart, End: row.PeriodEnd},
		})
	}
	return nil
}

// lateOf is the part of a line's usage that belongs to earlier periods, which only its explanation says.
func lateOf(line store.InvoiceLine) (decimal.Decimal, error) {
	var explanation struct {
		Late string `json:"late"`
	}
	if line.Kind != string(invoicing.UsageLine) {
		return decimal.Zero, nil
	}
	if err := json.Unmarshal(line.Explanation, &explanation); err != nil || explanation.Late == "" {
		return decimal.Zero, err
	}
	return money.ParseDecimal(explanation.Late)
}

// measuredOf is what a line has kept of its usage besides the quantity.
func measuredOf(row store.PastLine) (rating.Detail, error) {
	var measured rating.Detail
	if row.Kept == nil {
		return measured, nil
	}
	if err := json.Unmarshal(row.Kept, &measured); err != nil {
		return measured, fmt.Errorf("recorded usage: %w", err)
	}
	return measured, nil
}

// unitOf is what one of an item costs, which only its line's explanation says.
func unitOf(line store.InvoiceLine) (decimal.Decimal, error) {
	var explanation invoicing.Explanation
	if line.Kind != string(invoicing.OneOff) && line.Kind != string(invoicing.Adjustment) {
		return decimal.Zero, nil
	}
	err := json.Unmarshal(line.Explanation, &explanation)
	if err != nil || len(explanation.Steps) == 0 {
		return decimal.Zero, err
	}
	return explanation.Steps[0].UnitAmount, nil
}

func (r *reading) months(ctx context.Context) error {
	rows, err := r.q.PastMonths(ctx, r.entries, r.in)
	for _, row := range rows {
		month := simulation.Month{
			Month: row.Period, AsOf: row.AsOf, Counts: !row.AsOf.Before(r.in.From), Past: row.AsOf.Before(r.periods[row.SubscriptionID]),
		}
		if row.InvoiceID != nil {
			month.InvoiceID = *row.InvoiceID
		}
		h := r.byID[row.SubscriptionID]
		h.Months = append(h.Months, month)
	}
	return err
}

// before reads the states that the first events met.
func (r *reading) before(ctx context.Context) error {
	rows, err := r.q.CommandsBefore(ctx, r.entries)
	if err != nil {
		return err
	}
	for _, row := range rows {
		state, err := stateAfter(row)
		if err != nil {
			return err
		}
		r.byID[row.SubscriptionID].Before = &state
	}
	return nil
}

func (r *reading) commands(ctx context.Context) error {
	rows, err := r.q.PastCommands(ctx, r.entries, r.in.To)
	if err != nil {
		return err
	}
	for _, row := range rows {
		event := simulation.Event{
			InvoiceID: row.InvoiceID, FormerID: row.FormerID, RecordedAt: row.RecordedAt,
			Counts: !row.At.Before(r.in.From), Past: row.At.Before(r.periods[row.SubscriptionID]),
		}
		if err := json.Unmarshal(row.Input, &event.Command); err != nil {
			return fmt.Errorf("recorded command of subscription %s: %w", row.SubscriptionID, err)
		}
		if event.After, err = stateAfter(row); err != nil {
			return err
		}
		r.owners[row.SubscriptionID][event.After.CustomerID] = true
		h := r.byID[row.SubscriptionID]
		h.Events = append(h.Events, event)
	}
	return nil
}

func stateAfter(row store.PastCommand) (subscription.State, error) {
	var state subscription.State
	if err := json.Unmarshal(row.After, &state); err != nil {
		return state, fmt.Errorf("recorded state of subscription %s: %w", row.SubscriptionID, err)
	}
	return state, nil
}
