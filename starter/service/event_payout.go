package service

import (
	"context"
	"encoding/json"

	"github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// applyPayout starts the workflow of a payout, which asks the provider how it stands. A payout is nobody's in particular:
// news of it is dated by the furthest of all clocks.
func (s *Service) applyPayout(ctx context.Context, kept store.InboundEvent, event stripeEvent) (verdict, error) {
	var about stripe.Payout
	if err := json.Unmarshal(event.Data.Object, &about); err != nil {
		return hopeless("its payout cannot be read: %s", err), nil
	}
	if !idPattern.MatchString(about.ID) {
		return hopeless("its payout has no id"), nil
	}
	now, err := s.furthestTime(ctx, "")
	if err != nil {
		return verdict{}, err
	}
	at := kept.OccurredAt
	if at.After(now) {
		at = now
	}
	return applied("payout %s is looked at", about.ID), s.client.PayoutNews(ctx, message.PayoutInput{PayoutID: about.ID, At: at})
}
