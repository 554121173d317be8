// Package simulate reads the history of a seller from the records, for package billing/simulation to bill it again. It
// writes nothing: everything is read from one snapshot, in batches.
package simulate

import (
	"context"
	"fmt"

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
		if err := addAll(ctx, q, o, s, size.Subscriptions); err != nil {
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

func addAll(ctx context.Context, q store.Queries, o Options, s *simulation.Simulation, all int) error {
	last := ""
	zones := zones{}
	for done := 0; ; {
		entries, err := q.History(ctx, o.Range, last, batch)
		if err != nil || len(entries) == 0 {
			return err
		}
		histories, err := read(ctx, q, o.Range, zones, entries)
		if err != nil {
			return err
		}
		for _, history := range histories {
			if err := s.Add(ctx, history); err != nil {
				return err
			}
		}
		last, done = entries[len(entries)-1].ID, done+len(entries)
		if o.Progress != nil {
			o.Progress(done, all)
		}
	}
}
