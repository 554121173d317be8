package workflows_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"

	"github.com/perennial-billing/perennial/workflows"
	"github.com/perennial-billing/perennial/workflows/message"
)

// News without end must not make a history without end: what is known goes on in another run.
func TestDunningContinuesAsNew(t *testing.T) {
	t.Parallel()
	c := newCollector(t, "insufficient_funds")
	c.env.SetContinueAsNewSuggested(true)
	step, err := c.next(context.Background(), message.InvoiceAt{InvoiceID: "inv_1", At: firstFailed})
	require.NoError(t, err)
	in := message.DunningInput{
		InvoiceID: "inv_1", CustomerID: "cus_1", SubscriptionID: "sub_1",
		At: firstFailed.Add(time.Hour), Next: step, Attempts: 1, LastCode: "insufficient_funds",
	}
	c.env.ExecuteWorkflow(workflows.Dunning, in)
	var next *workflow.ContinueAsNewError
	require.ErrorAs(t, c.env.GetWorkflowError(), &next)
	require.Equal(t, message.DunningWorkflow, next.WorkflowType.Name)
	var carried message.DunningInput
	require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(next.Input, &carried))
	require.True(t, sameJSON(in, carried))

	again := newCollector(t, "insufficient_funds")
	asked := message.DunningState{}
	again.at(firstFailed.Add(time.Minute), func() {
		value, err := again.env.QueryWorkflow(message.DunningQuery)
		require.NoError(t, err)
		require.NoError(t, value.Get(&asked))
	})
	again.env.ExecuteWorkflow(workflows.Dunning, carried)
	require.NoError(t, again.env.GetWorkflowError())
	require.Equal(t, 1, asked.Attempts)
	require.Equal(t, "insufficient_funds", asked.LastCode)
	require.Equal(t, "paid", again.status)
}

// Only a subscription that is gone needs no telling how its dunning ended. Anything else must show.
func TestDunningThatCannotTellFails(t *testing.T) {
	t.Parallel()
	c := newCollector(t, "insufficient_funds")
	c.signalFail = errors.New("the subscription takes no more signals")
	step, err := c.next(context.Background(), message.InvoiceAt{InvoiceID: "inv_1", At: firstFailed})
	require.NoError(t, err)
	c.env.ExecuteWorkflow(workflows.Dunning, message.DunningInput{InvoiceID: "inv_1", SubscriptionID: "sub_1", At: firstFailed, Next: step})
	require.ErrorContains(t, c.env.GetWorkflowError(), "tell subscription/sub_1 how collecting invoice inv_1 goes")
	require.ErrorContains(t, c.env.GetWorkflowError(), "takes no more signals")
}
