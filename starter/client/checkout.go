package client

import (
	"context"
	"fmt"
	"time"

	"go.temporal.io/sdk/client"

	"github.com/perennial-billing/perennial/workflows/message"
)

// OpenCheckout has the provider's page made for a checkout that is recorded, and answers when it is there. Repeating it
// answers how the checkout stands, unless it has ended.
func (c *Client) OpenCheckout(ctx context.Context, in message.CheckoutInput, at time.Time) (message.CheckoutState, error) {
	return c.updateCheckout(ctx, message.OpenCheckoutUpdate, in, at)
}

// ExpireCheckout closes the page of a checkout and answers how it ended: the customer may have been faster.
func (c *Client) ExpireCheckout(ctx context.Context, in message.CheckoutInput, at time.Time) (message.CheckoutState, error) {
	return c.updateCheckout(ctx, message.ExpireCheckoutUpdate, in, at)
}

func (c *Client) updateCheckout(ctx context.Context, update string, in message.CheckoutInput, at time.Time) (message.CheckoutState, error) {
	var state message.CheckoutState
	start := c.temporal.NewWithStartWorkflowOperation(once(message.CheckoutID(in.CheckoutID), "Page of checkout "+in.CheckoutID),
		message.CheckoutWorkflow, in)
	handle, err := c.temporal.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: start,
		UpdateOptions: client.UpdateWorkflowOptions{
			UpdateName: update, Args: []any{message.CheckoutAt{CheckoutID: in.CheckoutID, At: at}}, WaitForStage: client.WorkflowUpdateStageCompleted,
		},
	})
	if err == nil {
		err = handle.Get(ctx, &state)
	}
	if err != nil {
		return state, fmt.Errorf("%s checkout %s: %w", update, in.CheckoutID, err)
	}
	return state, nil
}

// CheckoutNews tells the workflow of a checkout that something happened on its page; it finds out what. One that has ended
// needs no news.
func (c *Client) CheckoutNews(ctx context.Context, checkoutID string, news message.PaymentNews) error {
	err := c.temporal.SignalWorkflow(ctx, message.CheckoutID(checkoutID), "", message.CheckoutNewsSignal, news)
	if err = ignoreMissing(err); err != nil {
		return fmt.Errorf("news of checkout %s: %w", checkoutID, err)
	}
	return nil
}
