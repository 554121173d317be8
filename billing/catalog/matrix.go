package catalog

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

const (
	mostDimensions = 8
	longestValue   = 200
)

func (p Price) validateMatrix() error {
	if p.Model != Matrix {
		return nil
	}
	if len(p.Dimensions) == 0 || len(p.Dimensions) > mostDimensions {
		return fmt.Errorf("dimensions must be 1 to %d, got %d", mostDimensions, len(p.Dimensions))
	}
	for i, name := range p.Dimensions {
		if err := checkID(fmt.Sprintf("dimensions[%d]", i), name); err != nil {
			return err
		}
		if slices.Contains(p.Dimensions[:i], name) {
			return fmt.Errorf("dimensions[%d] %q is named twice", i, name)
		}
	}
	if p.DefaultUnitAmount == nil {
		return errors.New("default_unit_amount is required: it prices what has no cell, and may be 0")
	}
	if err := checkAmount("default_unit_amount", *p.DefaultUnitAmount); err != nil {
		return err
	}
	seen := make(map[string]int, len(p.Cells))
	for i, cell := range p.Cells {
		if err := cell.validate(p.Dimensions); err != nil {
			return fmt.Errorf("cells[%d].%w", i, err)
		}
		key := p.CellKey(cell.Values)
		if first, double := seen[key]; double {
			return fmt.Errorf("cells[%d].values are those of cells[%d]", i, first)
		}
		seen[key] = i
	}
	return nil
}

func (c Cell) validate(dimensions []string) error {
	if err := CheckValues(dimensions, c.Values); err != nil {
		return err
	}
	return checkAmount("unit_amount", c.UnitAmount)
}

// CheckValues checks that there is a value for each dimension and for nothing else.
func CheckValues(dimensions []string, values map[string]string) error {
	for _, name := range dimensions {
		value, given := values[name]
		if !given {
			return fmt.Errorf("values.%s is missing: give a value for each of %s", name, strings.Join(dimensions, ", "))
		}
		if len(value) > longestValue {
			return fmt.Errorf("values.%s must have at most %d bytes, got %d", name, longestValue, len(value))
		}
	}
	if len(values) > len(dimensions) {
		return fmt.Errorf("values has %d entries: the dimensions are %s", len(values), strings.Join(dimensions, ", "))
	}
	return nil
}

// CellKey is one text for a combination of values, different for different combinations.
func (p Price) CellKey(values map[string]string) string {
	var key strings.Builder
	for _, name := range p.Dimensions {
		fmt.Fprintf(&key, "%d:%s", len(values[name]), values[name])
	}
	return key.String()
}
