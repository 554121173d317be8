package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/workflows/message"
)

// told says that news of collections or reviews are waiting.
func (s *subscriptionRun) told() bool { return s.news.Len() > 0 || s.verdicts.Len() > 0 }

// openInspected records the agreement after it was found out what the customer will pay with.
func (s *subscriptionRun) openInspected(ctx workflow.Context, methodID string) (message.Opened, error) {
	_, err := atProvider(ctx, message.InspectMethod, message.MethodAt{MethodID: methodID, At: s.in.Subscribe.StartAt}, "Find out what the payment method is")
	if err != nil {
		return message.Opened{}, err
	}
	return inStore(ctx, message.OpenSubscription, s.in.Subscribe, "Check and record the agreement")
}

// review has somebody decide about a payment, if that is needed. The payment of the first period holds the subscription
// until then; later ones do not: the customer has what was paid for.
func (s *subscriptionRun) review(ctx workflow.Context, invoice *message.Billed, first bool) error {
	if invoice == nil || invoice.Review == "" {
		return nil
	}
	if first {
		s.state = s.state.Hold(invoice.Review)
		if _, err := inStore(ctx, message.NoteStanding, s.state, "Note that the subscription is held for a review"); err != nil {
			return err
		}
	}
	return startReview(ctx, message.Charged{Review: invoice.Review}, s.state.LastAt)
}

// startReview starts the review of a payment about which somebody has to decide.
func startReview(ctx workflow.Context, charged message.Charged, at time.Time) error {
	if charged.Review == "" {
		return nil
	}
	_, err := inStore(ctx, message.StartFraudReview, message.FraudReviewInput{PaymentID: charged.Review, At: at}, "Have somebody decide about the payment")
	return err
}

// reviewEnded takes the decision about a payment: it releases what it held, or ends the subscription. A held one ends at
// the instant at which it began, because nothing was provided: all of its invoice is credited, with the tax.
func (s *subscriptionRun) reviewEnded(ctx workflow.Context, verdict message.ReviewEnded) error {
	held := s.state.HeldFor == verdict.PaymentID
	command := subscription.Command{
		ID: message.ReviewCommand + verdict.PaymentID, Kind: subscription.Cancel, At: later(verdict.At, s.state.LastAt),
		CreditUnused: true, Actor: verdict.By, Reason: "declined_in_review",
	}
	switch {
	case s.state.Ended(), verdict.Approved && !held:
		return nil
	case verdict.Approved:
		command.Kind, command.CreditUnused, command.Reason = subscription.Release, false, "approved_in_review"
	case held:
		command.At = s.state.LastAt
	}
	ended, err := s.apply(ctx, command)
	if err == nil {
		s.state = ended.State // also when a run that was reset is told again
	}
	return err
}
