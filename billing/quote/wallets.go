package quote

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/discount"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/billing/wallet"
)

func (a *Grant) whose(w *world) (*customer, error) { return w.customer("grant.customer", a.Customer) }

func (a *Grant) do(_ context.Context, w *world, s step) error {
	grant, err := a.grant(s)
	if err != nil {
		return fmt.Errorf("grant.%w", err)
	}
	if a.Payment == PaidByInvoice {
		return s.who.buy(w, &sold{grant: grant, validFor: a.ValidFor, atOnce: a.Usable == AtOnce}, s.at)
	}
	purse := s.who.purse(grant.Amount.Currency)
	next, movement, err := purse.wallet.Grant(grant)
	if err != nil {
		return fmt.Errorf("grant: %w", err)
	}
	purse.move(w, next, movement)
	return nil
}

func (a *Grant) grant(s step) (wallet.Grant, error) {
	currency := a.Currency
	if currency == "" {
		currency = s.who.currency
	}
	g := wallet.Grant{ID: a.ID, Basis: a.Basis, Priority: wallet.DefaultPriority, From: s.at, AppliesTo: a.AppliesTo}
	var err error
	if g.Amount, err = exactly(a.Amount, currency); err != nil {
		return g, fmt.Errorf("amount: %w", err)
	}
	if g.Basis == "" {
		g.Basis = wallet.Paid
	}
	g.Cost = money.Zero(currency)
	if g.Basis == wallet.Paid {
		g.Cost = g.Amount
	}
	if a.Cost != nil {
		if g.Cost, err = exactly(*a.Cost, currency); err != nil {
			return g, fmt.Errorf("cost: %w", err)
		}
	}
	if a.Priority != nil {
		g.Priority = *a.Priority
	}
	if g.ExpiresAt, err = a.expiry(s); err != nil {
		return g, err
	}
	g.Rollover, err = a.Rollover.in(currency)
	return g, err
}

// expiry is from when on the grant cannot be used any more, where it can be used from the entry's instant on.
func (a *Grant) expiry(s step) (time.Time, error) {
	switch {
	case a.Payment != PaidByInvoice && a.Usable != "":
		return time.Time{}, errors.New("usable: is only for credit that an invoice sells (payment: invoice)")
	case a.Payment != "" && a.Basis == wallet.Promotional:
		return time.Time{}, errors.New("payment: a present is not paid: leave payment out, or say basis: paid")
	case a.ValidFor != nil && !a.ExpiresAt.IsZero():
		return time.Time{}, errors.New("valid_for: excludes expires_at: leave one out")
	case a.ValidFor != nil:
		if err := a.ValidFor.Validate(); err != nil {
			return time.Time{}, fmt.Errorf("valid_for: %w", err)
		}
		return validUntil(s.who.zone, s.at, a.ValidFor), nil
	case a.ExpiresAt.IsZero():
		return time.Time{}, nil
	case a.Payment == PaidByInvoice && a.Usable != AtOnce:
		return time.Time{}, errors.New("expires_at: the credit can be used when it is paid, which may be later: say valid_for how long")
	}
	return a.ExpiresAt.In(s.who.zone), nil
}

// validUntil is when credit ends that can be used from an instant on; zero is never.
func validUntil(zone calendar.Zone, from time.Time, interval *calendar.Interval) time.Time {
	if interval == nil {
		return time.Time{}
	}
	return calendar.Boundary(zone.DateOf(from), *interval, zone, 1)
}

func (r *Rollover) in(currency money.Currency) (*wallet.Rollover, error) {
	if r == nil {
		return nil, nil
	}
	rollover := &wallet.Rollover{Percent: r.Percent, For: r.For}
	if r.Cap != nil {
		limit, err := exactly(*r.Cap, currency)
		if err != nil {
			return nil, fmt.Errorf("rollover.cap: %w", err)
		}
		rollover.Cap = &limit
	}
	return rollover, nil
}

// exactly is a number of major units that must not need rounding.
func exactly(d decimal.Decimal, currency money.Currency) (money.Amount, error) {
	if err := money.CheckDecimal(d); err != nil {
		return money.Amount{}, err
	}
	amount, err := money.FromDecimal(d, currency)
	if err == nil && !amount.Decimal().Equal(d) {
		err = fmt.Errorf("%s has more decimals than %s", d, currency)
	}
	return amount, err
}

// move replaces the wallet and remembers what moved. What is booked already is not moved again.
func (p *purse) move(w *world, next wallet.Wallet, moved ...wallet.Movement) {
	change(w, &p.wallet, next)
	all := p.moved
	for _, m := range moved {
		if !slices.ContainsFunc(all, func(earlier wallet.Movement) bool { return earlier.Key == m.Key }) {
			all = append(all, m)
		}
	}
	change(w, &p.moved, all)
}

// expire ends the customer's grants whose time is over, and those that were rolled over from them.
func (p *purse) expire(w *world, c *customer, at time.Time) error {
	for {
		next, moved, err := p.wallet.Expire(c.zone, at)
		if err != nil || len(moved) == 0 {
			return err
		}
		p.move(w, next, moved...)
	}
}

// prepay books what grants paid of an invoice, and what has expired since.
func (b *book) prepay(built invoicing.Invoice, at time.Time, to *customer) error {
	purse := to.purse(b.currency)
	next, moved, err := purse.wallet.Book(built.Key, at, built.Prepaid)
	if err != nil {
		return err
	}
	purse.move(b.w, next, moved...)
	return purse.expire(b.w, to, at)
}

func (c *customer) grantsShown() []GrantLeft {
	var shown []GrantLeft
	for _, p := range c.purses {
		first := len(shown)
		for _, h := range p.wallet.Held() {
			shown = append(shown, p.grantShown(c, h))
		}
		for _, waiting := range p.waiting() {
			g := waiting.grant
			left := p.grantShown(c, wallet.Held{Grant: g, Left: g.Amount, CostLeft: g.Cost})
			left.Waiting, left.ExpiresAt = true, nil
			shown = append(shown, left)
		}
		slices.SortFunc(shown[first:], func(a, b GrantLeft) int { return strings.Compare(a.Grant, b.Grant) })
	}
	return shown
}

func (p *purse) grantShown(c *customer, h wallet.Held) GrantLeft {
	left := GrantLeft{
		Customer: c.id, Grant: h.Grant.ID, Basis: h.Grant.Basis, Left: amountOf(h.Left), CostLeft: amountOf(h.CostLeft), Movements: []GrantChange{},
	}
	if !h.Grant.ExpiresAt.IsZero() {
		left.ExpiresAt = localIf(&h.Grant.ExpiresAt, c.zone)
	}
	for _, m := range p.moved {
		if m.GrantID == h.Grant.ID {
			left.Movements = append(left.Movements, GrantChange{
				At: local(m.At, c.zone), Kind: m.Kind, Amount: amountOf(m.Amount), Cost: amountOf(m.Cost),
			})
		}
	}
	return left
}

// asRefusal makes a refused redemption one of the refusals that results list.
func asRefusal(err error) error {
	if refusal, is := errors.AsType[*discount.Refusal](err); is {
		return &subscription.Refusal{Code: refusal.Code, Message: refusal.Message}
	}
	return err
}
