package workflows

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/workflows/message"
)

// clockSkew is how far ahead of the workflow's clock a command may be dated.
const clockSkew = time.Minute

// status answers the query of the same name.
func (s *subscriptionRun) status() (subscription.State, error) { return s.state, nil }

// checkSubscribe lets an identical request for an existing subscription through, so that repeating it is safe.
func (s *subscriptionRun) checkSubscribe(_ workflow.Context, in message.Subscribe) error {
	if differs := in.Differs(s.in.Subscribe); differs != "" {
		return refusalError(&subscription.Refusal{
			Code:    "subscription_exists",
			Message: fmt.Sprintf("subscription %s exists with other terms (%s): choose another id, or change it", in.SubscriptionID, differs),
		})
	}
	return nil
}

func (s *subscriptionRun) subscribe(ctx workflow.Context, in message.Subscribe) (message.Subscribed, error) {
	ctx, _ = steadfast(ctx)
	err := workflow.Await(ctx, func() bool {
		return s.refusal != nil || s.started || s.opened && (s.state.Ended() || !in.AwaitStart)
	})
	if err != nil {
		return message.Subscribed{}, err
	}
	if s.refusal != nil {
		return message.Subscribed{}, refusalError(s.refusal)
	}
	return message.Subscribed{State: s.state, Invoice: s.first}, nil
}

// Limits of the texts in a command, which become part of the history.
const (
	longestCommandID = 200
	longestActor     = 100
	longestReason    = 500
)

// checkCommand refuses, before anything is written, what cannot be a command at all. Whether the subscription can carry
// it out is decided when it is its turn: its repetition must be answered as it was the first time.
func (s *subscriptionRun) checkCommand(ctx workflow.Context, c subscription.Command) error {
	if s.refusal != nil {
		return refusalError(s.refusal)
	}
	return refusalError(s.malformed(ctx, c))
}

func (s *subscriptionRun) malformed(ctx workflow.Context, c subscription.Command) error {
	id := s.in.Subscribe.SubscriptionID
	switch {
	case c.ID == "" || c.At.IsZero():
		return s.state.Check(c)
	case len(c.ID) > longestCommandID-len(message.PlannedCommand) && !c.On.IsZero(),
		len(c.ID) > longestCommandID || len(c.Actor) > longestActor || len(c.Reason) > longestReason:
		return &subscription.Refusal{Code: "command_too_long", Message: fmt.Sprintf(
			"subscription %s: a command has at most %d bytes of id, %d of actor and %d of reason", id, longestCommandID, longestActor, longestReason)}
	case strings.HasPrefix(c.ID, message.BoundaryCommand), strings.HasPrefix(c.ID, message.PlannedCommand),
		strings.HasPrefix(c.ID, message.UnpaidCommand):
		return &subscription.Refusal{Code: "command_id_reserved", Message: fmt.Sprintf(
			"subscription %s: command ids that begin with %q, %q or %q are the schedule's and dunning's own",
			id, message.BoundaryCommand, message.PlannedCommand, message.UnpaidCommand)}
	case strings.HasPrefix(c.ID, message.ReviewCommand), c.Kind == subscription.Release:
		return &subscription.Refusal{Code: "review_decides", Message: fmt.Sprintf(
			"subscription %s: command ids that begin with %q, and releases, follow from the review of a payment: decide that instead", id, message.ReviewCommand)}
	case c.At.After(workflow.Now(ctx).Add(clockSkew)):
		return &subscription.Refusal{Code: "command_in_future", Message: fmt.Sprintf(
			"subscription %s: command %s is dated in the future: %s", id, c.ID, c.At.Format(time.RFC3339))}
	}
	return nil
}

func (s *subscriptionRun) command(ctx workflow.Context, c subscription.Command) (message.CommandResult, error) {
	ctx, _ = steadfast(ctx)
	req := &request{command: c}
	s.enqueue(req)
	if err := workflow.Await(ctx, func() bool { return req.done || s.refusal != nil }); err != nil {
		return message.CommandResult{}, err
	}
	if !req.done {
		return message.CommandResult{}, refusalError(s.refusal)
	}
	return req.result, req.err
}

// preview answers what a command would do. It waits for its turn, because what it would do depends on what comes before.
func (s *subscriptionRun) preview(ctx workflow.Context, c subscription.Command) (message.Preview, error) {
	ctx, _ = steadfast(ctx)
	req := &request{command: c, preview: true}
	s.enqueue(req)
	if err := workflow.Await(ctx, func() bool { return req.done || s.refusal != nil }); err != nil {
		return message.Preview{}, err
	}
	if !req.done {
		return message.Preview{}, refusalError(s.refusal)
	}
	return req.previewed, req.err
}

// enqueue keeps the queue in the order of instants; of equal ones, who came first is served first.
func (s *subscriptionRun) enqueue(req *request) {
	i := slices.IndexFunc(s.queue, func(waiting *request) bool { return waiting.command.At.After(req.command.At) })
	if i < 0 {
		i = len(s.queue)
	}
	s.queue = slices.Insert(s.queue, i, req)
}

func (s *subscriptionRun) handlersFinished(ctx workflow.Context) error {
	return workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) })
}
