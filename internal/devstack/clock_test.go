package devstack_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/perennial-billing/perennial/internal/devstack"
)

const (
	taskQueue = "periods"
	period    = 30 * 24 * time.Hour
)

// periods waits one period, does one activity and continues as new, `remaining` times.
func periods(ctx workflow.Context, remaining int) error {
	if err := workflow.Sleep(ctx, period); err != nil {
		return err
	}
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: 10 * time.Second})
	if err := workflow.ExecuteActivity(ctx, bill, remaining).Get(ctx, nil); err != nil {
		return err
	}
	if remaining == 1 {
		return nil
	}
	return workflow.NewContinueAsNewError(ctx, periods, remaining-1)
}

func bill(context.Context, int) error { return nil }

// clock moves workflows through virtual time on a development server.
type clock struct {
	client    client.Client
	namespace string
}

// newClock starts a server and a worker for the length of the test.
func newClock(tb testing.TB, opts devstack.TemporalOptions, register func(worker.Registry)) clock {
	tb.Helper()
	server, err := devstack.StartTemporal(tb.Context(), opts)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, server.Stop()) })
	c, err := client.Dial(client.Options{HostPort: server.Address(), Namespace: server.Namespace(), Logger: log.NewStructuredLogger(slog.New(slog.DiscardHandler))})
	require.NoError(tb, err)
	tb.Cleanup(c.Close)
	w := worker.New(c, taskQueue, worker.Options{
		WorkflowTaskPollerBehavior: worker.NewPollerBehaviorAutoscaling(worker.PollerBehaviorAutoscalingOptions{}),
	})
	register(w)
	require.NoError(tb, w.Start())
	tb.Cleanup(w.Stop)
	return clock{client: c, namespace: server.Namespace()}
}

// forward sets a fast-forward of d on the latest run of a workflow.
func (c clock) forward(ctx context.Context, workflowID, forwardID string, d time.Duration) error {
	return c.configure(ctx, workflowID, &common.TimeSkippingConfig{
		Enabled:           true,
		FastForwardConfig: &common.FastForwardConfig{Id: forwardID, Duration: durationpb.New(d)},
	})
}

func (c clock) configure(ctx context.Context, workflowID string, config *common.TimeSkippingConfig) error {
	_, err := c.client.WorkflowService().UpdateWorkflowExecutionOptions(ctx, &workflowservice.UpdateWorkflowExecutionOptionsRequest{
		Namespace:                c.namespace,
		WorkflowExecution:        &common.WorkflowExecution{WorkflowId: workflowID},
		WorkflowExecutionOptions: &workflowpb.WorkflowExecutionOptions{TimeSkippingConfig: config},
		UpdateMask:               &fieldmaskpb.FieldMask{Paths: []string{"time_skipping_config"}},
	})
	return err
}

// await waits until a fast-forward has reached its target, or the workflow has ended before.
func (c clock) await(ctx context.Context, workflowID, forwardID string) error {
	for {
		answer, err := c.client.WorkflowService().PollWorkflowExecutionTimeSkipping(ctx, &workflowservice.PollWorkflowExecutionTimeSkippingRequest{
			Namespace:         c.namespace,
			WorkflowExecution: &common.WorkflowExecution{WorkflowId: workflowID},
			FastForwardId:     forwardID,
		})
		if err != nil {
			return err
		}
		switch answer.GetFastForwardPollingResult() {
		case enums.FAST_FORWARD_POLLING_RESULT_FAST_FORWARD_COMPLETED:
			return nil
		case enums.FAST_FORWARD_POLLING_RESULT_FAST_FORWARD_FAILED:
			return fmt.Errorf("fast-forward %s of %s: %s", forwardID, workflowID, answer.GetFailedReason())
		}
	}
}

func (c clock) start(tb testing.TB, workflowID string, workflow any, args ...any) {
	tb.Helper()
	_, err := c.client.ExecuteWorkflow(tb.Context(), client.StartWorkflowOptions{ID: workflowID, TaskQueue: taskQueue}, workflow, args...)
	require.NoError(tb, err)
}

// virtualTime asks for the workflow's own time.
func (c clock) virtualTime(tb testing.TB, workflowID string) time.Time {
	tb.Helper()
	return c.describe(tb, workflowID).GetWorkflowExtendedInfo().GetTimeSkippingInfo().GetCurrentTime().AsTime()
}

func (c clock) describe(tb testing.TB, workflowID string) *workflowservice.DescribeWorkflowExecutionResponse {
	tb.Helper()
	answer, err := c.client.DescribeWorkflowExecution(tb.Context(), workflowID, "")
	require.NoError(tb, err)
	return answer
}
