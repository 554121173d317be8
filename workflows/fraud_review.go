package workflows

import (
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/perennial-billing/perennial/workflows/message"
)

// FraudReview waits until a person decides about a payment, the provider closes its own review, or the deadline passes.
// An approved payment that waited is made; a declined one fails, or goes back, and ends its subscription.
func FraudReview(ctx workflow.Context, in message.FraudReviewInput) (message.ReviewState, error) {
	r := &reviewRun{in: in}
	ctx, _ = steadfast(ctx) // a payment that nobody decides about would wait for ever
	if err := r.setup(ctx); err != nil {
		return message.ReviewState{}, err
	}
	return r.run(ctx)
}

type reviewRun struct {
	in       message.FraudReviewInput
	state    message.ReviewState
	decision *message.ReviewDecision
	news     workflow.ReceiveChannel
	alarm    alarm
	over     bool
}

// By whom a review is decided when no person does.
const (
	byProvider = "provider"
	byDeadline = "deadline"
)

func (r *reviewRun) setup(ctx workflow.Context) error {
	r.news = workflow.GetSignalChannel(ctx, message.ReviewNewsSignal)
	if err := workflow.SetQueryHandler(ctx, message.ReviewQuery, func() (message.ReviewState, error) { return r.state, nil }); err != nil {
		return err
	}
	return workflow.SetUpdateHandlerWithOptions(ctx, message.DecideUpdate, r.decide, workflow.UpdateHandlerOptions{Validator: r.checkDecision})
}

func (r *reviewRun) run(ctx workflow.Context) (message.ReviewState, error) {
	if err := r.await(ctx); err != nil {
		return r.state, err
	}
	if r.state.Status == message.ReviewOpen {
		decided, err := inStore(ctx, message.DecideReview, message.DecideReviewInput{PaymentID: r.in.PaymentID, Decision: *r.decision},
			fmt.Sprintf("Record the decision of %s", r.decision.By))
		if err != nil {
			return r.state, err
		}
		r.state = decided
	}
	if r.state.Status != message.ReviewNone {
		if err := r.act(ctx); err != nil {
			return r.state, err
		}
	}
	r.alarm.stop()
	r.over = true
	r.show(ctx)
	err := workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) })
	var late message.FraudReviewInput
	for r.news.ReceiveAsync(&late) { // it is decided
		continue
	}
	return r.state, err
}

// await returns when the review is decided: just now (r.decision), or by an earlier run (r.state).
func (r *reviewRun) await(ctx workflow.Context) error {
	for {
		looked, err := atProvider(ctx, message.LookAtReview, r.in, "See how the review stands")
		if err != nil {
			return err
		}
		r.state = looked
		if r.state.Status != message.ReviewOpen || r.decision != nil {
			return nil
		}
		if closed := r.state.ProviderClosed; closed != "" {
			r.decision = &message.ReviewDecision{Approve: closed == "approved", By: byProvider, Reason: closed, At: r.in.At}
			return nil
		}
		r.show(ctx)
		r.alarm.set(ctx, r.state.DeadlineAt, "Until somebody decides; then "+r.state.OnDeadline)
		if err := workflow.Await(ctx, func() bool { return r.decision != nil || r.news.Len() > 0 || r.alarm.rings() }); err != nil {
			return err
		}
		switch {
		case r.decision != nil:
			return nil
		case r.news.Len() > 0:
			for r.news.ReceiveAsync(&r.in) { // one look answers them all
				continue
			}
		default:
			r.decision = &message.ReviewDecision{
				Approve: r.state.OnDeadline == "approve", By: byDeadline, Reason: "nobody decided in time", At: r.state.DeadlineAt,
			}
			return nil
		}
	}
}

// act does what follows from the decision. All of it finds what was done before, should it be done again.
func (r *reviewRun) act(ctx workflow.Context) error {
	decision, id := r.state.Decision, r.in.PaymentID
	if decision.Approve {
		if err := r.letThrough(ctx); err != nil {
			return err
		}
	}
	ended := message.ReviewEnded{PaymentID: id, Approved: decision.Approve, By: decision.By, At: decision.At}
	for _, id := range append([]string{r.state.SubscriptionID}, r.state.Others...) {
		if err := r.tell(ctx, message.SubscriptionID(id), message.ReviewEndedSignal, ended); err != nil {
			return err
		}
	}
	if !decision.Approve {
		// The end of the subscription comes before its collection is told: the customer is not dunned for what is credited.
		if err := r.refund(ctx); err != nil {
			return err
		}
	}
	news := message.PaymentNews{At: decision.At, Reason: "review " + r.state.Status}
	return r.tell(ctx, message.DunningID(r.state.InvoiceID), message.PaymentNewsSignal, news)
}

// letThrough makes a payment that waited, and closes the provider's review, which may be one of the payment just made.
func (r *reviewRun) letThrough(ctx workflow.Context) error {
	decision := r.state.Decision
	if r.state.Pending {
		charge := message.Charge{InvoiceID: r.state.InvoiceID, Attempt: r.state.Attempt, At: decision.At}
		if _, err := atProvider(ctx, message.ChargeInvoice, charge, fmt.Sprintf("Charge %s, which was approved", r.state.Amount)); err != nil {
			return err
		}
		looked, err := atProvider(ctx, message.LookAtReview, r.in, "See whether the provider reviews it as well")
		if err != nil {
			return err
		}
		r.state.ProviderReview = looked.ProviderReview
	}
	if r.state.ProviderReview == "" || decision.By == byProvider {
		return nil
	}
	closing := message.FraudReviewInput{PaymentID: r.in.PaymentID, ProviderReview: r.state.ProviderReview, At: decision.At}
	_, err := atProvider(ctx, message.CloseProviderReview, closing, "Approve the provider's review")
	return err
}

// tell signals a workflow; one that has ended needs no telling.
func (r *reviewRun) tell(ctx workflow.Context, workflowID, signal string, what any) error {
	err := workflow.SignalExternalWorkflow(ctx, workflowID, "", signal, what).Get(ctx, nil)
	if _, gone := errors.AsType[*temporal.UnknownExternalWorkflowExecutionError](err); err != nil && !gone {
		return fmt.Errorf("tell %s how the review of payment %s ended: %w", workflowID, r.in.PaymentID, err)
	}
	return nil
}

// refund pays back what was paid, once the subscription has ended and credited it.
func (r *reviewRun) refund(ctx workflow.Context) error {
	plan, err := inStore(ctx, message.PlanReviewRefunds, message.FraudReviewInput{PaymentID: r.in.PaymentID, At: r.state.Decision.At},
		"See what is to go back after the subscription's end")
	if err != nil {
		return err
	}
	for _, refund := range plan.Refunds {
		if _, err := atProvider(ctx, message.OpenRefund, refund, fmt.Sprintf("Refund %s", refund.Amount)); err != nil {
			return err
		}
		if _, err := atProvider(ctx, message.PayRefund, message.RefundAt{RefundID: refund.RefundID, At: refund.At}, "Pay "+refund.Amount.String()); err != nil {
			return err
		}
	}
	return nil
}

// checkDecision refuses a decision without its author or grounds, and one that comes too late.
func (r *reviewRun) checkDecision(ctx workflow.Context, d message.ReviewDecision) error {
	refuse := func(code, why string) error {
		return temporal.NewNonRetryableApplicationError("review of payment "+r.in.PaymentID+": "+why, code, nil)
	}
	switch {
	case d.By == "" || len(d.By) > longestActor:
		return refuse("decision_by_missing", fmt.Sprintf("a decision names who decides (by), in at most %d bytes", longestActor))
	case d.By == byProvider || d.By == byDeadline:
		return refuse("decision_by_reserved", fmt.Sprintf("%q is what decides when no person does: give a person's name", d.By))
	case d.Reason == "" || len(d.Reason) > longestReason:
		return refuse("decision_reason_missing", fmt.Sprintf("a decision says why (reason), in at most %d bytes", longestReason))
	case d.At.IsZero():
		return refuse("decision_at_missing", "a decision says when it was made (at)")
	case d.At.After(workflow.Now(ctx).Add(clockSkew)):
		return refuse("decision_in_future", "it is dated in the future: "+d.At.UTC().Format(time.RFC3339))
	case r.decision != nil || r.state.Status != "" && r.state.Status != message.ReviewOpen:
		return refuse("review_decided", "it is decided already")
	}
	return nil
}

// decide answers when what follows from the decision is done.
func (r *reviewRun) decide(ctx workflow.Context, d message.ReviewDecision) (message.ReviewState, error) {
	ctx, _ = steadfast(ctx)
	r.decision = &d
	err := workflow.Await(ctx, func() bool { return r.over })
	return r.state, err
}

func (r *reviewRun) show(ctx workflow.Context) {
	s := r.state
	waits := "no: it was made"
	if s.Pending {
		waits = "yes: nothing was charged yet"
	}
	workflow.SetCurrentDetails(ctx, fmt.Sprintf(
		"| Payment | %s |\n|---|---|\n| Status | %s |\n| Amount | %s |\n| The payment waits | %s |\n| Decide by | %s, then %s |\n| Decided by | %s (%s) |\n",
		r.in.PaymentID, s.Status, s.Amount, waits, s.DeadlineAt.UTC().Format("2006-01-02 15:04 MST"), s.OnDeadline, s.Decision.By, s.Decision.Reason))
	next := s.DeadlineAt
	if r.over {
		next = time.Time{}
	}
	mark(ctx, message.BillingStatus.ValueSet("review_"+s.Status), nextActionAt(next))
}
