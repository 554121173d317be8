package workflows_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/perennial-billing/perennial/workflows/message"
)

// recordLateUsage records a look for late usage.
func recordLateUsage(t *testing.T) {
	x := realServer(t).tenant(t, "recorded-late-usage", "pm_card_visa")
	run, err := x.Temporal.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "late-usage/recorded", TaskQueue: message.BillingQueue},
		message.LateUsageWorkflow, message.LateUsageInput{At: systemStart})
	require.NoError(t, err)
	require.NoError(t, run.Get(t.Context(), nil))
	x.save(run.GetID(), "late-usage")
}
