package service

import (
	"context"
	"errors"

	"github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// cashEventTypes are the events after which a customer has sent other money by bank transfer than we know of.
func cashEventTypes() []string {
	return []string{string(stripe.EventTypeCustomerCashBalanceTransactionCreated)}
}

// applyCash has the workflow of a customer's money ask the provider what they sent. It tells their collections, if money waits.
func (s *Service) applyCash(ctx context.Context, kept store.InboundEvent, event stripeEvent) (verdict, error) {
	id, problem := customerOfEvent(event)
	if problem != nil {
		return hopeless("its customer cannot be read: %s", problem), nil
	}
	customer, err := s.store.CustomerByProvider(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return ignored("it is not about one of our customers"), nil
	}
	if err != nil {
		return verdict{}, err
	}
	at, err := s.eventTime(ctx, customer.ID, kept.OccurredAt)
	if err != nil {
		return verdict{}, err
	}
	return applied("what customer %s sent is looked at", customer.ID), s.client.CashNews(ctx, message.CashInput{CustomerID: customer.ID, At: at})
}
