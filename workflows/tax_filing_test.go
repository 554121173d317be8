package workflows_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/workflows"
	"github.com/perennial-billing/perennial/workflows/message"
)

// office is a return in memory.
type office struct {
	mu      sync.Mutex
	env     *environment
	state   message.FilingState
	missing int // how many times computing lacks an exchange rate
	steps   []message.ReturnStep
	frozen  int
}

var quarterOver = time.Date(2027, time.April, 1, 13, 0, 0, 0, time.UTC)

func newOffice() *office {
	o := &office{}
	o.renew()
	return o
}

func (o *office) renew() {
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(quiet()))
	o.env = suite.NewTestWorkflowEnvironment()
	o.env.SetStartTime(quarterOver)
	o.env.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: message.TaxFilingID("acme", "eu_oss", "2027-Q1")})
	o.env.RegisterWorkflowWithOptions(workflows.TaxFiling, workflow.RegisterOptions{Name: message.TaxFilingWorkflow})
	fake(o.env, message.FreezeReturn, o.freeze)
	fake(o.env, message.ComputeReturn, o.compute)
	fake(o.env, message.ApproveReturn, o.move("computed", "approved"))
	fake(o.env, message.FileReturn, o.move("approved", "filed"))
	fake(o.env, message.PayReturn, o.move("filed", "paid"))
}

func (o *office) freeze(context.Context, message.TaxFilingInput) (message.FilingState, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.frozen++
	if o.state.Status == "" {
		o.state = message.FilingState{Status: "frozen", Entries: 7, FileBy: "2027-04-30", PayBy: "2027-04-30"}
	}
	return o.state, nil
}

func (o *office) compute(context.Context, message.ReturnStep) (message.FilingState, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.missing > 0 {
		o.missing--
		lacking := o.state
		lacking.Missing = "EUR/USD on 2027-03-31"
		return lacking, nil
	}
	if o.state.Status == "frozen" {
		o.state.Status, o.state.Payable = "computed", money.New(4242, "EUR")
	}
	return o.state, nil
}

func (o *office) move(from, to string) func(context.Context, message.ReturnStep) (message.FilingState, error) {
	return func(_ context.Context, in message.ReturnStep) (message.FilingState, error) {
		o.mu.Lock()
		defer o.mu.Unlock()
		if o.state.Status != from { // the step was taken before
			return o.state, nil
		}
		o.state.Status = to
		if to == "approved" {
			o.state.Approved = &message.Approval{By: in.By, At: in.At}
		}
		o.steps = append(o.steps, in)
		return o.state, nil
	}
}

func (o *office) approve(after time.Duration, a message.Approval) *reply[message.FilingState] {
	answer := &reply[message.FilingState]{}
	o.env.RegisterDelayedCallback(func() { o.env.UpdateWorkflow(message.ApproveUpdate, "", answer, a) }, after)
	return answer
}

func (o *office) run() {
	o.env.ExecuteWorkflow(message.TaxFilingWorkflow, message.TaxFilingInput{EntityID: "acme", Scheme: "eu_oss", Period: "2027-Q1", AsOf: quarterOver})
}

var approval = message.Approval{By: "user_7", At: quarterOver.Add(48 * time.Hour)}

func TestTaxFiling(t *testing.T) {
	t.Parallel()
	o := newOffice()
	answer := o.approve(48*time.Hour, approval)
	o.run()
	require.NoError(t, o.env.GetWorkflowError())
	require.NoError(t, answer.err)
	require.Equal(t, "paid", answer.result.Status)
	var result message.FilingState
	require.NoError(t, o.env.GetWorkflowResult(&result))
	require.Equal(t, o.state, result)
	require.Len(t, o.steps, 3)
	for _, step := range o.steps {
		require.Equal(t, message.ReturnStep{ReturnID: "filing:acme:eu_oss:2027-Q1:1", At: approval.At, By: "user_7"}, step)
	}
}

func TestTaxFilingWaitsForARate(t *testing.T) {
	t.Parallel()
	o := newOffice()
	o.missing = 30
	tooEarly := o.approve(10*time.Hour, approval)
	var shown message.FilingState
	o.env.RegisterDelayedCallback(func() {
		value, err := o.env.QueryWorkflow(message.ProgressQuery)
		require.NoError(t, err)
		require.NoError(t, value.Get(&shown))
	}, 10*time.Hour+time.Minute)
	answer := o.approve(31*time.Hour, approval)
	o.run()
	require.NoError(t, o.env.GetWorkflowError())
	refusedAs(t, "not_computed", tooEarly.err)
	require.False(t, tooEarly.accepted)
	require.Equal(t, "EUR/USD on 2027-03-31", shown.Missing)
	require.Equal(t, "paid", answer.result.Status)
}

func TestTaxFilingThatWaitsForLongContinuesAsNew(t *testing.T) {
	t.Parallel()
	o := newOffice()
	o.missing = 1
	o.env.SetContinueAsNewSuggested(true)
	o.run()
	var next *workflow.ContinueAsNewError
	require.ErrorAs(t, o.env.GetWorkflowError(), &next)
	var in message.TaxFilingInput
	require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(next.Input, &in))
	require.Equal(t, quarterOver, in.AsOf)
	o.renew()
	answer := o.approve(time.Hour, approval)
	o.run()
	require.Equal(t, "paid", answer.result.Status)
	require.Equal(t, 2, o.frozen)
}

func TestTaxFilingApprovals(t *testing.T) {
	t.Parallel()
	o := newOffice()
	nobody := o.approve(time.Hour, message.Approval{At: approval.At})
	first := o.approve(2*time.Hour, approval)
	second := &reply[message.FilingState]{}
	first.onAccept = func() {
		o.env.UpdateWorkflow(message.ApproveUpdate, "", second, message.Approval{By: "user_8", At: approval.At})
	}
	undated := o.approve(time.Hour, message.Approval{By: "user_7"})
	o.run()
	refusedAs(t, "approver_missing", nobody.err)
	refusedAs(t, "approved_at_missing", undated.err)
	require.NoError(t, first.err)
	refusedAs(t, "already_approved", second.err)
	require.Equal(t, "user_7", o.steps[0].By)
}

// A filing that was stopped between its approval and its payment goes on with the approval that is on record.
func TestStoppedTaxFilingGoesOn(t *testing.T) {
	t.Parallel()
	steps := map[string][]string{"approved": {"filed", "paid"}, "filed": {"paid"}, "paid": nil}
	for status, missing := range steps {
		t.Run(status, func(t *testing.T) {
			t.Parallel()
			o := newOffice()
			given := approval
			o.state = message.FilingState{Status: status, Payable: money.New(4242, "EUR"), FileBy: "2027-04-30", PayBy: "2027-04-30", Approved: &given}
			o.run()
			require.True(t, o.env.IsWorkflowCompleted())
			require.NoError(t, o.env.GetWorkflowError())
			require.Equal(t, "paid", o.state.Status)
			require.Len(t, o.steps, len(missing))
			for _, step := range o.steps {
				require.Equal(t, message.ReturnStep{ReturnID: "filing:acme:eu_oss:2027-Q1:1", At: approval.At, By: approval.By}, step)
			}
		})
	}
}
