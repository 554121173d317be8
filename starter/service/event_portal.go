package service

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// applyCustomer follows a customer who chose another payment method on the provider's portal: it becomes the first of their
// methods, and collections are told. Which one it is, the provider is asked.
func (s *Service) applyCustomer(ctx context.Context, kept store.InboundEvent, event stripeEvent) (verdict, error) {
	id, problem := customerOfEvent(event)
	if problem != nil {
		return hopeless("its customer cannot be read: %s", problem), nil
	}
	customer, err := s.store.CustomerByProvider(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return ignored("it is not about one of our customers"), nil
	}
	if err != nil || s.stripe == nil {
		return ignored("there is no client to ask Stripe with"), err
	}
	theirs, err := s.stripe.Customers.Get(id, &stripe.CustomerParams{
		Params: stripe.Params{Context: ctx}, Expand: []*string{stripe.String("invoice_settings.default_payment_method")},
	})
	if err != nil {
		return verdict{}, fmt.Errorf("read customer %s: %w", id, err)
	}
	if theirs.Deleted || theirs.InvoiceSettings == nil || theirs.InvoiceSettings.DefaultPaymentMethod == nil {
		return ignored("the customer chose no payment method"), nil
	}
	at, err := s.eventTime(ctx, customer.ID, kept.OccurredAt)
	if err != nil {
		return verdict{}, err
	}
	chosen := theirs.InvoiceSettings.DefaultPaymentMethod
	changed, err := s.recordChoice(ctx, customer.ID, chosen, at)
	if err != nil {
		return verdict{}, err
	}
	// The rest follows also when the choice is known: an earlier try may have recorded it and come no further.
	if err := s.followChoice(ctx, customer, chosen.ID, at); err != nil {
		return verdict{}, err
	}
	if !changed {
		return ignored("the choice is recorded already"), nil
	}
	return applied("the method became the first of customer %s", customer.ID), nil
}

// recordChoice makes a method the first of a customer's, unless the provider has named it as their choice before: later
// events must not undo what an operator set since.
func (s *Service) recordChoice(ctx context.Context, customerID string, chosen *stripe.PaymentMethod, at time.Time) (changed bool, err error) {
	err = s.store.Tx(ctx, func(tx store.Tx) error {
		if changed, err = tx.NoteProviderDefault(ctx, customerID, chosen.ID); err != nil || !changed {
			return err
		}
		method, err := tx.PaymentMethodByProvider(ctx, customerID, chosen.ID)
		if errors.Is(err, store.ErrNotFound) {
			method, err = newMethod(customerID, chosen.ID, 1, at), nil
		}
		if err != nil {
			return err
		}
		method.Position, method.ChangedAt = 1, at
		if err := tx.ReplacePaymentMethod(ctx, method); err != nil {
			return err
		}
		if method, err = tx.LockMethod(ctx, method.ID); err != nil {
			return err
		}
		method.ProviderID, method.Kind = &chosen.ID, string(chosen.Type)
		return tx.SaveMethod(ctx, method)
	})
	return changed, err
}

// followChoice has what else there is to know of a chosen method found out, and then tells the customer's collections.
// Repeating it is safe.
func (s *Service) followChoice(ctx context.Context, customer store.Customer, providerID string, at time.Time) error {
	method, err := s.store.PaymentMethodByProvider(ctx, customer.ID, providerID)
	if err == nil {
		_, err = s.client.PaymentMethod(ctx, message.PaymentMethodInput{MethodID: method.ID, Step: message.RefreshStep, At: at})
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) { // not found: it was saved anew since, under another mandate
		return err
	}
	return s.tellCollections(ctx, customer, at)
}

// customerOfEvent is the provider's id of the customer that an event is about, or whose method it is about.
func customerOfEvent(event stripeEvent) (string, error) {
	var about struct {
		ID       string          `json:"id"`
		Object   string          `json:"object"`
		Customer json.RawMessage `json:"customer"`
	}
	if err := json.Unmarshal(event.Data.Object, &about); err != nil || about.Object == "customer" {
		return about.ID, err
	}
	if about.Customer == nil {
		return "", nil // of nobody
	}
	var owner stripe.Customer // an id, or the object
	err := json.Unmarshal(about.Customer, &owner)
	return owner.ID, err
}
