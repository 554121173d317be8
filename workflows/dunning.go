package workflows

import (
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/perennial-billing/perennial/workflows/message"
)

// Dunning collects one unpaid invoice until it is paid or given up. It ends at once when the customer pays.
func Dunning(ctx workflow.Context, in message.DunningInput) error {
	d := &dunningRun{in: in, next: in.Next, at: in.At, attempts: in.Attempts, lastCode: in.LastCode}
	ctx, d.askedToStop = steadfast(ctx)
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
	outcome  string // of the latest attempt, in words
	answers  int    // to requests for an attempt, whether one was made or not
	news     workflow.ReceiveChannel
	retryAt  *time.Time // an operator, or the customer, asked for an attempt now, dated so
	pages    string     // where our pages are, if it was the customer
	transfer bool       // the customer wants to pay by bank transfer
	over     bool
	shown    shownStep
	// askedToStop says that the workflow's cancellation was requested, and toldSo that the operator was told what that does.
	askedToStop func() bool
	toldSo      bool
}

// shownStep is what operators were last told through search attributes.
type shownStep struct {
	kind message.DunningKind
	at   time.Time
}

func (d *dunningRun) setup(ctx workflow.Context) error {
	d.news = workflow.GetSignalChannel(ctx, message.PaymentNewsSignal)
	err := workflow.SetQueryHandler(ctx, message.DunningQuery, func() (message.DunningState, error) {
		return message.DunningState{Next: d.next, Attempts: d.attempts, LastCode: d.lastCode}, nil
	})
	if err != nil {
		return err
	}
	if err := workflow.SetUpdateHandlerWithOptions(ctx, message.PayNowUpdate, d.payNow,
		workflow.UpdateHandlerOptions{Validator: d.checkPayNow}); err != nil {
		return err
	}
	return workflow.SetUpdateHandlerWithOptions(ctx, message.RetryNowUpdate, d.retryNow,
		workflow.UpdateHandlerOptions{Validator: d.checkRetry})
}

func (d *dunningRun) run(ctx workflow.Context) error {
	for d.next.Kind != message.DunningOver {
		d.show(ctx)
		if d.mayLeave(ctx) {
			next := d.in
			next.At, next.Next, next.Attempts, next.LastCode = d.at, d.next, d.attempts, d.lastCode
			return workflow.NewContinueAsNewError(ctx, message.DunningWorkflow, next)
		}
		d.alarm.set(ctx, d.next.At, d.words())
		err := workflow.Await(ctx, func() bool {
			return d.alarm.rings() || d.news.Len() > 0 || d.retryAt != nil || d.askedToStop() && !d.toldSo
		})
		if err != nil {
			return err
		}
		done, err := d.step(ctx)
		if err != nil || done {
			return err
		}
	}
	return d.finish(ctx, message.CollectionEnded{InvoiceID: d.in.InvoiceID, CustomerID: d.in.CustomerID, At: d.next.At, Paid: true})
}

// mayLeave says that the history has grown long, as news without end would make it, and that no message is waiting.
func (d *dunningRun) mayLeave(ctx workflow.Context) bool {
	return workflow.GetInfo(ctx).GetContinueAsNewSuggested() && d.news.Len() == 0 && workflow.AllHandlersFinished(ctx)
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
		return false, nil // cancellation was requested, or a signal could not be decoded and was dropped
	case d.next.Kind == message.DunningGiveUp:
		if done, err = d.giveUp(ctx); done || err != nil {
			return done, err
		}
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
	d.next, err = inStore(ctx, message.NextDunningStep, message.InvoiceAt{InvoiceID: d.in.InvoiceID, At: d.at}, after(d.outcome, "Decide what comes next"))
	if err != nil {
		return false, err
	}
	return false, d.tellFailure(ctx)
}

// tellFailure tells the subscription, once, that a payment has failed which was announced or under way: from now on it is
// past due.
func (d *dunningRun) tellFailure(ctx workflow.Context) error {
	tried := d.next.Attempt > 1
	if !d.in.UnderWay || !tried || d.last != message.Declined || d.next.Kind == message.DunningOver {
		return nil
	}
	d.in.UnderWay = false
	return d.tell(ctx, message.CollectionEnded{InvoiceID: d.in.InvoiceID, CustomerID: d.in.CustomerID, At: d.at, PastDue: true})
}

// advance moves billing time to an instant. It never goes back: news may arrive late.
func (d *dunningRun) advance(to time.Time) { d.at = later(d.at, to) }

func (d *dunningRun) charge(ctx workflow.Context) error {
	charged, err := atProvider(ctx, message.ChargeInvoice,
		message.Charge{InvoiceID: d.in.InvoiceID, Attempt: d.next.Attempt, At: d.at, Pages: d.pages, Transfer: d.transfer},
		fmt.Sprintf("Attempt %d: charge %s", d.next.Attempt, with(d.next.Owed, d.next.Method)))
	if err != nil {
		return err
	}
	d.last, d.answers, d.outcome = charged.Status, d.answers+1, charged.Words()
	if charged.Status != message.Announced {
		d.attempts, d.lastCode = d.attempts+1, charged.DeclineCode
	}
	if err := startReview(ctx, charged, d.at); err != nil {
		return err
	}
	d.retryAt, d.pages, d.transfer = nil, "", false // whoever asked while this attempt was under way has its answer
	return nil
}

// ask finds out what is true after news from outside.
func (d *dunningRun) ask(ctx workflow.Context) error {
	charged, err := atProvider(ctx, message.AskProvider, message.InvoiceAt{InvoiceID: d.in.InvoiceID, At: d.at}, "Ask the provider what was paid")
	if err != nil {
		return err
	}
	d.last, d.outcome = charged.Status, charged.Words()
	return startReview(ctx, charged, d.at)
}

// giveUp writes the invoice off, unless it turns out to have been paid at the last moment, or to be paid just now.
func (d *dunningRun) giveUp(ctx workflow.Context) (done bool, err error) {
	d.advance(d.next.At)
	ended, err := inStore(ctx, message.GiveUpInvoice,
		message.GiveUp{InvoiceID: d.in.InvoiceID, At: d.at, Reason: d.next.Reason}, "Give up: "+d.next.Reason)
	if err != nil || ended.UnderWay {
		return false, err
	}
	over := message.CollectionEnded{
		InvoiceID: d.in.InvoiceID, CustomerID: d.in.CustomerID, At: d.at, Paid: ended.Paid, Cancel: d.next.Cancel && !ended.Paid,
	}
	if d.next.Reason == message.ReasonCheckoutExpired {
		over.Reason = d.next.Reason
	}
	return true, d.finish(ctx, over)
}

// finish tells the subscription and ends the workflow.
func (d *dunningRun) finish(ctx workflow.Context, ended message.CollectionEnded) error {
	if err := d.tell(ctx, ended); err != nil {
		return err
	}
	d.over = true
	d.show(ctx)
	return workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) })
}

// tell tells the subscriptions how collecting their invoice goes. Of credit that was sold, the customer's wallet is told.
func (d *dunningRun) tell(ctx workflow.Context, news message.CollectionEnded) error {
	if d.in.SubscriptionID == "" {
		return tellWallet(ctx, d.in.CustomerID, d.next.Owed.Currency, news.At)
	}
	if err := d.tellOne(ctx, d.in.SubscriptionID, news); err != nil {
		return err
	}
	for _, other := range d.in.Others {
		news.CustomerID = other.CustomerID
		if err := d.tellOne(ctx, other.SubscriptionID, news); err != nil {
			return err
		}
	}
	return nil
}

// tellOne tells a subscription. One that has ended needs no telling.
func (d *dunningRun) tellOne(ctx workflow.Context, subscriptionID string, news message.CollectionEnded) error {
	subscription := message.SubscriptionID(subscriptionID)
	err := workflow.SignalExternalWorkflow(ctx, subscription, "", message.CollectionEndedSignal, news).Get(ctx, nil)
	if _, gone := errors.AsType[*temporal.UnknownExternalWorkflowExecutionError](err); err != nil && !gone {
		return fmt.Errorf("tell %s how collecting invoice %s goes: %w", subscription, d.in.InvoiceID, err)
	}
	return nil
}

// checkRetry refuses an attempt that would have nothing to collect, or is dated when it cannot be.
func (d *dunningRun) checkRetry(ctx workflow.Context, at time.Time) error {
	refuse := func(code, why string) error {
		return temporal.NewNonRetryableApplicationError("retry-now of invoice "+d.in.InvoiceID+": "+why, code, nil)
	}
	switch {
	case at.IsZero():
		return refuse("retry_at_missing", "it does not say when it takes effect")
	case at.After(workflow.Now(ctx).Add(clockSkew)):
		return refuse("retry_in_future", "it is dated in the future: "+at.UTC().Format(time.RFC3339))
	case d.next.Kind != message.DunningRetry && d.next.Kind != message.DunningWait:
		return refuse("not_collecting", "the invoice is not being collected any more")
	}
	return nil
}

// retryNow makes the next attempt at once, whatever the schedule says.
func (d *dunningRun) retryNow(ctx workflow.Context, at time.Time) (message.PaymentStatus, error) {
	ctx, _ = steadfast(ctx)
	answers := d.answers
	d.retryAt = &at
	err := workflow.Await(ctx, func() bool { return d.answers > answers || d.next.Kind == message.DunningOver })
	return d.last, err
}

func (d *dunningRun) words() string {
	return fmt.Sprintf("%s (%s)", d.next.Kind, d.next.Reason)
}

func (d *dunningRun) show(ctx workflow.Context) {
	details := fmt.Sprintf(
		"| Invoice | %s |\n|---|---|\n| Owed | %s |\n| Attempts here | %d |\n| Last attempt | %s |\n| Last decline | %s |\n| Next | %s on %s |\n",
		d.in.InvoiceID, d.next.Owed, d.attempts, d.outcome, d.lastCode, d.words(), d.next.At.UTC().Format("2006-01-02 15:04 MST"))
	if d.toldSo = d.askedToStop(); d.toldSo {
		details += "| Cancellation | requested of the workflow, which goes on until the invoice is paid or given up |\n"
	}
	workflow.SetCurrentDetails(ctx, details)
	now := shownStep{kind: d.next.Kind, at: d.next.At.UTC()}
	if d.over {
		now.at = time.Time{}
	}
	if d.shown == now {
		return
	}
	d.shown = now
	mark(ctx, message.BillingStatus.ValueSet(string(now.kind)), nextActionAt(now.at))
}
