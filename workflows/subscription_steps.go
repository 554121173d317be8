package workflows

import (
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/workflows/message"
)

// turn carries the subscription over the boundary that is due. The boundary's instant is the billing instant, however
// late the worker gets to it.
func (s *subscriptionRun) turn(ctx workflow.Context) error {
	cycle, owner := s.state.Cycle, s.state.CustomerID
	turned, err := s.turned(ctx)
	if err != nil {
		return err
	}
	s.state = turned.State
	if err := s.parted(ctx, owner, turned.Former); err != nil {
		return err
	}
	if err := s.collect(ctx, turned.Invoice); err != nil {
		return err
	}
	if err := s.review(ctx, turned.Invoice, cycle < 0); err != nil {
		return err
	}
	if !s.started {
		s.started, s.first = true, turned.Invoice
	}
	s.billed = s.billed || s.state.Cycle > cycle
	return nil
}

// turned asks what the boundary brings. With subscriptions that share its invoice it waits for all of them; nothing else happens
// to it meanwhile. Who shares none is asked about once, as ever.
func (s *subscriptionRun) turned(ctx workflow.Context) (message.Turned, error) {
	in := message.TurnInput{State: s.state, At: s.next.at, Ask: 1}
	turned, err := inStore(ctx, message.Turn, in, s.nextAction())
	for err == nil && turned.Waits != nil {
		wait := turned.Waits.Until.Sub(workflow.Now(ctx))
		if wait <= 0 {
			wait = turned.Waits.AtLeast
		}
		if err = workflow.Sleep(ctx, wait); err != nil {
			break
		}
		in.Ask++
		turned, err = inStore(ctx, message.Turn, in, s.nextAction()+", with those that share the invoice")
	}
	return turned, err
}

// collect charges an invoice; what is not paid at once is handed to dunning.
func (s *subscriptionRun) collect(ctx workflow.Context, invoice *message.Billed) error {
	if err := s.tell(ctx, invoice); err != nil {
		return err
	}
	if err := s.charge(ctx, invoice, s.state.LastAt); err != nil {
		return err
	}
	if isSettled(invoice) {
		return nil
	}
	if isUnderWay(ctx, invoice) {
		return s.handOver(ctx, s.state.CustomerID, invoice, true)
	}
	s.state = s.state.PaymentFailed(invoice.InvoiceID)
	if _, err := inStore(ctx, message.NoteStanding, s.state, after(s.outcome, "Note that invoice "+invoice.Number+" is unpaid")); err != nil {
		return err
	}
	return s.handOver(ctx, s.state.CustomerID, invoice, false)
}

// parted collects what the customer is billed who was the owner until a transfer. It is a debt of that customer alone: the
// subscription's standing does not depend on it.
func (s *subscriptionRun) parted(ctx workflow.Context, former string, invoice *message.Billed) error {
	if s.state.CustomerID != former {
		mark(ctx, message.CustomerID.ValueSet(s.state.CustomerID))
	}
	if invoice == nil {
		return nil
	}
	if err := s.tell(ctx, invoice); err != nil {
		return err
	}
	if err := s.charge(ctx, invoice, s.state.LastAt); err != nil || isSettled(invoice) {
		return err
	}
	return s.handOver(ctx, former, invoice, isUnderWay(ctx, invoice))
}

func (s *subscriptionRun) handOver(ctx workflow.Context, customer string, invoice *message.Billed, underWay bool) error {
	_, err := inStore(ctx, message.OpenDunning, message.OpenDunningInput{
		InvoiceID: invoice.InvoiceID, CustomerID: customer, SubscriptionID: s.state.ID, At: s.state.LastAt, UnderWay: underWay,
	}, after(s.outcome, "Hand invoice "+invoice.Number+" to dunning"))
	return err
}

// underWayVersion marks the change that a payment on its way through the banks makes nobody past due.
const underWayVersion = "payment-under-way"

// isUnderWay says that an invoice is being paid as it should be, days from now: the debit was announced, or the banks have it.
func isUnderWay(ctx workflow.Context, invoice *message.Billed) bool {
	switch invoice.Payment {
	case message.Announced:
		return true
	case message.Processing:
		return workflow.GetVersion(ctx, underWayVersion, workflow.DefaultVersion, 1) != workflow.DefaultVersion
	}
	return false
}

// tell tells others whom an invoice concerns: the dunning of earlier ones, of which a credit has paid a part, and the wallet
// of which it took something, if that is bought up by itself.
func (s *subscriptionRun) tell(ctx workflow.Context, invoice *message.Billed) error {
	if invoice == nil {
		return nil
	}
	for _, paid := range invoice.Pays {
		news := message.PaymentNews{At: s.state.LastAt, Reason: "credited by " + invoice.Number}
		err := workflow.SignalExternalWorkflow(ctx, message.DunningID(paid), "", message.PaymentNewsSignal, news).Get(ctx, nil)
		if err != nil { // it has ended, or sees at its next step what is owed
			workflow.GetLogger(ctx).Info("dunning was not told of a credit", "invoice", paid, "error", err)
		}
	}
	if invoice.TopsUp == "" {
		return nil
	}
	return tellWallet(ctx, invoice.TopsUp, invoice.Total.Currency, s.state.LastAt)
}

// charge makes the first attempt to collect an invoice, or finds out how that went, and notes it on the invoice.
func (s *subscriptionRun) charge(ctx workflow.Context, invoice *message.Billed, at time.Time) error {
	if invoice == nil || !invoice.AmountDue.IsPositive() {
		return nil
	}
	charged, err := atProvider(ctx, message.ChargeInvoice, message.Charge{InvoiceID: invoice.InvoiceID, Attempt: 1, At: at},
		fmt.Sprintf("Charge %s for invoice %s", with(invoice.AmountDue, invoice.Method), invoice.Number))
	invoice.Payment, invoice.Review, s.outcome = charged.Status, charged.Review, charged.Words()
	return err
}

func isSettled(invoice *message.Billed) bool {
	return invoice == nil || !invoice.AmountDue.IsPositive() || invoice.Payment == message.Paid
}

// carryOut does what the oldest command in the queue asks and answers it.
func (s *subscriptionRun) carryOut(ctx workflow.Context) error {
	req := s.queue[0]
	s.queue = s.queue[1:]
	defer func() { req.done = true }()
	var result message.CommandResult
	var err error
	if req.preview {
		req.previewed, err = s.foresee(ctx, req.command)
	} else {
		result, err = s.apply(ctx, req.command)
	}
	if refused, ok := errors.AsType[*subscription.Refusal](err); ok {
		req.err = refusalError(refused)
		return nil
	}
	req.result, req.err = result, err
	return err
}

// foresee asks what a command would do.
func (s *subscriptionRun) foresee(ctx workflow.Context, command subscription.Command) (message.Preview, error) {
	previewed, err := inStore(ctx, message.PreviewCommand, message.CarryOutInput{State: s.state, Command: command},
		fmt.Sprintf("Preview of %s, asked by %s", command.Kind, command.Actor))
	if err == nil && previewed.Refusal != nil {
		err = previewed.Refusal
	}
	return previewed.Preview, err
}

func (s *subscriptionRun) apply(ctx workflow.Context, command subscription.Command) (message.CommandResult, error) {
	turned, err := inStore(ctx, message.CarryOut, message.CarryOutInput{State: s.state, Command: command},
		fmt.Sprintf("%s, asked by %s", command.Kind, command.Actor))
	if err != nil {
		return message.CommandResult{}, err
	}
	if turned.Refusal != nil {
		return message.CommandResult{}, turned.Refusal
	}
	if turned.Repeated {
		return s.repeat(ctx, turned)
	}
	owner := s.state.CustomerID
	s.state = turned.State
	if err := s.parted(ctx, owner, turned.Former); err != nil {
		return message.CommandResult{}, err
	}
	if err := s.collect(ctx, turned.Invoice); err != nil {
		return message.CommandResult{}, err
	}
	if err := s.review(ctx, turned.Invoice, false); err != nil {
		return message.CommandResult{}, err
	}
	return message.CommandResult{State: s.state, Invoice: turned.Invoice, Former: turned.Former}, nil
}

// repeat answers a command that was carried out earlier in the subscription's life as it was answered then. Nothing is
// done again: the charge it asks about is on record.
func (s *subscriptionRun) repeat(ctx workflow.Context, turned message.Turned) (message.CommandResult, error) {
	if err := s.charge(ctx, turned.Invoice, turned.State.LastAt); err != nil {
		return message.CommandResult{}, err
	}
	if !isSettled(turned.Invoice) && !isUnderWay(ctx, turned.Invoice) {
		turned.State = turned.State.PaymentFailed(turned.Invoice.InvoiceID)
	}
	return message.CommandResult{State: turned.State, Invoice: turned.Invoice, Former: turned.Former}, nil
}

// collectionEnded takes the news of an invoice in dunning: paid or given up, and then perhaps the end; or that a payment
// failed which was under way.
func (s *subscriptionRun) collectionEnded(ctx workflow.Context, news message.CollectionEnded) error {
	if news.CustomerID != "" && news.CustomerID != s.state.CustomerID {
		return nil
	}
	if news.PastDue {
		s.state = s.state.PaymentFailed(news.InvoiceID)
		_, err := inStore(ctx, message.NoteStanding, s.state, "Note that "+news.InvoiceID+" is unpaid")
		return err
	}
	s.state = s.state.CollectionEnded(news.InvoiceID)
	if !news.Cancel || s.state.Ended() {
		_, err := inStore(ctx, message.NoteStanding, s.state, "Note how collecting "+news.InvoiceID+" ended")
		return err
	}
	ended, err := s.apply(ctx, s.endOf(news))
	if err == nil {
		s.state = ended.State // also when a run that was reset asks for the end again
	}
	return err
}

// endOf is the command that ends an unpaid subscription. One that was to be started on a page, on which nobody paid, ends
// when it began: what was billed for it is credited.
func (s *subscriptionRun) endOf(news message.CollectionEnded) subscription.Command {
	if news.Reason == message.ReasonCheckoutExpired {
		return subscription.Command{
			ID: message.UnpaidCommand + "checkout", Kind: subscription.Cancel, At: s.state.LastAt, CreditUnused: true,
			Actor: "checkout", Reason: news.Reason,
		}
	}
	return subscription.Command{
		ID: message.UnpaidCommand + news.InvoiceID, Kind: subscription.Cancel, At: later(news.At, s.state.LastAt),
		Actor: "dunning", Reason: "unpaid",
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// refusalError is a refusal as callers of an update see it: not retried, its type is the stable code.
func refusalError(err error) error {
	var refused *subscription.Refusal
	if !errors.As(err, &refused) {
		return err
	}
	return temporal.NewNonRetryableApplicationError(refused.Message, refused.Code, nil)
}
