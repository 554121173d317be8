// Package client is how services start and steer Perennial's workflows. It needs a connection to Temporal and nothing
// else: what starts no workflow, such as usage, is told with package records. Every call that may be repeated is safe to repeat.
package client

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/workflows/message"
)

// Client starts and steers workflows. It is safe for concurrent use.
type Client struct {
	temporal client.Client
	// forward, when set, moves a workflow's own clock; see WithTestClock.
	forward func(ctx context.Context, workflowID string, to time.Time) error
}

// New makes a client over a connection to Temporal.
func New(temporal client.Client) *Client { return &Client{temporal: temporal} }

// WithTestClock returns a client for customers on a test clock: before a workflow is told something dated at an
// instant, its own clock is moved there by forward. Use it on development servers only.
func (c *Client) WithTestClock(forward func(ctx context.Context, workflowID string, to time.Time) error) *Client {
	return &Client{temporal: c.temporal, forward: forward}
}

// Subscribe starts a subscription and answers, if it begins at once, with its first invoice. Repeating the request
// returns the same subscription; another request with the same id is refused (code "subscription_exists").
// A *subscription.Refusal says what is wrong with the request; then nothing was written.
func (c *Client) Subscribe(ctx context.Context, in message.Subscribe) (message.Subscribed, error) {
	if in.StartAt.IsZero() { // it would bill all months since the year 1
		return message.Subscribed{}, &subscription.Refusal{
			Code: "start_missing", Message: "subscription " + in.SubscriptionID + " does not say when it begins: set StartAt, to time.Now() for at once",
		}
	}
	id := message.SubscriptionID(in.SubscriptionID)
	start := c.temporal.NewWithStartWorkflowOperation(client.StartWorkflowOptions{
		ID: id, TaskQueue: message.BillingQueue,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY,
		StaticSummary:            fmt.Sprintf("%s on %s", in.CustomerID, in.Terms.PlanID),
		TypedSearchAttributes: temporal.NewSearchAttributes(
			message.CustomerID.ValueSet(in.CustomerID), message.EntityID.ValueSet(in.EntityID), message.Currency.ValueSet(string(in.Currency))),
	}, message.SubscriptionWorkflow, message.SubscriptionInput{Subscribe: in})
	handle, err := c.temporal.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: start,
		UpdateOptions: client.UpdateWorkflowOptions{
			UpdateName: message.SubscribeUpdate, Args: []any{in}, WaitForStage: client.WorkflowUpdateStageAccepted,
		},
	})
	if err != nil {
		return message.Subscribed{}, c.explain(in.SubscriptionID, err)
	}
	if in.AwaitStart { // a later start is for the test clock to reach
		if err := c.moveTo(ctx, id, in.StartAt); err != nil {
			return message.Subscribed{}, err
		}
	}
	var subscribed message.Subscribed
	if err := handle.Get(ctx, &subscribed); err != nil {
		return message.Subscribed{}, c.explain(in.SubscriptionID, err)
	}
	return subscribed, nil
}

// updateID lets Temporal join requests that ask for the same under the same id. What asks for something else must reach
// the workflow, which refuses it: under the bare id, Temporal would answer it as it answered the first one.
func updateID(c subscription.Command) string {
	if c.ID == "" {
		return ""
	}
	asks := fmt.Sprintf("%s %t %t", c.Kind, c.AtPeriodEnd, c.CreditUnused)
	if c.Terms != nil {
		asks += fmt.Sprintf(" %s %d %d %s", c.Terms.PlanID, c.Terms.PlanVersion, c.Terms.Seats, c.Terms.AddOns)
	}
	asks += fmt.Sprintf(" %d %s %t %s %s", c.On.Unix(), c.Mode, c.BillNext, c.Customer, c.Withdraws)
	if c.NewPeriod {
		asks += " new period"
	}
	if i := c.Item; i != nil {
		asks += fmt.Sprintf(" %s %s %q %s %s %s", i.ID, i.Kind, i.Description, i.Quantity, i.Unit, i.TaxCategory)
	}
	if len(c.Prices) > 0 {
		asks += " " + c.Prices.Canonical()
	}
	sum := sha256.Sum256([]byte(asks))
	return c.ID + "#" + hex.EncodeToString(sum[:8])
}

// Status asks a subscription's workflow for its state. It works for ended subscriptions while Temporal keeps them.
func (c *Client) Status(ctx context.Context, subscriptionID string) (subscription.State, error) {
	var state subscription.State
	value, err := c.temporal.QueryWorkflow(ctx, message.SubscriptionID(subscriptionID), "", message.StatusQuery)
	if err != nil {
		return state, c.explain(subscriptionID, err)
	}
	return state, value.Get(&state)
}

func (c *Client) moveTo(ctx context.Context, workflowID string, at time.Time) error {
	if c.forward == nil {
		return nil
	}
	return c.forward(ctx, workflowID, at)
}

// explain turns what came back from Temporal into a refusal where that is what it means.
func (c *Client) explain(subscriptionID string, err error) error {
	if refused, ok := errors.AsType[*temporal.ApplicationError](err); ok && refused.NonRetryable() {
		return &subscription.Refusal{Code: refused.Type(), Message: refused.Message()}
	}
	if _, missing := errors.AsType[*serviceerror.NotFound](err); missing {
		return &subscription.Refusal{
			Code: "subscription_not_running", Message: "subscription " + subscriptionID + " does not exist or has ended",
		}
	}
	if _, started := errors.AsType[*serviceerror.WorkflowExecutionAlreadyStarted](err); started {
		return &subscription.Refusal{
			Code: "subscription_exists", Message: "subscription " + subscriptionID + " existed and has ended: choose another id",
		}
	}
	return fmt.Errorf("subscription %s: %w", subscriptionID, err)
}

// ignoreMissing drops the error that a workflow does not exist or has ended.
func ignoreMissing(err error) error {
	if _, missing := errors.AsType[*serviceerror.NotFound](err); missing {
		return nil
	}
	return err
}
