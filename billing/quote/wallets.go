package quote

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/shopspring/decimal"

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
	if !a.ExpiresAt.IsZero() {
		g.ExpiresAt = a.ExpiresAt.In(s.who.zone)
	}
	g.Rollover, err = a.Rollover.in(currency)
	return g, err
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
	all := slices.Clone(p.moved)
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
		for _, h := range p.wallet.Held() {
			left := GrantLeft{
				Customer: c.id, Grant: h.Grant.ID, Basis: h.Grant.Basis, Left: amountOf(h.Left), CostLeft: amountOf(h.CostLeft),
				Movements: []GrantChange{},
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
			shown = append(shown, left)
		}
	}
	return shown
}

// asRefusal makes a refused redemption one of the refusals that results list.
func asRefusal(err error) error {
	if refusal, is := errors.AsType[*discount.Refusal](err); is {
		return &subscription.Refusal{Code: refusal.Code, Message: refusal.Message}
	}
	return err
}
