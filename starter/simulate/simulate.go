// Package simulate reads the history of a seller from the records, for package billing/simulation to bill it again. It
// writes nothing: everything is read from one snapshot, in batches; subscriptions that share coupons in one of them.
package simulate

import (
	"context"
	"fmt"
	"slices"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/simulation"
	"github.com/perennial-billing/perennial/internal/store"
)

// Options say what is simulated.
type Options struct {
	// Range is whose invoices are compared, and when they were issued.
	Range store.HistoryRange
	// Catalog has the prices to be tried.
	Catalog []catalog.Plan
	// OverAgreed tries its prices also on those who have agreed on others.
	OverAgreed bool
	// Top is how many customers are told of, per currency; 0 is all.
	Top int
	// Progress, if set, is called from time to time with how many subscriptions are done.
	Progress func(done, all int)
}

// batch is how many subscriptions are read at once: some megabytes of records.
const batch = 200

// Run bills again what was billed. The error says which subscription cannot be; it is about the records or the catalogue,
// not about differences in the result.
func Run(ctx context.Context, db *store.Store, o Options) (simulation.Result, error) {
	var result simulation.Result
	err := db.Snapshot(ctx, func(q store.Queries) error {
		inForce, err := q.PlanVersions(ctx, o.Range.EntityID)
		if err != nil {
			return err
		}
		size, err := q.CountHistory(ctx, o.Range)
		if err != nil {
			return err
		}
		s := simulation.New(simulation.Catalogs{InForce: inForce, Other: o.Catalog, OverAgreed: o.OverAgreed}, o.Range.Customers, o.Top)
		if err := addAll(ctx, q, o, s, size); err != nil {
			return err
		}
		if result, err = s.Result(); err != nil {
			return err
		}
		if result.Control.Invoices != size.Invoices {
			return fmt.Errorf("%d invoices were issued and %d of them found by their subscriptions: run `starter check`, the records contradict each other",
				size.Invoices, result.Control.Invoices)
		}
		return nil
	})
	return result, err
}

// addAll bills the subscriptions again in the order of their ids, each with those that it shares coupons with.
func addAll(ctx context.Context, q store.Queries, o Options, s *simulation.Simulation, size store.HistoryCounts) error {
	last, done := "", 0
	ahead := map[string]bool{} // those that were billed with one before them
	zones := zones{}
	for {
		entries, err := q.History(ctx, o.Range, last, batch)
		if err != nil || len(entries) == 0 {
			return err
		}
		last = entries[len(entries)-1].ID
		entries = without(entries, ahead)
		groups, err := together(ctx, q, o.Range, entries, size.Coupons)
		if err != nil {
			return err
		}
		for portion := range portions(groups, batch) {
			if err := add(ctx, q, o, s, zones, portion); err != nil {
				return err
			}
			for _, e := range slices.Concat(portion...) {
				if e.Billed {
					done++
				}
				if e.Billed && e.ID > last {
					ahead[e.ID] = true
				}
			}
			if o.Progress != nil {
				o.Progress(done, size.Subscriptions)
			}
		}
	}
}

func add(ctx context.Context, q store.Queries, o Options, s *simulation.Simulation, z zones, groups [][]store.HistoryEntry) error {
	all, err := read(ctx, q, o.Range, z, groups)
	if err != nil {
		return err
	}
	for _, histories := range all {
		if err := s.Add(ctx, histories...); err != nil {
			return err
		}
	}
	return nil
}
