package client

import (
	"context"
	"fmt"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/perennial-billing/perennial/workflows/message"
)

// Refund pays a refund out and answers when the provider has. Repeating the request asks again how the same refund
// stands; with another payment or amount its id is refused (code "refund_id_reused").
func (c *Client) Refund(ctx context.Context, in message.RefundInput) (message.Refunded, error) {
	var refunded message.Refunded
	run, err := c.temporal.ExecuteWorkflow(ctx, refundOptions(in), message.RefundWorkflow, in)
	if err == nil {
		err = run.Get(ctx, &refunded)
	}
	if err != nil {
		return refunded, fmt.Errorf("refund %s: %w", in.RefundID, err)
	}
	return refunded, nil
}

// RefundNews tells that something happened to a refund that is written down; its workflow finds out what.
func (c *Client) RefundNews(ctx context.Context, in message.RefundInput, news message.PaymentNews) error {
	_, err := c.temporal.SignalWithStartWorkflow(ctx, message.RefundID(in.RefundID), message.RefundNewsSignal, news, refundOptions(in),
		message.RefundWorkflow, in)
	if err != nil {
		return fmt.Errorf("news of refund %s: %w", in.RefundID, err)
	}
	return nil
}

// refundOptions let a refund's workflow be started again: what it has done is recorded, and it finds out what is true.
func refundOptions(in message.RefundInput) client.StartWorkflowOptions {
	return client.StartWorkflowOptions{
		ID: message.RefundID(in.RefundID), TaskQueue: message.BillingQueue, StaticSummary: in.Amount.String() + " of " + in.PaymentID,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		TypedSearchAttributes: temporal.NewSearchAttributes(
			message.AmountMinor.ValueSet(in.Amount.Minor), message.Currency.ValueSet(string(in.Amount.Currency))),
	}
}
