package catalog

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// A catalogue is written by people; this is far above any of them and keeps a
// wrong file from filling the memory.
const largestCatalog = 8 << 20

// Parse reads a JSON array of plans and validates each of them. Unknown fields,
// two plans with the same id and version, versions of a plan with different products, anything after the array, and input
// above 8 MiB are errors.
func Parse(r io.Reader) ([]Plan, error) {
	input := &io.LimitedReader{R: r, N: largestCatalog + 1}
	decoder := json.NewDecoder(input)
	decoder.DisallowUnknownFields()
	var plans []Plan
	err := decoder.Decode(&plans)
	switch {
	case input.N <= 0:
		return nil, fmt.Errorf("catalog is larger than %d MiB", largestCatalog>>20)
	case errors.Is(err, io.EOF):
		return nil, errors.New("catalog is empty: a JSON array of plans is expected")
	case isNoArray(err):
		return nil, errors.New("catalog: a JSON array of plans is expected: put the plan between [ and ]")
	case err != nil:
		return nil, fmt.Errorf("catalog: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("catalog: unexpected data after the array of plans")
	}
	if err := validateAll(plans); err != nil {
		return nil, err
	}
	return plans, nil
}

func validateAll(plans []Plan) error {
	type version struct {
		id     string
		number int
	}
	seen := make(map[version]bool, len(plans))
	for i, plan := range plans {
		if err := plan.Validate(); err != nil {
			return fmt.Errorf("catalog: [%d]: %w", i, err)
		}
		key := version{plan.ID, plan.Version}
		if seen[key] {
			return fmt.Errorf("catalog: [%d]: plan %q version %d is defined twice", i, plan.ID, plan.Version)
		}
		seen[key] = true
		if err := plan.CheckProduct(plans[:i]); err != nil {
			return fmt.Errorf("catalog: [%d]: plan %q: %w", i, plan.ID, err)
		}
	}
	return nil
}

// isNoArray says that something else than an array was given as the whole catalogue.
func isNoArray(err error) bool {
	wrong, ok := errors.AsType[*json.UnmarshalTypeError](err)
	return ok && wrong.Field == "" && wrong.Type.Kind().String() == "slice"
}
