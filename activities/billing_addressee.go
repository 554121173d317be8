package activities

import (
	"context"

	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/internal/store"
)

// addressed is the account with the one in whose name an invoice of its facts has to be. What takes back lines of an earlier
// invoice is in the same name as it, whoever is above whom by now: the credit is theirs who were charged, and so is
// what is charged instead until the period ends.
//
// The owner's wallet is held, too: it keeps two invoices in different names from taking the same rest of a discount.
func (a account) addressed(ctx context.Context, facts *invoicing.Facts) (account, error) {
	if charged, is := facts.TakesBack(); is {
		earlier, err := a.tx.Invoice(ctx, charged)
		if err != nil {
			return a, err
		}
		if earlier.CustomerID != a.Addressee.ID {
			if a.Addressee, err = a.tx.Customer(ctx, earlier.CustomerID); err != nil {
				return a, err
			}
			facts.Buyer = a.Addressee.Buyer()
		}
	}
	if a.Addressee.ID == a.customer.ID {
		return a, nil
	}
	_, err := a.tx.LockWallet(ctx, a.customer.ID, facts.Currency)
	return a, err
}

// payerOf is who pays what a customer is billed now: the subscription's owner, or the one before a transfer.
func (a account) payerOf(ctx context.Context, customerID string) (store.Customer, error) {
	if customerID == a.customer.ID {
		return a.Payer, nil
	}
	owner, err := a.tx.Customer(ctx, customerID)
	if err != nil {
		return owner, err
	}
	parties, err := a.tx.Parties(ctx, owner)
	return parties.Payer, err
}
