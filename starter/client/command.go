package client

import (
	"context"
	"errors"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/workflows/message"
)

// Command carries out a change, pause, resume, cancellation, charge or whatever else a subscription can be asked for, and
// answers with the new state and the invoice that came of it. The command's ID makes repeating it safe: the answer is that of
// the first time, be it a refusal; an ID that was carried out for something else is refused (code "command_id_reused"). A
// *subscription.Refusal says why a command was not carried out.
func (c *Client) Command(ctx context.Context, subscriptionID string, command subscription.Command) (message.CommandResult, error) {
	var result message.CommandResult
	err := c.ask(ctx, subscriptionID, command, client.UpdateWorkflowOptions{
		UpdateID: updateID(command), UpdateName: message.CommandUpdate,
	}, &result)
	return result, err
}

// Preview answers what a command would do: the state that it would leave and the invoices that it would make. Nothing is
// written. A *subscription.Refusal says why the command would be refused.
func (c *Client) Preview(ctx context.Context, subscriptionID string, command subscription.Command) (message.Preview, error) {
	var preview message.Preview
	err := c.ask(ctx, subscriptionID, command, client.UpdateWorkflowOptions{UpdateName: message.PreviewUpdate}, &preview)
	return preview, err
}

// ask has a subscription's workflow answer an update. The workflow of one that has ended is over: it is started again for the
// commands that are possible then.
func (c *Client) ask(ctx context.Context, subscriptionID string, command subscription.Command, update client.UpdateWorkflowOptions, answer any) error {
	update.WorkflowID, update.Args = message.SubscriptionID(subscriptionID), []any{command}
	update.WaitForStage = client.WorkflowUpdateStageCompleted
	err := c.update(ctx, command, update, answer)
	if _, missing := errors.AsType[*serviceerror.NotFound](err); missing && command.Kind.AfterTheEnd() {
		if err = c.startAgain(ctx, subscriptionID); err == nil {
			err = c.update(ctx, command, update, answer)
		}
	}
	if c.forward != nil && refusedAs(err, "command_in_future") {
		// Somebody else has started the workflow again meanwhile, on a clock that nobody had moved yet.
		err = c.update(ctx, command, update, answer)
	}
	if err != nil {
		return c.explain(subscriptionID, err)
	}
	return nil
}

func refusedAs(err error, code string) bool {
	refused, ok := errors.AsType[*temporal.ApplicationError](err)
	return ok && refused.Type() == code
}

func (c *Client) update(ctx context.Context, command subscription.Command, update client.UpdateWorkflowOptions, answer any) error {
	if err := c.moveTo(ctx, update.WorkflowID, command.At); err != nil {
		return err
	}
	handle, err := c.temporal.UpdateWorkflow(ctx, update)
	if err != nil {
		return err
	}
	return handle.Get(ctx, answer)
}

// startAgain starts the workflow of a subscription that has ended. If somebody else has just done so, it is theirs: there
// never are two.
func (c *Client) startAgain(ctx context.Context, subscriptionID string) error {
	_, err := c.temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: message.SubscriptionID(subscriptionID), TaskQueue: message.BillingQueue, StaticSummary: "Again after its end",
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
	}, message.SubscriptionWorkflow, message.SubscriptionInput{Subscribe: message.Subscribe{SubscriptionID: subscriptionID}, Again: true})
	return err
}
