package service

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/internal/store"
)

const (
	// sweepOverlap is listed again: the provider's clock is another, and an event is listed some time after it is dated.
	sweepOverlap = time.Hour
	// firstSweep is how far the first sweep looks back: as long as Stripe tries to deliver.
	firstSweep = 72 * time.Hour
	// aheadOfUs is how far the provider's clock may be ahead. What is dated later is a test clock's.
	aheadOfUs = 5 * time.Minute
	// intentsAtOnce are asked about in one sweep, which the next goes on with.
	intentsAtOnce = 100
)

// Swept says what a sweep found.
type Swept struct {
	Listed   int       `json:"listed" doc:"Recent events that the provider listed."`
	New      int       `json:"new" doc:"Of these, events that no webhook had told."`
	Asked    int       `json:"asked" doc:"Open payments that were asked about."`
	Moved    int       `json:"moved" doc:"Of these, payments that had moved without our knowing."`
	ListedTo time.Time `json:"listed_to" doc:"Events up to here are known."`
}

// SweepEvents looks for what webhooks missed: it lists Stripe's events since the last sweep, and asks about open payments,
// a hundred at a time. What it finds is stored as if it had been told, and then applied like every event. Unless the last
// sweep is older than the given time, or somebody else is sweeping, it does nothing and says so with due = false.
func (s *Service) SweepEvents(ctx context.Context, unlessWithin time.Duration) (found Swept, due bool, err error) {
	if s.stripe == nil {
		return found, false, errors.New("sweep: there is no client for Stripe")
	}
	err = s.store.Exclusively(ctx, "event-sweep/stripe", func() error {
		from, err := s.store.EventSweep(ctx, providerStripe)
		if errors.Is(err, store.ErrNotFound) {
			from, err = store.EventSweep{Provider: providerStripe, ListedTo: s.wallNow().Add(-firstSweep)}, nil
		}
		if err != nil || unlessWithin > 0 && s.wallNow().Before(from.SweptAt.Add(unlessWithin)) {
			return err
		}
		due = true
		found, err = s.sweep(ctx, from)
		return err
	})
	if errors.Is(err, store.ErrBusy) {
		err = nil
	}
	return found, due, err
}

// sweep does both looks, even if one fails, and records how far each has come.
func (s *Service) sweep(ctx context.Context, from store.EventSweep) (Swept, error) {
	var found Swept
	to := from
	to.SweptAt = s.wallNow()
	listing := s.listEvents(ctx, from.ListedTo, to.SweptAt, &found)
	if listing == nil {
		to.ListedTo = to.SweptAt
	}
	found.ListedTo = to.ListedTo
	var asking error
	to.AskedInvoice, asking = s.askOpen(ctx, from.AskedInvoice, &found)
	return found, errors.Join(listing, asking, s.askCheckouts(ctx, &found), s.store.SaveEventSweep(context.WithoutCancel(ctx), to))
}

// typesAtOnce is how many types of events Stripe lists together. Source: https://docs.stripe.com/api/events/list (types).
const typesAtOnce = 20

func (s *Service) listEvents(ctx context.Context, since, now time.Time, found *Swept) error {
	for types := range slices.Chunk(StripeEventTypes(), typesAtOnce) {
		if err := s.listTypes(ctx, types, since, now, found); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) listTypes(ctx context.Context, types []string, since, now time.Time, found *Swept) error {
	list := s.stripe.Events.List(&stripe.EventListParams{
		ListParams:   stripe.ListParams{Context: ctx, Limit: stripe.Int64(100)},
		CreatedRange: &stripe.RangeQueryParams{GreaterThanOrEqual: since.Add(-sweepOverlap).Unix(), LesserThanOrEqual: now.Add(aheadOfUs).Unix()},
		Types:        stripe.StringSlice(types),
	})
	var failures []error
	for list.Next() {
		listed := list.Event()
		event := stripeEvent{
			ID: listed.ID, Type: string(listed.Type), APIVersion: listed.APIVersion, Account: listed.Account, Created: listed.Created, Livemode: listed.Livemode,
		}
		if listed.Data != nil {
			event.Data.Object = listed.Data.Raw
		}
		fresh, err := s.keepStripe(ctx, event, store.FromSweep)
		if err != nil {
			failures = append(failures, fmt.Errorf("event %.60q: %w", listed.ID, err))
		}
		found.Listed++
		if fresh {
			found.New++
		}
	}
	if err := errors.Join(append(failures, list.Err())...); err != nil {
		return fmt.Errorf("list Stripe's events: %w", err)
	}
	return nil
}

// askOpen asks Stripe about open invoices behind a given one, and returns behind which the next sweep goes on.
func (s *Service) askOpen(ctx context.Context, after string, found *Swept) (next string, err error) {
	open, err := s.store.OpenIntents(ctx, after, intentsAtOnce)
	if err != nil {
		return after, err
	}
	var unknown []error
	for _, ours := range open {
		theirs, err := s.stripe.PaymentIntents.Get(ours.IntentID, &stripe.PaymentIntentParams{Params: stripe.Params{Context: ctx}})
		if refused, ok := errors.AsType[*stripe.Error](err); ok && refused.HTTPStatusCode == http.StatusNotFound {
			unknown = append(unknown, fmt.Errorf("invoice %s: Stripe does not know its payment intent %s", ours.InvoiceID, ours.IntentID))
			after = ours.InvoiceID
			continue
		}
		if err != nil {
			return after, errors.Join(append(unknown, fmt.Errorf("ask about invoice %s: %w", ours.InvoiceID, err))...)
		}
		found.Asked++
		moved, err := s.keepMove(ctx, ours, theirs)
		if err != nil {
			return after, errors.Join(append(unknown, err)...)
		}
		if moved {
			found.Moved++
		}
		after = ours.InvoiceID
	}
	if len(open) < intentsAtOnce {
		after = "" // that were the last ones
	}
	return after, errors.Join(unknown...)
}

// keepMove stores an event of our own making when a payment stands elsewhere than we know. Its id is that of the payment's
// state, so that the next sweep adds nothing.
func (s *Service) keepMove(ctx context.Context, ours store.OpenIntent, theirs *stripe.PaymentIntent) (moved bool, err error) {
	kind := moveOf(ours.Status, theirs.Status)
	if kind == "" {
		return false, nil
	}
	charge := "none"
	if theirs.LatestCharge != nil {
		charge = theirs.LatestCharge.ID
	}
	object, err := json.Marshal(map[string]any{
		"id": theirs.ID, "object": "payment_intent", "status": theirs.Status, "amount": theirs.Amount, "currency": theirs.Currency,
		"metadata": map[string]string{"invoice": ours.InvoiceID},
	})
	if err != nil {
		return false, fmt.Errorf("keep what invoice %s came to: %w", ours.InvoiceID, err)
	}
	event := stripeEvent{
		ID: fmt.Sprintf("sweep:%s:%s:%s", theirs.ID, charge, theirs.Status), Type: string(kind), APIVersion: stripe.APIVersion,
		Created: s.wallNow().Unix(), Livemode: theirs.Livemode,
	}
	event.Data.Object = object
	return s.keepStripe(ctx, event, store.FromSweep)
}

// moveOf is the kind of event that would have told us that a payment stands where Stripe says; empty when we know. An
// attempt that is under way is left to whoever makes it, unless it took money.
func moveOf(ours string, theirs stripe.PaymentIntentStatus) stripe.EventType {
	live := ours == store.PaymentProcessing || ours == store.PaymentRequiresAction
	switch theirs {
	case stripe.PaymentIntentStatusSucceeded:
		return stripe.EventTypePaymentIntentSucceeded
	case stripe.PaymentIntentStatusProcessing:
		if ours == store.PaymentRequiresAction || ours == store.PaymentFailed {
			return stripe.EventTypePaymentIntentProcessing
		}
	case stripe.PaymentIntentStatusRequiresPaymentMethod:
		if live {
			return stripe.EventTypePaymentIntentPaymentFailed
		}
	case stripe.PaymentIntentStatusCanceled:
		if live {
			return stripe.EventTypePaymentIntentCanceled
		}
	}
	return ""
}
