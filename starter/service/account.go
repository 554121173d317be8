package service

import (
	"context"
	"errors"
	"slices"

	"github.com/perennial-billing/perennial/billing/account"
	"github.com/perennial-billing/perennial/internal/store"
)

// Account asks who is above a customer, in whose name the customer's invoices are, and who pays them.
type Account struct {
	Parent     string `json:"parent,omitempty" doc:"The customer above, such as the headquarters of a branch; nobody when empty." example:"cus_hq"`
	InvoicedTo string `json:"invoiced_to,omitempty" doc:"In whose name invoices are: self or parent, who may say parent, too. self when empty." example:"self"`
	PaidBy     string `json:"paid_by,omitempty" doc:"Whose payment methods pay invoices: self or parent. self when empty." example:"parent"`
}

// SetAccount changes who is above a customer, and who gets and pays the invoices that are issued from now on. Those that were
// issued stay with whom they were. Repeating it changes nothing.
func (s *Service) SetAccount(ctx context.Context, customerID string, in Account) (Customer, error) {
	customer, err := s.customer(ctx, customerID)
	if err != nil {
		return Customer{}, err
	}
	if err := s.store.Tx(ctx, func(tx store.Tx) error { return setAccount(ctx, tx, customer, in) }); err != nil {
		return Customer{}, err
	}
	return s.Customer(ctx, customerID)
}

// setAccount puts a customer below another, unless that would put somebody above themselves. Whoever changes the accounts of
// a seller waits for the one before.
func setAccount(ctx context.Context, tx store.Tx, customer store.Customer, in Account) error {
	if err := tx.LockAccounts(ctx, customer.EntityID); err != nil {
		return err
	}
	wanted := account.Account{ID: customer.ID, ParentID: in.Parent, InvoicedTo: account.Owner(in.InvoicedTo), PaidBy: account.Owner(in.PaidBy)}
	all := []account.Account{wanted}
	if in.Parent != "" {
		if err := checkParent(ctx, tx, customer, in.Parent); err != nil {
			return err
		}
		above, err := tx.AccountsAbove(ctx, in.Parent)
		if err != nil {
			return err
		}
		all = append(all, slices.DeleteFunc(above, func(a account.Account) bool { return a.ID == customer.ID })...)
	}
	if _, err := account.NewHierarchy(all); err != nil {
		return refused("account_invalid", "%s", err)
	}
	return tx.SetAccount(ctx, wanted)
}

// checkParent refuses a parent of another seller, or one who lives in another time.
func checkParent(ctx context.Context, tx store.Tx, customer store.Customer, id string) error {
	if err := checkID(id); err != nil {
		return invalid("parent", "%s", err)
	}
	parent, err := tx.Customer(ctx, id)
	clock := func(c store.Customer) string {
		if c.TestClockID == nil {
			return ""
		}
		return *c.TestClockID
	}
	switch {
	case errors.Is(err, store.ErrNotFound):
		return invalid("parent", "%s", err)
	case err != nil:
		return err
	case parent.EntityID != customer.EntityID:
		return refused("entity_mismatch", "customer %s belongs to %s, not to %s: a parent buys from the same seller", parent.ID, parent.EntityID, customer.EntityID)
	case clock(parent) != clock(customer):
		return refused("clocks_mixed", "customers %s and %s do not live in the same time: parent and child are on one test clock, or on none", parent.ID, customer.ID)
	}
	return nil
}
