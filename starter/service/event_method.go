package service

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// methodEventTypes are the events after which a payment method may be another, or may be charged or not.
func methodEventTypes() []string {
	return []string{
		string(stripe.EventTypePaymentMethodAutomaticallyUpdated), string(stripe.EventTypePaymentMethodUpdated),
		string(stripe.EventTypePaymentMethodDetached), string(stripe.EventTypeMandateUpdated),
		string(stripe.EventTypeSetupIntentSucceeded), string(stripe.EventTypeSetupIntentSetupFailed),
	}
}

// methodEvent is what such an event says of whose method it is about.
type methodEvent struct {
	ID            string            `json:"id"`
	PaymentMethod json.RawMessage   `json:"payment_method"`
	Metadata      map[string]string `json:"metadata"`
}

// applyMethod has the workflow of a payment method ask the provider how the method stands, and then tells the collections of
// its customer, which try it at once if it is another than it was.
func (s *Service) applyMethod(ctx context.Context, kept store.InboundEvent, event stripeEvent) (verdict, error) {
	var about methodEvent
	if err := json.Unmarshal(event.Data.Object, &about); err != nil {
		return hopeless("its object cannot be read: %s", err), nil
	}
	method, err := s.methodOf(ctx, kept.Type, about)
	if errors.Is(err, store.ErrNotFound) {
		return ignored("it is not about one of our payment methods"), nil
	}
	if err != nil {
		return verdict{}, err
	}
	customer, err := s.store.Customer(ctx, method.CustomerID)
	if err != nil {
		return verdict{}, err
	}
	at, err := s.eventTime(ctx, customer.ID, kept.OccurredAt)
	if err != nil {
		return verdict{}, err
	}
	state, err := s.client.PaymentMethod(ctx, message.PaymentMethodInput{MethodID: method.ID, Step: message.RefreshStep, At: at})
	if err != nil {
		return verdict{}, err
	}
	return applied("payment method %s is %s", method.ID, state.Status), s.tellCollections(ctx, customer, at)
}

// methodOf finds the method by our record of it, or by what we wrote into its setup intent: the event can be faster.
func (s *Service) methodOf(ctx context.Context, kind string, about methodEvent) (store.PaymentMethod, error) {
	names := []string{about.ID}
	var methodID string
	if json.Unmarshal(about.PaymentMethod, &methodID) == nil {
		names = append(names, methodID)
	}
	for _, name := range names {
		if !idPattern.MatchString(name) {
			continue
		}
		if found, err := s.store.MethodByProvider(ctx, name); !errors.Is(err, store.ErrNotFound) {
			return found, err
		}
	}
	if id := about.Metadata["payment_method"]; strings.HasPrefix(kind, "setup_intent.") && checkID(id) == nil {
		return s.store.PaymentMethodByID(ctx, id)
	}
	return store.PaymentMethod{}, store.ErrNotFound
}
