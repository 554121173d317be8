package quote

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/lifecycle/memory"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/wallet"
)

// sold is credit that an invoice sells.
type sold struct {
	grant    wallet.Grant
	validFor *calendar.Interval
	// atOnce says that it can be used before it is paid, waiting that it cannot, and is not paid.
	atOnce, waiting bool
	// toppedUp says that it was bought by itself, low that the balance was.
	toppedUp, low bool
	at            time.Time
	invoice       *document
}

// buy sells a customer credit on an invoice of its own. The same credit under one id is sold once.
func (c *customer) buy(w *world, s *sold, at time.Time) error {
	p := c.purse(s.grant.Amount.Currency)
	if earlier := p.sale(s.grant.ID); earlier != nil {
		if earlier.grant.Amount == s.grant.Amount && earlier.grant.Cost == s.grant.Cost {
			return nil
		}
		return refuse("grant_exists", "customer %s already has a grant %q with other terms: give this one another id", c.id, s.grant.ID)
	}
	next, granted, err := p.wallet.Grant(s.grant)
	if err != nil {
		return fmt.Errorf("grant: %w", err)
	}
	if !s.atOnce { // it is granted today, and in the wallet when it is paid
		next = p.wallet
	}
	p.move(w, next, granted)
	s.at, s.waiting = at, !s.atOnce
	if s.invoice, err = c.sale(w, s, at); err != nil {
		return err
	}
	change(w, &p.sold, append(slices.Clip(p.sold), s))
	if s.invoice.owed.IsZero() {
		return c.open(w, s, at)
	}
	return nil
}

// sale is the invoice of credit that is sold. Nothing but money pays it.
func (c *customer) sale(w *world, s *sold, at time.Time) (*document, error) {
	currency := s.grant.Amount.Currency
	built, err := invoicing.Build(invoicing.Facts{
		Key: "invoice:prepaid:" + c.id + ":" + s.grant.ID, Reason: invoicing.ForPrepaid, IssuedAt: at, Currency: currency, Zone: c.zone,
		Seller: w.seller, Buyer: c.buyer, Balance: money.Zero(currency),
		Sells: &invoicing.Sale{GrantID: s.grant.ID, Description: "Prepaid credit of " + s.grant.Amount.String(), Cost: s.grant.Cost},
	})
	if errors.Is(err, invoicing.ErrTooSmall) {
		return nil, refuse("cost_not_chargeable", "%v", err)
	}
	if err != nil {
		return nil, fmt.Errorf("grant: %w", err)
	}
	issued := &document{
		Invoice: memory.Invoice{Invoice: built, IssuedAt: at}, to: c, payer: c.payer, zone: c.zone, number: len(w.issued) + 1,
		owed: built.AmountDue, offset: money.Zero(currency),
	}
	if w.scenario.Settings.Collection != Manual {
		issued.owed = money.Zero(currency)
	}
	change(w, &w.issued, append(w.issued, issued))
	return issued, nil
}

// open makes credit usable that waited for its payment.
func (c *customer) open(w *world, s *sold, at time.Time) error {
	if !s.waiting {
		return nil
	}
	p := c.purse(s.grant.Amount.Currency)
	grant := s.grant
	grant.From, grant.ExpiresAt = at, validUntil(c.zone, at, s.validFor)
	next, granted, err := p.wallet.Grant(grant)
	if err != nil {
		return fmt.Errorf("grant: %w", err)
	}
	p.move(w, next, granted)
	change(w, &s.waiting, false)
	return nil
}

// sale finds credit that was sold, by its id.
func (p *purse) sale(id string) *sold {
	for _, s := range p.sold {
		if s.grant.ID == id {
			return s
		}
	}
	return nil
}

// waiting lists the credit that cannot be used before it is paid.
func (p *purse) waiting() []*sold {
	return slices.DeleteFunc(slices.Clone(p.sold), func(s *sold) bool { return !s.waiting })
}

func (c *customer) saleOf(id string) (*sold, error) {
	for _, p := range c.purses {
		if s := p.sale(id); s != nil {
			return s, nil
		}
	}
	return nil, refuse("invoice_unknown", "no invoice has sold customer %s a grant %q", c.id, id)
}

// payFor pays the invoice of credit that is sold.
func (c *customer) payFor(w *world, grantID string, at time.Time) error {
	s, err := c.saleOf(grantID)
	if err != nil {
		return err
	}
	if !s.invoice.owed.IsPositive() {
		return refuse("nothing_owed", "nothing is owed for grant %q", grantID)
	}
	change(w, &s.invoice.owed, money.Zero(s.invoice.owed.Currency))
	return c.open(w, s, at)
}

// unpaidFor takes back the payment of credit. What can be used because it was paid stays paid.
func (c *customer) unpaidFor(w *world, grantID string) error {
	s, err := c.saleOf(grantID)
	if err != nil {
		return err
	}
	if !s.atOnce && !s.waiting {
		return refuse("grant_paid", "grant %q can be used because it was paid: say collection: manual, and when it is paid", grantID)
	}
	change(w, &s.invoice.owed, s.invoice.AmountDue)
	return nil
}

func (a *ReturnGrant) whose(w *world) (*customer, error) {
	return w.customer("return_grant.customer", a.Customer)
}

// do takes back what is left of a grant. What was paid for it becomes the customer's credit.
func (a *ReturnGrant) do(_ context.Context, w *world, s step) error {
	for _, p := range s.who.purses {
		if sale := p.sale(a.ID); sale != nil && sale.waiting {
			return refuse("grant_not_paid", "grant %q is not paid yet: nothing of it can be returned", a.ID)
		}
		for _, h := range p.wallet.Held() {
			if h.Grant.ID == a.ID {
				return p.giveBack(w, h, s.at)
			}
		}
	}
	return refuse("grant_unknown", "customer %s has no grant %q", s.who.id, a.ID)
}

func (p *purse) giveBack(w *world, h wallet.Held, at time.Time) error {
	if h.Left.IsZero() {
		return nil
	}
	next, returned, err := p.wallet.End(h.Grant.ID, wallet.Returned, at)
	if err != nil {
		return err
	}
	p.move(w, next, returned)
	credit, err := p.credit.Sub(returned.Cost)
	change(w, &p.credit, credit)
	return err
}
