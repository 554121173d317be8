package catalog

import (
	"errors"
	"fmt"
)

// MostSeats is the most of seats, and of each add-on: it keeps any sane price times their number within the range of amounts.
const MostSeats = 10_000_000

// SeatBounds are how many seats customers may buy of a plan that has a charge per seat. The zero value is one or more.
type SeatBounds struct {
	// Minimum is the least, 0 or more. With 0 a subscription may have no seats: a charge per seat is then for a quantity of 0.
	Minimum *int64 `json:"minimum,omitempty" minimum:"0" doc:"The least that can be bought, 0 for none at all; 1 when left out"`
	// Maximum is the most, 1 or more; 0 is no other bound than MostSeats.
	Maximum int64 `json:"maximum,omitzero" minimum:"1" doc:"The most that can be bought; 10 million when left out"`
}

// Least is the least number of seats.
func (b SeatBounds) Least() int64 {
	if b.Minimum == nil {
		return 1
	}
	return *b.Minimum
}

// Most is the greatest number of seats.
func (b SeatBounds) Most() int64 {
	if b.Maximum == 0 {
		return MostSeats
	}
	return b.Maximum
}

// Narrow says that not every number of seats from 1 on can be bought.
func (b SeatBounds) Narrow() bool { return b.Least() > 1 || b.Maximum > 0 }

// plain are the same bounds without what need not be said.
func (b SeatBounds) plain() SeatBounds {
	if b.Least() == 1 {
		b.Minimum = nil
	}
	return b
}

func (p Plan) validateSeats() error {
	switch {
	case p.Seats == (SeatBounds{}):
		return nil
	case !p.HasSeats():
		return errors.New("seats needs a charge per seat of the plan itself: leave it out")
	case p.Seats.Least() < 0 || p.Seats.Least() > MostSeats:
		return fmt.Errorf("seats.minimum must be between 0 and %d, got %d", MostSeats, p.Seats.Least())
	case p.Seats.Maximum < 0 || p.Seats.Maximum > MostSeats:
		return fmt.Errorf("seats.maximum must be between 1 and %d, got %d", MostSeats, p.Seats.Maximum)
	case p.Seats.Most() < p.Seats.Least():
		return fmt.Errorf("seats.maximum must not be below seats.minimum %d, got %d", p.Seats.Least(), p.Seats.Maximum)
	}
	return nil
}
