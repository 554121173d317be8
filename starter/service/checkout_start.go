package service

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"github.com/perennial-billing/perennial/internal/store"
)

// startWithCheckout starts a subscription whose first invoice the customer pays on a page, or for which they save a method
// there when nothing is due yet. The checkout is written down first: the attempt to collect the first invoice then is the
// page, and nothing is charged. Repeating the request goes on where an earlier one stopped.
func (s *Service) startWithCheckout(ctx context.Context, in NewCheckout) (Checkout, error) {
	customer, _, err := s.checkSubscription(ctx, *in.Subscription)
	if err != nil {
		return Checkout{}, inSubscription(err)
	}
	if in.ID == "" {
		in.ID = "chk_" + uuid.NewSHA1(uuid.NameSpaceOID, []byte("start:"+in.Subscription.ID)).String()
	}
	parties, err := s.store.Parties(ctx, customer)
	if err != nil {
		return Checkout{}, err
	}
	wanted := newCheckout(in)
	wanted.CustomerID, wanted.SubscriptionID = parties.Payer.ID, &in.Subscription.ID
	s.setCheckoutPages(&wanted)
	if err := s.dateCheckout(ctx, &wanted); err != nil {
		return Checkout{}, err
	}
	row, known, err := s.knownCheckout(ctx, wanted)
	if err != nil {
		return Checkout{}, err
	}
	if !known {
		if err := s.addStart(ctx, wanted); err != nil {
			return Checkout{}, err
		}
		row = wanted
	}
	if row.Status != store.CheckoutOpen {
		return s.Checkout(ctx, row.ID)
	}
	if _, err := s.Subscribe(ctx, *in.Subscription); err != nil {
		if refusal, ok := errors.AsType[*Error](err); ok && refusal.Kind != Unfinished {
			err = errors.Join(inSubscription(err), s.store.DropCheckout(ctx, row.ID))
		}
		return Checkout{}, err
	}
	return s.open(ctx, row)
}

// addStart writes the checkout of a subscription down that does not exist yet.
func (s *Service) addStart(ctx context.Context, wanted store.Checkout) error {
	before, err := s.existing(ctx, *wanted.SubscriptionID)
	if err != nil {
		return err
	}
	if before != nil {
		return conflict("subscription_exists", "subscription %s exists and was not started with this checkout: make one for its invoice, or choose another id",
			before.ID)
	}
	err = s.store.AddCheckout(ctx, wanted)
	if errors.Is(err, store.ErrExists) {
		return conflict("checkout_exists", "another checkout starts subscription %s: repeat that one, or choose another id", *wanted.SubscriptionID)
	}
	return err
}

// inSubscription names the fields at fault as those of the subscription in the request.
func inSubscription(err error) error {
	e, ok := errors.AsType[*Error](err)
	if !ok || len(e.Fields) == 0 {
		return err
	}
	inside := *e
	inside.Fields = nil
	for _, field := range e.Fields {
		inside.Fields = append(inside.Fields, Field{Name: "subscription." + field.Name, Message: field.Message})
	}
	return &inside
}
