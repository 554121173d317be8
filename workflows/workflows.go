// Package workflows decides when things happen: one file per workflow. Workflows hold decisions, never effects: those are
// activities, called by the typed names of package message. No workflow reads a clock other than Temporal's, and every
// billing instant is passed to activities explicitly.
package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/perennial-billing/perennial/workflows/message"
)

// Activities are retried until they succeed: an outage is waited out and shows in the UI. What must not be retried
// says so itself, as a non-retryable error.
var patient = &temporal.RetryPolicy{
	InitialInterval:    time.Second,
	BackoffCoefficient: 2,
	MaximumInterval:    2 * time.Minute,
}

// inStore runs an activity that is one short database transaction.
func inStore[In, Out any](ctx workflow.Context, activity message.Activity[In, Out], in In, summary string) (Out, error) {
	return do(workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:           message.BillingQueue,
		StartToCloseTimeout: 15 * time.Second,
		RetryPolicy:         patient,
		Summary:             summary,
	}), activity, in)
}

// atProvider runs an activity that talks to the payment provider.
func atProvider[In, Out any](ctx workflow.Context, activity message.Activity[In, Out], in In, summary string) (Out, error) {
	return do(workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:           message.PaymentsQueue,
		StartToCloseTimeout: 40 * time.Second,
		RetryPolicy:         patient,
		Summary:             summary,
	}), activity, in)
}

// inBulk runs an activity that works through many rows and says by heartbeats how far it came.
func inBulk[In, Out any](ctx workflow.Context, activity message.Activity[In, Out], in In, summary string) (Out, error) {
	return do(workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:           message.BillingQueue,
		StartToCloseTimeout: time.Hour,
		HeartbeatTimeout:    15 * time.Second,
		RetryPolicy:         patient,
		Summary:             summary,
	}), activity, in)
}

func do[In, Out any](ctx workflow.Context, activity message.Activity[In, Out], in In) (Out, error) {
	var out Out
	err := workflow.ExecuteActivity(ctx, activity.Name, in).Get(ctx, &out)
	return out, err
}

// alarm is one re-armed timer: asking again for the same instant costs nothing.
type alarm struct {
	at     time.Time
	timer  workflow.Future
	cancel workflow.CancelFunc
}

// set arms the alarm for an instant, replacing an earlier setting for another one.
func (a *alarm) set(ctx workflow.Context, at time.Time, summary string) {
	if a.timer != nil && a.at.Equal(at) {
		return
	}
	a.stop()
	timerCtx, cancel := workflow.WithCancel(ctx)
	a.at, a.cancel = at, cancel
	a.timer = workflow.NewTimerWithOptions(timerCtx, at.Sub(workflow.Now(ctx)), workflow.TimerOptions{Summary: summary})
}

func (a *alarm) stop() {
	if a.cancel != nil {
		a.cancel()
	}
	a.timer, a.cancel = nil, nil
}

// rings says that the instant has come.
func (a *alarm) rings() bool { return a.timer != nil && a.timer.IsReady() }

// Register tells a worker which workflows there are.
func Register(registry interface {
	RegisterWorkflowWithOptions(w any, options workflow.RegisterOptions)
},
) {
	for name, definition := range map[string]any{
		message.SubscriptionWorkflow: Subscription,
		message.DunningWorkflow:      Dunning,
		message.InvoiceRunWorkflow:   InvoiceRun,
		message.TaxFilingWorkflow:    TaxFiling,
	} {
		registry.RegisterWorkflowWithOptions(definition, workflow.RegisterOptions{Name: name})
	}
}
