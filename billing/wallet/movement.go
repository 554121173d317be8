package wallet

import (
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/perennial-billing/perennial/billing/money"
)

// Kind is what moved a balance.
type Kind string

// Kinds of movement.
const (
	Granted    Kind = "granted"
	Spent      Kind = "spent"
	Broken     Kind = "broken"      // expired: a paid part is breakage, revenue without anything delivered
	RolledOver Kind = "rolled_over" // goes on in another grant
	Revoked    Kind = "revoked"     // what it was sold for was not paid
	Returned   Kind = "returned"    // given back: its cost is the customer's credit again
)

// ErrOverdrawn is wrapped when a movement would take a grant below zero.
var ErrOverdrawn = errors.New("more than is left of the grant")

// ErrKeyReused is wrapped when a key comes with another movement than the one it was booked with.
var ErrKeyReused = errors.New("key was used for another movement")

// Movement changes what is left of one grant.
type Movement struct {
	// Key is the movement's business identity. It is booked once.
	Key     string `json:"key"`
	GrantID string `json:"grant"`
	Kind    Kind   `json:"kind"`
	// Amount is above 0 when granted and below 0 otherwise; Cost has the same sign or is 0.
	Amount money.Amount `json:"amount"`
	Cost   money.Amount `json:"cost"`
	At     time.Time    `json:"at"`
}

// Grant puts a grant into the wallet. The same grant a second time changes nothing; another one of the same id is
// ErrKeyReused.
func (w Wallet) Grant(g Grant) (Wallet, Movement, error) {
	if err := g.Validate(); err != nil {
		return w, Movement{}, err
	}
	m := Movement{Key: "grant:" + g.ID, GrantID: g.ID, Kind: Granted, Amount: g.Amount, Cost: g.Cost, At: g.From}
	if seen, err := w.seen(m); seen || err != nil {
		return w, m, err
	}
	w = w.copied()
	w.held[g.ID] = Held{Grant: g, Left: g.Amount, CostLeft: g.Cost}
	w.booked = w.booked.with(m)
	return w, m, nil
}

// take books a movement out of a grant.
func (w Wallet) take(m Movement) (Wallet, Movement, error) {
	h, known := w.held[m.GrantID]
	if !known {
		return w, m, fmt.Errorf("movement %s: the wallet has no grant %q", m.Key, m.GrantID)
	}
	amount := m.Amount.Neg()
	if earlier, booked := w.booked.find(m.Key); booked {
		m.Cost = earlier.Cost
	}
	if seen, err := w.seen(m); seen || err != nil {
		return w, m, err
	}
	if amount.IsNegative() || amount.Cmp(h.Left) > 0 {
		return w, m, fmt.Errorf("movement %s of %s, of which %s are left: %w", m.Key, amount, h.Left, ErrOverdrawn)
	}
	after, cost, err := h.less(amount)
	if err != nil {
		return w, m, fmt.Errorf("movement %s: %w", m.Key, err)
	}
	m.Cost = cost.Neg()
	w = w.copied()
	w.held[m.GrantID] = after
	w.booked = w.booked.with(m)
	return w, m, nil
}

// End takes all that is left of a grant out of the wallet: Revoked or Returned. There must be something left.
func (w Wallet) End(grantID string, kind Kind, at time.Time) (Wallet, Movement, error) {
	m := Movement{Key: string(kind) + ":" + grantID, GrantID: grantID, Kind: kind, Amount: w.held[grantID].Left.Neg(), At: at}
	if m.Amount.IsZero() {
		return w, m, fmt.Errorf("grant %q is %s: nothing is left of it", grantID, kind)
	}
	return w.take(m)
}

// seen says that the movement is booked already.
func (w Wallet) seen(m Movement) (bool, error) {
	if m.Amount.Currency != w.Currency {
		return false, fmt.Errorf("movement %s of %s in a wallet in %s: %w", m.Key, m.Amount, w.Currency, money.ErrCurrencyMismatch)
	}
	earlier, booked := w.booked.find(m.Key)
	if booked && (earlier.GrantID != m.GrantID || earlier.Kind != m.Kind || earlier.Amount != m.Amount || earlier.Cost != m.Cost) {
		return false, fmt.Errorf("movement %s of %s, booked as %s: %w", m.Key, m.Amount, earlier.Amount, ErrKeyReused)
	}
	return booked, nil
}

func (w Wallet) copied() Wallet {
	w.held = maps.Clone(w.held)
	if w.held == nil {
		w.held = map[string]Held{}
	}
	return w
}

// log is a movement and those that were booked before it. Wallets that go on from one another share what they have in common,
// so that a movement costs the same however many there were.
type log struct {
	Movement

	earlier *log
}

func (l *log) with(m Movement) *log { return &log{Movement: m, earlier: l} }

func (l *log) find(key string) (Movement, bool) {
	for ; l != nil; l = l.earlier {
		if l.Key == key {
			return l.Movement, true
		}
	}
	return Movement{}, false
}
