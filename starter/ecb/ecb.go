// Package ecb reads the files in which the European Central Bank publishes its daily reference rates: eurofxref.csv (one
// day), eurofxref-hist.csv (all days since 1999) and the same as XML. Each rate says how many units of a currency one euro
// is. Files are read as a stream; a line that is wrong is rejected by its number while the others are used.
package ecb

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/tax"
)

// Source is the publisher's name in the rates.
const Source = "ECB"

// Euro is the currency of which one unit is priced.
const Euro money.Currency = "EUR"

// Rate is a published rate with the line it stands on.
type Rate struct {
	Line int
	tax.Rate
}

// Rejected is a line that was not used.
type Rejected struct {
	Line   int    `json:"line"`
	Reason string `json:"reason"`
}

// String is "line 5 rejected: USD: 0 is not a rate".
func (r Rejected) String() string { return fmt.Sprintf("line %d rejected: %s", r.Line, r.Reason) }

// Read is what a file held. Days + Rejected is its lines with a date.
type Read struct {
	Days     int
	Rates    int
	First    calendar.Date
	Last     calendar.Date
	Rejected []Rejected
	// RejectedDays counts all rejected lines, of which Rejected has the first.
	RejectedDays int
	// Retired are the file's currencies that are no longer in use, such as CYP. Nothing is sold in them: they are left out.
	Retired []string
}

const (
	batchSize    = 5000
	mostRejected = 100
	longestLine  = 1 << 20
	// mostCurrencies is more than have ever been quoted together, and bounds what a wrong header costs.
	mostCurrencies = 500
)

// Parse reads a file and hands its rates on in batches, in the order of the file. A file that is none of the bank's is an
// error before any batch; an error of keep, or of reading, ends it after what was kept.
func Parse(r io.Reader, keep func([]Rate) error) (Read, error) {
	in := bufio.NewReader(r)
	if mark, err := in.Peek(3); err == nil && bytes.Equal(mark, []byte("\xef\xbb\xbf")) {
		_, _ = in.Discard(len(mark)) // it was just looked at
	}
	f := &file{keep: keep}
	first, err := firstByte(in)
	switch {
	case errors.Is(err, io.EOF):
		return f.read, errors.New("the file is empty: one of the ECB's reference rates is expected, such as eurofxref.csv")
	case err != nil:
		return f.read, err
	case first == '<':
		err = f.readXML(in)
	default:
		err = f.readCSV(in)
	}
	if err == nil {
		err = f.flush()
	}
	slices.Sort(f.read.Retired)
	return f.read, err
}

// firstByte looks at the first byte that is no space, without taking it.
func firstByte(in *bufio.Reader) (byte, error) {
	for n := 1; n <= in.Size(); n++ {
		seen, err := in.Peek(n)
		if len(seen) == n && strings.TrimSpace(string(seen[n-1])) != "" {
			return seen[n-1], nil
		}
		if err != nil {
			return 0, err
		}
	}
	return 0, errors.New("the file begins with nothing but spaces")
}

// file is a file being read.
type file struct {
	read  Read
	batch []Rate
	keep  func([]Rate) error
}

func (f *file) reject(line int, format string, args ...any) {
	f.read.RejectedDays++
	if len(f.read.Rejected) < mostRejected {
		f.read.Rejected = append(f.read.Rejected, Rejected{Line: line, Reason: fmt.Sprintf(format, args...)})
	}
}

// currency reads a code. One that is well formed and not in use is noted as retired, and its rates are left out.
func (f *file) currency(code string) (money.Currency, error) {
	if len(code) != 3 || strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return "", fmt.Errorf("%.20q is not the code of a currency", code)
	}
	if code == string(Euro) {
		return "", errors.New("EUR is the currency that the rates are for")
	}
	currency, err := money.ParseCurrency(code)
	if err != nil {
		if !slices.Contains(f.read.Retired, code) && len(f.read.Retired) < mostCurrencies {
			f.read.Retired = append(f.read.Retired, code)
		}
		return "", nil
	}
	return currency, nil
}

// day takes the rates of one day.
func (f *file) day(date calendar.Date, rates []Rate) error {
	f.read.Days++
	f.read.Rates += len(rates)
	if f.read.First.IsZero() || date.Compare(f.read.First) < 0 {
		f.read.First = date
	}
	if date.Compare(f.read.Last) > 0 {
		f.read.Last = date
	}
	f.batch = append(f.batch, rates...)
	if len(f.batch) < batchSize {
		return nil
	}
	return f.flush()
}

func (f *file) flush() error {
	if len(f.batch) == 0 {
		return nil
	}
	batch := f.batch
	f.batch = nil
	return f.keep(batch)
}

// parseRate reads how many units one euro is.
func parseRate(line int, date calendar.Date, to money.Currency, text string) (Rate, error) {
	value, err := money.ParseDecimal(text)
	if err != nil {
		return Rate{}, fmt.Errorf("%s: %w", to, err)
	}
	if !value.IsPositive() {
		return Rate{}, fmt.Errorf("%s: %s is not a rate: it must be above 0", to, text)
	}
	return Rate{Line: line, Rate: tax.Rate{From: Euro, To: to, Date: date, Value: value, Source: Source}}, nil
}

// parseDate reads a day as the bank writes it: 2027-02-26, and 26 February 2027 in the file of one day.
func parseDate(text string) (calendar.Date, error) {
	if t, err := time.Parse("2 January 2006", text); err == nil && t.Year() > 0 {
		year, month, day := t.Date()
		return calendar.Date{Year: year, Month: month, Day: day}, nil
	}
	date, err := calendar.ParseDate(text)
	if err != nil {
		return date, fmt.Errorf("%.40q is not a day such as 2027-02-26 or 26 February 2027", text)
	}
	return date, nil
}
