package service

import (
	"context"
	"errors"

	"go.temporal.io/api/serviceerror"

	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// RetryPayment makes the attempt that follows a failed one now, instead of when the collection's schedule says, and answers
// with it. If it was made already, that is the answer: asking again charges nobody again.
func (s *Service) RetryPayment(ctx context.Context, paymentID string) (Payment, error) {
	failed, err := s.Payment(ctx, paymentID)
	if err != nil {
		return Payment{}, err
	}
	if next, err := s.attemptAfter(ctx, failed); err != nil || next != nil {
		return s.madeAfter(ctx, next, err)
	}
	if failed.Status != store.PaymentFailed {
		return Payment{}, refused("payment_not_failed", "payment %s is %s: only one that failed can be made again", paymentID, failed.Status)
	}
	invoice, err := s.store.Invoice(ctx, failed.InvoiceID)
	if err != nil {
		return Payment{}, err
	}
	if err := s.beingCollected(ctx, invoice); err != nil {
		return Payment{}, err
	}
	customer, err := s.store.Customer(ctx, failed.CustomerID)
	if err != nil {
		return Payment{}, err
	}
	at, err := s.now(ctx, customer)
	if err != nil {
		return Payment{}, err
	}
	status, err := s.clientOf(customer).RetryNow(ctx, invoice.ID, paymentID, at)
	if _, ended := errors.AsType[*serviceerror.NotFound](err); ended {
		return Payment{}, refused("collection_not_running", "invoice %s is not being collected at the moment: ask again", invoice.ID)
	}
	if err != nil {
		return Payment{}, answered(err)
	}
	next, err := s.attemptAfter(ctx, failed)
	if err == nil && next == nil {
		return Payment{}, s.notTried(invoice, status)
	}
	return s.madeAfter(ctx, next, err)
}

// attemptAfter is the latest attempt to collect an invoice, if it came after a given one.
func (s *Service) attemptAfter(ctx context.Context, than Payment) (*store.Payment, error) {
	last, err := s.lastPayment(ctx, than.InvoiceID)
	if err != nil || last == nil || last.Attempt <= than.Attempt {
		return nil, err
	}
	return last, nil
}

func (s *Service) madeAfter(ctx context.Context, next *store.Payment, err error) (Payment, error) {
	if err != nil {
		return Payment{}, err
	}
	return s.Payment(ctx, next.ID)
}

// notTried says why a collection made no attempt.
func (*Service) notTried(invoice store.Invoice, status message.PaymentStatus) error {
	switch status {
	case message.Announced:
		return refused("debit_announced",
			"nothing was tried for invoice %s: its customer was told of the debit, which may be made when the notice is over", invoice.ID)
	case message.Paid:
		return refused("invoice_not_open", "nothing is to be paid on invoice %s any more", invoice.ID)
	}
	return refused("no_payment_method", "nothing was tried for invoice %s: no payment method of the customer may be charged for it; set another one", invoice.ID)
}
