package service

import (
	"context"
	"io"
	"slices"
	"time"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/usagecsv"
)

// ImportSummary says what became of a file. Accepted + Rejected = Rows; New + AlreadyKnown = Events.
type ImportSummary struct {
	Customer string `json:"customer"`
	// DryRun says that nothing was stored: Events are those that would be, and nobody looked which of them are known.
	DryRun   bool `json:"dry_run,omitempty"`
	Rows     int  `json:"rows"`
	Accepted int  `json:"accepted"`
	Rejected int  `json:"rejected"`
	// Duplicates are accepted rows that repeat an earlier one's id and content.
	Duplicates int `json:"duplicates"`
	// Events are the stored quantities: one per accepted row and meter.
	Events        int                   `json:"events"`
	New           int64                 `json:"new"`
	AlreadyKnown  int64                 `json:"already_known"`
	First         time.Time             `json:"first,omitzero"`
	Last          time.Time             `json:"last,omitzero"`
	Totals        []usagecsv.MeterTotal `json:"totals"`
	RejectedLines []usagecsv.Rejected   `json:"rejected_lines"`
}

const (
	importBatch     = 10_000
	defaultRejected = 100
)

// ImportUsage reads usage from CSV and stores it in batches. Rows that cannot be stored are rejected by line and reason
// while the others go in. Importing the same file again adds nothing. A file that cannot be understood at all, and a
// mapping to meters that do not exist, are errors: then nothing is stored. After other errors, of which one in the middle
// of the file is Unfinished, what was stored stays, and importing the file again completes it.
func (s *Service) ImportUsage(ctx context.Context, customerID string, r io.Reader, m usagecsv.Mapping, opts usagecsv.Options) (ImportSummary, error) {
	return s.readUsage(ctx, customerID, r, m, opts, &usageImport{keep: s.storeUsage})
}

// CheckUsage says what an import of the file would come to, rejected rows included, and stores nothing: what is stored
// is billed, and stays.
func (s *Service) CheckUsage(ctx context.Context, customerID string, r io.Reader, m usagecsv.Mapping, opts usagecsv.Options) (ImportSummary, error) {
	return s.readUsage(ctx, customerID, r, m, opts, &usageImport{dry: true, keep: func(
		ctx context.Context, customerID string, events []store.UsageEvent,
	) (int64, []store.UsageEvent, error) {
		conflicting, err := s.store.UsageConflicts(ctx, customerID, events)
		return 0, conflicting, err
	}})
}

func (s *Service) readUsage(
	ctx context.Context, customerID string, r io.Reader, m usagecsv.Mapping, opts usagecsv.Options, im *usageImport,
) (ImportSummary, error) {
	customer, err := s.customerOf(ctx, customerID)
	if err != nil {
		return ImportSummary{}, err
	}
	if im.meters, err = s.checkMapping(ctx, customer.EntityID, m); err != nil {
		return ImportSummary{}, err
	}
	if im.latest, err = s.latestUsage(ctx, customer); err != nil {
		return ImportSummary{}, err
	}
	if opts.BatchSize == 0 {
		opts.BatchSize = importBatch
	}
	if opts.MaxRejected <= 0 {
		opts.MaxRejected = defaultRejected
	}
	im.customer, im.columns, im.most = customer.ID, m, opts.MaxRejected
	read, err := usagecsv.Read(ctx, r, m, func(batch []usagecsv.Event) error { return im.store(ctx, batch) }, opts)
	return im.summary(read), im.explain(ctx, err)
}

// checkMapping holds a mapping against the meters of an entity, and returns what these need of events.
func (s *Service) checkMapping(ctx context.Context, entityID string, m usagecsv.Mapping) (map[string]catalog.Measures, error) {
	if err := m.Validate(); err != nil {
		return nil, invalid("map", "%s", err)
	}
	known, err := s.store.Meters(ctx, entityID)
	if err != nil {
		return nil, err
	}
	var p problems
	var priced catalog.Measures
	for _, column := range m.Meters {
		p.check("map", checkMeter(column.Meter, known))
		priced = priced.Join(known[column.Meter])
		mapped := slices.ContainsFunc(m.Amounts, func(a usagecsv.MeterColumn) bool { return a.Meter == column.Meter })
		if known[column.Meter].NeedsAmount && !mapped {
			p.add("map", "meter %s is charged by the amounts of its events: add amount:%[1]s=COLUMN", column.Meter)
		}
	}
	for _, column := range m.Values {
		p.check("map", priced.CheckValues(map[string]string{column.Dimension: ""}))
	}
	return known, p.err()
}
