package wallet

import (
	"errors"
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/money"
)

// Rollover is the part of a grant that does not expire with it but goes on as another grant, which then expires for good.
type Rollover struct {
	// Percent of what is left, above 0 and at most 100, with at most 4 decimals; rounded half up to the minor unit.
	Percent decimal.Decimal `json:"percent"`
	// Cap, if set, is the most that is rolled over, above 0.
	Cap *money.Amount `json:"cap,omitempty"`
	// For is how long the new grant can be spent, counted from the civil day on which the old one expired.
	For calendar.Interval `json:"for"`
}

const percentDecimals = 4

func (r *Rollover) check(g Grant) error {
	if r == nil {
		return nil
	}
	if g.ExpiresAt.IsZero() {
		return errors.New("rollover is only for a grant with expires_at: nothing of this one is lost")
	}
	if err := money.CheckDecimal(r.Percent); err != nil {
		return fmt.Errorf("rollover.percent: %w", err)
	}
	most := decimal.NewFromInt(100)
	if !r.Percent.IsPositive() || r.Percent.GreaterThan(most) || !r.Percent.Equal(r.Percent.Truncate(percentDecimals)) {
		return fmt.Errorf("rollover.percent must be above 0, at most 100 and have at most %d decimals, got %s", percentDecimals, r.Percent)
	}
	if r.Cap != nil && (r.Cap.Currency != g.Amount.Currency || !r.Cap.IsPositive()) {
		return fmt.Errorf("rollover.cap must be above 0 in %s, got %s", g.Amount.Currency, r.Cap)
	}
	if err := r.For.Validate(); err != nil {
		return fmt.Errorf("rollover.for: %w", err)
	}
	return nil
}

// of is the part of what is left that is rolled over.
func (r *Rollover) of(left money.Amount) (money.Amount, error) {
	if r == nil {
		return money.Zero(left.Currency), nil
	}
	part, err := money.FromDecimal(left.Decimal().Mul(r.Percent).Shift(-2), left.Currency)
	if err != nil {
		return part, err
	}
	if r.Cap != nil && part.Cmp(*r.Cap) > 0 {
		return *r.Cap, nil
	}
	return part, nil
}

// Expire ends the grants whose time is over at an instant, each at the instant at which it really expired: a part may be
// rolled over, the rest is broken. Days are counted in the customer's zone. A grant expires once, whenever and however often
// this is asked; what was rolled over is in the wallet returned, also if it has expired meanwhile: ask until nothing moves.
// Invoices for time before the expiry come first: their usage was covered by the grant.
func (w Wallet) Expire(z calendar.Zone, at time.Time) (Wallet, []Movement, error) {
	next, movements := w, []Movement(nil)
	for _, h := range w.Held() {
		if !h.expired(at) || h.Left.IsZero() {
			continue
		}
		after, moved, err := next.end(h, z)
		if err != nil {
			return w, nil, fmt.Errorf("grant %q expires: %w", h.Grant.ID, err)
		}
		next, movements = after, append(movements, moved...)
	}
	return next, movements, nil
}

func (w Wallet) end(h Held, z calendar.Zone) (Wallet, []Movement, error) {
	on := h.Grant.ExpiresAt
	rolled, err := h.Grant.Rollover.of(h.Left)
	if err != nil {
		return w, nil, err
	}
	broken, err := h.Left.Sub(rolled)
	if err != nil {
		return w, nil, err
	}
	var movements []Movement
	if !broken.IsZero() {
		var m Movement
		w, m, err = w.take(Movement{Key: "expire:" + h.Grant.ID, GrantID: h.Grant.ID, Kind: Broken, Amount: broken.Neg(), At: on})
		if err != nil {
			return w, nil, err
		}
		movements = append(movements, m)
	}
	if rolled.IsZero() {
		return w, movements, nil
	}
	w, out, err := w.take(Movement{Key: "rollover:" + h.Grant.ID, GrantID: h.Grant.ID, Kind: RolledOver, Amount: rolled.Neg(), At: on})
	if err != nil {
		return w, nil, err
	}
	w, in, err := w.Grant(h.Grant.rolledOver(rolled, out.Cost.Neg(), z))
	if err != nil {
		return w, nil, err
	}
	return w, append(movements, out, in), nil
}

// rolledOver is the grant that goes on where this one ends.
func (g Grant) rolledOver(amount, cost money.Amount, z calendar.Zone) Grant {
	next := g
	next.ID, next.Amount, next.Cost, next.Rollover = g.ID+":rollover", amount, cost, nil
	next.From = g.ExpiresAt
	next.ExpiresAt = calendar.Boundary(z.DateOf(g.ExpiresAt), g.Rollover.For, z, 1)
	if cost.IsZero() {
		next.Basis = Promotional
	}
	return next
}
