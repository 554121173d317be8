package service

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// mostMethods is how many payment methods a customer may have.
const mostMethods = 10

// SetPaymentMethod makes the provider's token the customer's payment method in a place (from 1; 0 is the first), instead of
// the one that was there, and tells every collection under way, which tries it at once. The first method is charged; the
// next ones stand in for those that a bank declines for good. Setting the method that is set already changes nothing.
func (s *Service) SetPaymentMethod(ctx context.Context, customerID, token string, position int) (Customer, error) {
	if err := checkToken(token); err != nil {
		return Customer{}, invalid("payment_method", "%s", err)
	}
	customer, err := s.customer(ctx, customerID)
	if err != nil {
		return Customer{}, err
	}
	methods, err := s.store.PaymentMethods(ctx, customerID)
	if err != nil {
		return Customer{}, err
	}
	position = max(position, 1)
	if err := checkPosition(methods, position); err != nil {
		return Customer{}, err
	}
	at, err := s.now(ctx, customer)
	if err != nil {
		return Customer{}, err
	}
	isSet := func(m store.PaymentMethod) bool { return m.Position == position && m.ProviderToken == token }
	if !slices.ContainsFunc(methods, isSet) {
		if err := s.store.ReplacePaymentMethod(ctx, newMethod(customerID, token, position, at)); err != nil {
			return Customer{}, err
		}
	}
	if err := s.tellCollections(ctx, customer, at); err != nil {
		return Customer{}, err
	}
	return s.Customer(ctx, customerID)
}

func checkPosition(methods []store.PaymentMethod, position int) error {
	if position > mostMethods {
		return invalid("position", "%d is too far back: a customer has at most %d payment methods", position, mostMethods)
	}
	last := 0
	for _, m := range methods {
		last = max(last, m.Position)
	}
	if position > last+1 {
		return invalid("position", "%d would leave a gap: the next free place is %d", position, last+1)
	}
	return nil
}

// RemovePaymentMethod stops charging one of the customer's methods. Removing one that was removed is NotFound.
func (s *Service) RemovePaymentMethod(ctx context.Context, customerID, methodID string) (Customer, error) {
	customer, err := s.customer(ctx, customerID)
	if err != nil {
		return Customer{}, err
	}
	if checkID(methodID) != nil {
		return Customer{}, notFound("payment method %s: not found", clip(methodID))
	}
	at, err := s.now(ctx, customer)
	if err != nil {
		return Customer{}, err
	}
	retired, err := s.store.RetirePaymentMethod(ctx, customerID, methodID, at)
	if err != nil {
		return Customer{}, err
	}
	if !retired {
		return Customer{}, notFound("payment method %s of customer %s: not found", methodID, customerID)
	}
	return s.Customer(ctx, customerID)
}

// tellCollections is repeated with the request: a collection that has seen the method already finds nothing new.
func (s *Service) tellCollections(ctx context.Context, customer store.Customer, at time.Time) error {
	open, err := s.store.OpenDunning(ctx, customer.ID)
	if err != nil {
		return err
	}
	for _, dunning := range open {
		news := message.PaymentNews{At: at, Reason: "payment_method_changed"}
		if err := s.clientOf(customer).PaymentNews(ctx, dunning.InvoiceID, news); err != nil {
			return err
		}
	}
	return nil
}

func newMethod(customerID, token string, position int, at time.Time) store.PaymentMethod {
	return store.PaymentMethod{ID: "method_" + uuid.NewString(), CustomerID: customerID, ProviderToken: token, Position: position, ChangedAt: at}
}
