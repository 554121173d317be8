package devstack_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/perennial-billing/perennial/internal/devstack"
)

// These tests state what a test clock may rely on. They are about the server, not about our code, and
// fail when a new server version behaves differently.

// gate is an activity that runs until the test lets it end.
type gate struct{ open chan struct{} }

func (g gate) Hold(ctx context.Context) error {
	select {
	case <-g.open:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// visit waits a period, passes the gate, then waits for ever. The update "due" is answered when the period ends.
func visit(ctx workflow.Context) error {
	due := false
	err := workflow.SetUpdateHandler(ctx, "due", func(ctx workflow.Context) (time.Time, error) {
		err := workflow.Await(ctx, func() bool { return due })
		return workflow.Now(ctx), err
	})
	if err != nil {
		return err
	}
	if err := workflow.Sleep(ctx, period); err != nil {
		return err
	}
	due = true
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Minute})
	var g gate
	if err := workflow.ExecuteActivity(ctx, g.Hold).Get(ctx, nil); err != nil {
		return err
	}
	return workflow.Await(ctx, func() bool { return false })
}

func TestClockFacts(t *testing.T) {
	t.Parallel()
	g := gate{open: make(chan struct{})}
	c := newClock(t, devstack.TemporalOptions{}, func(r worker.Registry) {
		r.RegisterWorkflow(periods)
		r.RegisterWorkflow(visit)
		r.RegisterActivity(bill)
		r.RegisterActivity(&g)
	})
	t.Run("a fast-forward waits for the activities it set off", func(t *testing.T) { c.waitsForActivities(t, g) })
	t.Run("a chain of runs is one fast-forward", c.followsChains)
	t.Run("a waiting update does not hold time up", c.passesUpdates)
	t.Run("each new configuration counts skips from zero", c.countsSkipsAnew)
}

func (c clock) waitsForActivities(t *testing.T, g gate) {
	c.start(t, "visit/activity", visit)
	require.NoError(t, c.forward(t.Context(), "visit/activity", "1", period+time.Hour))
	require.Eventually(t, func() bool {
		pending := c.describe(t, "visit/activity").GetPendingActivities()
		return len(pending) == 1 && pending[0].GetState() == enums.PENDING_ACTIVITY_STATE_STARTED
	}, 10*time.Second, 10*time.Millisecond)
	info := c.describe(t, "visit/activity").GetWorkflowExtendedInfo().GetTimeSkippingInfo()
	require.True(t, info.GetEffectiveConfig().GetEnabled(), "not at its target yet")

	close(g.open)
	require.NoError(t, c.await(t.Context(), "visit/activity", "1"))
	info = c.describe(t, "visit/activity").GetWorkflowExtendedInfo().GetTimeSkippingInfo()
	require.False(t, info.GetEffectiveConfig().GetEnabled(), "time stands still again")
	require.Empty(t, c.describe(t, "visit/activity").GetPendingActivities())
}

func (c clock) followsChains(t *testing.T) {
	c.start(t, "chain", periods, 100)
	began := time.Now()
	require.NoError(t, c.forward(t.Context(), "chain", "many", 5*period+time.Hour))
	require.NoError(t, c.await(t.Context(), "chain", "many"))
	require.WithinDuration(t, began.Add(5*period+time.Hour), c.virtualTime(t, "chain"), time.Minute)
	require.Equal(t, 95, c.remaining(t, "chain"))

	// One at a time, each run being a few milliseconds old when the next one starts.
	for _, id := range []string{"1", "2", "3", "4", "5"} {
		require.NoError(t, c.forward(t.Context(), "chain", id, period+time.Minute))
		require.NoError(t, c.await(t.Context(), "chain", id))
	}
	require.Equal(t, 90, c.remaining(t, "chain"), "no period is lost")
}

// remaining is what the latest run of periods was started with.
func (c clock) remaining(t *testing.T, workflowID string) (remaining int) {
	t.Helper()
	history := c.client.GetWorkflowHistory(t.Context(), workflowID, "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	started, err := history.Next()
	require.NoError(t, err)
	input := started.GetWorkflowExecutionStartedEventAttributes().GetInput()
	require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(input, &remaining))
	return remaining
}

func (c clock) passesUpdates(t *testing.T) {
	c.start(t, "visit/update", visit)
	update, err := c.client.UpdateWorkflow(t.Context(), client.UpdateWorkflowOptions{
		WorkflowID: "visit/update", UpdateName: "due", WaitForStage: client.WorkflowUpdateStageAccepted,
	})
	require.NoError(t, err)
	began := time.Now()

	require.NoError(t, c.forward(t.Context(), "visit/update", "1", period+time.Hour))

	var due time.Time
	require.NoError(t, update.Get(t.Context(), &due))
	require.WithinDuration(t, began.Add(period), due, time.Minute)
	require.NoError(t, c.await(t.Context(), "visit/update", "1"))
}

func (c clock) countsSkipsAnew(t *testing.T) {
	c.start(t, "budget", periods, 100)
	forward := func(id string, d time.Duration) {
		require.NoError(t, c.configure(t.Context(), "budget", &common.TimeSkippingConfig{
			Enabled:             true,
			FastForwardConfig:   &common.FastForwardConfig{Id: id, Duration: durationpb.New(d)},
			MaxSessionSkipCount: 3,
		}))
	}
	for _, id := range []string{"1", "2", "3"} { // two skips each: to the timer, and to the target
		forward(id, period+time.Hour)
		require.NoError(t, c.await(t.Context(), "budget", id))
	}
	before := c.virtualTime(t, "budget")
	forward("4", 10*period)
	require.Eventually(t, func() bool {
		return !c.describe(t, "budget").GetWorkflowExtendedInfo().GetTimeSkippingInfo().GetEffectiveConfig().GetEnabled()
	}, 10*time.Second, 10*time.Millisecond)
	require.Less(t, c.virtualTime(t, "budget").Sub(before), 4*period, "three skips only")
}
