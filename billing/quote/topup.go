package quote

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/billing/wallet"
)

// topUp is how a customer's credit is bought by itself.
type topUp struct {
	wallet.TopUp

	priority int
	validFor *calendar.Interval
	// scheduled counts the boundaries of the schedule that were dealt with.
	scheduled int
}

func (a *TopUp) whose(w *world) (*customer, error) { return w.customer("top_up.customer", a.Customer) }

func (a *TopUp) do(_ context.Context, w *world, s step) error {
	currency := cmp.Or(a.Currency, s.who.currency)
	if known, err := money.ParseCurrency(string(currency)); err != nil || known != currency {
		return fmt.Errorf("top_up.currency: %q is no currency: write ISO 4217, such as USD", currency)
	}
	p := s.who.purse(currency)
	if a.Off {
		change(w, &p.topUp, nil)
		return nil
	}
	agreed, err := a.agreed(currency, s)
	if err != nil {
		return fmt.Errorf("top_up.%w", err)
	}
	change(w, &p.topUp, agreed)
	return nil
}

func (a *TopUp) agreed(currency money.Currency, s step) (*topUp, error) {
	agreed := &topUp{priority: wallet.DefaultPriority, validFor: a.ValidFor}
	for _, amount := range []struct {
		field string
		from  *decimal.Decimal
		into  **money.Amount
	}{
		{"below", a.Below, &agreed.Below},
		{"amount", a.Amount, &agreed.Amount},
		{"up_to", a.UpTo, &agreed.UpTo},
		{"most_per_month", a.MostPerMonth, &agreed.MostPerMonth},
	} {
		if amount.from == nil {
			continue
		}
		exact, err := exactly(*amount.from, currency)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", amount.field, err)
		}
		*amount.into = &exact
	}
	if agreed.Every = a.Every; a.Every != nil {
		if agreed.Anchor = a.Anchor; a.Anchor.IsZero() {
			agreed.Anchor = s.who.zone.DateOf(s.at)
		}
	}
	if a.Priority != nil {
		agreed.priority = *a.Priority
	}
	if a.ValidFor != nil {
		if err := a.ValidFor.Validate(); err != nil {
			return nil, fmt.Errorf("valid_for: %w", err)
		}
	}
	return agreed, agreed.Validate(currency)
}

// topUpAll buys what is to be bought by itself at an instant.
func (w *world) topUpAll(ctx context.Context, at time.Time) error {
	for _, c := range w.customers {
		for _, p := range c.purses {
			if p.topUp == nil {
				continue
			}
			if err := w.whole(func() error { return c.buyByItself(ctx, w, p, at) }); err != nil {
				return fmt.Errorf("top-up of customer %s at %s: %w", c.id, local(at, c.zone), err)
			}
		}
	}
	return nil
}

func (c *customer) buyByItself(ctx context.Context, w *world, p *purse, at time.Time) error {
	change(w, &p.looked, at)
	if err := p.expire(w, c, at); err != nil {
		return err
	}
	spokenFor, err := c.spokenFor(ctx, w, p.wallet.Currency, at)
	if err != nil {
		return err
	}
	for {
		s, err := p.situation(c, spokenFor, at)
		if err != nil {
			return err
		}
		purchase, buys, err := p.topUp.Decide(s)
		if err != nil || !buys {
			return err
		}
		if purchase.Scheduled {
			agreed := *p.topUp
			agreed.scheduled++
			change(w, &p.topUp, &agreed)
		}
		if err := c.buyTopUp(w, p, purchase, at); err != nil {
			return err
		}
	}
}

// buyTopUp buys what a top-up decided on. What is bought on the schedule can be nothing.
func (c *customer) buyTopUp(w *world, p *purse, purchase wallet.Purchase, at time.Time) error {
	if !purchase.Amount.IsPositive() {
		return nil
	}
	id := fmt.Sprintf("top-up:%s:low:%d", p.wallet.Currency, p.low()+1)
	if purchase.Scheduled { // one boundary is one purchase, also after the schedule was agreed on anew
		id = fmt.Sprintf("top-up:%s:scheduled:%s", p.wallet.Currency, c.zone.DateOf(purchase.On))
	}
	grant := wallet.Grant{
		ID: id, Basis: wallet.Paid, Amount: purchase.Amount, Cost: purchase.Amount, Priority: p.topUp.priority, From: at,
		ExpiresAt: validUntil(c.zone, at, p.topUp.validFor),
	}
	return c.buy(w, &sold{grant: grant, validFor: p.topUp.validFor, toppedUp: true, low: !purchase.Scheduled}, at)
}

// low counts the purchases because of a low balance.
func (p *purse) low() (n int) {
	for _, s := range p.sold {
		if s.low {
			n++
		}
	}
	return n
}

// situation gathers what a top-up depends on.
func (p *purse) situation(c *customer, spokenFor money.Amount, at time.Time) (wallet.Situation, error) {
	zero := money.Zero(p.wallet.Currency)
	s := wallet.Situation{At: at, Zone: c.zone, Pending: zero, ThisMonth: zero, Bought: p.low(), Scheduled: p.topUp.scheduled}
	today := c.zone.DateOf(at)
	for _, bought := range p.sold {
		if !bought.toppedUp {
			continue
		}
		var err error
		if on := c.zone.DateOf(bought.at); on.Year == today.Year && on.Month == today.Month {
			if s.ThisMonth, err = s.ThisMonth.Add(bought.grant.Amount); err != nil {
				return s, err
			}
		}
		if bought.waiting {
			if s.Pending, err = s.Pending.Add(bought.grant.Amount); err != nil {
				return s, err
			}
		}
	}
	balance, err := p.wallet.Balance(at)
	if err != nil {
		return s, err
	}
	s.Balance, err = balance.Total.Sub(spokenFor)
	return s, err
}

// spokenFor is what a customer's usage would cost that no invoice has billed, were it billed now: what grants would pay of it
// and what they would leave. The invoices that say so are taken back.
func (c *customer) spokenFor(ctx context.Context, w *world, currency money.Currency, at time.Time) (money.Amount, error) {
	running := slices.DeleteFunc(slices.Clone(w.books), func(b *book) bool {
		return b.owner.addressee != c || b.currency != currency || b.state.Status == subscription.Scheduled || b.state.Ended()
	})
	slices.SortFunc(running, func(a, b *book) int { return cmp.Compare(a.state.ID, b.state.ID) })
	sum := money.Zero(currency)
	err := w.trial(func() error {
		for _, b := range running {
			before := len(w.issued)
			if _, err := b.account().Accrue(ctx, b.state, at); err != nil {
				return fmt.Errorf("subscription %s: %w", b.state.ID, err)
			}
			for _, d := range w.issued[before:] {
				open := max(0, d.AmountDue.Minor+d.CarriedOut.Minor-d.CarriedIn.Minor)
				var err error
				if sum, err = sum.Add(money.New(d.PrepaidApplied.Minor+open, currency)); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return sum, err
}

// nextLook is when a wallet is looked at next, until an instant, that is bought up by itself: at a boundary of the schedule, when
// credit expires, and when a quarter of an hour is over in which something was used.
func (w *world) nextLook(until func(calendar.Zone) time.Time) (looks bool, next time.Time) {
	for _, c := range w.customers {
		for _, p := range c.purses {
			for _, at := range p.looks(c) {
				if at.After(p.looked) && !at.After(until(c.zone)) && (!looks || at.Before(next)) {
					looks, next = true, at
				}
			}
		}
	}
	return looks, next
}

func (p *purse) looks(c *customer) []time.Time {
	if p.topUp == nil {
		return nil
	}
	at := []time.Time{c.usageEnds}
	if p.topUp.Every != nil {
		at = append(at, calendar.Boundary(p.topUp.Anchor, *p.topUp.Every, c.zone, p.topUp.scheduled+1))
	}
	for _, h := range p.wallet.Held() {
		if h.Left.IsPositive() && !h.Grant.ExpiresAt.IsZero() {
			at = append(at, h.Grant.ExpiresAt)
		}
	}
	return at
}
