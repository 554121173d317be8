package workflows_test

import (
	"flag"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/perennial-billing/perennial/workflows"
	"github.com/perennial-billing/perennial/workflows/message"
)

// The histories of testdata/history were made by a real server. Workflows that run in production must replay them for as
// long as runs of that age are alive: a file that does not replay any more means that such a run would be stuck.
//
//	go test ./workflows -run TestRecord -args -record
//
// makes them anew, which is right only for a change that no running workflow has to survive.
var record = flag.Bool("record", false, "record the histories that TestReplay replays")

const histories = "testdata/history"

func TestReplay(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(histories, "*.json"))
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 30)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			replayer := worker.NewWorkflowReplayer()
			workflows.Register(replayer)
			require.NoError(t, replayer.ReplayWorkflowHistoryFromJSONFile(log.NewStructuredLogger(quiet()), file))
		})
	}
}

// A workflow that decides differently must not pass.
func TestReplayCatchesAnotherDecision(t *testing.T) {
	t.Parallel()
	chargesFirst := func(ctx workflow.Context, in message.SubscriptionInput) error {
		ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Minute, TaskQueue: message.PaymentsQueue})
		return workflow.ExecuteActivity(ctx, message.ChargeInvoice.Name, in).Get(ctx, nil)
	}
	replayer := worker.NewWorkflowReplayer()
	replayer.RegisterWorkflowWithOptions(chargesFirst, workflow.RegisterOptions{Name: message.SubscriptionWorkflow})
	err := replayer.ReplayWorkflowHistoryFromJSONFile(log.NewStructuredLogger(quiet()), filepath.Join(histories, "subscription-renewal.json"))
	require.ErrorContains(t, err, "TMPRL1100", "Temporal's rule about non-deterministic workflows")
}
