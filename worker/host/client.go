package host

import (
	"context"

	"go.temporal.io/sdk/activity"
	temporalclient "go.temporal.io/sdk/client"

	"github.com/perennial-billing/perennial/activities"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/internal/testclock"
	"github.com/perennial-billing/perennial/starter/client"
)

// clientOf makes, for activities, the client for a customer's subscriptions, with the test clock of who is on one.
func clientOf(temporal temporalclient.Client, db *store.Store) func(context.Context, store.Customer) activities.Commander {
	return func(ctx context.Context, customer store.Customer) activities.Commander {
		asking := client.New(temporal)
		if customer.TestClockID == nil {
			return asking
		}
		clock := &testclock.Clock{ID: *customer.TestClockID, Store: db, Temporal: temporal, Namespace: activity.GetInfo(ctx).Namespace}
		return asking.WithTestClock(clock.Forward)
	}
}
