package workflows

import (
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
	if !sameAgreement(in, s.in.Subscribe) {
		return refusalError(&subscription.Refusal{
			Code:    "subscription_exists",
			Message: "subscription " + in.SubscriptionID + " exists with other terms: choose another id, or change it",
		})
	}
	return nil
}

func sameAgreement(a, b message.Subscribe) bool {
	a.StartAt, a.AwaitStart = b.StartAt, b.AwaitStart
	return a == b
}

func (s *subscriptionRun) subscribe(ctx workflow.Context, in message.Subscribe) (message.Subscribed, error) {
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

// checkCommand refuses, before anything is written, what cannot be carried out.
func (s *subscriptionRun) checkCommand(ctx workflow.Context, c subscription.Command) error {
	if c.At.After(workflow.Now(ctx).Add(clockSkew)) {
		return refusalError(&subscription.Refusal{
			Code:    "command_in_future",
			Message: "subscription " + s.in.Subscribe.SubscriptionID + ": command " + c.ID + " is dated in the future: " + c.At.Format(time.RFC3339),
		})
	}
	if !s.opened {
		return nil
	}
	return refusalError(s.state.Check(c))
}

func (s *subscriptionRun) command(ctx workflow.Context, c subscription.Command) (message.CommandResult, error) {
	req := &request{command: c}
	s.queue = append(s.queue, req)
	if err := workflow.Await(ctx, func() bool { return req.done }); err != nil {
		return message.CommandResult{}, err
	}
	return req.result, req.err
}

// listen moves signals to where the loop sees them.
func (s *subscriptionRun) listen(ctx workflow.Context) {
	for {
		var news message.CollectionEnded
		workflow.GetSignalChannel(ctx, message.CollectionEndedSignal).Receive(ctx, &news)
		s.news = append(s.news, news)
	}
}

// drainSignals takes the signals that listen has not seen yet.
func (s *subscriptionRun) drainSignals(ctx workflow.Context) {
	var news message.CollectionEnded
	for workflow.GetSignalChannel(ctx, message.CollectionEndedSignal).ReceiveAsync(&news) {
		s.news = append(s.news, news)
	}
}

func (s *subscriptionRun) answerAll(refused *subscription.Refusal) {
	for _, req := range s.queue {
		req.err, req.done = refusalError(refused), true
	}
	s.queue = nil
}

func (s *subscriptionRun) handlersFinished(ctx workflow.Context) error {
	return workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) })
}
