package service

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// applyRefund starts the workflow of a refund of ours again, which asks the provider how it stands. Refunds that were not
// made by us are for the reconciliation to find.
func (s *Service) applyRefund(ctx context.Context, kept store.InboundEvent, event stripeEvent) (verdict, error) {
	var about stripe.Refund
	if err := json.Unmarshal(event.Data.Object, &about); err != nil {
		return hopeless("its refund cannot be read: %s", err), nil
	}
	row, err := s.store.RefundByProviderID(ctx, about.ID)
	if id := about.Metadata["refund"]; errors.Is(err, store.ErrNotFound) && checkID(id) == nil {
		row, err = s.store.Refund(ctx, id) // the event was faster than our record
	}
	if errors.Is(err, store.ErrNotFound) {
		return ignored("it is not about one of our refunds"), nil
	}
	if err != nil {
		return verdict{}, err
	}
	payment, err := s.store.ListedPayment(ctx, row.PaymentID)
	if err != nil {
		return verdict{}, err
	}
	at, err := s.eventTime(ctx, payment.CustomerID, kept.OccurredAt)
	if err != nil {
		return verdict{}, err
	}
	return applied("refund %s was told", row.ID), s.client.RefundNews(ctx, refundInput(row), message.PaymentNews{At: at, Reason: kept.Type})
}

// refundInput is what a recorded refund was asked for with.
func refundInput(row store.Refund) message.RefundInput {
	return message.RefundInput{
		RefundID: row.ID, PaymentID: row.PaymentID, Amount: money.New(row.Amount, row.Currency), Goodwill: row.Goodwill,
		Reason: row.Reason, At: row.AskedAt,
	}
}
