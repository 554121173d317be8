package quote

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/perennial-billing/perennial/billing/account"
	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/tax"
)

// CustomerChange is what becomes different about a customer; what is left out stays. Invoices that are issued stay, too.
type CustomerChange struct {
	ID         string  `json:"id,omitempty" doc:"Who; may be left out when there is one customer"`
	Zone       string  `json:"zone,omitempty" doc:"IANA time zone: the period under way keeps its end, the next one ends by this zone"`
	Country    string  `json:"country,omitempty" doc:"ISO 3166-1 alpha-2: where the customer is taxed from now on"`
	Region     *string `json:"region,omitempty" doc:"ISO 3166-2, empty for none"`
	PostalCode *string `json:"postal_code,omitempty" doc:"Where tax differs inside the country, empty for none"`
	Business   *bool   `json:"business,omitempty" doc:"Whether the customer is a business"`
	TaxID      *string `json:"tax_id,omitempty" doc:"The customer's VAT id, empty for none"`
	TaxIDValid *bool   `json:"tax_id_valid,omitempty" doc:"Whether the tax id was validated"`

	Parent     *string       `json:"parent,omitempty" doc:"The customer above from now on, empty for nobody"`
	InvoicedTo account.Owner `json:"invoiced_to,omitempty" enum:"self,parent" doc:"In whose name the invoices are from now on"`
	PaidBy     account.Owner `json:"paid_by,omitempty" enum:"self,parent" doc:"Who pays the invoices from now on"`
}

func (a *CustomerChange) whose(w *world) (*customer, error) { return w.customer("customer.id", a.ID) }

func (a *CustomerChange) do(ctx context.Context, w *world, s step) error {
	if *a == (CustomerChange{ID: a.ID}) {
		return errors.New("customer: give what changes: a zone, a country, a region, a postal_code, business, a tax_id, tax_id_valid, " +
			"a parent, invoiced_to or paid_by")
	}
	if err := w.setAccount(s.who, a.account(s.who.account)); err != nil {
		return err
	}
	change(w, &s.who.buyer, a.buyer(s.who.buyer))
	if a.Zone == "" {
		return nil
	}
	zone, err := calendar.LoadZone(a.Zone)
	if err != nil {
		return fmt.Errorf("customer.zone: %w", err)
	}
	change(w, &s.who.zone, zone)
	for _, b := range w.books {
		if b.owner != s.who {
			continue
		}
		b.move(zone)
		if err := b.account().CheckZone(ctx, b.state); err != nil {
			return err
		}
	}
	return nil
}

// buyer is who is taxed after the change.
func (a *CustomerChange) buyer(b tax.Buyer) tax.Buyer {
	if a.Country != "" {
		b.Country = a.Country
	}
	replace(&b.Region, a.Region)
	replace(&b.PostalCode, a.PostalCode)
	replace(&b.Business, a.Business)
	replace(&b.TaxID, a.TaxID)
	replace(&b.TaxIDValid, a.TaxIDValid)
	return b
}

// account is where the customer stands after the change.
func (a *CustomerChange) account(before account.Account) account.Account {
	replace(&before.ParentID, a.Parent)
	before.InvoicedTo = cmp.Or(a.InvoicedTo, before.InvoicedTo)
	before.PaidBy = cmp.Or(a.PaidBy, before.PaidBy)
	return before
}

// replace sets a value if there is another.
func replace[T any](at, by *T) {
	if by != nil {
		*at = *by
	}
}

// clock is what a customer reads times on: that of a zone, and from each move on that of another.
type clock struct {
	zone  calendar.Zone
	moves []calendar.Move
}

// in is an instant as the customer reads it. A move is like a change of the clock: a time that it skips is the move itself,
// and one that occurs twice is the first.
func (c clock) in(i Instant) time.Time {
	at := i.In(c.zone)
	for _, move := range c.moves {
		if at.Before(move.At) {
			return at
		}
		if at = i.In(move.Zone); at.Before(move.At) {
			return move.At
		}
	}
	return at
}

// clocks are those of the customers, as the file says: also of who may not move. Moves come in the order of the file, each
// on the clock that it leaves behind.
func (w *world) clocks() (map[*customer]clock, error) {
	clocks := map[*customer]clock{}
	for _, c := range w.customers {
		clocks[c] = clock{zone: c.zone}
	}
	for i, entry := range w.scenario.Timeline {
		if entry.Customer == nil || entry.Customer.Zone == "" {
			continue
		}
		path := fmt.Sprintf("timeline[%d]", i)
		who, err := entry.Customer.whose(w)
		if err != nil {
			return nil, fmt.Errorf("%s.%w", path, err)
		}
		zone, err := calendar.LoadZone(entry.Customer.Zone)
		if err != nil {
			return nil, fmt.Errorf("%s.customer.zone: %w", path, err)
		}
		c := clocks[who]
		at := c.in(entry.At)
		if last := len(c.moves) - 1; last >= 0 && !at.After(c.moves[last].At) {
			return nil, fmt.Errorf("%s.at: %s is not after the customer's move before it: list moves in the order of time", path, entry.At)
		}
		c.moves = append(slices.Clone(c.moves), calendar.Move{At: at, Zone: zone})
		clocks[who] = c
	}
	return clocks, nil
}
