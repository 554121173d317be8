// Package wallet keeps what customers have paid, or were given, before they use it: grants of credit in one currency, which
// pay invoices after tax and everything else.
//
// What was paid for and what was a present are kept apart to the last unit, because the first is a liability that becomes
// revenue when it is used or expires (breakage), and the second is a discount that the customer has not used yet. A grant
// that cost less than it is worth is both: its cost is a liability, the rest a present.
//
// Every change of a balance is a movement with a natural key. Recording one again changes nothing, and one that would take
// a grant below zero is refused; the database has both rules as constraints.
package wallet

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/perennial-billing/perennial/billing/money"
)

// Basis is how a customer came by a grant.
type Basis string

// Bases of a grant.
const (
	Paid        Basis = "paid"
	Promotional Basis = "promotional"
)

// Priorities of a grant: the lowest number is used first.
const (
	FirstPriority   = 0
	DefaultPriority = 50
	LastPriority    = 100
)

// Grant is credit that can be spent from an instant on, until another if it expires.
type Grant struct {
	ID    string `json:"id"`
	Basis Basis  `json:"basis"`
	// Amount is what it can pay, above 0. Cost is what the customer paid for it without tax: above 0 and at most Amount when
	// paid, 0 when promotional.
	Amount   money.Amount `json:"amount"`
	Cost     money.Amount `json:"cost"`
	Priority int          `json:"priority"`
	From     time.Time    `json:"from"`
	// ExpiresAt is the first instant at which it cannot be spent any more, zero if it never expires.
	ExpiresAt time.Time `json:"expires_at,omitzero"`
	AppliesTo Purpose   `json:"applies_to,omitzero"`
	// Rollover saves a part of what is left from expiring, once.
	Rollover *Rollover `json:"rollover,omitempty"`
}

// Purpose restricts a grant to what any of the charges or any of the meters cost. Empty: it pays everything.
type Purpose struct {
	Charges []string `json:"charges,omitempty"`
	Meters  []string `json:"meters,omitempty"`
}

// Validate checks the grant and names the first field that is wrong.
func (g Grant) Validate() error {
	if err := g.check(); err != nil {
		return fmt.Errorf("grant %.80q: %w", g.ID, err)
	}
	return nil
}

func (g Grant) check() error {
	switch {
	case g.ID == "":
		return errors.New("id is required, so that granting it twice is safe")
	case !g.Amount.IsPositive():
		return fmt.Errorf("amount must be above 0, got %s", g.Amount)
	case g.Cost.Currency != g.Amount.Currency:
		return fmt.Errorf("cost %s and amount %s: %w", g.Cost, g.Amount, money.ErrCurrencyMismatch)
	case g.Priority < FirstPriority || g.Priority > LastPriority:
		return fmt.Errorf("priority must be between %d and %d, got %d", FirstPriority, LastPriority, g.Priority)
	case g.From.IsZero():
		return errors.New("from is required")
	case !g.ExpiresAt.IsZero() && !g.ExpiresAt.After(g.From):
		return fmt.Errorf("expires_at %s must be after from %s", g.ExpiresAt.Format(time.RFC3339), g.From.Format(time.RFC3339))
	}
	if err := g.checkBasis(); err != nil {
		return err
	}
	return g.Rollover.check(g)
}

func (g Grant) checkBasis() error {
	switch g.Basis {
	case Paid:
		if !g.Cost.IsPositive() || g.Cost.Cmp(g.Amount) > 0 {
			return fmt.Errorf("cost of a paid grant must be above 0 and at most %s, got %s", g.Amount, g.Cost)
		}
	case Promotional:
		if !g.Cost.IsZero() {
			return fmt.Errorf("cost of a promotional grant must be 0, got %s", g.Cost)
		}
	default:
		return fmt.Errorf("basis %.40q must be one of %s, %s", g.Basis, Paid, Promotional)
	}
	return nil
}

// Held is a grant with what is left of it: Left can be spent, and CostLeft of it was paid for.
type Held struct {
	Grant    Grant        `json:"grant"`
	Left     money.Amount `json:"left"`
	CostLeft money.Amount `json:"cost_left"`
}

// Spendable says that the grant can pay at an instant.
func (h Held) Spendable(at time.Time) bool {
	return h.Left.IsPositive() && !at.Before(h.Grant.From) && !h.expired(at)
}

func (h Held) expired(at time.Time) bool {
	return !h.Grant.ExpiresAt.IsZero() && !at.Before(h.Grant.ExpiresAt)
}

// less takes an amount, at most Left, and says which part of its cost goes with it. Costs are shared out by what is left, not
// by what is taken, so that however a grant is split up, the parts of its cost sum to it.
func (h Held) less(amount money.Amount) (Held, money.Amount, error) {
	left, err := h.Left.Sub(amount)
	if err != nil {
		return h, money.Amount{}, err
	}
	costLeft, err := h.Grant.Cost.MulRatio(left.Minor, h.Grant.Amount.Minor)
	if err != nil {
		return h, money.Amount{}, err
	}
	cost, err := h.CostLeft.Sub(costLeft)
	if err != nil {
		return h, money.Amount{}, err
	}
	h.Left, h.CostLeft = left, costLeft
	return h, cost, nil
}

// Wallet is the grants of one customer in one currency. The zero value of everything but Currency is an empty wallet.
// Methods return a new wallet and leave the old one as it was.
type Wallet struct {
	Currency money.Currency
	// held are the grants by id, booked the movements.
	held   map[string]Held
	booked *log
}

// Restore is the wallet that somebody else has kept: its grants with what is left of them. Movements booked before are not
// known to it, so whoever keeps them has to refuse a key that is there already.
func Restore(currency money.Currency, held []Held) Wallet {
	w := Wallet{Currency: currency}.copied()
	for _, h := range held {
		w.held[h.Grant.ID] = h
	}
	return w
}

// Held lists the grants with what is left of them, by id.
func (w Wallet) Held() []Held {
	held := make([]Held, 0, len(w.held))
	//workflowcheck:ignore the order of the map does not survive the sorting
	for _, id := range slices.Sorted(maps.Keys(w.held)) {
		held = append(held, w.held[id])
	}
	return held
}

// Balance is what can be spent at an instant. Paid is the part that is owed to the customer: what it cost.
type Balance struct {
	Total money.Amount
	Paid  money.Amount
}

// Balance adds up the grants that can be spent at an instant.
func (w Wallet) Balance(at time.Time) (Balance, error) {
	b := Balance{Total: money.Zero(w.Currency), Paid: money.Zero(w.Currency)}
	var err error
	for _, h := range w.Held() {
		if !h.Spendable(at) {
			continue
		}
		if b.Total, err = b.Total.Add(h.Left); err != nil {
			return b, err
		}
		if b.Paid, err = b.Paid.Add(h.CostLeft); err != nil {
			return b, err
		}
	}
	return b, nil
}
