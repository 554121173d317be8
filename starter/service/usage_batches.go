package service

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/usagecsv"
)

// usageImport stores the batches of one file and rejects what the reader of the file cannot know to be wrong.
type usageImport struct {
	// keep stores events and returns how many were new, and those known with other content; of a dry run it stores none.
	keep     func(ctx context.Context, customerID string, events []store.UsageEvent) (added int64, conflicting []store.UsageEvent, err error)
	dry      bool
	customer string
	meters   map[string]catalog.Measures
	columns  usagecsv.Mapping
	latest   time.Time
	most     int // rejected lines to list

	new, known int64
	first      time.Time
	last       time.Time
	rejected   []usagecsv.Rejected // the first of them
	rows       int                 // rejected here
	lastLine   int                 // of the latest rejected row
	refused    map[string]decimal.Decimal
	failure    error // of the store, not of the file
}

func (im *usageImport) store(ctx context.Context, batch []usagecsv.Event) error {
	var kept []usagecsv.Event
	var events []store.UsageEvent
	faults := im.faults(batch)
	for _, e := range batch {
		if fault, wrong := faults[e.Line]; wrong {
			im.reject(e, fault.Field, fault.Reason)
			continue
		}
		kept = append(kept, e)
		im.span(e.At)
		// The reader ends every id with the meter, to which the store keeps ids anyway: without it an event has one
		// identity, whether it comes in a file or through the API.
		events = append(events, store.UsageEvent{
			ID: strings.TrimSuffix(e.ID, ":"+e.Meter), Meter: e.Meter, Quantity: e.Quantity, At: e.At, Amount: e.Amount, Values: im.values(e),
		})
	}
	added, conflicting, err := im.keep(ctx, im.customer, events)
	if err != nil {
		im.failure = err
		return err
	}
	im.new += added
	im.known += int64(len(events)-len(conflicting)) - added
	im.rejectConflicting(kept, events, conflicting)
	return nil
}

// faults are the rows, by line, of which an event cannot be stored: no row is stored in part.
func (im *usageImport) faults(batch []usagecsv.Event) map[int]usagecsv.Rejected {
	faults := map[int]usagecsv.Rejected{}
	for _, e := range batch {
		if err := checkUsageTime(e.At, im.latest); err != nil {
			faults[e.Line] = usagecsv.Rejected{Field: im.columns.Time, Reason: err.Error()}
		} else if fault, wrong := errors.AsType[*catalog.EventError](im.meters[e.Meter].CheckEvent(e.Amount, im.values(e))); wrong {
			faults[e.Line] = usagecsv.Rejected{Field: im.columnOf(e.Meter, fault.Field), Reason: fault.Reason}
		}
	}
	return faults
}

// values are the row's values of the dimensions that its meter is priced by.
func (im *usageImport) values(e usagecsv.Event) map[string]string {
	if len(e.Values) == 0 {
		return nil
	}
	values := maps.Clone(e.Values)
	maps.DeleteFunc(values, func(dimension, _ string) bool { return !slices.Contains(im.meters[e.Meter].Dimensions, dimension) })
	return values
}

// columnOf is the column of an event's field, such as amount or values.region.
func (im *usageImport) columnOf(meter, field string) string {
	for _, amount := range im.columns.Amounts {
		if field == "amount" && amount.Meter == meter {
			return amount.Column
		}
	}
	for _, value := range im.columns.Values {
		if field == "values."+value.Dimension {
			return value.Column
		}
	}
	return field
}

func (im *usageImport) span(at time.Time) {
	if im.first.IsZero() || at.Before(im.first) {
		im.first = at
	}
	if at.After(im.last) {
		im.last = at
	}
}

func (im *usageImport) rejectConflicting(batch []usagecsv.Event, events, conflicting []store.UsageEvent) {
	for _, stored := range conflicting {
		i := slices.IndexFunc(events, func(e store.UsageEvent) bool { return e.ID == stored.ID && e.Meter == stored.Meter })
		im.reject(batch[i], im.columns.ID, fmt.Sprintf("id %.60q was stored before with %s %s at %s",
			stored.ID, stored.Quantity, stored.Meter, stored.At.UTC().Format(time.RFC3339Nano)))
	}
}

// reject counts a row once, however many of its meters are at fault.
func (im *usageImport) reject(e usagecsv.Event, column, reason string) {
	if im.refused == nil {
		im.refused = map[string]decimal.Decimal{}
	}
	im.refused[e.Meter] = im.refused[e.Meter].Add(e.Quantity)
	if e.Line == im.lastLine {
		return
	}
	im.lastLine = e.Line
	im.rows++
	if len(im.rejected) < im.most {
		im.rejected = append(im.rejected, usagecsv.Rejected{Line: e.Line, Field: column, Reason: reason})
	}
}

// summary puts together what the reader and the store made of the file.
func (im *usageImport) summary(read usagecsv.Summary) ImportSummary {
	lines := slices.Concat(read.RejectedLines, im.rejected)
	slices.SortStableFunc(lines, func(a, b usagecsv.Rejected) int { return a.Line - b.Line })
	totals := slices.Clone(read.Totals)
	for i := range totals {
		totals[i].Quantity = totals[i].Quantity.Sub(im.refused[totals[i].Meter])
	}
	summary := ImportSummary{
		Customer: im.customer, DryRun: im.dry, Rows: read.Rows, Accepted: read.Accepted - im.rows, Rejected: read.Rejected + im.rows, Duplicates: read.Duplicates,
		Events: int(im.new + im.known), New: im.new, AlreadyKnown: im.known, First: im.first, Last: im.last,
		Totals: totals, RejectedLines: lines[:min(len(lines), im.most)],
	}
	if im.dry {
		summary.AlreadyKnown = 0
	}
	return summary
}

// explain tells a file that cannot be read from a store that cannot write, and a file of which nothing was stored from
// one that broke off half-way.
func (im *usageImport) explain(ctx context.Context, err error) error {
	if err == nil || im.failure != nil || ctx.Err() != nil {
		return err
	}
	reason := strings.TrimPrefix(err.Error(), "usage file: ")
	if im.new+im.known > 0 && !im.dry {
		return &Error{Kind: Unfinished, Code: "file_broken", Fields: []Field{{
			Name: "file", Message: reason + "; what comes before it is stored: correct the file and import it again",
		}}}
	}
	return invalid("file", "%s", reason)
}
