package workflows

import (
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/workflows/message"
)

// Subscription is the life of one subscription. Each run of the workflow is one billing period: it bills the period,
// takes commands until the period is over, and continues as new.
func Subscription(ctx workflow.Context, in message.SubscriptionInput) error {
	s := &subscriptionRun{in: in, first: in.First}
	if err := s.setup(ctx); err != nil {
		return err
	}
	return s.run(ctx)
}

// subscriptionRun is what one run knows. Handlers only validate and enqueue; the loop in run does everything, one thing
// at a time, so that no two effects on a subscription ever overlap.
type subscriptionRun struct {
	in      message.SubscriptionInput
	state   subscription.State
	refusal *subscription.Refusal
	opened  bool // the agreement is recorded
	started bool // the first period has begun
	billed  bool // this run has begun a billing cycle
	first   *message.Billed
	next    alarm
	queue   []*request
	news    []message.CollectionEnded
	shown   shown
}

// request is a command waiting for the loop, then its answer waiting for the caller.
type request struct {
	command subscription.Command
	result  message.CommandResult
	err     error
	done    bool
}

func (s *subscriptionRun) setup(ctx workflow.Context) error {
	if s.in.State != nil {
		s.state, s.opened, s.started = *s.in.State, true, true
	}
	if err := workflow.SetQueryHandler(ctx, message.StatusQuery, s.status); err != nil {
		return err
	}
	if err := workflow.SetUpdateHandlerWithOptions(ctx, message.SubscribeUpdate, s.subscribe,
		workflow.UpdateHandlerOptions{Validator: s.checkSubscribe}); err != nil {
		return err
	}
	if err := workflow.SetUpdateHandlerWithOptions(ctx, message.CommandUpdate, s.command,
		workflow.UpdateHandlerOptions{Validator: s.checkCommand}); err != nil {
		return err
	}
	workflow.Go(ctx, s.listen)
	return nil
}

func (s *subscriptionRun) run(ctx workflow.Context) error {
	if !s.opened {
		if err := s.open(ctx); err != nil {
			return err
		}
	}
	for !s.state.Ended() {
		if err := s.wait(ctx); err != nil {
			return err
		}
		if s.periodIsOver() {
			if again, err := s.leave(ctx); !again {
				return err
			}
			continue
		}
		if err := s.step(ctx); err != nil {
			return err
		}
		s.show(ctx)
	}
	return s.close(ctx)
}

// open records the agreement. A refused one fails the workflow, so that the id can be used again.
func (s *subscriptionRun) open(ctx workflow.Context) error {
	opened, err := inStore(ctx, message.OpenSubscription, s.in.Subscribe, "Check and record the agreement")
	if err != nil {
		return err
	}
	if opened.Refusal != nil {
		s.refusal = opened.Refusal
		s.answerAll(opened.Refusal)
		if err := s.handlersFinished(ctx); err != nil {
			return err
		}
		return temporal.NewNonRetryableApplicationError(opened.Refusal.Message, opened.Refusal.Code, nil)
	}
	s.state, s.opened = opened.State, true
	s.show(ctx)
	return nil
}

// wait sleeps until something is to be done: one timer, for the next instant at which the subscription acts by itself.
func (s *subscriptionRun) wait(ctx workflow.Context) error {
	if due, ok := s.state.NextDue(); ok {
		s.next.set(ctx, due, "Next: "+s.nextAction())
	} else {
		s.next.stop()
	}
	return workflow.Await(ctx, func() bool {
		return s.next.rings() || len(s.queue) > 0 || len(s.news) > 0
	})
}

// periodIsOver says that this run has billed its period, the period has ended and nobody is waiting for an answer.
func (s *subscriptionRun) periodIsOver() bool {
	return s.billed && s.next.rings() && len(s.queue) == 0 && len(s.news) == 0
}

// leave continues as new unless a message came in meanwhile; then the loop goes on (again is true).
func (s *subscriptionRun) leave(ctx workflow.Context) (again bool, err error) {
	err = workflow.Await(ctx, func() bool {
		return workflow.AllHandlersFinished(ctx) || len(s.queue) > 0
	})
	if err != nil {
		return false, err
	}
	// Nothing may yield between here and the return: a signal that came in then would be lost.
	if s.drainSignals(ctx); len(s.queue) > 0 || len(s.news) > 0 {
		return true, nil
	}
	return false, workflow.NewContinueAsNewError(ctx, message.SubscriptionWorkflow,
		message.SubscriptionInput{Subscribe: s.in.Subscribe, State: &s.state, First: s.first})
}

// step does the one thing that comes first: news of payments, then commands and the boundary in the order of their instants.
func (s *subscriptionRun) step(ctx workflow.Context) error {
	switch {
	case len(s.news) > 0:
		return s.collectionEnded(ctx)
	case len(s.queue) > 0 && (!s.next.rings() || s.queue[0].command.At.Before(s.next.at)):
		return s.carryOut(ctx)
	}
	return s.turn(ctx)
}

// close answers whoever still waits and ends the workflow.
func (s *subscriptionRun) close(ctx workflow.Context) error {
	s.next.stop()
	for _, req := range s.queue {
		req.err, req.done = refusalError(s.state.Check(req.command)), true
	}
	s.queue = nil
	return s.handlersFinished(ctx)
}
