package client

import (
	"context"
	"fmt"
	"time"

	"go.temporal.io/sdk/client"

	"github.com/perennial-billing/perennial/workflows/message"
)

// PayNow has the invoice's dunning make an attempt at once, as one of a customer who is on our pay page, and answers how it
// went. RequiresAction means that the customer's bank wants to see them.
func (c *Client) PayNow(ctx context.Context, invoiceID string, in message.PayNow) (message.PaymentStatus, error) {
	return c.attemptNow(ctx, invoiceID, in.At, client.UpdateWorkflowOptions{UpdateName: message.PayNowUpdate, Args: []any{in}})
}

// RetryNow has the invoice's dunning make the attempt that follows a failed one at once, whatever its schedule says, and
// answers how it went. Asked for twice, the attempt is made once.
func (c *Client) RetryNow(ctx context.Context, invoiceID, failedPayment string, at time.Time) (message.PaymentStatus, error) {
	return c.attemptNow(ctx, invoiceID, at, client.UpdateWorkflowOptions{
		UpdateID: "retry:" + failedPayment, UpdateName: message.RetryNowUpdate, Args: []any{at},
	})
}

func (c *Client) attemptNow(ctx context.Context, invoiceID string, at time.Time, update client.UpdateWorkflowOptions) (message.PaymentStatus, error) {
	var status message.PaymentStatus
	update.WorkflowID, update.WaitForStage = message.DunningID(invoiceID), client.WorkflowUpdateStageCompleted
	err := c.moveTo(ctx, update.WorkflowID, at)
	if err != nil {
		return status, err
	}
	handle, err := c.temporal.UpdateWorkflow(ctx, update)
	if err == nil {
		err = handle.Get(ctx, &status)
	}
	if err != nil {
		return status, fmt.Errorf("%s of invoice %s: %w", update.UpdateName, invoiceID, err)
	}
	return status, nil
}
