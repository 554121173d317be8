package client

import (
	"context"
	"fmt"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"github.com/perennial-billing/perennial/workflows/message"
)

// PayoutNews tells that something happened to a payout; its workflow finds out what and records it.
func (c *Client) PayoutNews(ctx context.Context, in message.PayoutInput) error {
	id := message.PayoutID(in.PayoutID)
	_, err := c.temporal.SignalWithStartWorkflow(ctx, id, message.PayoutNewsSignal, in, client.StartWorkflowOptions{
		ID: id, TaskQueue: message.BillingQueue, StaticSummary: "The provider pays out",
		WorkflowIDReusePolicy: enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
	}, message.PayoutWorkflow, in)
	if err != nil {
		return fmt.Errorf("news of %s: %w", id, err)
	}
	return nil
}
