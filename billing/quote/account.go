package quote

import (
	"fmt"

	"github.com/perennial-billing/perennial/billing/account"
	"github.com/perennial-billing/perennial/billing/invoicing"
)

// checkAccounts finds what is wrong with who is above whom.
func (s *Scenario) checkAccounts() error {
	accounts := make([]account.Account, len(s.Customers))
	for i, c := range s.Customers {
		accounts[i] = account.Account{ID: c.ID, ParentID: c.Parent, InvoicedTo: c.InvoicedTo, PaidBy: c.PaidBy}
	}
	if _, err := account.NewHierarchy(accounts); err != nil {
		return fmt.Errorf("customers: %w", err)
	}
	return nil
}

// addressee is in whose name the customer's invoices are, payer who pays them.
func (c *customer) addressee() *customer {
	for c.account.InvoicedTo == account.Parent {
		c = c.parent
	}
	return c
}

func (c *customer) payer() *customer {
	for c.account.PaidBy == account.Parent {
		c = c.parent
	}
	return c
}

// addressed is in whose name an invoice of facts is: what takes back lines of an earlier invoice is in the name of that one.
func (b *book) addressed(facts invoicing.Facts) *customer {
	charged, _ := facts.TakesBack()
	for _, d := range b.invoices {
		if d.Key == charged {
			return d.to
		}
	}
	return b.owner.addressee()
}
