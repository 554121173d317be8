package workflows

import (
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/workflows/message"
)

// Wallet keeps a customer's prepaid credit in a currency: credit is granted and returned through it, and one timer is set for
// what is due next, such as the expiry of a grant. It ends when nothing is due and no credit waits for its payment; the next
// grant starts it again.
func Wallet(ctx workflow.Context, in message.WalletInput) error {
	w := &walletRun{in: in, at: in.At, due: message.WalletTended{NextAt: in.NextAt, Waiting: in.Waiting}, untended: in.At.IsZero()}
	ctx, _ = steadfast(ctx) // what expires must be booked
	if err := w.setup(ctx); err != nil {
		return err
	}
	return w.run(ctx)
}

type walletRun struct {
	in message.WalletInput
	// at is the billing time of what was dealt with last. It never goes back: news may arrive late.
	at    time.Time
	due   message.WalletTended
	alarm alarm
	news  workflow.ReceiveChannel
	// asking counts the updates under way, untended says that something has changed since the wallet was last tended.
	asking   int
	untended bool
}

func (w *walletRun) setup(ctx workflow.Context) error {
	w.news = workflow.GetSignalChannel(ctx, message.WalletNewsSignal)
	return errors.Join(
		workflow.SetUpdateHandler(ctx, message.GrantCreditUpdate, w.grant),
		workflow.SetUpdateHandler(ctx, message.ReturnCreditUpdate, w.giveBack),
		workflow.SetUpdateHandler(ctx, message.WalletStandingUpdate, w.standing),
		workflow.SetUpdateHandler(ctx, message.SetTopUpUpdate, w.setTopUp),
	)
}

func (w *walletRun) run(ctx workflow.Context) error {
	for {
		err := workflow.Await(ctx, func() bool { return w.asking == 0 && (w.untended || w.alarm.rings() || w.news.Len() > 0 || w.idle()) })
		if err != nil {
			return err
		}
		switch {
		case w.untended || w.alarm.rings() || w.news.Len() > 0:
			if err := w.tend(ctx); err != nil {
				return err
			}
		case !workflow.AllHandlersFinished(ctx):
			if err := workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) }); err != nil {
				return err
			}
		default:
			return nil
		}
		if w.mayLeave(ctx) {
			next := w.in
			next.At, next.NextAt, next.Waiting = w.at, w.due.NextAt, w.due.Waiting
			return workflow.NewContinueAsNewError(ctx, message.WalletWorkflow, next)
		}
	}
}

// idle says that nothing is to be waited for.
func (w *walletRun) idle() bool { return w.due.NextAt.IsZero() && !w.due.Waiting }

// mayLeave says that the history has grown long, and that nobody waits for an answer.
func (w *walletRun) mayLeave(ctx workflow.Context) bool {
	return workflow.GetInfo(ctx).GetContinueAsNewSuggested() && !w.idle() && !w.untended && w.news.Len() == 0 && workflow.AllHandlersFinished(ctx)
}

// tend has done what is due, and sets the timer for what comes next.
func (w *walletRun) tend(ctx workflow.Context) error {
	if w.alarm.rings() {
		w.at = later(w.at, w.due.NextAt)
		w.alarm.stop()
	}
	var news message.WalletAt
	for w.news.ReceiveAsync(&news) { // one look answers them all
		w.at = later(w.at, news.At)
	}
	if w.at.IsZero() {
		w.at = workflow.Now(ctx).UTC() // it was started to be asked how it stands
	}
	w.untended = false
	due, err := inStore(ctx, message.TendWallet, message.WalletAt{CustomerID: w.in.CustomerID, Currency: w.in.Currency, At: w.at}, "Look what is due")
	if err != nil {
		return err
	}
	w.due = due
	for _, bought := range due.Bought {
		collect := message.OpenDunningInput{InvoiceID: bought.InvoiceID, CustomerID: w.in.CustomerID, At: w.at}
		if _, err := inStore(ctx, message.OpenDunning, collect, "Collect "+bought.AmountDue.String()); err != nil {
			return err
		}
	}
	if due.NextAt.IsZero() {
		w.alarm.stop()
	} else {
		w.alarm.set(ctx, due.NextAt, "Credit expires, or is bought")
	}
	mark(ctx, nextActionAt(due.NextAt))
	return nil
}

// grant carries out a grant, and has the invoice of credit that is sold collected.
func (w *walletRun) grant(ctx workflow.Context, in message.GrantCredit) (message.CreditGranted, error) {
	granted, err := asked(ctx, w, in.At, message.GrantCreditActivity, in, "Grant "+in.Amount.String())
	if err != nil || granted.Invoice == nil {
		return granted, err
	}
	collect := message.OpenDunningInput{InvoiceID: granted.Invoice.InvoiceID, CustomerID: in.CustomerID, At: in.At}
	_, err = asked(ctx, w, in.At, message.OpenDunning, collect, "Collect "+granted.Invoice.AmountDue.String())
	return granted, err
}

func (w *walletRun) giveBack(ctx workflow.Context, in message.ReturnCredit) (message.CreditReturned, error) {
	return asked(ctx, w, in.At, message.ReturnCreditActivity, in, "Return grant "+in.GrantID)
}

func (w *walletRun) standing(ctx workflow.Context, in message.WalletAt) (message.WalletStanding, error) {
	return asked(ctx, w, in.At, message.ReadWallet, in, "Look what can be used")
}

func (w *walletRun) setTopUp(ctx workflow.Context, in message.SetTopUp) (message.None, error) {
	return asked(ctx, w, in.At, message.SetTopUpActivity, in, "Agree on how credit is bought by itself")
}

// asked does what an update asks for, after which the wallet is tended. What is refused is answered without the activity
// around it.
func asked[In, Out any](
	ctx workflow.Context, w *walletRun, at time.Time, activity message.Activity[In, Out], in In, summary string,
) (Out, error) {
	ctx, _ = steadfast(ctx)
	w.asking++
	defer func() { w.asking-- }()
	out, err := inStore(ctx, activity, in, summary)
	if refused, ok := errors.AsType[*temporal.ApplicationError](err); ok {
		return out, refused
	}
	w.at, w.untended = later(w.at, at), true
	return out, err
}

// tellWallet has a wallet look what is to be done: the invoice of credit that was sold was collected, or credit was spent. One
// that is not there needs no telling.
func tellWallet(ctx workflow.Context, customerID string, currency money.Currency, at time.Time) error {
	id := message.WalletID(customerID, currency)
	news := message.WalletAt{CustomerID: customerID, Currency: currency, At: at}
	err := workflow.SignalExternalWorkflow(ctx, id, "", message.WalletNewsSignal, news).Get(ctx, nil)
	if _, gone := errors.AsType[*temporal.UnknownExternalWorkflowExecutionError](err); err != nil && !gone {
		return fmt.Errorf("tell %s to look: %w", id, err)
	}
	return nil
}
