package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/perennial-billing/perennial/workflows/message"
)

// begin records the agreement, or takes up a subscription that has ended.
func (s *subscriptionRun) begin(ctx workflow.Context) error {
	if s.in.Again {
		return s.takeUp(ctx)
	}
	return s.open(ctx)
}

// takeUp goes on from the record of a subscription that has ended, for the command that is on its way: perhaps it begins
// again. No timer ends the waiting, since whoever asks may have to move a test clock first.
func (s *subscriptionRun) takeUp(ctx workflow.Context) error {
	recalled, err := inStore(ctx, message.RecallSubscription, s.in.Subscribe.SubscriptionID, "Recall the subscription that has ended")
	if err != nil {
		return err
	}
	if recalled.Refusal != nil {
		return s.refuse(ctx, recalled.Refusal)
	}
	s.in.Subscribe, s.state, s.opened, s.started = recalled.Subscribe, recalled.State, true, true
	mark(ctx, message.CustomerID.ValueSet(s.state.CustomerID), message.EntityID.ValueSet(s.in.Subscribe.EntityID),
		message.Currency.ValueSet(string(s.in.Subscribe.Currency)))
	s.show(ctx)
	err = workflow.Await(ctx, func() bool { return len(s.queue) > 0 || s.askedToStop() })
	if err != nil || len(s.queue) == 0 {
		return err
	}
	if err := s.carryOut(ctx); err != nil {
		return err
	}
	s.show(ctx)
	return nil
}

// close answers whoever still waits, and repeated commands as they were answered before. It is not over if one of them has
// the subscription begin again.
func (s *subscriptionRun) close(ctx workflow.Context) (over bool, err error) {
	s.next.stop()
	for {
		for len(s.queue) > 0 {
			if err := s.carryOut(ctx); err != nil || !s.state.Ended() {
				return false, err
			}
		}
		err := workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) || len(s.queue) > 0 })
		if err != nil {
			return false, err
		}
		if len(s.queue) == 0 {
			break
		}
	}
	var late message.CollectionEnded
	for s.news.ReceiveAsync(&late) { // the subscription's end was not waiting for it
		continue
	}
	var verdict message.ReviewEnded
	for s.verdicts.ReceiveAsync(&verdict) { // there is nothing left to release or to end
		continue
	}
	return true, nil
}
