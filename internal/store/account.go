package store

import (
	"context"
	"fmt"

	"github.com/perennial-billing/perennial/billing/account"
)

type accountRow struct {
	ID         string        `db:"id"`
	ParentID   string        `db:"parent_id"`
	InvoicedTo account.Owner `db:"invoiced_to"`
	PaidBy     account.Owner `db:"paid_by"`
}

// AccountsAbove are a customer's account and all above it, the customer's first; none for an unknown customer.
func (q Queries) AccountsAbove(ctx context.Context, customerID string) ([]account.Account, error) {
	rows, err := many[accountRow](ctx, q.db, "accounts above "+customerID, `
		WITH RECURSIVE above (id, parent_id, invoiced_to, paid_by) AS (
			SELECT id, parent_id, invoiced_to, paid_by FROM customer WHERE id = $1
			UNION SELECT c.id, c.parent_id, c.invoiced_to, c.paid_by FROM customer c JOIN above a ON c.id = a.parent_id
		)
		SELECT id, COALESCE(parent_id, '') AS parent_id, invoiced_to, paid_by FROM above`, customerID)
	accounts := make([]account.Account, len(rows))
	for i, row := range rows {
		accounts[i] = account.Account(row)
	}
	return accounts, err
}

// Parties are in whose name a customer's invoices are from now on, and who pays them.
type Parties struct{ Addressee, Payer Customer }

// Parties are those of a customer: the customer, unless an account above takes it over.
func (q Queries) Parties(ctx context.Context, owner Customer) (Parties, error) {
	if owner.ParentID == nil {
		return Parties{Addressee: owner, Payer: owner}, nil
	}
	accounts, err := q.AccountsAbove(ctx, owner.ID)
	if err != nil {
		return Parties{}, err
	}
	hierarchy, err := account.NewHierarchy(accounts)
	if err != nil {
		return Parties{}, err
	}
	to, err := hierarchy.InvoicedTo(owner.ID)
	if err != nil {
		return Parties{}, err
	}
	payer, err := hierarchy.Payer(owner.ID)
	if err != nil {
		return Parties{}, err
	}
	var parties Parties
	if parties.Addressee, err = q.Customer(ctx, to); err != nil {
		return Parties{}, err
	}
	parties.Payer, err = q.Customer(ctx, payer)
	return parties, err
}

// LockAccounts keeps everybody else from changing who is above whom among a legal entity's customers, until the transaction
// ends. Invoices can be issued meanwhile.
func (tx Tx) LockAccounts(ctx context.Context, entityID string) error {
	_, err := one[accountsOf](ctx, tx.db, fmt.Sprintf("legal entity %q", entityID),
		`SELECT id FROM legal_entity WHERE id = $1 FOR NO KEY UPDATE`, entityID)
	return err
}

type accountsOf struct {
	EntityID string `db:"id"`
}

// SetAccount changes who is above a customer, and who gets and pays the invoices from now on.
func (tx Tx) SetAccount(ctx context.Context, a account.Account) error {
	_, err := tx.exec(ctx, "set account of customer "+a.ID, `
		UPDATE customer SET parent_id = NULLIF($2, ''), invoiced_to = $3, paid_by = $4 WHERE id = $1`,
		a.ID, a.ParentID, ownerOr(a.InvoicedTo), ownerOr(a.PaidBy))
	return err
}

func ownerOr(o account.Owner) account.Owner {
	if o == "" {
		return account.Self
	}
	return o
}

// InvoicePart is a subscription that an invoice is for, and whose it was when the invoice was issued.
type InvoicePart struct {
	SubscriptionID string `db:"subscription_id" json:"subscription_id"`
	OwnerID        string `db:"owner_id" json:"owner_id"`
	// Key is the business identity of what the subscription brought: the invoice's, if it is for no other.
	Key string `db:"part_key" json:"-"`
}

// InvoiceParts lists the subscriptions that an invoice is for, by id.
func (q Queries) InvoiceParts(ctx context.Context, invoiceID string) ([]InvoicePart, error) {
	return many[InvoicePart](ctx, q.db, "subscriptions of invoice "+invoiceID,
		`SELECT subscription_id, owner_id, part_key FROM invoice_part WHERE invoice_id = $1 ORDER BY subscription_id`, invoiceID)
}

// familyOf are, as an array for SQL, the customers who share a parent with a customer (an expression of SQL), whoever is above
// whom: what one of them does may be about an invoice of another.
func familyOf(customer string) string {
	return `ARRAY(WITH RECURSIVE family (id) AS (
			(` + topOf(customer) + `)
			UNION SELECT c.id FROM customer c JOIN family f ON c.parent_id = f.id
		) SELECT id FROM family)`
}

// topOf selects the customer without a parent at the top of a customer's family.
func topOf(customer string) string {
	return `WITH RECURSIVE above (id, parent_id) AS (
			SELECT id, parent_id FROM customer WHERE id = ` + customer + `
			UNION SELECT c.id, c.parent_id FROM customer c JOIN above a ON c.id = a.parent_id
		) SELECT id FROM above WHERE parent_id IS NULL`
}
