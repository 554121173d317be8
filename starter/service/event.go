package service

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// eventsAtOnce is how many stored events are read at a time.
const eventsAtOnce = 100

// KeepEvent stores an event of the payment provider. Storing it again changes nothing.
func (s *Service) KeepEvent(ctx context.Context, event stripe.Event, payload []byte) error {
	_, err := s.store.AddInboundEvent(ctx, store.InboundEvent{ID: event.ID, Provider: "stripe", Type: string(event.Type), Payload: payload})
	return err
}

// ProcessEvents acts on the events that are waiting, oldest first. One that fails stays and is tried again next time;
// the others go on.
func (s *Service) ProcessEvents(ctx context.Context) error {
	events, err := s.store.WaitingEvents(ctx, eventsAtOnce)
	if err != nil {
		return err
	}
	var failures []error
	for _, event := range events {
		problem := ""
		if err := s.processEvent(ctx, event); err != nil {
			failures = append(failures, fmt.Errorf("event %s (%s): %w", event.ID, event.Type, err))
			problem = err.Error()
		}
		if err := s.store.FinishEvent(ctx, event.ID, problem); err != nil {
			return errors.Join(append(failures, err)...)
		}
	}
	return errors.Join(failures...)
}

// processEvent tells the collection of an invoice that its payment moved by itself: the bank answered, or the customer
// acted. What our own requests brought about is known already; other events are kept and need nothing.
func (s *Service) processEvent(ctx context.Context, kept store.InboundEvent) error {
	if kept.Type == string(stripe.EventTypeChargeRefundUpdated) {
		return s.refundNews(ctx, kept)
	}
	if strings.HasPrefix(kept.Type, disputeEvents) {
		return s.disputeNews(ctx, kept)
	}
	if !strings.HasPrefix(kept.Type, "payment_intent.") {
		return nil
	}
	var intent stripe.PaymentIntent
	event, err := readEvent(kept, &intent)
	if err != nil {
		return err
	}
	invoice, err := s.invoiceOf(ctx, intent)
	if errors.Is(err, store.ErrNotFound) {
		return nil // a payment that is not for one of our invoices
	}
	if err != nil || invoice.Status != "open" {
		return err
	}
	payments, err := s.store.Payments(ctx, invoice.ID)
	if err != nil || !isNews(payments, event.Type) {
		return err
	}
	at, err := s.eventTime(ctx, invoice.CustomerID, time.Unix(event.Created, 0).UTC())
	if err != nil {
		return err
	}
	return s.client.PaymentNews(ctx, invoice.ID, message.PaymentNews{At: at, Reason: kept.Type})
}

// readEvent reads an event and the object it is about.
func readEvent(kept store.InboundEvent, object any) (stripe.Event, error) {
	var event stripe.Event
	if err := json.Unmarshal(kept.Payload, &event); err != nil {
		return event, fmt.Errorf("read event: %w", err)
	}
	if event.Data == nil {
		return event, errors.New("read event: it has no data")
	}
	if err := json.Unmarshal(event.Data.Raw, object); err != nil {
		return event, fmt.Errorf("read %s: %w", kept.Type, err)
	}
	return event, nil
}

// invoiceOf finds the invoice of an intent by our record of it, or by what we wrote into the intent: the event can be
// faster than our record.
func (s *Service) invoiceOf(ctx context.Context, intent stripe.PaymentIntent) (store.Invoice, error) {
	invoice, err := s.store.InvoiceByIntent(ctx, intent.ID)
	if id := intent.Metadata["invoice"]; errors.Is(err, store.ErrNotFound) && checkID(id) == nil {
		return s.store.Invoice(ctx, id)
	}
	return invoice, err
}

// isNews says whether an event can be more than the echo of an attempt of ours. While an attempt is pending, its
// activity is about to record the outcome; one that failed was recorded.
func isNews(payments []store.Payment, kind stripe.EventType) bool {
	if len(payments) == 0 {
		return kind == stripe.EventTypePaymentIntentSucceeded
	}
	switch payments[len(payments)-1].Status {
	case store.PaymentProcessing, store.PaymentRequiresAction:
		return kind != stripe.EventTypePaymentIntentCreated
	case store.PaymentFailed:
		return kind == stripe.EventTypePaymentIntentSucceeded || kind == stripe.EventTypePaymentIntentProcessing
	}
	return false
}

// eventTime dates an event in a customer's billing time, which is never behind the test clock.
func (s *Service) eventTime(ctx context.Context, customerID string, created time.Time) (time.Time, error) {
	customer, err := s.store.Customer(ctx, customerID)
	if err != nil || customer.TestClockID == nil {
		return created, err
	}
	clock, err := s.store.Clock(ctx, *customer.TestClockID)
	if clock.Now.After(created) {
		return clock.Now.UTC(), err
	}
	return created, err
}
