package workflows_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/workflows"
	"github.com/perennial-billing/perennial/workflows/message"
)

// life runs a subscription's workflow from one run to the next, as continue-as-new would, with messages at instants of
// workflow time.
type life struct {
	t       *testing.T
	world   *world
	input   message.SubscriptionInput
	now     time.Time
	planned []plannedEvent
	// crowded makes the environment suggest to continue as new.
	crowded bool

	runs      int
	err       error // of the last run
	state     subscription.State
	unhandled []string
}

type plannedEvent struct {
	at time.Time
	do func(*environment)
}

var berlinStart = time.Date(2027, time.January, 31, 9, 0, 0, 0, time.UTC)

func newLife(t *testing.T) *life {
	return &life{
		t: t, world: newWorld(), now: berlinStart,
		input: message.SubscriptionInput{Subscribe: message.Subscribe{
			SubscriptionID: "sub_1", CustomerID: "cus_1", EntityID: "acme", Currency: "EUR",
			Terms: subscription.Terms{PlanID: "pro", PlanVersion: 1, Seats: 1}, StartAt: berlinStart,
		}},
	}
}

// at plans something for an instant of workflow time. It must not be one at which the workflow acts by itself: the test
// environment would drop a message that meets the end of a run. A nanosecond before or after will do.
func (l *life) at(when time.Time, do func(*environment)) {
	l.planned = append(l.planned, plannedEvent{at: when, do: do})
}

// command plans a command, dated when it is sent unless it has a date.
func (l *life) command(when time.Time, c subscription.Command) *reply[message.CommandResult] {
	if c.At.IsZero() {
		c.At = when
	}
	answer := &reply[message.CommandResult]{}
	l.at(when, func(env *environment) { env.UpdateWorkflow(message.CommandUpdate, "", answer, c) })
	return answer
}

func (l *life) subscribe(when time.Time, in message.Subscribe) *reply[message.Subscribed] {
	answer := &reply[message.Subscribed]{}
	l.at(when, func(env *environment) { env.UpdateWorkflow(message.SubscribeUpdate, "", answer, in) })
	return answer
}

func (l *life) signal(when time.Time, news message.CollectionEnded) {
	l.at(when, func(env *environment) { env.SignalWorkflow(message.CollectionEndedSignal, news) })
}

// run runs at most n runs of the workflow and stops when it ends.
func (l *life) run(n int) {
	l.t.Helper()
	for range n {
		if !l.runOnce() {
			return
		}
	}
}

// runOnce is one run; it says whether another one follows.
func (l *life) runOnce() bool {
	l.t.Helper()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(quiet()))
	env := suite.NewTestWorkflowEnvironment()
	env.SetStartTime(l.now)
	env.SetContinueAsNewSuggested(l.crowded)
	env.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: message.SubscriptionID("sub_1"), TaskQueue: message.BillingQueue})
	env.RegisterWorkflowWithOptions(l.watched, workflow.RegisterOptions{Name: message.SubscriptionWorkflow})
	l.world.register(env)
	for i, event := range l.planned {
		if event.do != nil {
			env.RegisterDelayedCallback(func() {
				if !env.IsWorkflowCompleted() { // else it is the next run's
					l.planned[i].do = nil
					event.do(env)
				}
			}, max(event.at.Sub(l.now), 1)) // after the run's start, which is due at 0
		}
	}
	env.ExecuteWorkflow(message.SubscriptionWorkflow, l.input)
	require.True(l.t, env.IsWorkflowCompleted())
	l.runs++
	l.now, l.err = env.Now(), env.GetWorkflowError()
	value, err := env.QueryWorkflow(message.StatusQuery)
	require.NoError(l.t, err)
	l.state = subscription.State{}
	require.NoError(l.t, value.Get(&l.state))
	var next *workflow.ContinueAsNewError
	if !errors.As(l.err, &next) {
		return false
	}
	l.err = nil
	l.input = message.SubscriptionInput{}
	require.NoError(l.t, converter.GetDefaultDataConverter().FromPayloads(next.Input, &l.input))
	require.Equal(l.t, message.SubscriptionWorkflow, next.WorkflowType.Name)
	return true
}

// watched is the workflow under test; it notes what must not be left behind.
func (l *life) watched(ctx workflow.Context, in message.SubscriptionInput) error {
	err := workflows.Subscription(ctx, in)
	l.unhandled = append(l.unhandled, workflow.GetUnhandledSignalNames(ctx)...)
	if !workflow.AllHandlersFinished(ctx) {
		l.unhandled = append(l.unhandled, "update handler")
	}
	return err
}

// ended asserts that the subscription's last run completed with nothing left behind.
func (l *life) ended() {
	l.t.Helper()
	require.NoError(l.t, l.err)
	require.Equal(l.t, subscription.Canceled, l.state.Status)
	require.Empty(l.t, l.unhandled)
}

// reply receives what a caller of an update is told.
type reply[T any] struct {
	accepted, completed bool
	result              T
	err                 error
	onAccept            func()
}

func (r *reply[T]) Reject(err error) { r.err = err }

func (r *reply[T]) Accept() {
	r.accepted = true
	if r.onAccept != nil {
		r.onAccept()
	}
}

func (r *reply[T]) Complete(result any, err error) {
	r.completed, r.err = true, err
	if err == nil && result != nil {
		r.result = result.(T)
	}
}
