package client

import (
	"context"
	"errors"
	"fmt"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/workflows/message"
)

// DecideReview decides about a payment under review, and answers when what follows is done: the payment made or failed,
// the subscription released or ended, the money on its way back. A *subscription.Refusal says why a decision does not count.
func (c *Client) DecideReview(ctx context.Context, paymentID string, decision message.ReviewDecision) (message.ReviewState, error) {
	var state message.ReviewState
	id := message.FraudReviewID(paymentID)
	if err := c.moveTo(ctx, id, decision.At); err != nil {
		return state, fmt.Errorf("review of payment %s: %w", paymentID, err)
	}
	handle, err := c.temporal.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID: id, UpdateName: message.DecideUpdate, Args: []any{decision}, WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	if err == nil {
		err = handle.Get(ctx, &state)
	}
	if refused, ok := errors.AsType[*temporal.ApplicationError](err); ok && refused.NonRetryable() {
		return state, &subscription.Refusal{Code: refused.Type(), Message: refused.Message()}
	}
	if _, missing := errors.AsType[*serviceerror.NotFound](err); missing {
		return state, &subscription.Refusal{
			Code: "review_not_running", Message: "the review of payment " + paymentID + " is not running: it is decided, or was stopped",
		}
	}
	if err != nil {
		return state, fmt.Errorf("review of payment %s: %w", paymentID, err)
	}
	return state, nil
}
