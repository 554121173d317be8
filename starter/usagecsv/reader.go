package usagecsv

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/calendar"
)

// Event is the usage of one meter in one row. Line is the physical line on which the row begins.
type Event struct {
	ID       string
	Meter    string
	Quantity decimal.Decimal // not negative
	At       time.Time       // UTC
	// Amount and Values are those of the row, as far as they are mapped; values go with every meter of the row.
	Amount *decimal.Decimal
	Values map[string]string
	Line   int
}

// Options of a Read; the zero value is the default of each.
type Options struct {
	TimeFormat  TimeFormat
	Zone        calendar.Zone  // of times without an offset; default UTC
	Delimiter   rune           // default ','
	BatchSize   int            // events per emit, default 1000; a row's events stay together
	MaxRejected int            // rejected lines kept in the summary, default 100; all are counted
	Progress    func(Progress) // called every 1000 rows and at the end
}

// Progress says how far a Read has come.
type Progress struct {
	Rows     int
	Accepted int
	Rejected int
	Bytes    int64
}

// Rejected is a row that was not read, and why. Field is the column's name, "" when the whole row is at fault.
type Rejected struct {
	Line   int    `json:"line"`
	Field  string `json:"field,omitempty"`
	Reason string `json:"reason"`
}

// String is "line 5 rejected: quantity: is missing".
func (r Rejected) String() string {
	if r.Field == "" {
		return fmt.Sprintf("line %d rejected: %s", r.Line, r.Reason)
	}
	return fmt.Sprintf("line %d rejected: %s: %s", r.Line, r.Field, r.Reason)
}

// Summary of a Read: Accepted + Rejected = Rows. Duplicates are accepted rows that repeat an id and emitted nothing.
type Summary struct {
	Rows          int          `json:"rows"`
	Accepted      int          `json:"accepted"`
	Duplicates    int          `json:"duplicates"`
	Rejected      int          `json:"rejected"`
	Events        int          `json:"events"`
	Bytes         int64        `json:"bytes"`
	First         time.Time    `json:"first,omitzero"`
	Last          time.Time    `json:"last,omitzero"`
	Totals        []MeterTotal `json:"totals"`
	RejectedLines []Rejected   `json:"rejected_lines"` // the first Options.MaxRejected
}

// MeterTotal is the sum of the emitted quantities of a meter.
type MeterTotal struct {
	Meter    string          `json:"meter"`
	Quantity decimal.Decimal `json:"quantity"`
}

var (
	// ErrEmpty: the file has no bytes, or blank lines alone.
	ErrEmpty = errors.New("usage file: is empty")
	// ErrNoRows: there is a header and nothing after it.
	ErrNoRows = errors.New("usage file: has a header but no rows")
)

const (
	defaultBatch    = 1000
	defaultRejected = 100
	progressRows    = 1000
)

// Read streams the events of a file to emit in batches; emit must not keep the slice. It stops at the first error of
// emit, of the reader or of ctx, and returns the summary up to there: batches already emitted stay, and running it
// again is harmless. Errors of the file as a whole come before anything is emitted.
func Read(ctx context.Context, r io.Reader, m Mapping, emit func(batch []Event) error, opts Options) (Summary, error) {
	if err := m.Validate(); err != nil {
		return Summary{}, err
	}
	src, err := newSource(r, opts.Delimiter)
	if err != nil {
		return Summary{}, err
	}
	cols, err := readHeader(src, m)
	if err != nil {
		return Summary{}, err
	}
	run := newRun(src, newRowParser(cols, opts), emit, opts)
	err = run.all(ctx)
	run.report()
	if err == nil && run.summary.Rows == 0 {
		err = ErrNoRows
	}
	return run.summary, err
}

// run is the state of one Read.
type run struct {
	src      *source
	rows     *rowParser
	emit     func([]Event) error
	opts     Options
	batch    []Event
	summary  Summary
	identity identity
}

func newRun(src *source, rows *rowParser, emit func([]Event) error, opts Options) *run {
	if opts.BatchSize <= 0 {
		opts.BatchSize = defaultBatch
	}
	if opts.MaxRejected <= 0 {
		opts.MaxRejected = defaultRejected
	}
	r := &run{src: src, rows: rows, emit: emit, opts: opts, identity: newIdentity(rows.cols.id >= 0)}
	r.summary.RejectedLines = []Rejected{}
	for _, c := range rows.cols.meters {
		r.summary.Totals = append(r.summary.Totals, MeterTotal{Meter: c.name})
	}
	return r
}

func (r *run) all(ctx context.Context) error {
	for {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("usage file: stopped after %d rows: %w", r.summary.Rows, err)
		}
		record, err := r.src.next()
		if errors.Is(err, io.EOF) {
			return r.flush()
		}
		if err := r.row(record, err); err != nil {
			return err
		}
		if r.summary.Rows%progressRows == 0 {
			r.report()
		}
		if len(r.batch) >= r.opts.BatchSize {
			if err := r.flush(); err != nil {
				return err
			}
		}
	}
}

// row accepts or rejects one record; it fails only when the file cannot be read on.
func (r *run) row(record []string, err error) error {
	var fault *csv.ParseError
	switch {
	case err == nil:
	case errors.Is(err, errRecordTooLong) || !errors.As(err, &fault):
		return fmt.Errorf("usage file: after %d rows: %w", r.summary.Rows, err)
	default:
		r.summary.Rows++
		r.reject(Rejected{Line: fault.StartLine, Reason: r.rows.cols.explain(fault, len(record))})
		return nil
	}
	r.summary.Rows++
	line := r.src.line()
	parsed, rejected := r.rows.parse(record)
	if rejected != nil {
		rejected.Line = line
		r.reject(*rejected)
		return nil
	}
	r.accept(parsed, line)
	return nil
}

func (r *run) accept(p parsedRow, line int) {
	id, verdict := r.identity.of(p)
	if verdict == conflicting {
		r.reject(Rejected{Line: line, Field: r.rows.cols.idName, Reason: fmt.Sprintf("id %.40q occurs before with other values", p.id)})
		return
	}
	r.summary.Accepted++
	if verdict == repeated {
		r.summary.Duplicates++
		return
	}
	for i, c := range r.rows.cols.meters {
		event := Event{ID: id + ":" + c.name, Meter: c.name, Quantity: p.quantities[i], At: p.at, Values: p.values, Line: line}
		if amount, given := p.amounts[c.name]; given {
			event.Amount = &amount
		}
		r.batch = append(r.batch, event)
		r.summary.Totals[i].Quantity = r.summary.Totals[i].Quantity.Add(p.quantities[i])
	}
	r.summary.span(p.at)
}

func (s *Summary) span(at time.Time) {
	if s.First.IsZero() || at.Before(s.First) {
		s.First = at
	}
	if at.After(s.Last) {
		s.Last = at
	}
}

func (r *run) reject(rejected Rejected) {
	r.summary.Rejected++
	if len(r.summary.RejectedLines) < r.opts.MaxRejected {
		r.summary.RejectedLines = append(r.summary.RejectedLines, rejected)
	}
}

func (r *run) flush() error {
	if len(r.batch) == 0 {
		return nil
	}
	if err := r.emit(slices.Clip(r.batch)); err != nil {
		return fmt.Errorf("usage file: events up to line %d: %w", r.batch[len(r.batch)-1].Line, err)
	}
	r.summary.Events += len(r.batch)
	r.batch = r.batch[:0]
	return nil
}

func (r *run) report() {
	r.summary.Bytes = r.src.bytes()
	if r.opts.Progress != nil {
		s := r.summary
		r.opts.Progress(Progress{Rows: s.Rows, Accepted: s.Accepted, Rejected: s.Rejected, Bytes: s.Bytes})
	}
}

// explain words a fault of the CSV syntax.
func (c columns) explain(fault *csv.ParseError, fields int) string {
	switch {
	case errors.Is(fault.Err, csv.ErrFieldCount):
		return fmt.Sprintf("has %d fields, the header has %d", fields, c.count)
	case errors.Is(fault.Err, csv.ErrBareQuote):
		return fmt.Sprintf("a quote at column %d of line %d stands inside an unquoted field", fault.Column, fault.Line)
	case fault.Line != fault.StartLine:
		return fmt.Sprintf("a quoted field is broken; it runs to line %d", fault.Line)
	}
	return "a quoted field is broken: " + strings.TrimSpace(fault.Err.Error())
}
