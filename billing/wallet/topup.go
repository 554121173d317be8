package wallet

import (
	"errors"
	"fmt"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/money"
)

// TopUp buys credit by itself: when the balance is low, on a schedule, or both.
type TopUp struct {
	// Below, if set, buys when the balance is at or below it, 0 or more.
	Below *money.Amount `json:"below,omitempty"`
	// Every, if set, buys at each boundary of the interval after Anchor.
	Every  *calendar.Interval `json:"every,omitempty"`
	Anchor calendar.Date      `json:"anchor,omitzero"`
	// Exactly one of Amount and UpTo is set: what is bought each time, or the balance that is bought up to.
	Amount *money.Amount `json:"amount,omitempty"`
	UpTo   *money.Amount `json:"up_to,omitempty"`
	// MostPerMonth, if set, bounds what is bought in a calendar month; a purchase that would exceed it is cut down to it.
	MostPerMonth *money.Amount `json:"most_per_month,omitempty"`
}

// Validate checks the policy for a wallet's currency and names the first field that is wrong.
func (t TopUp) Validate(currency money.Currency) error {
	for _, amount := range []struct {
		field string
		value *money.Amount
		least int64
	}{{"below", t.Below, 0}, {"amount", t.Amount, 1}, {"up_to", t.UpTo, 1}, {"most_per_month", t.MostPerMonth, 1}} {
		if amount.value != nil && (amount.value.Currency != currency || amount.value.Minor < amount.least) {
			return fmt.Errorf("top-up: %s must be at least %s, got %s", amount.field, money.New(amount.least, currency), amount.value)
		}
	}
	switch {
	case t.Below == nil && t.Every == nil:
		return errors.New("top-up: below or every is required, else it never buys")
	case (t.Amount == nil) == (t.UpTo == nil):
		return errors.New("top-up: exactly one of amount and up_to is required")
	case t.Below != nil && t.UpTo != nil && t.UpTo.Cmp(*t.Below) <= 0:
		return fmt.Errorf("top-up: up_to %s must be above below %s, else it buys again and again", t.UpTo, t.Below)
	case (t.Every == nil) != t.Anchor.IsZero():
		return errors.New("top-up: every and anchor come together")
	}
	if t.Every != nil {
		if err := t.Every.Validate(); err != nil {
			return fmt.Errorf("top-up: every: %w", err)
		}
	}
	return nil
}

// Situation is what a top-up depends on.
type Situation struct {
	At   time.Time
	Zone calendar.Zone
	// Balance is what can be spent, less what is spoken for by usage not invoiced yet. It may be below 0 for that reason.
	Balance money.Amount
	// Pending is what has been bought and not been paid yet, 0 or more: it is not bought twice.
	Pending money.Amount
	// Bought counts the purchases made because of a low balance, Scheduled those made on the schedule.
	Bought    int
	Scheduled int
	// ThisMonth is what was bought in the calendar month, Pending included.
	ThisMonth money.Amount
}

// Purchase is credit to be bought now.
type Purchase struct {
	// Key is the purchase's business identity within the wallet: the same one is made once.
	Key    string
	Amount money.Amount
	// On is the boundary for a purchase on the schedule, else the instant asked about.
	On time.Time
	// Scheduled says why: the schedule, or else a low balance.
	Scheduled bool
}

// Decide says what to buy now, if anything. What the schedule asks for comes first, one boundary at a time: ask again after
// the purchase is on record. A scheduled purchase of nothing, when the balance is high enough, still counts as made.
func (t TopUp) Decide(s Situation) (Purchase, bool, error) {
	balance, err := s.Balance.Add(s.Pending)
	if err != nil {
		return Purchase{}, false, fmt.Errorf("top-up: %w", err)
	}
	if t.Every != nil {
		if on := calendar.Boundary(t.Anchor, *t.Every, s.Zone, s.Scheduled+1); !s.At.Before(on) {
			p := Purchase{Key: fmt.Sprintf("top-up:scheduled:%d", s.Scheduled+1), On: on, Scheduled: true}
			p.Amount, err = t.amount(balance, s.ThisMonth)
			return p, err == nil, err
		}
	}
	if t.Below == nil || balance.Cmp(*t.Below) > 0 {
		return Purchase{}, false, nil
	}
	p := Purchase{Key: fmt.Sprintf("top-up:low:%d", s.Bought+1), On: s.At}
	p.Amount, err = t.amount(balance, s.ThisMonth)
	return p, err == nil && p.Amount.IsPositive(), err
}

func (t TopUp) amount(balance, thisMonth money.Amount) (money.Amount, error) {
	wanted, err := t.wanted(balance)
	if err != nil {
		return wanted, err
	}
	if t.MostPerMonth != nil {
		room, err := t.MostPerMonth.Sub(thisMonth)
		if err != nil {
			return wanted, err
		}
		if room.Cmp(wanted) < 0 {
			wanted = room
		}
	}
	if wanted.IsNegative() {
		return money.Zero(balance.Currency), nil
	}
	return wanted, nil
}

func (t TopUp) wanted(balance money.Amount) (money.Amount, error) {
	if t.Amount != nil {
		return *t.Amount, nil
	}
	return t.UpTo.Sub(balance)
}
