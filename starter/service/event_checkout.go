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

// applyCheckout tells the workflow of a checkout, and the collection of the invoice that is paid on its page, that something
// happened there. They ask the provider what.
func (s *Service) applyCheckout(ctx context.Context, kept store.InboundEvent, event stripeEvent) (verdict, error) {
	var about stripe.CheckoutSession
	if err := json.Unmarshal(event.Data.Object, &about); err != nil {
		return hopeless("its checkout session cannot be read: %s", err), nil
	}
	row, err := s.store.CheckoutBySession(ctx, about.ID)
	if id := about.Metadata["checkout"]; errors.Is(err, store.ErrNotFound) && checkID(id) == nil {
		if row, err = s.store.Checkout(ctx, id); err == nil && row.ProviderSession == nil {
			return waits("the page of checkout %s is being made", id) // the event was faster than our record
		}
	}
	if errors.Is(err, store.ErrNotFound) || err == nil && *row.ProviderSession != about.ID {
		return ignored("it is not about one of our checkouts"), nil
	}
	if err != nil {
		return verdict{}, err
	}
	at, err := s.eventTime(ctx, row.CustomerID, kept.OccurredAt)
	if err != nil {
		return verdict{}, err
	}
	return s.tellOfCheckout(ctx, row, message.PaymentNews{At: at, Reason: kept.Type})
}

func (s *Service) tellOfCheckout(ctx context.Context, row store.Checkout, news message.PaymentNews) (verdict, error) {
	if row.Status == store.CheckoutOpen {
		return applied("checkout %s was told", row.ID), s.client.CheckoutNews(ctx, row.ID, news)
	}
	if row.PaymentID == nil {
		return ignored("checkout %s is %s already", row.ID, row.Status), nil
	}
	payment, err := s.store.Payment(ctx, *row.PaymentID)
	if err != nil || payment.SettledAt != nil {
		return ignored("the outcome is recorded already"), err
	}
	told, err := s.client.TellDunning(ctx, payment.InvoiceID, news)
	if err == nil && !told {
		return waits("the collection of invoice %s is not running", payment.InvoiceID)
	}
	return applied("the collection of invoice %s was told", payment.InvoiceID), err
}

// checkoutsAtOnce are asked about in one sweep, those that end first before the others.
const checkoutsAtOnce = 100

// askCheckouts asks Stripe about pages on which something may have happened without our knowing, and closes those whose
// time is over and whose workflow did not.
func (s *Service) askCheckouts(ctx context.Context, found *Swept) error {
	unfinished, err := s.store.UnfinishedCheckouts(ctx, checkoutsAtOnce)
	if err != nil {
		return err
	}
	var failures []error
	for _, row := range unfinished {
		moved, err := s.askCheckout(ctx, row)
		if err != nil {
			failures = append(failures, fmt.Errorf("ask about checkout %s: %w", row.ID, err))
			continue
		}
		found.Asked++
		if moved {
			found.Moved++
		}
	}
	return errors.Join(failures...)
}

func (s *Service) askCheckout(ctx context.Context, row store.Checkout) (moved bool, err error) {
	if row.Status == store.CheckoutOpen && s.wallNow().After(row.ExpiresAt.Add(sweepOverlap)) {
		_, err := s.ExpireCheckout(ctx, row.ID)
		return err == nil, err
	}
	if row.ProviderSession == nil {
		return false, nil // whoever makes the page is at it
	}
	theirs, err := s.stripe.CheckoutSessions.Get(*row.ProviderSession, &stripe.CheckoutSessionParams{
		Params: stripe.Params{Context: ctx}, Expand: []*string{stripe.String("payment_intent")},
	})
	if err != nil {
		return false, err
	}
	kind := moveOfSession(row.Status, theirs)
	if kind == "" {
		return false, nil
	}
	object, err := json.Marshal(map[string]any{
		"id": theirs.ID, "object": "checkout.session", "status": theirs.Status, "payment_status": theirs.PaymentStatus,
		"metadata": map[string]string{"checkout": row.ID},
	})
	if err != nil {
		return false, fmt.Errorf("keep what it came to: %w", err)
	}
	event := stripeEvent{
		ID: fmt.Sprintf("sweep:%s:%s:%s", theirs.ID, kind, theirs.PaymentStatus), Type: string(kind), APIVersion: stripe.APIVersion,
		Created: s.wallNow().Unix(), Livemode: theirs.Livemode,
	}
	event.Data.Object = object
	return s.keepStripe(ctx, event, store.FromSweep)
}

// moveOfSession is the kind of event that would have told us that a page stands where Stripe says; empty when we know.
func moveOfSession(ours string, theirs *stripe.CheckoutSession) stripe.EventType {
	switch {
	case ours == store.CheckoutOpen && theirs.Status == stripe.CheckoutSessionStatusComplete:
		return stripe.EventTypeCheckoutSessionCompleted
	case ours == store.CheckoutOpen && theirs.Status == stripe.CheckoutSessionStatusExpired:
		return stripe.EventTypeCheckoutSessionExpired
	case ours == store.CheckoutComplete && theirs.PaymentStatus == stripe.CheckoutSessionPaymentStatusPaid:
		return stripe.EventTypeCheckoutSessionAsyncPaymentSucceeded
	case ours == store.CheckoutComplete && theirs.PaymentIntent != nil && theirs.PaymentIntent.Status == stripe.PaymentIntentStatusRequiresPaymentMethod:
		return stripe.EventTypeCheckoutSessionAsyncPaymentFailed
	}
	return ""
}
