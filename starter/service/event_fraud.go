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

// fraudEventTypes are those of Stripe's events that are about fraud.
func fraudEventTypes() []string {
	return []string{
		string(stripe.EventTypeReviewOpened), string(stripe.EventTypeReviewClosed),
		string(stripe.EventTypeRadarEarlyFraudWarningCreated), string(stripe.EventTypeRadarEarlyFraudWarningUpdated),
	}
}

// applyFraud starts the workflow that asks the provider how a review or an early fraud warning stands.
func (s *Service) applyFraud(ctx context.Context, kept store.InboundEvent, event stripeEvent) (verdict, error) {
	// A review and a warning name the charge and the intent in the same words.
	var about stripe.Review
	if err := json.Unmarshal(event.Data.Object, &about); err != nil {
		return hopeless("what it is about cannot be read: %s", err), nil
	}
	if !idPattern.MatchString(about.ID) {
		return hopeless("what it is about has no id"), nil
	}
	payment, end, err := s.suspectedPayment(ctx, about)
	if end.status != "" || err != nil {
		return end, err
	}
	at, err := s.eventTime(ctx, payment.CustomerID, kept.OccurredAt)
	if err != nil {
		return verdict{}, err
	}
	if strings.HasPrefix(kept.Type, "radar.") {
		return applied("early fraud warning %s is looked at", about.ID), s.client.WarningNews(ctx, message.WarningInput{WarningID: about.ID, At: at})
	}
	review, err := s.store.Review(ctx, payment.ID)
	if err == nil && review.Status != store.ReviewOpen {
		return ignored("payment %s was %s already", payment.ID, review.Status), nil
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return verdict{}, err
	}
	in := message.FraudReviewInput{PaymentID: payment.ID, ProviderReview: about.ID, At: at}
	return applied("the review of payment %s was told", payment.ID), s.client.ReviewNews(ctx, in)
}

// suspectedPayment finds the payment that an event is about; a verdict when it is none of ours.
func (s *Service) suspectedPayment(ctx context.Context, about stripe.Review) (store.ListedPayment, verdict, error) {
	if about.Charge == nil {
		return store.ListedPayment{}, ignored("it is not about a charge"), nil
	}
	payment, err := s.store.PaymentByCharge(ctx, about.Charge.ID)
	if err == nil {
		listed, err := s.store.ListedPayment(ctx, payment.ID)
		return listed, verdict{}, err
	}
	if !errors.Is(err, store.ErrNotFound) {
		return store.ListedPayment{}, verdict{}, err
	}
	if about.PaymentIntent == nil {
		return store.ListedPayment{}, ignored("it is not about one of our payments"), nil
	}
	invoice, err := s.store.InvoiceByIntent(ctx, about.PaymentIntent.ID)
	if errors.Is(err, store.ErrNotFound) {
		return store.ListedPayment{}, ignored("it is not about one of our payments"), nil
	}
	if err != nil {
		return store.ListedPayment{}, verdict{}, err
	}
	end, err := waits("the payment of invoice %s is not recorded yet", invoice.ID)
	return store.ListedPayment{}, end, err
}
