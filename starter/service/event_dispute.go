package service

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// applyDispute starts the workflow of a dispute, which asks the provider how it stands.
func (s *Service) applyDispute(ctx context.Context, kept store.InboundEvent, event stripeEvent) (verdict, error) {
	var about stripe.Dispute
	if err := json.Unmarshal(event.Data.Object, &about); err != nil {
		return hopeless("its dispute cannot be read: %s", err), nil
	}
	if !idPattern.MatchString(about.ID) {
		return hopeless("its dispute has no id"), nil
	}
	at := kept.OccurredAt
	if customer, err := s.disputedCustomer(ctx, about); err == nil {
		if at, err = s.eventTime(ctx, customer, at); err != nil {
			return verdict{}, err
		}
	} else if !errors.Is(err, store.ErrNotFound) {
		return verdict{}, err
	}
	return applied("dispute %s is looked at", about.ID), s.client.DisputeNews(ctx, message.DisputeInput{DisputeID: about.ID, At: at})
}

// disputedCustomer finds whose payment is disputed.
func (s *Service) disputedCustomer(ctx context.Context, about stripe.Dispute) (string, error) {
	if about.PaymentIntent == nil {
		return "", store.ErrNotFound
	}
	invoice, err := s.store.InvoiceByIntent(ctx, about.PaymentIntent.ID)
	return invoice.PayerID, err
}
