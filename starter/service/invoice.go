package service

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/perennial-billing/perennial/internal/store"
)

// InvoiceQuery narrows a list of invoices; empty fields do not.
type InvoiceQuery struct {
	Entity, Customer, Subscription, Status string
	// After continues after an invoice id.
	After string
	Limit int
}

// Invoice is an invoice with its lines, the attempts to collect it, and where its collection stands if it is unpaid.
type Invoice struct {
	store.Invoice
	Lines    []store.InvoiceLine `json:"lines"`
	Payments []store.Payment     `json:"payments"`
	Dunning  *store.Dunning      `json:"dunning,omitempty"`
}

var invoiceStatuses = []string{"open", "paid", "void", "uncollectible"}

// Invoices lists invoices by date of issue.
func (s *Service) Invoices(ctx context.Context, q InvoiceQuery) (Page[store.Invoice], error) {
	err := s.checkFilters(ctx, map[string]string{"entity": q.Entity, "customer": q.Customer, "subscription": q.Subscription, "after": q.After})
	if err != nil {
		return Page[store.Invoice]{}, err
	}
	if q.Status != "" && !slices.Contains(invoiceStatuses, q.Status) {
		return Page[store.Invoice]{}, invalid("status", "%.60q is not a status: use %s", q.Status, strings.Join(invoiceStatuses, ", "))
	}
	limit, err := pageSize(q.Limit)
	if err != nil {
		return Page[store.Invoice]{}, err
	}
	if q.After != "" {
		if _, err := s.store.Invoice(ctx, q.After); err != nil {
			return Page[store.Invoice]{}, inRequest("after", named(err))
		}
	}
	rows, err := s.store.Invoices(ctx, store.InvoiceFilter{
		EntityID: q.Entity, CustomerID: q.Customer, SubscriptionID: q.Subscription, Status: q.Status, After: q.After, Limit: limit + 1,
	})
	return page(rows, limit, func(i store.Invoice) string { return i.ID }), err
}

// InvoiceByPageKey reads the invoice whose page a link leads to.
func (s *Service) InvoiceByPageKey(ctx context.Context, key string) (store.Invoice, error) {
	if checkID(key) != nil {
		return store.Invoice{}, notFound("invoice page: not found")
	}
	found, err := s.store.InvoiceByPageKey(ctx, key)
	return found, named(err)
}

// Invoice reads an invoice with everything about it.
func (s *Service) Invoice(ctx context.Context, id string) (Invoice, error) {
	if checkID(id) != nil {
		return Invoice{}, notFound("invoice %.60q: not found", id)
	}
	var invoice Invoice
	var err error
	if invoice.Invoice, err = s.store.Invoice(ctx, id); err != nil {
		return Invoice{}, named(err)
	}
	if invoice.Parts, err = s.store.InvoiceParts(ctx, id); err != nil {
		return Invoice{}, err
	}
	if invoice.Lines, err = s.store.InvoiceLines(ctx, id); err != nil {
		return Invoice{}, err
	}
	if invoice.Payments, err = s.store.Payments(ctx, id); err != nil {
		return Invoice{}, err
	}
	dunning, err := s.store.Dunning(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return invoice, nil
	}
	invoice.Dunning = &dunning
	return invoice, err
}
