// Package account says who gets an invoice, who pays it, and what is billed together: customers can be children of other
// customers, as the branches of a company, and one invoice can carry several subscriptions.
package account

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/perennial-billing/perennial/billing/money"
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

// Billable is a subscription that is due to be billed.
type Billable struct {
	SubscriptionID string
	CustomerID     string
	// EntityID is the seller: two legal entities never share an invoice.
	EntityID string
	Currency money.Currency
	// BillingGroup and PONumber keep subscriptions apart that are to have invoices of their own. Empty is a group like any other.
	BillingGroup string
	PONumber     string
}

// Group is what is on one invoice together.
type Group struct {
	EntityID     string
	InvoicedTo   string
	PaidBy       string
	Currency     money.Currency
	BillingGroup string
	PONumber     string
	// Subscriptions are in the order of their ids.
	Subscriptions []string
}

// Consolidate groups what is due: the same seller, addressee, payer, currency, billing group and purchase order share an
// invoice. The order of the argument does not matter; a subscription that is there twice is an error.
func (h Hierarchy) Consolidate(due []Billable) ([]Group, error) {
	var groups []Group
	sorted := slices.SortedFunc(slices.Values(due), func(a, b Billable) int { return strings.Compare(a.SubscriptionID, b.SubscriptionID) })
	for i, b := range sorted {
		if i > 0 && sorted[i-1].SubscriptionID == b.SubscriptionID {
			return nil, fmt.Errorf("subscription %q is due twice", b.SubscriptionID)
		}
		group, err := h.group(b)
		if err != nil {
			return nil, fmt.Errorf("subscription %q: %w", b.SubscriptionID, err)
		}
		at, found := slices.BinarySearchFunc(groups, group, Group.compare)
		if !found {
			groups = slices.Insert(groups, at, group)
		}
		groups[at].Subscriptions = append(groups[at].Subscriptions, b.SubscriptionID)
	}
	return groups, nil
}

func (h Hierarchy) group(b Billable) (Group, error) {
	to, err := h.InvoicedTo(b.CustomerID)
	if err != nil {
		return Group{}, err
	}
	payer, err := h.Payer(b.CustomerID)
	if err != nil {
		return Group{}, err
	}
	return Group{
		EntityID: b.EntityID, InvoicedTo: to, PaidBy: payer, Currency: b.Currency, BillingGroup: b.BillingGroup, PONumber: b.PONumber,
	}, nil
}

func (g Group) compare(o Group) int {
	return cmp.Or(
		cmp.Compare(g.EntityID, o.EntityID), cmp.Compare(g.InvoicedTo, o.InvoicedTo), cmp.Compare(g.PaidBy, o.PaidBy),
		cmp.Compare(g.Currency, o.Currency), cmp.Compare(g.BillingGroup, o.BillingGroup), cmp.Compare(g.PONumber, o.PONumber),
	)
}
