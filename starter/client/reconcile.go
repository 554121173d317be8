package client

import (
	"context"
	"fmt"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/perennial-billing/perennial/workflows/message"
)

// Reconcile compares our books with the provider's and answers with the differences. A comparison that is under way for
// the same day (that of in.At, in UTC) and entity is joined; one that is over is made again.
func (c *Client) Reconcile(ctx context.Context, in message.ReconcileInput) (message.Reconciled, error) {
	var reconciled message.Reconciled
	id := message.ReconciliationID(in.EntityID, in.At.UTC().Format("2006-01-02"))
	options := client.StartWorkflowOptions{
		ID: id, TaskQueue: message.BillingQueue, StaticSummary: "Compare our books with the provider's",
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
	}
	if in.EntityID != "" {
		options.TypedSearchAttributes = temporal.NewSearchAttributes(message.EntityID.ValueSet(in.EntityID))
	}
	run, err := c.temporal.ExecuteWorkflow(ctx, options, message.ReconciliationWorkflow, in)
	if err == nil {
		err = run.Get(ctx, &reconciled)
	}
	if err != nil {
		return reconciled, fmt.Errorf("%s: %w", id, err)
	}
	return reconciled, nil
}
