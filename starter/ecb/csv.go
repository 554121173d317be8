package ecb

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/perennial-billing/perennial/billing/money"
)

// readCSV reads a line of names and then a line per day. The bank ends each line with a comma, puts spaces after the
// commas of the file of one day, and writes N/A where it published nothing. It quotes nothing.
func (f *file) readCSV(in io.Reader) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 0, 1<<16), longestLine)
	var columns []money.Currency
	for n := 1; lines.Scan(); n++ {
		cells := cells(lines.Text())
		if len(cells) == 0 {
			continue
		}
		var err error
		if columns == nil {
			columns, err = f.header(cells)
		} else {
			err = f.line(n, columns, cells)
		}
		if err != nil {
			return err
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return fmt.Errorf("the file has a line of more than %d bytes: it is none of the ECB's", longestLine)
	}
	return lines.Err()
}

// cells cuts a line, without the empty cells at its end.
func cells(line string) []string {
	cells := strings.Split(line, ",")
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
	}
	for len(cells) > 0 && cells[len(cells)-1] == "" {
		cells = cells[:len(cells)-1]
	}
	return cells
}

// header reads the currencies of the columns after the date; "" is one that is left out.
func (f *file) header(cells []string) ([]money.Currency, error) {
	if !strings.EqualFold(cells[0], "Date") || len(cells) < 2 {
		return nil, fmt.Errorf(`the first line begins with %.40q: the ECB's reference rates begin with "Date" and the codes of currencies`, cells[0])
	}
	if len(cells) > mostCurrencies {
		return nil, fmt.Errorf("the first line names %d currencies: more than %d are not read", len(cells)-1, mostCurrencies)
	}
	columns := make([]money.Currency, len(cells)-1)
	for i, code := range cells[1:] {
		if slices.Contains(cells[1:i+1], code) {
			return nil, fmt.Errorf("the first line names %s twice", code)
		}
		var err error
		if columns[i], err = f.currency(code); err != nil {
			return nil, fmt.Errorf("the first line, column %d: %w", i+2, err)
		}
	}
	return columns, nil
}

func (f *file) line(n int, columns []money.Currency, cells []string) error {
	date, err := parseDate(cells[0])
	if err != nil {
		f.reject(n, "%s", err)
		return nil
	}
	if len(cells)-1 > len(columns) {
		f.reject(n, "%d rates for %d currencies", len(cells)-1, len(columns))
		return nil
	}
	var rates []Rate
	for i, cell := range cells[1:] {
		if columns[i] == "" || cell == "" || cell == "N/A" {
			continue
		}
		rate, err := parseRate(n, date, columns[i], cell)
		if err != nil {
			f.reject(n, "%s", err)
			return nil
		}
		rates = append(rates, rate)
	}
	return f.day(date, rates)
}
