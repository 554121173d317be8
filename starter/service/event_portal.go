package service

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

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
	changed, methodID := false, ""
	err = s.store.Tx(ctx, func(tx store.Tx) error {
		if changed, err = tx.NoteProviderDefault(ctx, customer.ID, chosen.ID); err != nil || !changed {
			return err
		}
		method, err := tx.PaymentMethodByProvider(ctx, customer.ID, chosen.ID)
		if errors.Is(err, store.ErrNotFound) {
			method, err = newMethod(customer.ID, chosen.ID, 1, at), nil
		}
		if err != nil {
			return err
		}
		method.Position, method.ChangedAt = 1, at
		if err := tx.ReplacePaymentMethod(ctx, method); err != nil {
			return err
		}
		methodID = method.ID
		if method, err = tx.LockMethod(ctx, methodID); err != nil {
			return err
		}
		method.ProviderID, method.Kind = &chosen.ID, string(chosen.Type)
		return tx.SaveMethod(ctx, method)
	})
	if err == nil && changed { // what else there is to know of it
		_, err = s.client.PaymentMethod(ctx, message.PaymentMethodInput{MethodID: methodID, Step: message.RefreshStep, At: at})
	}
	if err != nil {
		return verdict{}, err
	}
	// Told also when the choice is known: an earlier try may have recorded it and told nobody.
	if err := s.tellCollections(ctx, customer, at); err != nil || !changed {
		return ignored("the choice is recorded already"), err
	}
	return applied("the method became the first of customer %s", customer.ID), nil
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
