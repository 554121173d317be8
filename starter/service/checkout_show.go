package service

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/internal/store"
)

// CheckoutQuery narrows a list of checkouts; empty fields do not.
type CheckoutQuery struct {
	Customer, Invoice, Status string
	// After continues after a checkout id.
	After string
	Limit int
}

var checkoutStatuses = []string{store.CheckoutOpen, store.CheckoutComplete, store.CheckoutExpired}

// Checkout reads a checkout. The address of its page is asked of the provider, which alone keeps it.
func (s *Service) Checkout(ctx context.Context, id string) (Checkout, error) {
	row, err := s.checkout(ctx, id)
	if err != nil || row.Status != store.CheckoutOpen || row.ProviderSession == nil || s.stripe == nil {
		return Checkout{Checkout: row}, err
	}
	session, err := s.stripe.CheckoutSessions.Get(*row.ProviderSession, &stripe.CheckoutSessionParams{Params: stripe.Params{Context: ctx}})
	if err != nil {
		return Checkout{}, fmt.Errorf("read checkout session %s: %w", *row.ProviderSession, err)
	}
	return Checkout{Checkout: row, URL: session.URL}, nil
}

func (s *Service) checkout(ctx context.Context, id string) (store.Checkout, error) {
	if checkID(id) != nil {
		return store.Checkout{}, notFound("checkout %.60q: not found", id)
	}
	row, err := s.store.Checkout(ctx, id)
	return row, named(err)
}

// Checkouts lists checkouts by when they were created.
func (s *Service) Checkouts(ctx context.Context, q CheckoutQuery) (Page[store.Checkout], error) {
	if err := s.checkFilters(ctx, map[string]string{"customer": q.Customer, "invoice": q.Invoice, "after": q.After}); err != nil {
		return Page[store.Checkout]{}, err
	}
	if q.Status != "" && !slices.Contains(checkoutStatuses, q.Status) {
		return Page[store.Checkout]{}, invalid("status", "%.60q is not a status: use %s", q.Status, strings.Join(checkoutStatuses, ", "))
	}
	limit, err := pageSize(q.Limit)
	if err != nil {
		return Page[store.Checkout]{}, err
	}
	if q.After != "" {
		if _, err := s.store.Checkout(ctx, q.After); err != nil {
			return Page[store.Checkout]{}, inRequest("after", named(err))
		}
	}
	rows, err := s.store.Checkouts(ctx, store.CheckoutFilter{
		CustomerID: q.Customer, InvoiceID: q.Invoice, Status: q.Status, After: q.After, Limit: limit + 1,
	})
	return page(rows, limit, func(c store.Checkout) string { return c.ID }), err
}

// ExpireCheckout closes a page that is open. One that has ended stays as it ended, which is the answer.
func (s *Service) ExpireCheckout(ctx context.Context, id string) (Checkout, error) {
	row, err := s.checkout(ctx, id)
	if err != nil || row.Status != store.CheckoutOpen {
		return Checkout{Checkout: row}, err
	}
	customer, err := s.store.Customer(ctx, row.CustomerID)
	if err != nil {
		return Checkout{}, err
	}
	at, err := s.now(ctx, customer)
	if err != nil {
		return Checkout{}, err
	}
	if _, err := s.client.ExpireCheckout(ctx, checkoutInput(row), at); err != nil {
		return Checkout{}, answered(err)
	}
	return s.Checkout(ctx, id)
}
