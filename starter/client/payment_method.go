package client

import (
	"context"
	"fmt"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"github.com/perennial-billing/perennial/workflows/message"
)

// PaymentMethod takes a step with a payment method that is written down, and answers how the method stands after it.
// Repeating a step is safe.
func (c *Client) PaymentMethod(ctx context.Context, in message.PaymentMethodInput) (message.PaymentMethodState, error) {
	var state message.PaymentMethodState
	id := message.PaymentMethodID(in.MethodID)
	run, err := c.temporal.SignalWithStartWorkflow(ctx, id, message.PaymentMethodSignal, in, client.StartWorkflowOptions{
		ID: id, TaskQueue: message.BillingQueue, StaticSummary: "Set up and follow a payment method",
		WorkflowIDReusePolicy: enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
	}, message.PaymentMethodWorkflow, message.PaymentMethodInput{MethodID: in.MethodID, Step: in.Step, At: in.At})
	if err == nil {
		err = run.Get(ctx, &state)
	}
	if err != nil {
		return state, fmt.Errorf("%s of %s: %w", in.Step, id, err)
	}
	return state, nil
}
