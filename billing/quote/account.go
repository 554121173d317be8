package quote

import (
	"fmt"

	"github.com/perennial-billing/perennial/billing/account"
	"github.com/perennial-billing/perennial/billing/invoicing"
)

// account is where the customer stands in the hierarchy.
func (c Customer) account() account.Account {
	return account.Account{ID: c.ID, ParentID: c.Parent, InvoicedTo: c.InvoicedTo, PaidBy: c.PaidBy}
}

// hierarchy is who is above whom; the error says what is wrong with it.
func (s *Scenario) hierarchy() (account.Hierarchy, error) {
	accounts := make([]account.Account, len(s.Customers))
	for i, c := range s.Customers {
		accounts[i] = c.account()
	}
	h, err := account.NewHierarchy(accounts)
	if err != nil {
		return h, fmt.Errorf("customers: %w", err)
	}
	return h, nil
}

// setParties finds for each customer who gets and who pays the invoices from now on. The error says what is wrong with the
// hierarchy.
func (w *world) setParties() error {
	accounts := make([]account.Account, len(w.customers))
	for i, c := range w.customers {
		accounts[i] = c.account
	}
	h, err := account.NewHierarchy(accounts)
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
			next, err := w.customer("customers", id)
			if err != nil {
				return err
			}
			change(w, party.into, next)
		}
	}
	return nil
}

// setAccount says who is above a customer, and who gets and pays the invoices from now on; those that were issued stay.
func (w *world) setAccount(c *customer, wanted account.Account) error {
	if wanted == c.account {
		return nil
	}
	change(w, &c.account, wanted)
	if err := w.setParties(); err != nil {
		return refuse("account_invalid", "%s", err)
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
