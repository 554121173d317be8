package client

import (
	"context"
	"fmt"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"github.com/perennial-billing/perennial/workflows/message"
)

// What the provider reports of by itself has a workflow that finds out what is true and ends; news starts it again.

// CashNews tells that something happened to the money a customer sent by bank transfer; its workflow finds out what.
func (c *Client) CashNews(ctx context.Context, in message.CashInput) error {
	return c.news(ctx, message.CustomerCashID(in.CustomerID), message.CashNewsSignal, message.CustomerCashWorkflow, in, "A customer sends money")
}

// DisputeNews tells that something happened to a dispute; its workflow finds out what and records it.
func (c *Client) DisputeNews(ctx context.Context, in message.DisputeInput) error {
	return c.news(ctx, message.DisputeID(in.DisputeID), message.DisputeNewsSignal, message.DisputeWorkflow, in, "A bank takes a payment back")
}

// PayoutNews tells that something happened to a payout; its workflow finds out what and records it.
func (c *Client) PayoutNews(ctx context.Context, in message.PayoutInput) error {
	return c.news(ctx, message.PayoutID(in.PayoutID), message.PayoutNewsSignal, message.PayoutWorkflow, in, "The provider pays out")
}

// ReviewNews tells the review of a payment that the provider's own was opened or closed; its workflow finds out what.
func (c *Client) ReviewNews(ctx context.Context, in message.FraudReviewInput) error {
	return c.news(ctx, message.FraudReviewID(in.PaymentID), message.ReviewNewsSignal, message.FraudReviewWorkflow, in, "Decide about payment "+in.PaymentID)
}

// WarningNews tells of an early fraud warning; its workflow asks about it and records it.
func (c *Client) WarningNews(ctx context.Context, in message.WarningInput) error {
	return c.news(ctx, message.FraudWarningID(in.WarningID), message.WarningNewsSignal, message.FraudWarningWorkflow, in, "An issuer reports fraud")
}

func (c *Client) news(ctx context.Context, id, signal, workflow string, in any, summary string) error {
	_, err := c.temporal.SignalWithStartWorkflow(ctx, id, signal, in, client.StartWorkflowOptions{
		ID: id, TaskQueue: message.BillingQueue, StaticSummary: summary,
		WorkflowIDReusePolicy: enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
	}, workflow, in)
	if err != nil {
		return fmt.Errorf("news of %s: %w", id, err)
	}
	return nil
}
