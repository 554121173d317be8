package workflows_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"

	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/workflows"
	"github.com/perennial-billing/perennial/workflows/message"
)

// desk is everything outside of a review's workflow, in memory.
type desk struct {
	mu       sync.Mutex
	state    message.ReviewState
	closed   string // the provider's reason
	refunds  []message.RefundInput
	did      []string
	ended    *message.ReviewEnded
	toldNews *message.PaymentNews
}

var reviewStart = time.Date(2027, time.March, 1, 12, 0, 0, 0, time.UTC)

func newDesk(pending bool) *desk {
	return &desk{state: message.ReviewState{
		PaymentID: "pay_1", InvoiceID: "inv_1", SubscriptionID: "sub_1", Attempt: 1, Amount: money.New(1000, "EUR"), Status: message.ReviewOpen,
		Pending: pending, DeadlineAt: reviewStart.Add(72 * time.Hour), OnDeadline: "decline",
	}}
}

func (d *desk) look(context.Context, message.FraudReviewInput) (message.ReviewState, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	state := d.state
	if state.Status == message.ReviewOpen {
		state.ProviderClosed = d.closed
	}
	return state, nil
}

func (d *desk) decide(_ context.Context, in message.DecideReviewInput) (message.ReviewState, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.state.Status, d.state.Decision = message.ReviewDeclined, in.Decision
	if in.Decision.Approve {
		d.state.Status = message.ReviewApproved
	} else {
		d.state.Pending = false
	}
	return d.state, nil
}

func (d *desk) note(what string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.did = append(d.did, what)
}

func (d *desk) env(t *testing.T) *environment {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	env.SetStartTime(reviewStart)
	workflows.Register(env)
	fake(env, message.LookAtReview, d.look)
	fake(env, message.DecideReview, d.decide)
	fake(env, message.ChargeInvoice, func(_ context.Context, in message.Charge) (message.Charged, error) {
		d.note("charge " + in.InvoiceID)
		return message.Charged{Status: message.Paid}, nil
	})
	fake(env, message.CloseProviderReview, func(_ context.Context, in message.FraudReviewInput) (message.None, error) {
		d.note("close " + in.ProviderReview)
		return message.None{}, nil
	})
	fake(env, message.PlanReviewRefunds, func(context.Context, message.FraudReviewInput) (message.ReviewRefunds, error) {
		d.note("plan refunds")
		return message.ReviewRefunds{Refunds: d.refunds}, nil
	})
	fake(env, message.OpenRefund, func(_ context.Context, in message.RefundInput) (message.Refunded, error) {
		d.note("open " + in.RefundID)
		return message.Refunded{RefundID: in.RefundID, Amount: in.Amount}, nil
	})
	fake(env, message.PayRefund, func(_ context.Context, in message.RefundAt) (message.Refunded, error) {
		d.note("pay " + in.RefundID)
		return message.Refunded{RefundID: in.RefundID}, nil
	})
	return env
}

// listen stands in for the subscription and the collection that are told.
func (d *desk) listen(env *environment) {
	env.OnSignalExternalWorkflow(mock.Anything, message.SubscriptionID("sub_1"), "", message.ReviewEndedSignal, mock.Anything).Return(
		func(_, _, _, _ string, what any) error {
			told := what.(message.ReviewEnded)
			d.ended = &told
			return nil
		}).Maybe()
	env.OnSignalExternalWorkflow(mock.Anything, message.DunningID("inv_1"), "", message.PaymentNewsSignal, mock.Anything).Return(
		func(_, _, _, _ string, what any) error {
			told := what.(message.PaymentNews)
			d.toldNews = &told
			return nil
		}).Maybe()
}

func (d *desk) run(t *testing.T, env *environment) message.ReviewState {
	t.Helper()
	d.listen(env)
	env.ExecuteWorkflow(message.FraudReviewWorkflow, message.FraudReviewInput{PaymentID: "pay_1", At: reviewStart})
	require.True(t, env.IsWorkflowCompleted())
	require.NoError(t, env.GetWorkflowError())
	var state message.ReviewState
	require.NoError(t, env.GetWorkflowResult(&state))
	return state
}

func decision(approve bool, at time.Time) message.ReviewDecision {
	return message.ReviewDecision{Approve: approve, By: "grace", Reason: "called the customer", At: at}
}

func TestReviewApproved(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		pending  bool
		provider string
		want     []string
	}{
		"a payment that waited is made":   {true, "", []string{"charge inv_1"}},
		"a payment that was made":         {false, "", nil},
		"the provider's review is closed": {false, "prv_1", []string{"close prv_1"}},
		"the provider reviews it as well": {true, "prv_1", []string{"charge inv_1", "close prv_1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(tt.pending)
			d.state.ProviderReview = tt.provider
			env := d.env(t)
			at := reviewStart.Add(5 * time.Hour)
			answer := &reply[message.ReviewState]{}
			env.RegisterDelayedCallback(func() { env.UpdateWorkflow(message.DecideUpdate, "", answer, decision(true, at)) }, 5*time.Hour)
			state := d.run(t, env)
			require.Equal(t, message.ReviewApproved, state.Status)
			require.NoError(t, answer.err)
			require.Equal(t, state, answer.result, "the answer comes when all is done")
			require.Equal(t, tt.want, d.did)
			require.Equal(t, &message.ReviewEnded{PaymentID: "pay_1", Approved: true, By: "grace", At: at}, d.ended)
			require.Equal(t, at, d.toldNews.At)
		})
	}
}

func TestReviewDeclined(t *testing.T) {
	t.Parallel()
	d := newDesk(false)
	d.refunds = []message.RefundInput{{RefundID: "r1", Amount: money.New(700, "EUR")}, {RefundID: "r2", Amount: money.New(300, "EUR"), Goodwill: true}}
	env := d.env(t)
	env.RegisterDelayedCallback(func() {
		env.UpdateWorkflow(message.DecideUpdate, "", &reply[message.ReviewState]{}, decision(false, reviewStart.Add(time.Hour)))
	}, time.Hour)
	require.Equal(t, message.ReviewDeclined, d.run(t, env).Status)
	require.False(t, d.ended.Approved)
	require.Equal(t, []string{"plan refunds", "open r1", "pay r1", "open r2", "pay r2"}, d.did)
}

func TestReviewThatNobodyDecides(t *testing.T) {
	t.Parallel()
	for onDeadline, want := range map[string]string{"decline": message.ReviewDeclined, "approve": message.ReviewApproved} {
		d := newDesk(true)
		d.state.OnDeadline = onDeadline
		state := d.run(t, d.env(t))
		require.Equal(t, want, state.Status)
		require.Equal(t, "deadline", state.Decision.By)
		require.Equal(t, reviewStart.Add(72*time.Hour), state.Decision.At, "dated when it was due")
		require.Equal(t, onDeadline == "approve", len(d.did) == 1 && d.did[0] == "charge inv_1", d.did)
	}
}

func TestTheProviderDecides(t *testing.T) {
	t.Parallel()
	for reason, want := range map[string]string{"approved": message.ReviewApproved, "refunded_as_fraud": message.ReviewDeclined, "disputed": message.ReviewDeclined} {
		d := newDesk(false)
		d.state.ProviderReview = "prv_1"
		env := d.env(t)
		env.RegisterDelayedCallback(func() {
			d.mu.Lock()
			d.closed = reason
			d.mu.Unlock()
			env.SignalWorkflow(message.ReviewNewsSignal, message.FraudReviewInput{PaymentID: "pay_1", ProviderReview: "prv_1", At: reviewStart.Add(time.Hour)})
		}, time.Hour)
		state := d.run(t, env)
		require.Equal(t, want, state.Status)
		require.Equal(t, "provider", state.Decision.By)
		require.NotContains(t, d.did, "close prv_1", "it is closed")
	}
}

func TestNothingToReview(t *testing.T) {
	t.Parallel()
	d := newDesk(false)
	d.state.Status = message.ReviewNone
	d.run(t, d.env(t))
	require.Nil(t, d.ended)
	require.Empty(t, d.did)
}

// A run that is started after the decision does what follows from it again: all of it is found done.
func TestReviewThatIsDecidedGoesOn(t *testing.T) {
	t.Parallel()
	d := newDesk(true)
	d.state.Status, d.state.Decision = message.ReviewApproved, decision(true, reviewStart)
	d.run(t, d.env(t))
	require.Equal(t, []string{"charge inv_1"}, d.did)
	require.True(t, d.ended.Approved)
}

func TestRefusedDecisions(t *testing.T) {
	t.Parallel()
	for code, wrong := range map[string]message.ReviewDecision{
		"decision_by_missing":     {Reason: "why", At: reviewStart},
		"decision_by_reserved":    {By: "deadline", Reason: "why", At: reviewStart},
		"decision_reason_missing": {By: "grace", At: reviewStart},
		"decision_at_missing":     {By: "grace", Reason: "why"},
		"decision_in_future":      {By: "grace", Reason: "why", At: reviewStart.Add(48 * time.Hour)},
	} {
		d := newDesk(true)
		env := d.env(t)
		answer := &reply[message.ReviewState]{}
		env.RegisterDelayedCallback(func() { env.UpdateWorkflow(message.DecideUpdate, "", answer, wrong) }, time.Hour)
		require.Equal(t, "deadline", d.run(t, env).Decision.By, "a refusal changes nothing")
		refusedAs(t, code, answer.err)
	}
}

func TestASecondDecisionIsRefused(t *testing.T) {
	t.Parallel()
	d := newDesk(true)
	env := d.env(t)
	first, second := &reply[message.ReviewState]{}, &reply[message.ReviewState]{}
	env.RegisterDelayedCallback(func() {
		env.UpdateWorkflow(message.DecideUpdate, "", first, decision(true, reviewStart))
		env.UpdateWorkflow(message.DecideUpdate, "", second, decision(false, reviewStart))
	}, time.Hour)
	require.Equal(t, message.ReviewApproved, d.run(t, env).Status)
	require.NoError(t, first.err)
	refusedAs(t, "review_decided", second.err)
}
