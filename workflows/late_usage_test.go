package workflows_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"github.com/perennial-billing/perennial/workflows"
	"github.com/perennial-billing/perennial/workflows/message"
)

// lateUsage runs the workflow over pages, each of which fails at first, and says what was asked.
func lateUsage(t *testing.T, in message.LateUsageInput, pages map[string]message.LateUsageBilled) (*environment, []message.LateUsageInput) {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(quiet()))
	env := suite.NewTestWorkflowEnvironment()
	env.SetStartTime(time.Date(2027, time.April, 1, 13, 0, 0, 500, time.UTC))
	var asked []message.LateUsageInput
	failed := map[string]bool{}
	fake(env, message.BillLateUsage, func(_ context.Context, in message.LateUsageInput) (message.LateUsageBilled, error) {
		if !failed[in.After] {
			failed[in.After] = true
			return message.LateUsageBilled{}, errors.New("the database is away")
		}
		asked = append(asked, in)
		return pages[in.After], nil
	})
	env.ExecuteWorkflow(workflows.LateUsage, in)
	require.True(t, env.IsWorkflowCompleted())
	return env, asked
}

func TestLateUsageGoesThroughAllPages(t *testing.T) {
	t.Parallel()
	env, asked := lateUsage(t, message.LateUsageInput{}, map[string]message.LateUsageBilled{
		"": {Invoices: []string{"inv_1"}, Last: "m"}, "m": {Invoices: []string{"inv_2"}, Last: "z"}, "z": {},
	})
	require.NoError(t, env.GetWorkflowError())
	var all message.LateUsageBilled
	require.NoError(t, env.GetWorkflowResult(&all))
	require.Equal(t, message.LateUsageBilled{Invoices: []string{"inv_1", "inv_2"}}, all)
	started := time.Date(2027, time.April, 1, 13, 0, 0, 0, time.UTC)
	require.Equal(t, []message.LateUsageInput{{At: started}, {At: started, After: "m"}, {At: started, After: "z"}}, asked, "at one instant, to the second")
}

func TestLateUsageThatCannotBeBilledFailsInTheEnd(t *testing.T) {
	t.Parallel()
	at := time.Date(2027, time.March, 1, 0, 0, 0, 0, time.UTC)
	first := message.LateUsageBilled{Last: "m"}
	for n := range 30 {
		first.Failures = append(first.Failures, fmt.Sprintf("subscription %02d: no price", n))
	}
	env, asked := lateUsage(t, message.LateUsageInput{At: at}, map[string]message.LateUsageBilled{"": first, "m": {Failures: []string{"subscription x: no price"}}})
	require.Equal(t, []message.LateUsageInput{{At: at}, {At: at, After: "m"}}, asked)
	failed, is := errors.AsType[*temporal.ApplicationError](env.GetWorkflowError())
	require.True(t, is)
	require.Equal(t, "late_usage_not_billed", failed.Type())
	require.True(t, failed.NonRetryable())
	require.Contains(t, failed.Message(), "31 subscriptions were not billed: subscription 00: no price; ")
	require.Contains(t, failed.Message(), "subscription 19: no price")
	require.NotContains(t, failed.Message(), "subscription 20")
}
