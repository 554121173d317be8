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
	ctx, s.askedToStop = steadfast(ctx)
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
	queue   []*request // by instant, oldest first
	// news is read only when the loop takes one. A coroutine that read ahead could hold a signal, unseen by the loop, at
	// the moment the run continues as new: the signal would be lost.
	news workflow.ReceiveChannel
	// verdicts are the ends of reviews, read as news are.
	verdicts workflow.ReceiveChannel
	shown    shown
	// outcome is that of the latest attempt to collect an invoice in this run, in words.
	outcome string
	// askedToStop says that the workflow's cancellation was requested, and toldSo that the operator was told what that does.
	askedToStop func() bool
	toldSo      bool
}

// request is a command waiting for the loop, then its answer waiting for the caller.
type request struct {
	command subscription.Command
	result  message.CommandResult
	// preview asks only what the command would do, and previewed is the answer.
	preview   bool
	previewed message.Preview
	err       error
	done      bool
}

func (s *subscriptionRun) setup(ctx workflow.Context) error {
	if s.in.State != nil {
		s.state, s.opened = *s.in.State, true
		s.started = s.state.Status != subscription.Scheduled
	}
	s.news = workflow.GetSignalChannel(ctx, message.CollectionEndedSignal)
	s.verdicts = workflow.GetSignalChannel(ctx, message.ReviewEndedSignal)
	if err := workflow.SetQueryHandler(ctx, message.StatusQuery, s.status); err != nil {
		return err
	}
	if err := workflow.SetUpdateHandlerWithOptions(ctx, message.SubscribeUpdate, s.subscribe,
		workflow.UpdateHandlerOptions{Validator: s.checkSubscribe}); err != nil {
		return err
	}
	if err := workflow.SetUpdateHandlerWithOptions(ctx, message.PreviewUpdate, s.preview,
		workflow.UpdateHandlerOptions{Validator: s.checkCommand}); err != nil {
		return err
	}
	return workflow.SetUpdateHandlerWithOptions(ctx, message.CommandUpdate, s.command,
		workflow.UpdateHandlerOptions{Validator: s.checkCommand})
}

func (s *subscriptionRun) run(ctx workflow.Context) error {
	if !s.opened {
		if err := s.begin(ctx); err != nil {
			return err
		}
	}
	for {
		if err := s.live(ctx); err != nil {
			return err
		}
		if over, err := s.close(ctx); over || err != nil {
			return err
		}
		s.show(ctx)
	}
}

// live does what is due and what is asked for until the subscription has ended.
func (s *subscriptionRun) live(ctx workflow.Context) error {
	for !s.state.Ended() {
		if err := s.wait(ctx); err != nil {
			return err
		}
		s.toldSo = s.askedToStop() // by show, below
		if s.mayLeave(ctx) {
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
	return nil
}

// open records the agreement. A refused one fails the workflow, so that the id can be used again.
func (s *subscriptionRun) open(ctx workflow.Context) error {
	opened, err := inStore(ctx, message.OpenSubscription, s.in.Subscribe, "Check and record the agreement")
	if err != nil {
		return err
	}
	if opened.Inspect != "" {
		if opened, err = s.openInspected(ctx, opened.Inspect); err != nil {
			return err
		}
	}
	if opened.Refusal != nil {
		return s.refuse(ctx, opened.Refusal)
	}
	s.state, s.opened = opened.State, true
	s.show(ctx)
	return nil
}

// refuse fails the workflow, after it has answered everybody with the reason.
func (s *subscriptionRun) refuse(ctx workflow.Context, refusal *subscription.Refusal) error {
	s.refusal = refusal // from now on handlers answer with it
	if err := s.handlersFinished(ctx); err != nil {
		return err
	}
	return temporal.NewNonRetryableApplicationError(refusal.Message, refusal.Code, nil)
}

// wait sleeps until something is to be done: one timer, for the next instant at which the subscription acts by itself.
func (s *subscriptionRun) wait(ctx workflow.Context) error {
	if due, ok := s.state.NextDue(); ok {
		s.next.set(ctx, due, "Next: "+s.nextAction())
	} else {
		s.next.stop()
	}
	return workflow.Await(ctx, func() bool {
		return s.next.rings() || s.told() || s.commandIsNext() || s.mayLeave(ctx) || s.askedToStop() && !s.toldSo
	})
}

// commandIsNext says that the oldest command comes before the instant at which the subscription acts by itself. A command
// dated at or after that instant waits for it: it belongs to what begins there.
func (s *subscriptionRun) commandIsNext() bool {
	if len(s.queue) == 0 {
		return false
	}
	due, ok := s.state.NextDue()
	return !ok || s.queue[0].command.At.Before(due)
}

// mayLeave says that no message is waiting and this run has done its part: it has billed its period, which is over, or
// its history has grown long, as that of a subscription that is never renewed would without end.
func (s *subscriptionRun) mayLeave(ctx workflow.Context) bool {
	if len(s.queue) > 0 || s.told() {
		return false
	}
	tooLong := workflow.GetInfo(ctx).GetContinueAsNewSuggested() && workflow.AllHandlersFinished(ctx)
	return s.billed && s.next.rings() && !s.plannedIsDue() || tooLong
}

// plannedIsDue says that what the alarm rings for is a planned command in the midst of a period, not the period's end.
func (s *subscriptionRun) plannedIsDue() bool {
	_, _, is := s.state.PlannedFor(s.next.at)
	return is
}

// leave continues as new unless a message came in meanwhile; then the loop goes on (again is true).
func (s *subscriptionRun) leave(ctx workflow.Context) (again bool, err error) {
	err = workflow.Await(ctx, func() bool {
		return workflow.AllHandlersFinished(ctx) || len(s.queue) > 0
	})
	if err != nil {
		return false, err
	}
	// Nothing may yield between here and the return: a message that came in then would be lost.
	if len(s.queue) > 0 || s.told() {
		return true, nil
	}
	return false, workflow.NewContinueAsNewError(ctx, message.SubscriptionWorkflow,
		message.SubscriptionInput{Subscribe: s.in.Subscribe, State: &s.state, First: s.first})
}

// step does the one thing that comes first: news of payments, then commands and the boundary in the order of their instants.
func (s *subscriptionRun) step(ctx workflow.Context) error {
	var news message.CollectionEnded
	var verdict message.ReviewEnded
	switch {
	case s.verdicts.ReceiveAsync(&verdict):
		return s.reviewEnded(ctx, verdict)
	case s.news.ReceiveAsync(&news):
		return s.collectionEnded(ctx, news)
	case s.commandIsNext():
		return s.carryOut(ctx)
	case s.next.rings():
		return s.turn(ctx)
	}
	return nil // cancellation was requested, or a signal could not be decoded and was dropped
}
