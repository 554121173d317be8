package main

import (
	"context"
	"errors"
	"fmt"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/perennial-billing/perennial/workflows/message"
)

// dailyReconciliation is the schedule's id. Its runs are named after it and their instant.
const dailyReconciliation = "reconciliation/daily"

// scheduleReconciliation has our books compared with the provider's every night, when the day's last events have come. The
// schedule is made once: operators may move, pause or delete it, and a deleted one comes back with the next worker.
func scheduleReconciliation(ctx context.Context, temporalClient client.Client) error {
	_, err := temporalClient.ScheduleClient().Create(ctx, client.ScheduleOptions{
		ID:   dailyReconciliation,
		Spec: client.ScheduleSpec{Calendars: []client.ScheduleCalendarSpec{{Hour: []client.ScheduleRange{{Start: 3}}, Comment: "03:00 UTC"}}},
		Action: &client.ScheduleWorkflowAction{
			ID: dailyReconciliation, Workflow: message.ReconciliationWorkflow, Args: []any{message.ReconcileInput{}}, TaskQueue: message.BillingQueue,
			StaticSummary: "Compare our books with the provider's",
		},
		Note: "Differences that are not healed are listed by: starter reconcile list",
	})
	if err != nil && !errors.Is(err, temporal.ErrScheduleAlreadyRunning) {
		return fmt.Errorf("schedule %s: %w", dailyReconciliation, err)
	}
	return nil
}
