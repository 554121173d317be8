package service

import (
	"context"
	"errors"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// asBefore completes a repeated request with what the first one came to: what it leaves out means what was meant then, be it
// the version that was sold, or the customer's currency. What became of the subscription since does not count.
func (s *Service) asBefore(ctx context.Context, in *NewSubscription, before *store.Subscription) error {
	if before == nil {
		return nil
	}
	var first message.Subscribe
	err := s.store.Agreement(ctx, in.ID, &first)
	switch {
	case errors.Is(err, store.ErrNotFound): // older than the record: the row says as much as is known
		first.Terms, first.Currency = before.Terms(), before.Currency
	case err != nil:
		return err
	}
	if in.PlanVersion == 0 && in.Plan == first.Terms.PlanID {
		in.PlanVersion = first.Terms.PlanVersion
	}
	if in.Currency == "" {
		in.Currency = string(first.Currency)
	}
	return nil
}

// checkAgreed says what is wrong with prices that are to be agreed.
func checkAgreed(plan catalog.Plan, prices catalog.Agreed, currency money.Currency) error {
	if len(prices) == 0 {
		return nil
	}
	if err := plan.CheckAgreed(prices, currency); err != nil {
		return invalid("prices", "%s", err)
	}
	return nil
}
