package service

import (
	"context"
	"errors"

	"github.com/perennial-billing/perennial/internal/store"
)

// NewCustomer asks for a customer.
type NewCustomer struct {
	ID             string `json:"id" doc:"Your id: 1 to 100 letters, digits, '_', '.' or '-'." example:"cus_42"`
	Entity         string `json:"entity" doc:"The legal entity that sells to this customer." example:"acme"`
	Name           string `json:"name" example:"Erika Mustermann"`
	Email          string `json:"email" doc:"Where invoices and receipts are sent." example:"erika@example.com"`
	Country        string `json:"country" doc:"ISO 3166-1 alpha-2; it decides the tax." example:"DE"`
	PostalCode     string `json:"postal_code,omitempty" doc:"Decides the tax in places such as the Canary Islands." example:"10115"`
	Zone           string `json:"zone" doc:"IANA time zone; billing periods begin at its local midnight." example:"Europe/Berlin"`
	Currency       string `json:"currency" doc:"ISO 4217." example:"EUR"`
	Locale         string `json:"locale,omitempty" doc:"BCP 47, for documents; en when empty." example:"de-DE"`
	Business       bool   `json:"business,omitempty" doc:"Buys as a business."`
	TaxID          string `json:"tax_id,omitempty" doc:"VAT id of the EU or the UK." example:"DE136695976"`
	TaxIDValidated bool   `json:"tax_id_validated,omitempty" doc:"An authority (VIES, HMRC) confirmed the VAT id: only then is the tax reversed."`
	TestClock      string `json:"test_clock,omitempty" doc:"A test clock that gives the customer a time of its own."`
	PaymentMethod  string `json:"payment_method,omitempty" doc:"The payment provider's token." example:"pm_card_visa"`
	Account
}

// Customer is a customer with the payment methods in the order in which they are charged.
type Customer struct {
	store.Customer
	PaymentMethods []store.PaymentMethod `json:"payment_methods"`
	// MailSuppression is why no mail is sent to the customer's address.
	MailSuppression *store.MailSuppression `json:"mail_suppression,omitempty"`
}

// CreateCustomer records a customer. Repeating it with the same content answers the same; other content under a known
// id is a Conflict.
func (s *Service) CreateCustomer(ctx context.Context, in NewCustomer) (Customer, error) {
	wanted, err := s.checkCustomer(ctx, in)
	if err != nil {
		return Customer{}, err
	}
	if in.PaymentMethod != "" {
		if err := s.checkOwner(ctx, wanted.ID, in.PaymentMethod); err != nil {
			return Customer{}, err
		}
	}
	err = s.store.Tx(ctx, func(tx store.Tx) error {
		alone := wanted
		alone.ParentID, alone.InvoicedTo, alone.PaidBy = nil, "", ""
		if err := tx.AddCustomer(ctx, alone); err != nil {
			return err
		}
		if err := setAccount(ctx, tx, wanted, in.Account); err != nil || in.PaymentMethod == "" {
			return err
		}
		return tx.ReplacePaymentMethod(ctx, newMethod(wanted.ID, in.PaymentMethod, 1, wanted.CreatedAt))
	})
	if errors.Is(err, store.ErrExists) {
		err = s.sameCustomer(ctx, wanted)
	}
	if err != nil {
		return Customer{}, err
	}
	return s.Customer(ctx, wanted.ID)
}

func (s *Service) sameCustomer(ctx context.Context, wanted store.Customer) error {
	existing, err := s.store.Customer(ctx, wanted.ID)
	if err != nil {
		return err
	}
	existing.CreatedAt, existing.ProviderCustomerID = wanted.CreatedAt, nil
	same, err := sameJSON(existing, wanted)
	if err == nil && !same {
		return conflict("customer_exists", "customer %s exists with other data: choose another id", wanted.ID)
	}
	return err
}

// Customer reads a customer.
func (s *Service) Customer(ctx context.Context, id string) (Customer, error) {
	row, err := s.customer(ctx, id)
	if err != nil {
		return Customer{}, err
	}
	found := Customer{Customer: row}
	if found.PaymentMethods, err = s.store.ShownMethods(ctx, id); err != nil {
		return Customer{}, err
	}
	stopped, err := s.store.MailSuppression(ctx, id)
	if err == nil {
		found.MailSuppression = &stopped
	} else if !errors.Is(err, store.ErrNotFound) {
		return Customer{}, err
	}
	return found, nil
}

// SetEmail changes the address that a customer's mail goes to. Mail that had been stopped because the address before was
// dead, or did not want it, goes out again from here on, also if the address stays the same.
func (s *Service) SetEmail(ctx context.Context, customerID, email string) (Customer, error) {
	if err := checkEmail(email); err != nil {
		return Customer{}, invalid("email", "%s", err)
	}
	if _, err := s.customer(ctx, customerID); err != nil {
		return Customer{}, err
	}
	err := s.store.Tx(ctx, func(tx store.Tx) error { return tx.SetCustomerEmail(ctx, customerID, email, s.wallNow()) })
	if err != nil {
		return Customer{}, err
	}
	return s.Customer(ctx, customerID)
}

func (s *Service) customer(ctx context.Context, id string) (store.Customer, error) {
	if checkID(id) != nil {
		return store.Customer{}, notFound("customer %.60q: not found", id)
	}
	row, err := s.store.Customer(ctx, id)
	return row, named(err)
}

// customerOf reads the customer whom a request names in its field "customer".
func (s *Service) customerOf(ctx context.Context, id string) (store.Customer, error) {
	row, err := s.customer(ctx, id)
	return row, inRequest("customer", err)
}

// Customers lists an entity's customers (all when empty) by id.
func (s *Service) Customers(ctx context.Context, entityID, after string, limit int) (Page[store.Customer], error) {
	if err := s.checkFilters(ctx, map[string]string{"entity": entityID, "after": after}); err != nil {
		return Page[store.Customer]{}, err
	}
	limit, err := pageSize(limit)
	if err != nil {
		return Page[store.Customer]{}, err
	}
	rows, err := s.store.Customers(ctx, entityID, after, limit+1)
	return page(rows, limit, func(c store.Customer) string { return c.ID }), err
}
