package usagecsv

import (
	"encoding/csv"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Mapping says which columns to read.
type Mapping struct {
	Time   string        // column of the event time
	ID     string        // column of the caller's event id, "" for none
	Meters []MeterColumn // at least one
	// Amounts are the columns of the amounts that come with events of a meter, Values those of dimension values.
	Amounts []MeterColumn
	Values  []ValueColumn
}

// MeterColumn reads the quantity, or the amount, of a meter from a column.
type MeterColumn struct {
	Meter  string
	Column string
}

// ValueColumn reads the value of a dimension from a column; an empty cell is no value.
type ValueColumn struct {
	Dimension string
	Column    string
}

const (
	meterPrefix  = "meter:"
	amountPrefix = "amount:"
	valuePrefix  = "value:"
)

var meterName = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,100}$`)

// ParseMapping reads "key=COLUMN" items: time and, optionally, id; "amount:METER" for the amounts of a meter's events and
// "value:DIMENSION" for dimension values; every other key is a meter. Write "meter:time=X" for a meter called time or id. An
// item may hold several, separated by commas; quote one whose column name contains a comma ("\"tokens=Tokens, in\""). Errors
// name the item.
func ParseMapping(items []string) (Mapping, error) {
	var m Mapping
	for _, item := range items {
		parts, err := csv.NewReader(strings.NewReader(item)).Read()
		if err != nil {
			return Mapping{}, fmt.Errorf("mapping %q: write it as key=COLUMN, separated by commas", item)
		}
		for _, part := range parts {
			if err := m.add(part); err != nil {
				return Mapping{}, err
			}
		}
	}
	return m, m.Validate()
}

func (m *Mapping) add(part string) error {
	key, column, found := strings.Cut(part, "=")
	key, column = strings.TrimSpace(key), strings.TrimSpace(column)
	if !found || key == "" || column == "" {
		return fmt.Errorf("mapping %q: write it as key=COLUMN, such as time=TIMESTAMP", part)
	}
	switch key {
	case "time":
		return setOnce(&m.Time, key, column)
	case "id":
		return setOnce(&m.ID, key, column)
	}
	if meter, is := strings.CutPrefix(key, amountPrefix); is {
		m.Amounts = append(m.Amounts, MeterColumn{Meter: meter, Column: column})
	} else if dimension, is := strings.CutPrefix(key, valuePrefix); is {
		m.Values = append(m.Values, ValueColumn{Dimension: dimension, Column: column})
	} else {
		m.Meters = append(m.Meters, MeterColumn{Meter: strings.TrimPrefix(key, meterPrefix), Column: column})
	}
	return nil
}

func setOnce(field *string, key, column string) error {
	if *field != "" {
		return fmt.Errorf("mapping: %s is given twice, as %s and %s", key, *field, column)
	}
	*field = column
	return nil
}

// Validate checks that there is a time, at least one meter, no meter and no dimension twice, and amounts only of meters that
// are there.
func (m Mapping) Validate() error {
	if m.Time == "" {
		return errors.New("mapping: no time column: add time=COLUMN")
	}
	if len(m.Meters) == 0 {
		return errors.New("mapping: no meter: add METER=COLUMN, such as input_tokens=ContextTokens")
	}
	seen := make(map[string]bool, len(m.Meters))
	for _, mc := range m.Meters {
		if !meterName.MatchString(mc.Meter) {
			return fmt.Errorf("mapping: meter %q: use letters, digits, dot, dash and underscore, 100 at most", mc.Meter)
		}
		if seen[mc.Meter] {
			return fmt.Errorf("mapping: meter %s is given twice", mc.Meter)
		}
		seen[mc.Meter] = true
	}
	return m.validateMeasures(seen)
}

func (m Mapping) validateMeasures(meters map[string]bool) error {
	seen := map[string]bool{}
	for _, amount := range m.Amounts {
		switch {
		case !meters[amount.Meter]:
			return fmt.Errorf("mapping: amount:%.40q belongs to no mapped meter: map the quantity of %.40[1]q too", amount.Meter)
		case seen[amount.Meter]:
			return fmt.Errorf("mapping: amount:%s is given twice", amount.Meter)
		}
		seen[amount.Meter] = true
	}
	seen = map[string]bool{}
	for _, value := range m.Values {
		if value.Dimension == "" || seen[value.Dimension] {
			return fmt.Errorf("mapping: value:%.40q must name a dimension, and each once", value.Dimension)
		}
		seen[value.Dimension] = true
	}
	return nil
}
