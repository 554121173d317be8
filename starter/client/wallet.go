package client

import (
	"context"
	"errors"
	"fmt"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/workflows/message"
)

// GrantCredit gives or sells prepaid credit to a customer of an entity. Credit that is sold comes with an invoice, which is
// collected; it can be used when that is paid, or at once if asked for so. Repeating the request grants nothing more; other
// terms under the same id are refused (code "grant_exists"). A *subscription.Refusal says what is wrong with a request.
func (c *Client) GrantCredit(ctx context.Context, entityID string, in message.GrantCredit) (message.CreditGranted, error) {
	return tellWallet[message.CreditGranted](ctx, c, entityID, in.CustomerID, in.Amount.Currency, message.GrantCreditUpdate, in)
}

// ReturnCredit takes all that is left of a grant back. What was paid for it becomes the customer's credit, which pays later
// invoices or can be refunded. Repeating it returns nothing more.
func (c *Client) ReturnCredit(ctx context.Context, entityID string, in message.ReturnCredit) (message.CreditReturned, error) {
	return tellWallet[message.CreditReturned](ctx, c, entityID, in.CustomerID, in.Currency, message.ReturnCreditUpdate, in)
}

// WalletStanding answers what of a customer's prepaid credit can be used at an instant, after what was used and is not
// invoiced yet.
func (c *Client) WalletStanding(ctx context.Context, entityID string, in message.WalletAt) (message.WalletStanding, error) {
	return tellWallet[message.WalletStanding](ctx, c, entityID, in.CustomerID, in.Currency, message.WalletStandingUpdate, in)
}

// SetTopUp agrees on how a customer's credit is bought by itself; a nil TopUp ends it. Repeating it changes nothing.
func (c *Client) SetTopUp(ctx context.Context, entityID string, in message.SetTopUp) error {
	_, err := tellWallet[message.None](ctx, c, entityID, in.CustomerID, in.Currency, message.SetTopUpUpdate, in)
	return err
}

// tellWallet sends an update to the workflow of a wallet, which is started if it does not run.
func tellWallet[Out any](
	ctx context.Context, c *Client, entityID, customerID string, currency money.Currency, update string, in any,
) (Out, error) {
	var out Out
	id := message.WalletID(customerID, currency)
	start := c.temporal.NewWithStartWorkflowOperation(client.StartWorkflowOptions{
		ID: id, TaskQueue: message.BillingQueue,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		StaticSummary:            "Prepaid credit of " + customerID + " in " + string(currency),
		TypedSearchAttributes: temporal.NewSearchAttributes(
			message.CustomerID.ValueSet(customerID), message.EntityID.ValueSet(entityID), message.Currency.ValueSet(string(currency))),
	}, message.WalletWorkflow, message.WalletInput{CustomerID: customerID, EntityID: entityID, Currency: currency})
	handle, err := c.temporal.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: start,
		UpdateOptions: client.UpdateWorkflowOptions{
			UpdateName: update, Args: []any{in}, WaitForStage: client.WorkflowUpdateStageCompleted,
		},
	})
	if err == nil {
		err = handle.Get(ctx, &out)
	}
	if refused, ok := refusalOf(err); ok {
		return out, refused
	}
	if err != nil {
		return out, fmt.Errorf("%s: %w", id, err)
	}
	return out, nil
}

// refusalOf is the refusal that an answer from Temporal means, if it does.
func refusalOf(err error) (*subscription.Refusal, bool) {
	if refused, ok := errors.AsType[*temporal.ApplicationError](err); ok && refused.NonRetryable() {
		return &subscription.Refusal{Code: refused.Type(), Message: refused.Message()}, true
	}
	return nil, false
}
