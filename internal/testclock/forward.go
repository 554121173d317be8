package testclock

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

const (
	// lookEvery is the pause between two looks at a workflow that has not come to rest. It grows to lookLast, so that those
	// that take long, as when a worker died, leave the machine to the others.
	lookEvery = 15 * time.Millisecond
	lookLast  = 200 * time.Millisecond
	// tellAfter is how long a workflow may take before people are told what is being waited for.
	tellAfter = 5 * time.Second
	// margin makes sure that a timer at the very instant is reached.
	margin = time.Millisecond
)

// Forward moves a workflow's own clock to an instant, if it is not there yet, and returns when it is there: time stands
// still for a workflow that has something under way, and one that is told something before its time refuses it. What the
// time brings happens on the workers.
func (c *Clock) Forward(ctx context.Context, workflowID string, to time.Time) error {
	if err := c.move(ctx, workflowID, to); err != nil {
		return err
	}
	for {
		now, running, err := c.timeOf(ctx, workflowID)
		if err != nil || !running || !to.After(now) {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting until it is %s for %s: %w", to.Format(time.RFC3339), workflowID, ctx.Err())
		case <-time.After(lookEvery):
		}
	}
}

// timeOf is the time that it is for a workflow, and whether it runs.
func (c *Clock) timeOf(ctx context.Context, workflowID string) (now time.Time, running bool, err error) {
	described, err := c.describe(ctx, workflowID)
	if err != nil {
		return now, false, fmt.Errorf("move %s: %w", workflowID, err)
	}
	now = time.Now()
	if virtual := described.GetWorkflowExtendedInfo().GetTimeSkippingInfo().GetCurrentTime(); virtual != nil {
		now = virtual.AsTime()
	}
	return now, described.GetWorkflowExecutionInfo().GetStatus() == enums.WORKFLOW_EXECUTION_STATUS_RUNNING, nil
}

// move asks for a workflow's clock to be moved to an instant, if it is not there yet, and returns at once.
func (c *Clock) move(ctx context.Context, workflowID string, to time.Time) error {
	now, _, err := c.timeOf(ctx, workflowID)
	if err != nil || !to.After(now) {
		return err
	}
	_, err = c.Temporal.WorkflowService().UpdateWorkflowExecutionOptions(ctx, &workflowservice.UpdateWorkflowExecutionOptionsRequest{
		Namespace:         c.Namespace,
		WorkflowExecution: &common.WorkflowExecution{WorkflowId: workflowID},
		WorkflowExecutionOptions: &workflow.WorkflowExecutionOptions{TimeSkippingConfig: &common.TimeSkippingConfig{
			Enabled: true,
			FastForwardConfig: &common.FastForwardConfig{
				Id: to.Format(time.RFC3339), Duration: durationpb.New(to.Sub(now) + margin),
			},
		}},
		UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"time_skipping_config"}},
	})
	if _, ok := errors.AsType[*serviceerror.Unimplemented](err); ok {
		return fmt.Errorf("this Temporal server has no time skipping: test clocks need the development server (`go run ./starter dev`): %w", err)
	}
	var gone *serviceerror.NotFound
	if err != nil && !errors.As(err, &gone) {
		return fmt.Errorf("move %s to %s: %w", workflowID, to.Format(time.RFC3339), err)
	}
	return nil
}

// atRest waits until none of the workflows that are listed at each look is doing anything, and says whether it had to: somebody
// may have been interrupted while moving the clock, or have asked for something and not waited for all that follows from it.
func (c *Clock) atRest(ctx context.Context, at time.Time, list func() (map[string]time.Time, error)) (already bool, err error) {
	looks := 0
	err = c.await(ctx, at, func() (string, error) {
		looks++
		workflows, err := list()
		if err != nil {
			return "", err
		}
		return c.anyBusy(ctx, workflows)
	})
	return looks == 1, err
}

// alive are the workflows of a customer for which something is due, or that ended on the way.
func (c *Clock) alive(ctx context.Context, customerID string) (map[string]time.Time, error) {
	next, err := c.Store.NextActions(ctx, customerID)
	if err != nil {
		return nil, err
	}
	ended, err := c.ended(ctx, customerID)
	maps.Copy(next, ended)
	return next, err
}

// ended are the subscriptions of a customer, or (empty) of all, that ended on the way: nothing is due for them any more, and
// yet their last invoice may be on its way to be collected.
func (c *Clock) ended(ctx context.Context, customerID string) (map[string]time.Time, error) {
	rows, err := c.Store.Ended(ctx, c.ID, customerID, c.stood)
	workflows := make(map[string]time.Time, len(rows))
	for _, subscription := range rows {
		workflows[subscription.WorkflowID] = subscription.At
	}
	return workflows, err
}

// rest waits until a workflow has done what was due and nothing of its customer is under way any more.
func (c *Clock) rest(ctx context.Context, entry store.Due) error {
	return c.await(ctx, entry.At, func() (string, error) { return c.underWay(ctx, entry) })
}

// await looks again and again until nothing has to be waited for, and tells people what takes long.
func (c *Clock) await(ctx context.Context, at time.Time, look func() (waitingFor string, err error)) error {
	started, every := time.Now(), lookEvery
	for {
		waitingFor, err := look()
		if err != nil || waitingFor == "" {
			return err
		}
		if time.Since(started) > tellAfter {
			c.tell(at, waitingFor)
			started = time.Now()
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w", waitingFor, ctx.Err())
		case <-time.After(every):
			every = min(every*5/4, lookLast)
		}
	}
}

// underWay names what keeps a customer from being at rest; empty when nothing does.
func (c *Clock) underWay(ctx context.Context, entry store.Due) (string, error) {
	next, err := c.Store.NextActions(ctx, entry.CustomerID)
	if err != nil {
		return "", err
	}
	at, listed := next[entry.WorkflowID]
	if listed && !at.After(entry.At) {
		return entry.WorkflowID, nil
	}
	if !listed && (strings.HasPrefix(entry.WorkflowID, message.DunningID("")) || strings.HasPrefix(entry.WorkflowID, message.CheckoutID(""))) {
		// A collection, or a checkout, that is over still has to tell the subscription; then it ends.
		if open, err := c.open(ctx, entry.WorkflowID); err != nil || open {
			return entry.WorkflowID + ": about to end", err
		}
	}
	ended, err := c.ended(ctx, entry.CustomerID)
	if err != nil {
		return "", err
	}
	maps.Copy(next, ended)
	next[entry.WorkflowID] = entry.At // it may have nothing more to do by itself
	return c.anyBusy(ctx, next)
}

// anyBusy says what one of the workflows is doing; empty when all of them only wait.
func (c *Clock) anyBusy(ctx context.Context, workflows map[string]time.Time) (string, error) {
	// Collections come before subscriptions, as in the alphabet: who tells is looked at before who is told.
	for _, workflowID := range slices.Sorted(maps.Keys(workflows)) {
		busy, err := c.busy(ctx, workflowID)
		if err != nil || busy != "" {
			return busy, err
		}
	}
	return "", nil
}

// open says that a workflow has not ended.
func (c *Clock) open(ctx context.Context, workflowID string) (bool, error) {
	described, err := c.describe(ctx, workflowID)
	if _, ok := errors.AsType[*serviceerror.NotFound](err); ok {
		return false, nil
	}
	return described.GetWorkflowExecutionInfo().GetStatus() == enums.WORKFLOW_EXECUTION_STATUS_RUNNING, err
}

// busy says what a workflow is doing; empty when it only waits, or has ended.
func (c *Clock) busy(ctx context.Context, workflowID string) (string, error) {
	described, err := c.describe(ctx, workflowID)
	if _, ok := errors.AsType[*serviceerror.NotFound](err); ok {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("look at %s: %w", workflowID, err)
	}
	if described.GetWorkflowExecutionInfo().GetStatus() != enums.WORKFLOW_EXECUTION_STATUS_RUNNING {
		return "", nil
	}
	if activities := described.GetPendingActivities(); len(activities) > 0 {
		pending := activities[0]
		what := fmt.Sprintf("%s: %s, attempt %d", workflowID, pending.GetActivityType().GetName(), pending.GetAttempt())
		if failure := pending.GetLastFailure(); failure != nil {
			what += ": " + failure.GetMessage()
		}
		return what, nil
	}
	if described.GetPendingWorkflowTask() != nil {
		return workflowID + ": workflow task", nil
	}
	if strings.HasPrefix(workflowID, message.SubscriptionID("")) {
		return "", nil // who is told; what it tells by itself, that a debt has become smaller, is dated before what is due
	}
	run, length := described.GetWorkflowExecutionInfo().GetExecution(), described.GetWorkflowExecutionInfo().GetHistoryLength()
	if known, looked := c.quiet.Load(run.GetRunId()); looked && known == length {
		return "", nil
	}
	telling, err := c.isTelling(ctx, run)
	if err != nil {
		return "", err
	}
	if telling {
		return workflowID + ": tells another workflow", nil
	}
	c.quiet.Store(run.GetRunId(), length)
	return "", nil
}

// isTelling says that a signal to another workflow is on its way: neither of the two has anything under way meanwhile.
func (c *Clock) isTelling(ctx context.Context, execution *common.WorkflowExecution) (bool, error) {
	last, err := c.Temporal.WorkflowService().GetWorkflowExecutionHistoryReverse(ctx, &workflowservice.GetWorkflowExecutionHistoryReverseRequest{
		Namespace: c.Namespace, Execution: execution, MaximumPageSize: 1,
	})
	if _, ok := errors.AsType[*serviceerror.NotFound](err); ok {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look at what %s did last: %w", execution.GetWorkflowId(), err)
	}
	events := last.GetHistory().GetEvents()
	return len(events) > 0 && events[0].GetEventType() == enums.EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED, nil
}

func (c *Clock) describe(ctx context.Context, workflowID string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	return c.Temporal.DescribeWorkflowExecution(ctx, workflowID, "")
}
