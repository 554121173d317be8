package activities

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// RecallSubscription answers with the record of a subscription that has ended, whose workflow is over. One that has not ended
// is refused: its workflow was stopped, and knew of payments that no command has recorded.
func (b *Billing) RecallSubscription(ctx context.Context, id string) (message.Recalled, error) {
	var recalled message.Recalled
	err := checkOwner(ctx, id)
	if err == nil {
		err = b.Store.Tx(ctx, func(tx store.Tx) error {
			var err error
			recalled, err = recall(ctx, tx, id)
			return err
		})
	}
	if refused, ok := errors.AsType[*subscription.Refusal](err); ok {
		return message.Recalled{Refusal: refused}, nil
	}
	return recalled, err
}

func recall(ctx context.Context, tx store.Tx, id string) (message.Recalled, error) {
	row, err := tx.LockSubscription(ctx, id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return message.Recalled{}, refusal("subscription_not_running", "subscription %s does not exist", id)
	case err != nil:
		return message.Recalled{}, err
	case row.EndedAt == nil:
		return message.Recalled{}, refusal("subscription_not_running",
			"subscription %s has not ended, but its workflow is not running: reset the workflow to its last workflow task", id)
	}
	latest, err := tx.LastCarriedOut(ctx, id)
	if err != nil {
		return message.Recalled{}, err
	}
	var result carriedOut
	if err := json.Unmarshal(latest.Result, &result); err != nil {
		return message.Recalled{}, fmt.Errorf("latest recorded command: %w", err)
	}
	recalled := message.Recalled{State: result.State, Subscribe: message.Subscribe{
		SubscriptionID: id, CustomerID: row.CustomerID, EntityID: row.EntityID, Currency: row.Currency, Terms: result.State.Terms, StartAt: row.StartedAt.UTC(),
	}}
	// What became of invoices since the end, the subscription's workflow was not there to hear.
	if recalled.State.Unpaid, err = tx.BeingCollected(ctx, id, row.CustomerID); err != nil {
		return message.Recalled{}, err
	}
	segments, err := tx.Segments(ctx, id, time.Time{}, *row.EndedAt)
	if len(segments) > 0 {
		first := segments[0]
		recalled.Subscribe.Terms = subscription.Terms{PlanID: first.PlanID, PlanVersion: first.PlanVersion, Seats: first.Seats, AddOns: first.AddOns}
	}
	return recalled, err
}
