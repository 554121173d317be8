// Package workflows decides when things happen: one file per workflow. Workflows hold decisions, never effects: those are
// activities, called by the typed names of package message. No workflow reads a clock other than Temporal's, and every
// billing instant is passed to activities explicitly.
package workflows

import (
	"strings"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/workflows/message"
)

// Activities are retried until they succeed: an outage is waited out and shows in the UI. What must not be retried
// says so itself, as a non-retryable error.
var patient = &temporal.RetryPolicy{
	InitialInterval:    time.Second,
	BackoffCoefficient: 2,
	MaximumInterval:    2 * time.Minute,
}

// A worker reports each running activity as alive while it runs (activities.Alive), so that one that died is noticed
// within this time however long its activity may take. An activity that ends sooner costs no heartbeat.
const noticedWithin = 6 * time.Second

// inStore runs an activity that is one short database transaction.
func inStore[In, Out any](ctx workflow.Context, activity message.Activity[In, Out], in In, summary string) (Out, error) {
	return do(ctx, message.BillingQueue, 15*time.Second, activity, in, summary)
}

// atProvider runs an activity that talks to the payment provider.
func atProvider[In, Out any](ctx workflow.Context, activity message.Activity[In, Out], in In, summary string) (Out, error) {
	return do(ctx, message.PaymentsQueue, 40*time.Second, activity, in, summary)
}

// inBulk runs an activity that works through many rows.
func inBulk[In, Out any](ctx workflow.Context, activity message.Activity[In, Out], in In, summary string) (Out, error) {
	return do(ctx, message.BillingQueue, time.Hour, activity, in, summary)
}

func do[In, Out any](ctx workflow.Context, queue string, atMost time.Duration, activity message.Activity[In, Out], in In, summary string) (Out, error) {
	var out Out
	err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:           queue,
		StartToCloseTimeout: atMost,
		HeartbeatTimeout:    noticedWithin,
		RetryPolicy:         patient,
		Summary:             brief(summary),
	}), activity.Name, in).Get(ctx, &out)
	return out, err
}

// with says with which payment method an amount is charged, if that is known.
func with(amount money.Amount, method string) string {
	if method == "" {
		return amount.String()
	}
	return amount.String() + " with " + method
}

// after says how the latest attempt went before it says what is done now.
func after(outcome, summary string) string {
	if outcome == "" {
		return summary
	}
	return outcome + ". " + summary
}

// longestSummary keeps below what the server accepts (400 bytes): a longer one would fail every attempt to go on.
const longestSummary = 200

// brief cuts a summary that other people's words made too long.
func brief(summary string) string {
	if len(summary) <= longestSummary {
		return summary
	}
	return strings.ToValidUTF8(summary[:longestSummary], "") + "…"
}

// lookUp has an activity find out how something at the provider stands, and again while there is news of it: what was read
// before the news came may be old.
func lookUp[In, Out any](ctx workflow.Context, news string, activity message.Activity[In, Out], in In, summary string, status func(Out) string) (Out, error) {
	ctx, _ = steadfast(ctx)
	more := workflow.GetSignalChannel(ctx, news)
	for {
		found, err := atProvider(ctx, activity, in, summary)
		if err != nil {
			return found, err
		}
		mark(ctx, message.BillingStatus.ValueSet(status(found)))
		if !more.ReceiveAsync(&in) {
			return found, nil
		}
	}
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
	a.timer = workflow.NewTimerWithOptions(timerCtx, at.Sub(workflow.Now(ctx)), workflow.TimerOptions{Summary: brief(summary)})
}

func (a *alarm) stop() {
	if a.cancel != nil {
		a.cancel()
	}
	a.timer, a.cancel = nil, nil
}

// rings says that the instant has come.
func (a *alarm) rings() bool { return a.timer != nil && a.timer.IsReady() }

// steadfast is a context that a request to cancel the workflow does not end, and asked says that there was one. What
// becomes of a subscription or a debt is decided by commands and payments, which are recorded: a workflow that merely
// stopped would leave it unbilled, in silence. The contexts of update handlers need the same.
func steadfast(ctx workflow.Context) (steady workflow.Context, asked func() bool) {
	steady, _ = workflow.NewDisconnectedContext(ctx) // ends with the workflow
	return steady, func() bool { return ctx.Err() != nil }
}

// mark sets search attributes. That fails only for values that are none, a mistake in this package: the panic holds the
// workflow where it is, for operators to see, until a corrected worker goes on.
func mark(ctx workflow.Context, updates ...temporal.SearchAttributeUpdate) {
	if err := workflow.UpsertTypedSearchAttributes(ctx, updates...); err != nil {
		panic(err)
	}
}

// nextActionAt is the attribute's value for an instant; none for the zero instant.
func nextActionAt(at time.Time) temporal.SearchAttributeUpdate {
	if at.IsZero() {
		return message.NextActionAt.ValueUnset()
	}
	return message.NextActionAt.ValueSet(at)
}

// Register tells a worker which workflows there are.
func Register(registry interface {
	RegisterWorkflowWithOptions(w any, options workflow.RegisterOptions)
},
) {
	for name, definition := range map[string]any{
		message.SubscriptionWorkflow:   Subscription,
		message.DunningWorkflow:        Dunning,
		message.InvoiceRunWorkflow:     InvoiceRun,
		message.TaxFilingWorkflow:      TaxFiling,
		message.PaymentMethodWorkflow:  PaymentMethod,
		message.CheckoutWorkflow:       Checkout,
		message.WalletWorkflow:         Wallet,
		message.CustomerCashWorkflow:   CustomerCash,
		message.RefundWorkflow:         Refund,
		message.DisputeWorkflow:        Dispute,
		message.PayoutWorkflow:         Payout,
		message.FraudReviewWorkflow:    FraudReview,
		message.FraudWarningWorkflow:   FraudWarning,
		message.ReconciliationWorkflow: Reconciliation,
		message.LateUsageWorkflow:      LateUsage,
	} {
		registry.RegisterWorkflowWithOptions(definition, workflow.RegisterOptions{Name: name})
	}
}
