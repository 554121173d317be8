package money

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
)

// UnmarshalJSON reads {"minor":1234,"currency":"USD"}. Both fields must be
// present, minor must be an integer in range, and the currency must be known.
// The zero value {"minor":0,"currency":""} is accepted as "no amount", so that a
// structure with an unset amount survives being stored.
func (a *Amount) UnmarshalJSON(data []byte) error {
	var wire struct {
		Minor    *int64  `json:"minor"`
		Currency *string `json:"currency"`
	}
	if err := json.Unmarshal(data, &wire); err != nil {
		return fmt.Errorf("amount: minor must be an integer number of minor units and currency an ISO 4217 code: %w", err)
	}
	if wire.Minor == nil || wire.Currency == nil {
		return errors.New(`amount: both "minor" and "currency" are required`)
	}
	if *wire.Minor == 0 && *wire.Currency == "" {
		*a = Amount{}
		return nil
	}
	if *wire.Minor == math.MinInt64 {
		return fmt.Errorf("amount: minor %d: %w", *wire.Minor, ErrOverflow)
	}
	c, err := ParseCurrency(*wire.Currency)
	if err != nil {
		return fmt.Errorf("amount: %w", err)
	}
	*a = New(*wire.Minor, c)
	return nil
}
