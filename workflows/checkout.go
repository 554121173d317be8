package workflows

import (
	"errors"
	"fmt"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/perennial-billing/perennial/workflows/message"
)

// Checkout owns a page of the provider's on which a customer pays an invoice or saves a payment method: it has the page
// made, finds out what happens on it, and ends with it. A subscription that was to be started with it ends too, unless
// the customer did what they were asked for; the first invoice of one is collected, and so given up, by its dunning.
func Checkout(ctx workflow.Context, in message.CheckoutInput) (message.CheckoutState, error) {
	c := &checkoutRun{in: in, opened: in.Opened, state: message.CheckoutState{Status: checkoutOpen, ExpiresAt: in.ExpiresAt}}
	ctx, _ = steadfast(ctx) // somebody may be paying
	if err := c.setup(ctx); err != nil {
		return c.state, err
	}
	return c.run(ctx)
}

// The states of a page; the third is expired.
const (
	checkoutOpen     = "open"
	checkoutComplete = "complete"
)

type checkoutRun struct {
	in     message.CheckoutInput
	state  message.CheckoutState
	opened bool
	at     message.CheckoutAt // of what was asked or told last
	alarm  alarm
	asked  []*checkoutRequest
	news   workflow.ReceiveChannel
	// over says that nothing more is done, because of refusal if there was one.
	over    bool
	refusal error
}

// checkoutRequest is an update waiting for the loop, then its answer.
type checkoutRequest struct {
	at   message.CheckoutAt
	err  error
	done bool
}

func (c *checkoutRun) setup(ctx workflow.Context) error {
	c.news = workflow.GetSignalChannel(ctx, message.CheckoutNewsSignal)
	if err := workflow.SetUpdateHandler(ctx, message.OpenCheckoutUpdate, c.request(false)); err != nil {
		return err
	}
	return workflow.SetUpdateHandler(ctx, message.ExpireCheckoutUpdate, c.request(true))
}

// request makes the handler of an update: it hands over to the loop, and waits.
func (c *checkoutRun) request(expire bool) func(workflow.Context, message.CheckoutAt) (message.CheckoutState, error) {
	return func(ctx workflow.Context, at message.CheckoutAt) (message.CheckoutState, error) {
		if c.over {
			return c.state, c.refusal
		}
		ctx, _ = steadfast(ctx)
		at.Expire = expire
		req := &checkoutRequest{at: at}
		c.asked = append(c.asked, req)
		if err := workflow.Await(ctx, func() bool { return req.done }); err != nil {
			return c.state, err
		}
		return c.state, req.err
	}
}

func (c *checkoutRun) run(ctx workflow.Context) (message.CheckoutState, error) {
	for c.state.Status == checkoutOpen {
		c.alarm.set(ctx, c.state.ExpiresAt, "The page closes")
		err := workflow.Await(ctx, func() bool { return c.alarm.rings() || len(c.asked) > 0 || c.news.Len() > 0 })
		if err != nil {
			return c.state, err
		}
		if c.mayLeave(ctx) {
			next := c.in
			next.ExpiresAt, next.Opened = c.state.ExpiresAt, c.opened
			return c.state, workflow.NewContinueAsNewError(ctx, message.CheckoutWorkflow, next)
		}
		if err := c.step(ctx); err != nil {
			return c.state, c.refuse(ctx, err)
		}
	}
	return c.state, c.finish(ctx)
}

// mayLeave says that the history has grown long, as news without end would make it, and that nobody waits for an answer.
func (c *checkoutRun) mayLeave(ctx workflow.Context) bool {
	return workflow.GetInfo(ctx).GetContinueAsNewSuggested() && len(c.asked) == 0 && workflow.AllHandlersFinished(ctx) && c.news.Len() == 0
}

// step does the one thing that comes first.
func (c *checkoutRun) step(ctx workflow.Context) error {
	c.at.CheckoutID, c.at.Expire = c.in.CheckoutID, false
	if len(c.asked) > 0 {
		req := c.asked[0]
		c.asked = c.asked[1:]
		c.at.At, c.at.Expire = later(c.at.At, req.at.At), req.at.Expire
		err := c.answer(ctx)
		if refused, ok := errors.AsType[*temporal.ApplicationError](err); ok {
			err = refused // without the activity around it, as who asked expects it
		}
		req.err, req.done = err, true
		return err
	}
	var news message.PaymentNews
	for c.news.ReceiveAsync(&news) { // one look at the provider answers them all
		c.at.At = later(c.at.At, news.At)
	}
	if c.alarm.rings() {
		c.at.At = later(c.at.At, c.state.ExpiresAt)
	}
	return c.ask(ctx)
}

// answer opens the page when it is asked for the first time, and else finds out how it stands.
func (c *checkoutRun) answer(ctx workflow.Context) error {
	if c.opened || c.at.Expire {
		return c.ask(ctx)
	}
	state, err := atProvider(ctx, message.OpenCheckout, c.at, "Open the page")
	if err != nil {
		return err
	}
	c.state, c.opened = state, true
	c.tellDunning(ctx, "checkout_opened")
	return nil
}

func (c *checkoutRun) ask(ctx workflow.Context) error {
	summary := "Ask what happened on the page"
	if c.at.Expire {
		summary = "Close the page"
	}
	state, err := atProvider(ctx, message.AskCheckout, c.at, summary)
	if err == nil {
		c.state = state
	}
	return err
}

// refuse answers whoever else waits as the first was answered, and fails, so that the id can be used again.
func (c *checkoutRun) refuse(ctx workflow.Context, err error) error {
	c.close(err)
	if waitErr := workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) }); waitErr != nil {
		return waitErr
	}
	return err
}

// close answers those who asked while the page ended, or was refused.
func (c *checkoutRun) close(refusal error) {
	c.over, c.refusal = true, refusal
	for _, req := range c.asked {
		req.err, req.done = refusal, true
	}
	c.asked = nil
}

// finish tells everybody who waits for what the customer did.
func (c *checkoutRun) finish(ctx workflow.Context) error {
	c.alarm.stop()
	mark(ctx, message.BillingStatus.ValueSet(c.state.Status))
	c.close(nil)
	if c.state.SavedMethod {
		news := message.CustomerNews{CustomerID: c.state.CustomerID, News: message.PaymentNews{At: c.at.At, Reason: "payment_method_changed"}}
		if _, err := inStore(ctx, message.TellCollections, news, "Tell collections of the method"); err != nil {
			return err
		}
	}
	c.tellDunning(ctx, "checkout_"+c.state.Status)
	if err := c.endSubscription(ctx); err != nil {
		return err
	}
	return workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) })
}

// tellDunning tells the collection of the invoice, if there is one, that it is to look again. One that has ended, or has not
// begun, sees by itself what is true.
func (c *checkoutRun) tellDunning(ctx workflow.Context, reason string) {
	if c.state.InvoiceID == "" {
		return
	}
	news := message.PaymentNews{At: c.at.At, Reason: reason}
	err := workflow.SignalExternalWorkflow(ctx, message.DunningID(c.state.InvoiceID), "", message.PaymentNewsSignal, news).Get(ctx, nil)
	if err != nil {
		workflow.GetLogger(ctx).Info("dunning was not told of a checkout", "invoice", c.state.InvoiceID, "error", err)
	}
}

// endSubscription ends a subscription for which the customer was to save a method, and did not.
func (c *checkoutRun) endSubscription(ctx workflow.Context) error {
	if c.in.SubscriptionID == "" || c.state.InvoiceID != "" || c.state.Status == checkoutComplete {
		return nil
	}
	id := message.SubscriptionID(c.in.SubscriptionID)
	ended := message.CollectionEnded{At: c.at.At, Cancel: true, Reason: message.ReasonCheckoutExpired}
	err := workflow.SignalExternalWorkflow(ctx, id, "", message.CollectionEndedSignal, ended).Get(ctx, nil)
	if _, gone := errors.AsType[*temporal.UnknownExternalWorkflowExecutionError](err); gone {
		return nil // it ended before, or never began
	}
	if err != nil {
		return fmt.Errorf("tell %s that nobody paid: %w", id, err)
	}
	return nil
}
