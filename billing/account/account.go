// Package account says who gets an invoice, who pays it, and what is billed together: customers can be children of other
// customers, as the branches of a company, and one invoice can carry several subscriptions.
package account

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Owner is who takes something over for an account: the account itself or the one above it.
type Owner string

// Owners. Self is the zero value's meaning.
const (
	Self   Owner = "self"
	Parent Owner = "parent"
)

// Account is a customer in a hierarchy.
type Account struct {
	ID string `json:"id"`
	// ParentID is empty at the top.
	ParentID string `json:"parent,omitzero"`
	// InvoicedTo is whose name is on the invoices, PaidBy whose payment method pays them. Self if empty. They are independent:
	// a branch can have invoices of its own that headquarters pay. Both can point further up, step by step.
	InvoicedTo Owner `json:"invoiced_to,omitzero"`
	PaidBy     Owner `json:"paid_by,omitzero"`
}

func (a Account) check() error {
	if a.ID == "" {
		return errors.New("id is required")
	}
	for _, rule := range []struct {
		field string
		owner Owner
	}{{"invoiced_to", a.InvoicedTo}, {"paid_by", a.PaidBy}} {
		switch rule.owner {
		case "", Self:
		case Parent:
			if a.ParentID == "" {
				return fmt.Errorf("account %q: %s is parent, but it has no parent", a.ID, rule.field)
			}
		default:
			return fmt.Errorf("account %q: %s %.40q must be one of %s, %s", a.ID, rule.field, rule.owner, Self, Parent)
		}
	}
	return nil
}

// Hierarchy is a set of accounts without gaps and cycles.
type Hierarchy struct{ byID map[string]Account }

// NewHierarchy checks the accounts: ids are unique, parents exist, and nobody is above themselves. The error names the
// account; that of a cycle lists it.
func NewHierarchy(accounts []Account) (Hierarchy, error) {
	h := Hierarchy{byID: make(map[string]Account, len(accounts))}
	for _, a := range accounts {
		if err := a.check(); err != nil {
			return Hierarchy{}, err
		}
		if _, twice := h.byID[a.ID]; twice {
			return Hierarchy{}, fmt.Errorf("account %q is there twice", a.ID)
		}
		h.byID[a.ID] = a
	}
	for _, a := range accounts {
		if err := h.checkAbove(a); err != nil {
			return Hierarchy{}, err
		}
	}
	return h, nil
}

func (h Hierarchy) checkAbove(a Account) error {
	path := []string{a.ID}
	for a.ParentID != "" {
		parent, found := h.byID[a.ParentID]
		if !found {
			return fmt.Errorf("account %q: its parent %q does not exist", a.ID, a.ParentID)
		}
		again := slices.Contains(path, parent.ID)
		path = append(path, parent.ID)
		if again {
			return fmt.Errorf("accounts are above themselves: %s", strings.Join(path, " → "))
		}
		a = parent
	}
	return nil
}

// InvoicedTo is the account whose name is on an account's invoices.
func (h Hierarchy) InvoicedTo(id string) (string, error) {
	return h.climb(id, func(a Account) Owner { return a.InvoicedTo })
}

// Payer is the account that pays an account's invoices.
func (h Hierarchy) Payer(id string) (string, error) {
	return h.climb(id, func(a Account) Owner { return a.PaidBy })
}

func (h Hierarchy) climb(id string, owner func(Account) Owner) (string, error) {
	a, found := h.byID[id]
	if !found {
		return "", fmt.Errorf("account %q does not exist", id)
	}
	for owner(a) == Parent {
		a = h.byID[a.ParentID]
	}
	return a.ID, nil
}
