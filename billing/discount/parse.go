package discount

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Coupons are written by people; this is far above any list of them.
const largestList = 1 << 20

// Parse reads a JSON array of coupons and validates each. Unknown fields, two coupons of one id, anything after the array and
// input above 1 MiB are errors.
func Parse(r io.Reader) ([]Coupon, error) {
	input := &io.LimitedReader{R: r, N: largestList + 1}
	decoder := json.NewDecoder(input)
	decoder.DisallowUnknownFields()
	var coupons []Coupon
	err := decoder.Decode(&coupons)
	switch {
	case input.N <= 0:
		return nil, fmt.Errorf("the list of coupons is larger than %d MiB", largestList>>20)
	case errors.Is(err, io.EOF):
		return nil, errors.New("the list of coupons is empty")
	case err != nil:
		return nil, fmt.Errorf("coupons: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("coupons: unexpected data after the list")
	}
	seen := make(map[string]bool, len(coupons))
	for i, c := range coupons {
		if err := c.Validate(); err != nil {
			return nil, fmt.Errorf("coupons[%d]: %w", i, err)
		}
		if seen[c.ID] {
			return nil, fmt.Errorf("coupons[%d]: %q is there twice", i, c.ID)
		}
		seen[c.ID] = true
	}
	return coupons, nil
}
