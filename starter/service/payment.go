package service

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// PaymentQuery narrows a list of payments; empty fields do not.
type PaymentQuery struct {
	Entity, Customer, Invoice, Status string
	// After continues after a payment id.
	After string
	Limit int
}

// Payment is a payment with what went back of it.
type Payment struct {
	store.ListedPayment
	Refunds []store.Refund `json:"refunds"`
}

// NewRefund asks for a refund. It pays out credit of the customer's, which the correction of an invoice has made, through
// the payment the money came from; out of goodwill also without credit.
type NewRefund struct {
	ID       string `json:"id" doc:"Your id: it makes repeating the request safe." example:"ref_42"`
	Amount   int64  `json:"amount,omitempty" doc:"Minor units of the payment's currency; all that is left of the payment when absent." example:"500"`
	Goodwill bool   `json:"goodwill,omitempty" doc:"Pay without credit, out of revenue. It corrects no invoice and leaves the tax as it is."`
	Reason   string `json:"reason,omitempty" doc:"Why, for the record; required with goodwill." example:"outage of 3 March"`
}

var paymentStatuses = []string{
	store.PaymentPending, store.PaymentProcessing, store.PaymentRequiresAction, store.PaymentSucceeded, store.PaymentFailed,
}

// Payments lists attempts to collect invoices by when they were made.
func (s *Service) Payments(ctx context.Context, q PaymentQuery) (Page[store.ListedPayment], error) {
	err := s.checkFilters(ctx, map[string]string{"entity": q.Entity, "customer": q.Customer, "invoice": q.Invoice, "after": q.After})
	if err != nil {
		return Page[store.ListedPayment]{}, err
	}
	if q.Status != "" && !slices.Contains(paymentStatuses, q.Status) {
		return Page[store.ListedPayment]{}, invalid("status", "%.60q is not a status: use %s", q.Status, strings.Join(paymentStatuses, ", "))
	}
	limit, err := pageSize(q.Limit)
	if err != nil {
		return Page[store.ListedPayment]{}, err
	}
	if q.After != "" {
		if _, err := s.store.Payment(ctx, q.After); err != nil {
			return Page[store.ListedPayment]{}, inRequest("after", named(err))
		}
	}
	rows, err := s.store.ListedPayments(ctx, store.PaymentFilter{
		EntityID: q.Entity, CustomerID: q.Customer, InvoiceID: q.Invoice, Status: q.Status, After: q.After, Limit: limit + 1,
	})
	return page(rows, limit, func(p store.ListedPayment) string { return p.ID }), err
}

// Payment reads a payment with its refunds.
func (s *Service) Payment(ctx context.Context, id string) (Payment, error) {
	if checkID(id) != nil {
		return Payment{}, notFound("payment %.60q: not found", id)
	}
	row, err := s.store.ListedPayment(ctx, id)
	if err != nil {
		return Payment{}, named(err)
	}
	refunds, err := s.store.Refunds(ctx, id)
	if refunds == nil {
		refunds = []store.Refund{}
	}
	return Payment{ListedPayment: row, Refunds: refunds}, err
}

// RefundPayment refunds a payment in full or in part and answers when the provider has. Repeating it with the same id
// answers how that refund stands.
func (s *Service) RefundPayment(ctx context.Context, paymentID string, in NewRefund) (store.Refund, error) {
	payment, err := s.Payment(ctx, paymentID)
	if err != nil {
		return store.Refund{}, err
	}
	request, err := s.checkRefund(ctx, payment, in)
	if err != nil {
		return store.Refund{}, err
	}
	customer, err := s.store.Customer(ctx, payment.CustomerID)
	if err != nil {
		return store.Refund{}, err
	}
	if request.At, err = s.now(ctx, customer); err != nil {
		return store.Refund{}, err
	}
	if _, err := s.client.Refund(ctx, request); err != nil {
		err = answered(err)
		if e, ok := errors.AsType[*Error](err); ok && e.Code == "refund_id_reused" {
			e.Kind = Conflict
		}
		return store.Refund{}, err
	}
	return s.store.Refund(ctx, request.RefundID)
}

// checkRefund completes a request with what it leaves open.
func (s *Service) checkRefund(ctx context.Context, payment Payment, in NewRefund) (message.RefundInput, error) {
	var p problems
	if in.ID != "" {
		p.check("id", checkID(in.ID))
	}
	if in.Amount < 0 {
		p.add("amount", "%d is negative: give what is to go back in minor units", in.Amount)
	}
	if in.Reason != "" {
		p.check("reason", checkText(in.Reason, longestReason))
	} else if in.Goodwill {
		p.add("reason", "is required for a refund out of goodwill, which corrects no invoice")
	}
	if err := p.err(); err != nil {
		return message.RefundInput{}, err
	}
	amount := in.Amount
	if amount == 0 {
		amount = payment.Amount - payment.Refunded
	}
	if in.ID == "" {
		var err error
		if in.ID, err = nextRefund(payment); err != nil {
			return message.RefundInput{}, err
		}
	} else if known, err := s.store.Refund(ctx, in.ID); err == nil && in.Amount == 0 {
		amount = known.Amount // a repetition asks for what was asked for
	} else if err != nil && !errors.Is(err, store.ErrNotFound) {
		return message.RefundInput{}, err
	}
	return message.RefundInput{
		RefundID: in.ID, PaymentID: payment.ID, Amount: money.New(amount, payment.Currency), Goodwill: in.Goodwill, Reason: in.Reason,
	}, nil
}

// nextRefund is the id of a payment's next refund. While one is under way, a request without an id may be its repetition.
func nextRefund(payment Payment) (string, error) {
	for _, r := range payment.Refunds {
		if r.Status == store.RefundPending {
			return "", refused("refund_under_way", "refund %s of payment %s is under way: name it to ask how it stands, or give another an id of its own",
				r.ID, payment.ID)
		}
	}
	return fmt.Sprintf("%s-%d", payment.ID, len(payment.Refunds)+1), nil
}
