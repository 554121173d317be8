package workflows_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"

	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/workflows"
	"github.com/perennial-billing/perennial/workflows/message"
)

// Each step that was asked for is taken once, in order, also when the provider fails in between; the answer is the last's.
func TestPaymentMethodTakesEachStep(t *testing.T) {
	t.Parallel()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(quiet()))
	env := suite.NewTestWorkflowEnvironment()
	env.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: message.PaymentMethodID("m_1"), TaskQueue: message.BillingQueue})
	var taken []message.PaymentMethodStep
	failures := 2
	fake(env, message.FollowPaymentMethod, func(_ context.Context, in message.PaymentMethodInput) (message.PaymentMethodState, error) {
		if failures > 0 {
			failures--
			return message.PaymentMethodState{}, errors.New("the provider is down")
		}
		taken = append(taken, in.Step)
		return message.PaymentMethodState{MethodID: in.MethodID, Status: map[message.PaymentMethodStep]string{
			message.SetUpStep: "verifying", message.VerifyStep: "usable",
		}[in.Step]}, nil
	})
	for _, step := range []message.PaymentMethodStep{message.SetUpStep, message.VerifyStep} {
		env.RegisterDelayedCallback(func() {
			env.SignalWorkflow(message.PaymentMethodSignal, message.PaymentMethodInput{MethodID: "m_1", Step: step, At: firstFailed})
		}, 0)
	}
	env.ExecuteWorkflow(workflows.PaymentMethod, message.PaymentMethodInput{MethodID: "m_1"})
	require.NoError(t, env.GetWorkflowError())
	require.Equal(t, []message.PaymentMethodStep{message.SetUpStep, message.VerifyStep}, taken)
	var state message.PaymentMethodState
	require.NoError(t, env.GetWorkflowResult(&state))
	require.Equal(t, "usable", state.Status)
}

// A payment that was on its way when the invoice was handed over makes its subscription past due when it fails, once.
func TestDunningTellsOfTheFirstFailure(t *testing.T) {
	t.Parallel()
	c := newCollector(t, "")
	c.underWay, c.handedUnderWay = true, true
	failed := firstFailed.Add(30 * time.Hour)
	c.at(failed, func() { c.underWay, c.attempts[0].DeclineCode = false, "insufficient_funds" })
	c.declines = map[int]string{2: "insufficient_funds"}
	c.run()
	require.Equal(t, "paid", c.status)
	require.Len(t, c.attempts, 3)
	require.Len(t, c.signalled, 2)
	require.True(t, c.signalled[0].PastDue)
	require.False(t, c.signalled[0].Paid)
	require.True(t, c.signalled[1].Paid)
}

func TestDunningThatWasHandedAPaymentOnItsWaySaysNothingWhenItArrives(t *testing.T) {
	t.Parallel()
	c := newCollector(t, "")
	c.underWay, c.handedUnderWay = true, true
	c.at(firstFailed.Add(70*time.Hour), func() { c.elsewhere = true })
	c.run()
	require.Len(t, c.signalled, 1)
	require.True(t, c.signalled[0].Paid)
}

// Who asks for an attempt before the customer has known of the debit long enough is answered, and nothing is tried.
func TestRetryNowOfAnAnnouncedDebit(t *testing.T) {
	t.Parallel()
	c := newCollector(t, "insufficient_funds")
	c.announcedUntil = firstFailed.Add(12 * time.Hour)
	now := firstFailed.Add(2 * time.Hour)
	answer := c.retryNow(now, now)
	c.run()
	require.NoError(t, answer.err)
	require.Equal(t, message.Announced, answer.result)
	require.Len(t, c.attempts, 2)
	require.True(t, c.attempts[1].At.After(c.announcedUntil))
	require.Equal(t, "paid", c.status)
}

// A subscription is not past due while its debit is announced or on its way, and is when it fails.
func TestADebitOnItsWayMakesNobodyPastDue(t *testing.T) {
	t.Parallel()
	for _, status := range []message.PaymentStatus{message.Announced, message.Processing} {
		t.Run(string(status), func(t *testing.T) {
			t.Parallel()
			l := newLife(t)
			l.world.card = func(message.Charge) message.PaymentStatus { return status }
			var seen []subscription.Status
			look := func(env *environment) { seen = append(seen, statusOf(t, env)) }
			tell := func(news message.CollectionEnded) func(*environment) {
				return func(env *environment) { env.SignalWorkflow(message.CollectionEndedSignal, news) }
			}
			day := func(n int) time.Time { return berlinStart.AddDate(0, 0, n) }
			l.at(day(2), look)
			l.at(day(3), tell(message.CollectionEnded{InvoiceID: "inv_1", At: day(3), PastDue: true}))
			l.at(day(4), look)
			l.at(day(5), tell(message.CollectionEnded{InvoiceID: "inv_1", At: day(5), Paid: true}))
			l.at(day(6), look)
			l.run(1)
			require.Equal(t, []subscription.Status{subscription.Active, subscription.PastDue, subscription.Active}, seen)
			require.Equal(t, subscription.Active, l.world.standing)
			require.Len(t, l.world.handed, 1)
			require.True(t, l.world.handed[0].UnderWay)
		})
	}
}

func statusOf(t *testing.T, env *environment) subscription.Status {
	t.Helper()
	answer, err := env.QueryWorkflow(message.StatusQuery)
	require.NoError(t, err)
	var state subscription.State
	require.NoError(t, answer.Get(&state))
	return state.Status
}
