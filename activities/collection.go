package activities

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/stripe/stripe-go/v79"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	temporalclient "go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/dunning"
	"github.com/perennial-billing/perennial/billing/ledger"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// Collection goes after unpaid invoices: it starts their dunning and records where it stands.
type Collection struct {
	Store    *store.Store
	Temporal temporalclient.Client
}

// OpenDunning hands an unpaid invoice to its dunning workflow. Dunning is started here and not as a child, because a
// subscription must be able to sleep, and to continue as new, while an invoice is collected.
func (c *Collection) OpenDunning(ctx context.Context, in message.OpenDunningInput) (message.None, error) {
	return message.None{}, c.handOver(ctx, message.InvoiceAt{InvoiceID: in.InvoiceID, At: in.At}, in.UnderWay)
}

// handOver starts the dunning of an invoice that is open.
func (c *Collection) handOver(ctx context.Context, in message.InvoiceAt, underWay bool) error {
	step, err := c.NextDunningStep(ctx, in)
	if err != nil || step.Kind == message.DunningOver {
		return err
	}
	invoice, err := c.Store.Invoice(ctx, in.InvoiceID)
	if err != nil {
		return err
	}
	return c.start(ctx, invoice, step, in.At, underWay)
}

// start starts the dunning of an invoice, once: that it is running, or ended by itself, is success. One that an operator
// terminated is started again.
func (c *Collection) start(ctx context.Context, invoice store.Invoice, step message.DunningStep, at time.Time, underWay bool) error {
	parts, err := c.partsOf(ctx, invoice)
	if err != nil {
		return err
	}
	_, err = c.Temporal.ExecuteWorkflow(ctx, temporalclient.StartWorkflowOptions{
		ID: message.DunningID(invoice.ID), TaskQueue: message.BillingQueue,
		WorkflowIDReusePolicy:                    enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY,
		WorkflowExecutionErrorWhenAlreadyStarted: true,
		StaticSummary:                            fmt.Sprintf("Collect %s of invoice %s", invoice.Owed(), invoice.Number),
		TypedSearchAttributes: temporal.NewSearchAttributes(
			message.CustomerID.ValueSet(invoice.PayerID), message.EntityID.ValueSet(invoice.EntityID),
			message.InvoiceID.ValueSet(invoice.ID), message.Currency.ValueSet(string(invoice.Currency)),
			message.AmountMinor.ValueSet(invoice.Owed().Minor)),
	}, message.DunningWorkflow, message.DunningInput{
		InvoiceID: invoice.ID, CustomerID: parts[0].CustomerID, SubscriptionID: parts[0].SubscriptionID, Others: parts[1:], At: at,
		Next: step, UnderWay: underWay,
	})
	var started *serviceerror.WorkflowExecutionAlreadyStarted
	if err != nil && !errors.As(err, &started) {
		return fmt.Errorf("start dunning of invoice %s: %w", invoice.ID, err)
	}
	return nil
}

// partsOf are the subscriptions that an invoice is for. One that sells credit is for none: it is the customer's.
func (c *Collection) partsOf(ctx context.Context, invoice store.Invoice) ([]message.InvoicePart, error) {
	rows, err := c.Store.InvoiceParts(ctx, invoice.ID)
	if err == nil && len(rows) == 0 {
		return []message.InvoicePart{{CustomerID: invoice.CustomerID}}, nil
	}
	parts := make([]message.InvoicePart, len(rows))
	for i, row := range rows {
		parts[i] = message.InvoicePart{SubscriptionID: row.SubscriptionID, CustomerID: row.OwnerID}
	}
	return parts, err
}

// NextDunningStep decides from the recorded attempts what follows, and records it for operators and for the clock. The
// customer is told of the first failure.
func (c *Collection) NextDunningStep(ctx context.Context, in message.InvoiceAt) (message.DunningStep, error) {
	var step message.DunningStep
	err := c.Store.Tx(ctx, func(tx store.Tx) error {
		invoice, err := tx.LockInvoice(ctx, in.InvoiceID)
		if err != nil {
			return err
		}
		attempts, err := tx.Payments(ctx, in.InvoiceID)
		if err != nil {
			return err
		}
		if step, err = nextStep(ctx, tx, invoice, attempts, in.At); err != nil {
			return fmt.Errorf("dunning of invoice %s: %w", in.InvoiceID, err)
		}
		if invoice.Status == "open" && lastFailed(attempts) {
			if err := tellCustomer(ctx, tx, invoice, attempts[len(attempts)-1], in.At); err != nil {
				return err
			}
		}
		return tx.SaveDunning(ctx, standing(invoice, attempts, step, in.At))
	})
	return step, err
}

func lastFailed(attempts []store.Payment) bool {
	return len(attempts) > 0 && attempts[len(attempts)-1].Status == store.PaymentFailed
}

// tellCustomer queues the mail about a failed attempt: of the first failure, and of each that needs the customer's consent.
// Whoever let an opportunity pass knows of it.
func tellCustomer(ctx context.Context, tx store.Tx, invoice store.Invoice, failed store.Payment, at time.Time) error {
	switch failed.DeclineCode {
	case errAbandoned, errCheckoutExpired:
		return nil
	case string(stripe.ErrorCodeAuthenticationRequired):
		return tx.QueueMailOfAttempt(ctx, "authentication_required", failed, invoice.PayerID, at)
	}
	return tx.QueueMail(ctx, "payment_failed", invoice.PayerID, invoice.ID, at)
}

func nextStep(ctx context.Context, tx store.Tx, invoice store.Invoice, attempts []store.Payment, asOf time.Time) (message.DunningStep, error) {
	step := message.DunningStep{At: asOf, Attempt: len(attempts) + 1, Owed: invoice.Owed()}
	switch {
	case invoice.Status != "open":
		step.Kind, step.Reason = message.DunningOver, "invoice is "+invoice.Status
		return step, nil
	case len(attempts) == 0:
		step.Kind, step.Reason = message.DunningRetry, "first_attempt"
		return afterNotice(ctx, tx, invoice, tried(attempts), step, asOf)
	case !lastFailed(attempts):
		last := attempts[len(attempts)-1]
		step.Kind, step.Reason = message.DunningWait, "payment_"+last.Status
		var err error
		step.At, err = askAgainAt(ctx, tx, invoice, last, asOf)
		return step, err
	}
	if unpaid, err := startedUnpaid(ctx, tx, attempts[len(attempts)-1]); unpaid || err != nil {
		step.Kind, step.Reason, step.Cancel = message.DunningGiveUp, message.ReasonCheckoutExpired, true
		return step, err
	}
	if code := attempts[len(attempts)-1].DeclineCode; code == string(stripe.ErrorCodeAmountTooSmall) || code == errAmount {
		// No card can pay it, and it is not the customer's fault: it is let go and the subscription goes on.
		step.Kind, step.Reason = message.DunningGiveUp, code
		return step, nil
	}
	entity, err := tx.Entity(ctx, invoice.EntityID)
	if err != nil {
		return step, err
	}
	facts, err := dunningCase(ctx, tx, invoice, attempts, asOf)
	if err != nil {
		return step, err
	}
	if len(facts.Attempts) == 0 { // nothing was tried but a page on which nobody paid
		step.Kind, step.Reason = message.DunningRetry, "first_attempt"
		return step, nil
	}
	// News may be dated before the latest attempt, by seconds or by a clock that is late.
	next, err := dunning.Next(entity.Dunning, facts, notBefore(attempts[len(attempts)-1].AskedAt, asOf))
	step.Kind, step.At, step.Reason = message.DunningKind(next.Kind), next.At, next.Reason
	step.Cancel = entity.Dunning.End == dunning.EndCancel
	if err != nil || next.Kind != dunning.Retry {
		return step, err
	}
	return afterNotice(ctx, tx, invoice, tried(attempts), step, asOf)
}

func notBefore(earliest, at time.Time) time.Time {
	if at.Before(earliest) {
		return earliest
	}
	return at
}

func dunningCase(ctx context.Context, tx store.Tx, invoice store.Invoice, attempts []store.Payment, asOf time.Time) (dunning.Case, error) {
	zone, err := calendar.LoadZone(invoice.Zone)
	if err != nil {
		return dunning.Case{}, err
	}
	kinds, err := tx.MethodKinds(ctx, invoice.ID)
	if err != nil {
		return dunning.Case{}, err
	}
	facts := dunning.Case{Zone: zone, Attempts: tried(attempts)}
	for i, attempt := range facts.Attempts {
		facts.Attempts[i].Kind = kinds[attempt.PaymentMethodID]
	}
	method, fallback, err := chooseMethod(ctx, tx, invoice, facts.Attempts)
	if err != nil || method.ID == "" {
		return facts, err
	}
	facts.Method, facts.Fallback = method, fallback
	facts.OtherTries, err = tx.OtherTries(ctx, method.ID, invoice.ID, asOf.Add(-dunning.LongestWindow()))
	return facts, err
}

// tried are the recorded attempts as dunning's rules see them. A page on which nobody paid is none: no bank was asked.
func tried(attempts []store.Payment) []dunning.Attempt {
	list := make([]dunning.Attempt, 0, len(attempts))
	for _, attempt := range attempts {
		if attempt.DeclineCode == errCheckoutExpired {
			continue
		}
		try := dunning.Attempt{Number: len(list) + 1, At: attempt.AskedAt, Outcome: dunning.Declined, DeclineCode: attempt.DeclineCode}
		if attempt.MethodID != nil {
			try.PaymentMethodID = *attempt.MethodID
		}
		if attempt.SettledAt != nil {
			try.KnownAt = *attempt.SettledAt
		}
		list = append(list, try)
	}
	return list
}

// standing is the dunning row that follows from a step.
func standing(invoice store.Invoice, attempts []store.Payment, step message.DunningStep, at time.Time) store.Dunning {
	row := store.Dunning{
		InvoiceID: invoice.ID, CustomerID: invoice.PayerID, Status: "retrying", Attempts: len(attempts), Reason: step.Reason,
		NextActionAt: &step.At, StartedAt: at,
	}
	switch step.Kind {
	case message.DunningWait, message.DunningGiveUp:
		row.Status = "waiting"
	case message.DunningOver:
		row.Status, row.NextActionAt, row.EndedAt = "recovered", nil, &at
	}
	return row
}

// GiveUpInvoice writes an invoice off. One that was paid meanwhile stays paid, and one that the customer is paying at the
// moment, on a page or by bank, is not given up.
func (c *Collection) GiveUpInvoice(ctx context.Context, in message.GiveUp) (message.GivenUp, error) {
	var given message.GivenUp
	err := c.Store.Tx(ctx, func(tx store.Tx) error {
		invoice, err := tx.LockInvoice(ctx, in.InvoiceID)
		if err != nil {
			return err
		}
		attempts, err := tx.Payments(ctx, in.InvoiceID)
		if err != nil {
			return err
		}
		if given.UnderWay = invoice.Status == "open" && len(attempts) > 0 && !lastFailed(attempts); given.UnderWay {
			return nil
		}
		row := store.Dunning{
			InvoiceID: invoice.ID, CustomerID: invoice.PayerID, Status: "given_up", Attempts: len(attempts), Reason: in.Reason,
			StartedAt: in.At, EndedAt: &in.At,
		}
		if given.Paid = invoice.Status == "paid"; given.Paid {
			row.Status, row.Reason = "recovered", "invoice is paid"
		}
		if invoice.Status == "open" {
			if err := writeOff(ctx, tx, invoice, in.At); err != nil {
				return err
			}
		}
		return tx.SaveDunning(ctx, row)
	})
	return given, err
}

func writeOff(ctx context.Context, tx store.Tx, invoice store.Invoice, at time.Time) error {
	if err := tx.SetInvoiceStatus(ctx, invoice.ID, "uncollectible", invoice.AmountPaid, nil); err != nil {
		return err
	}
	if err := tx.Post(ctx, ledger.InvoiceUncollectible(invoice.EntityID, invoice.ID, at, invoice.Owed())); err != nil {
		return err
	}
	return revokeSold(ctx, tx, invoice, at)
}
