package client

import (
	"context"
	"fmt"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"github.com/perennial-billing/perennial/workflows/message"
)

// DisputeNews tells that something happened to a dispute; its workflow finds out what and records it.
func (c *Client) DisputeNews(ctx context.Context, in message.DisputeInput) error {
	id := message.DisputeID(in.DisputeID)
	_, err := c.temporal.SignalWithStartWorkflow(ctx, id, message.DisputeNewsSignal, in, client.StartWorkflowOptions{
		ID: id, TaskQueue: message.BillingQueue, StaticSummary: "A bank takes a payment back",
		WorkflowIDReusePolicy: enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
	}, message.DisputeWorkflow, in)
	if err != nil {
		return fmt.Errorf("news of %s: %w", id, err)
	}
	return nil
}
