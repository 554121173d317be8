package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/perennial-billing/perennial/workflows/message"
)

// regular is a workflow that runs regularly by itself. The runs are named after its id and their instant; one that would begin
// while the last one goes on is left out.
type regular struct {
	id       string
	when     client.ScheduleSpec
	workflow string
	input    any
	summary  string
	note     string
}

func regulars() []regular {
	return []regular{
		{
			id:       "reconciliation/daily", // at night, when the day's last events have come
			when:     client.ScheduleSpec{Calendars: []client.ScheduleCalendarSpec{{Hour: []client.ScheduleRange{{Start: 3}}, Comment: "03:00 UTC"}}},
			workflow: message.ReconciliationWorkflow, input: message.ReconcileInput{},
			summary: "Compare our books with the provider's",
			note:    "Differences that are not healed are listed by: starter reconcile list",
		},
		{
			id:       "late-usage/hourly",
			when:     client.ScheduleSpec{Intervals: []client.ScheduleIntervalSpec{{Every: time.Hour}}},
			workflow: message.LateUsageWorkflow, input: message.LateUsageInput{},
			summary: "Bill usage that became known after the end of subscriptions",
			note:    "Bills each subscription at most once a day. A run that failed says which subscriptions could not be billed",
		},
	}
}

// schedule makes the schedules, once: operators may move, pause or delete them, and a deleted one comes back with the next worker.
func schedule(ctx context.Context, temporalClient client.Client) error {
	for _, r := range regulars() {
		_, err := temporalClient.ScheduleClient().Create(ctx, client.ScheduleOptions{
			ID: r.id, Spec: r.when, Note: r.note,
			Action: &client.ScheduleWorkflowAction{
				ID: r.id, Workflow: r.workflow, Args: []any{r.input}, TaskQueue: message.BillingQueue, StaticSummary: r.summary,
			},
		})
		if err != nil && !errors.Is(err, temporal.ErrScheduleAlreadyRunning) {
			return fmt.Errorf("schedule %s: %w", r.id, err)
		}
	}
	return nil
}
