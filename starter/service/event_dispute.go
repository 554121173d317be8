package service

import (
	"context"
	"errors"
	"time"

	"github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// disputeEvents is how the types of events about disputes begin.
const disputeEvents = "charge.dispute."

// disputeNews starts the workflow of a dispute, which asks the provider how it stands.
func (s *Service) disputeNews(ctx context.Context, kept store.InboundEvent) error {
	var about stripe.Dispute
	event, err := readEvent(kept, &about)
	if err != nil {
		return err
	}
	if checkID(about.ID) != nil {
		return errors.New("read dispute: it has no id")
	}
	at := time.Unix(event.Created, 0).UTC()
	if customer, err := s.disputedCustomer(ctx, about); err == nil {
		if at, err = s.eventTime(ctx, customer, at); err != nil {
			return err
		}
	} else if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return s.client.DisputeNews(ctx, message.DisputeInput{DisputeID: about.ID, At: at})
}

// disputedCustomer finds whose payment is disputed.
func (s *Service) disputedCustomer(ctx context.Context, about stripe.Dispute) (string, error) {
	if about.PaymentIntent == nil {
		return "", store.ErrNotFound
	}
	invoice, err := s.store.InvoiceByIntent(ctx, about.PaymentIntent.ID)
	return invoice.CustomerID, err
}
