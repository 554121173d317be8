package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/perennial-billing/perennial/workflows/message"
)

// Dunning collects one unpaid invoice until it is paid or given up. It ends at once when the customer pays.
func Dunning(ctx workflow.Context, in message.DunningInput) error {
	d := &dunningRun{in: in, next: in.Next, at: in.At}
	if err := d.setup(ctx); err != nil {
		return err
	}
	return d.run(ctx)
}

type dunningRun struct {
	in       message.DunningInput
	next     message.DunningStep
	at       time.Time // billing time of the latest thing dealt with; nothing is dated before it
	alarm    alarm
	attempts int
	lastCode string
	last     message.PaymentStatus
	news     workflow.ReceiveChannel
	retryAt  *time.Time // an operator asked for an attempt now, dated so
	shown    string
}

func (d *dunningRun) setup(ctx workflow.Context) error {
	d.news = workflow.GetSignalChannel(ctx, message.PaymentNewsSignal)
	err := workflow.SetQueryHandler(ctx, message.DunningQuery, func() (message.DunningState, error) {
		return message.DunningState{Next: d.next, Attempts: d.attempts, LastCode: d.lastCode}, nil
	})
	if err != nil {
		return err
	}
	return workflow.SetUpdateHandlerWithOptions(ctx, message.RetryNowUpdate, d.retryNow,
		workflow.UpdateHandlerOptions{Validator: d.checkRetry})
}

func (d *dunningRun) run(ctx workflow.Context) error {
	for d.next.Kind != message.DunningOver {
		d.show(ctx)
		d.alarm.set(ctx, d.next.At, d.words())
		err := workflow.Await(ctx, func() bool { return d.alarm.rings() || d.news.Len() > 0 || d.retryAt != nil })
		if err != nil {
			return err
		}
		done, err := d.step(ctx)
		if err != nil || done {
			return err
		}
	}
	return d.finish(ctx, message.CollectionEnded{InvoiceID: d.in.InvoiceID, At: d.next.At, Paid: true})
}

// step does what is due, and asks what comes after it. It is done when the invoice was given up.
func (d *dunningRun) step(ctx workflow.Context) (done bool, err error) {
	var news message.PaymentNews
	switch {
	case d.news.ReceiveAsync(&news):
		d.advance(news.At)
		for d.news.ReceiveAsync(&news) { // one look at the provider answers them all
			d.advance(news.At)
		}
		err = d.ask(ctx)
	case d.retryAt != nil:
		d.advance(*d.retryAt)
		err = d.charge(ctx)
	case !d.alarm.rings():
		return false, nil // the signal could not be decoded, and was dropped
	case d.next.Kind == message.DunningGiveUp:
		return true, d.giveUp(ctx)
	case d.next.Kind == message.DunningRetry:
		d.advance(d.next.At)
		err = d.charge(ctx)
	default: // the customer's time is over, or a payment has been under way for long
		d.advance(d.next.At)
		err = d.ask(ctx)
	}
	if err != nil {
		return false, err
	}
	d.next, err = inStore(ctx, message.NextDunningStep, message.InvoiceAt{InvoiceID: d.in.InvoiceID, At: d.at}, "Decide what comes next")
	return false, err
}

// advance moves billing time to an instant. It never goes back: news may arrive late.
func (d *dunningRun) advance(to time.Time) { d.at = later(d.at, to) }

func (d *dunningRun) charge(ctx workflow.Context) error {
	charged, err := atProvider(ctx, message.ChargeInvoice,
		message.Charge{InvoiceID: d.in.InvoiceID, Attempt: d.next.Attempt, At: d.at},
		fmt.Sprintf("Attempt %d: charge %s", d.next.Attempt, d.next.Owed))
	if err != nil {
		return err
	}
	d.attempts, d.last, d.lastCode = d.attempts+1, charged.Status, charged.DeclineCode
	d.retryAt = nil // whoever asked while this attempt was under way has its answer
	return nil
}

// ask finds out what is true after news from outside.
func (d *dunningRun) ask(ctx workflow.Context) error {
	charged, err := atProvider(ctx, message.AskProvider, message.InvoiceAt{InvoiceID: d.in.InvoiceID, At: d.at}, "Ask the provider what was paid")
	if err != nil {
		return err
	}
	d.last = charged.Status
	return nil
}

// giveUp writes the invoice off, unless it turns out to have been paid at the last moment.
func (d *dunningRun) giveUp(ctx workflow.Context) error {
	d.advance(d.next.At)
	ended, err := inStore(ctx, message.GiveUpInvoice,
		message.GiveUp{InvoiceID: d.in.InvoiceID, At: d.at, Reason: d.next.Reason}, "Give up: "+d.next.Reason)
	if err != nil {
		return err
	}
	return d.finish(ctx, message.CollectionEnded{
		InvoiceID: d.in.InvoiceID, At: d.at, Paid: ended.Paid, Cancel: d.next.Cancel && !ended.Paid,
	})
}

// finish tells the subscription and ends the workflow. A subscription that has ended needs no telling.
func (d *dunningRun) finish(ctx workflow.Context, ended message.CollectionEnded) error {
	err := workflow.SignalExternalWorkflow(ctx, message.SubscriptionID(d.in.SubscriptionID), "", message.CollectionEndedSignal, ended).Get(ctx, nil)
	if err != nil && !temporal.IsCanceledError(err) {
		workflow.GetLogger(ctx).Info("the subscription has ended before its dunning", "subscription", d.in.SubscriptionID, "error", err)
	}
	d.show(ctx)
	return workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) })
}

// checkRetry refuses an attempt that would have nothing to collect.
func (d *dunningRun) checkRetry(_ workflow.Context, at time.Time) error {
	if at.IsZero() {
		return temporal.NewNonRetryableApplicationError("retry-now of invoice "+d.in.InvoiceID+" does not say when it takes effect", "retry_at_missing", nil)
	}
	if d.next.Kind != message.DunningRetry && d.next.Kind != message.DunningWait {
		return temporal.NewNonRetryableApplicationError("invoice "+d.in.InvoiceID+" is not being collected any more", "not_collecting", nil)
	}
	return nil
}

// retryNow makes the next attempt at once, whatever the schedule says.
func (d *dunningRun) retryNow(ctx workflow.Context, at time.Time) (message.PaymentStatus, error) {
	attempts := d.attempts
	d.retryAt = &at
	err := workflow.Await(ctx, func() bool { return d.attempts > attempts || d.next.Kind == message.DunningOver })
	return d.last, err
}

func (d *dunningRun) words() string {
	return fmt.Sprintf("%s (%s)", d.next.Kind, d.next.Reason)
}

func (d *dunningRun) show(ctx workflow.Context) {
	workflow.SetCurrentDetails(ctx, fmt.Sprintf(
		"| Invoice | %s |\n|---|---|\n| Owed | %s |\n| Attempts here | %d |\n| Last decline | %s |\n| Next | %s on %s |\n",
		d.in.InvoiceID, d.next.Owed, d.attempts, d.lastCode, d.words(), d.next.At.UTC().Format("2006-01-02 15:04 MST")))
	if d.shown == string(d.next.Kind) {
		return
	}
	d.shown = string(d.next.Kind)
	err := workflow.UpsertTypedSearchAttributes(ctx, message.BillingStatus.ValueSet(d.shown), message.NextActionAt.ValueSet(d.next.At))
	if err != nil {
		workflow.GetLogger(ctx).Error("search attributes were not updated", "error", err)
	}
}
