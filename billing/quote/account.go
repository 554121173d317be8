package quote

import (
	"fmt"

	"github.com/perennial-billing/perennial/billing/account"
	"github.com/perennial-billing/perennial/billing/invoicing"
)

// hierarchy is who is above whom; the error says what is wrong with it.
func (s *Scenario) hierarchy() (account.Hierarchy, error) {
	accounts := make([]account.Account, len(s.Customers))
	for i, c := range s.Customers {
		accounts[i] = account.Account{ID: c.ID, ParentID: c.Parent, InvoicedTo: c.InvoicedTo, PaidBy: c.PaidBy}
	}
	h, err := account.NewHierarchy(accounts)
	if err != nil {
		return h, fmt.Errorf("customers: %w", err)
	}
	return h, nil
}

// setParties finds for each customer who gets and who pays the invoices.
func (w *world) setParties() error {
	h, err := w.scenario.hierarchy()
	if err != nil {
		return err
	}
	for _, c := range w.customers {
		for _, party := range []struct {
			of   func(string) (string, error)
			into **customer
		}{{h.InvoicedTo, &c.addressee}, {h.Payer, &c.payer}} {
			id, err := party.of(c.id)
			if err != nil {
				return err
			}
			if *party.into, err = w.customer("customers", id); err != nil {
				return err
			}
		}
	}
	return nil
}

// addressed is in whose name an invoice of facts is: what takes back lines of an earlier invoice is in the name of that one.
func (b *book) addressed(facts invoicing.Facts) *customer {
	charged, _ := facts.TakesBack()
	for _, d := range b.invoices {
		if d.Key == charged {
			return d.to
		}
	}
	return b.owner.addressee
}
