package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/perennial-billing/perennial/internal/store"
)

// unrest names what keeps the system from being at rest; empty when nothing does.
func (c *chaos) unrest(ctx context.Context) (string, error) {
	if n := c.house.mail.total().pending; n > 0 {
		return fmt.Sprintf("%d webhooks are on their way", n), nil
	}
	state, err := c.saboteur.state(ctx)
	if err != nil {
		return "", err
	}
	if n := state.Objects["deliveries"]; n > 0 {
		return fmt.Sprintf("%d webhooks have not left the provider", n), nil
	}
	events, err := c.house.system.Store.InboundEvents(ctx, store.EventFilter{Status: store.EventWaiting, Limit: 1})
	if err != nil || len(events) > 0 {
		return "a webhook that was taken in was not acted on", err
	}
	mail, err := c.house.system.Store.MailCounts(ctx)
	if err != nil || mail["pending"] > 0 {
		return fmt.Sprintf("%d messages are waiting", mail["pending"]), err
	}
	return c.busy(ctx)
}

// busy names an open workflow that has something under way.
func (c *chaos) busy(ctx context.Context) (string, error) {
	open, err := c.openWorkflows(ctx)
	if err != nil {
		return "", err
	}
	for id := range open {
		described, err := c.house.system.Temporal.DescribeWorkflowExecution(ctx, id, "")
		if _, gone := errors.AsType[*serviceerror.NotFound](err); gone {
			continue
		}
		if err != nil {
			return id, err
		}
		if described.GetWorkflowExecutionInfo().GetStatus() != enums.WORKFLOW_EXECUTION_STATUS_RUNNING {
			continue
		}
		if pending := described.GetPendingActivities(); len(pending) > 0 {
			return fmt.Sprintf("%s: %s, attempt %d: %s", id, pending[0].GetActivityType().GetName(), pending[0].GetAttempt(),
				pending[0].GetLastFailure().GetMessage()), nil
		}
		if task := described.GetPendingWorkflowTask(); task != nil {
			return fmt.Sprintf("%s: workflow task, attempt %d since %s", id, task.GetAttempt(), task.GetOriginalScheduledTime().AsTime().Format(time.RFC3339)), nil
		}
	}
	return "", nil
}

// openWorkflows lists the ids of all workflows that run.
func (c *chaos) openWorkflows(ctx context.Context) (map[string]bool, error) {
	open := map[string]bool{}
	var page []byte
	for {
		listed, err := c.house.system.Temporal.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
			Query: `ExecutionStatus = "Running"`, PageSize: 500, NextPageToken: page,
		})
		if err != nil {
			return nil, fmt.Errorf("list running workflows: %w", err)
		}
		for _, e := range listed.GetExecutions() {
			open[e.GetExecution().GetWorkflowId()] = true
		}
		if page = listed.GetNextPageToken(); len(page) == 0 {
			return open, nil
		}
	}
}
