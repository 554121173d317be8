package usagecsv

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/money"
)

// columns are the mapped columns by position; id is -1 without one.
type columns struct {
	count    int
	time     int
	timeName string
	id       int
	idName   string
	meters   []meterAt
	amounts  []meterAt
	values   []valueAt
}

type valueAt struct {
	dimension string
	column    string
	index     int
}

type meterAt struct {
	name   string
	column string
	index  int
}

func readHeader(src *source, m Mapping) (columns, error) {
	record, err := src.next()
	if errors.Is(err, io.EOF) {
		return columns{}, ErrEmpty
	}
	if err != nil {
		return columns{}, fmt.Errorf("usage file: the header cannot be read: %w", err)
	}
	// The reader reuses its slice for the next row, but the strings stay.
	header := make([]string, len(record))
	for i, name := range record {
		header[i] = strings.TrimSpace(name)
	}
	return m.locate(header)
}

func (m Mapping) locate(header []string) (columns, error) {
	c := columns{count: len(header), timeName: m.Time, id: -1, idName: m.ID}
	var err error
	if c.time, err = find(header, m.Time); err != nil {
		return columns{}, err
	}
	if m.ID != "" {
		if c.id, err = find(header, m.ID); err != nil {
			return columns{}, err
		}
	}
	for _, mc := range m.Meters {
		index, err := find(header, mc.Column)
		if err != nil {
			return columns{}, err
		}
		c.meters = append(c.meters, meterAt{name: mc.Meter, column: mc.Column, index: index})
	}
	for _, mc := range m.Amounts {
		index, err := find(header, mc.Column)
		if err != nil {
			return columns{}, err
		}
		c.amounts = append(c.amounts, meterAt{name: mc.Meter, column: mc.Column, index: index})
	}
	for _, vc := range m.Values {
		index, err := find(header, vc.Column)
		if err != nil {
			return columns{}, err
		}
		c.values = append(c.values, valueAt{dimension: vc.Dimension, column: vc.Column, index: index})
	}
	return c, nil
}

func find(header []string, column string) (int, error) {
	at := -1
	for i, name := range header {
		if name != column {
			continue
		}
		if at >= 0 {
			return 0, fmt.Errorf("usage file: column %q occurs twice in the header: rename one", column)
		}
		at = i
	}
	if at < 0 {
		return 0, fmt.Errorf("usage file: no column %q: the header has %s", column, listed(header))
	}
	return at, nil
}

// listed prints the header for an error. A single column that holds another separator is the usual reason.
func listed(header []string) string {
	const most = 50
	names := make([]string, 0, most)
	for _, name := range header[:min(len(header), most)] {
		names = append(names, fmt.Sprintf("%.40q", name))
	}
	text := strings.Join(names, ", ")
	if len(header) > most {
		text += fmt.Sprintf(" and %d more", len(header)-most)
	}
	if len(header) == 1 && strings.ContainsAny(header[0], ";\t|") {
		text += ": is the delimiter right?"
	}
	return text
}

// rowParser turns records into values.
type rowParser struct {
	cols   columns
	format TimeFormat
	zone   calendar.Zone
}

// parsedRow holds the mapped values; quantities are in the order of columns.meters.
type parsedRow struct {
	id         string
	at         time.Time
	meters     []meterAt
	quantities []decimal.Decimal
	// amounts are by meter, values by dimension; nil where none is given.
	amounts map[string]decimal.Decimal
	values  map[string]string
}

func newRowParser(cols columns, opts Options) *rowParser {
	return &rowParser{cols: cols, format: opts.TimeFormat, zone: opts.Zone}
}

// parse rejects the whole row at its first bad field, so that no row is half imported.
func (p *rowParser) parse(record []string) (parsedRow, *Rejected) {
	row := parsedRow{meters: p.cols.meters, quantities: make([]decimal.Decimal, len(p.cols.meters))}
	if p.cols.id >= 0 {
		row.id = strings.TrimSpace(record[p.cols.id])
		if reason := checkID(row.id); reason != "" {
			return row, &Rejected{Field: p.cols.idName, Reason: reason}
		}
	}
	at, reason := p.format.parse(record[p.cols.time], p.zone)
	if reason != "" {
		return row, &Rejected{Field: p.cols.timeName, Reason: reason}
	}
	row.at = at
	for i, m := range p.cols.meters {
		quantity, err := ParseQuantity(strings.TrimSpace(record[m.index]))
		if err != nil {
			return row, &Rejected{Field: m.column, Reason: err.Error()}
		}
		row.quantities[i] = quantity
	}
	return row, p.measures(record, &row)
}

// measures reads amounts and dimension values. An empty cell is none.
func (p *rowParser) measures(record []string, row *parsedRow) *Rejected {
	for _, m := range p.cols.amounts {
		cell := strings.TrimSpace(record[m.index])
		if cell == "" {
			continue
		}
		amount, err := ParseAmount(cell)
		if err != nil {
			return &Rejected{Field: m.column, Reason: err.Error()}
		}
		if row.amounts == nil {
			row.amounts = map[string]decimal.Decimal{}
		}
		row.amounts[m.name] = amount
	}
	for _, v := range p.cols.values {
		cell := strings.TrimSpace(record[v.index])
		if cell == "" {
			continue
		}
		if row.values == nil {
			row.values = map[string]string{}
		}
		row.values[v.dimension] = strings.Clone(cell)
	}
	return nil
}

// MaxQuantity bounds the quantity of one event. It keeps the sums of a period, times any sane price, within the range of
// amounts, and catches units gone wrong.
const MaxQuantity = 10_000_000_000_000_000

// ParseQuantity reads the quantity of one event: a plain decimal from 0 to MaxQuantity with at most 12 digits after the point.
func ParseQuantity(s string) (decimal.Decimal, error) {
	if s == "" {
		return decimal.Zero, errors.New("is empty: write 0 for no usage")
	}
	quantity, err := money.ParseDecimal(s)
	switch {
	case err != nil:
		return decimal.Zero, fmt.Errorf("%.40q is not a quantity: write at most %d digits and, after a point, at most %d, such as 1234.5",
			s, money.MaxIntegerDigits, money.MaxFractionDigits)
	case quantity.IsNegative():
		return decimal.Zero, fmt.Errorf("%.40q is negative: usage is 0 or more", s)
	case quantity.GreaterThan(decimal.NewFromInt(MaxQuantity)):
		return decimal.Zero, fmt.Errorf("%.40q is too large: one event has at most %d units", s, int64(MaxQuantity))
	}
	return quantity, nil
}

// ParseAmount reads the amount of one event: a plain decimal from 0 to MaxQuantity with at most 12 digits after the point.
func ParseAmount(s string) (decimal.Decimal, error) {
	amount, err := money.ParseDecimal(s)
	switch {
	case err != nil:
		return decimal.Zero, fmt.Errorf("%.40q is not an amount: write at most %d digits and, after a point, at most %d, such as 0.43",
			s, money.MaxIntegerDigits, money.MaxFractionDigits)
	case amount.IsNegative():
		return decimal.Zero, fmt.Errorf("%.40q is negative: an amount is 0 or more", s)
	case amount.GreaterThan(decimal.NewFromInt(MaxQuantity)):
		return decimal.Zero, fmt.Errorf("%.40q is too large: the amount of one event is at most %d", s, int64(MaxQuantity))
	}
	return amount, nil
}

// checkID keeps out what a database text column or a log line cannot take.
func checkID(id string) string {
	const most = 200
	switch {
	case id == "":
		return "is empty"
	case len(id) > most:
		return fmt.Sprintf("is longer than %d bytes", most)
	case !utf8.ValidString(id) || strings.ContainsFunc(id, unicode.IsControl):
		return "holds characters that are not text"
	}
	return ""
}
