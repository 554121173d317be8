package service

import (
	"context"
	"slices"
	"strings"

	"github.com/perennial-billing/perennial/internal/store"
)

// DisputeQuery narrows a list of disputes; empty fields do not.
type DisputeQuery struct {
	Entity, Customer, Payment, Status string
	// After continues after a dispute id.
	After string
	Limit int
}

// Dispute is a dispute with whose payment it takes back.
type Dispute struct {
	store.Dispute
	EntityID   string `json:"entity_id"`
	CustomerID string `json:"customer_id"`
	InvoiceID  string `json:"invoice_id"`
}

// Disputes lists disputes by when they were opened.
func (s *Service) Disputes(ctx context.Context, q DisputeQuery) (Page[store.Dispute], error) {
	err := s.checkFilters(ctx, map[string]string{"entity": q.Entity, "customer": q.Customer, "payment": q.Payment, "after": q.After})
	if err != nil {
		return Page[store.Dispute]{}, err
	}
	if q.Status != "" && !slices.Contains(store.DisputeStatuses, q.Status) {
		return Page[store.Dispute]{}, invalid("status", "%.60q is not a status: use %s", q.Status, strings.Join(store.DisputeStatuses, ", "))
	}
	limit, err := pageSize(q.Limit)
	if err != nil {
		return Page[store.Dispute]{}, err
	}
	if q.After != "" {
		if _, err := s.store.Dispute(ctx, q.After); err != nil {
			return Page[store.Dispute]{}, inRequest("after", named(err))
		}
	}
	rows, err := s.store.Disputes(ctx, store.DisputeFilter{
		EntityID: q.Entity, CustomerID: q.Customer, PaymentID: q.Payment, Status: q.Status, After: q.After, Limit: limit + 1,
	})
	return page(rows, limit, func(d store.Dispute) string { return d.ID }), err
}

// Dispute reads a dispute.
func (s *Service) Dispute(ctx context.Context, id string) (Dispute, error) {
	if checkID(id) != nil {
		return Dispute{}, notFound("dispute %.60q: not found", id)
	}
	row, err := s.store.Dispute(ctx, id)
	if err != nil {
		return Dispute{}, named(err)
	}
	payment, err := s.store.ListedPayment(ctx, row.PaymentID)
	return Dispute{Dispute: row, EntityID: payment.EntityID, CustomerID: payment.CustomerID, InvoiceID: payment.InvoiceID}, err
}
