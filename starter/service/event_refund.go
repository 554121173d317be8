package service

import (
	"context"
	"errors"
	"time"

	"github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// refundNews starts the workflow of a refund of ours again, which asks the provider how it stands. Refunds that were not
// made by us are for the reconciliation to find.
func (s *Service) refundNews(ctx context.Context, kept store.InboundEvent) error {
	var about stripe.Refund
	event, err := readEvent(kept, &about)
	if err != nil {
		return err
	}
	row, err := s.store.RefundByProviderID(ctx, about.ID)
	if id := about.Metadata["refund"]; errors.Is(err, store.ErrNotFound) && checkID(id) == nil {
		row, err = s.store.Refund(ctx, id) // the event was faster than our record
	}
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	payment, err := s.store.ListedPayment(ctx, row.PaymentID)
	if err != nil {
		return err
	}
	at, err := s.eventTime(ctx, payment.CustomerID, time.Unix(event.Created, 0).UTC())
	if err != nil {
		return err
	}
	return s.client.RefundNews(ctx, refundInput(row), message.PaymentNews{At: at, Reason: kept.Type})
}

// refundInput is what a recorded refund was asked for with.
func refundInput(row store.Refund) message.RefundInput {
	return message.RefundInput{
		RefundID: row.ID, PaymentID: row.PaymentID, Amount: money.New(row.Amount, row.Currency), Goodwill: row.Goodwill,
		Reason: row.Reason, At: row.AskedAt,
	}
}
