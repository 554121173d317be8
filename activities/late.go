package activities

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// Late bills what was used before the end of subscriptions and became known after their last invoice.
type Late struct {
	Billing *Billing
	// ClientOf is who asks a customer's subscriptions, as services do: the workflow of one that has ended is over.
	ClientOf func(ctx context.Context, customer store.Customer) Commander
}

// Commander has subscriptions carry commands out.
type Commander interface {
	Command(ctx context.Context, subscriptionID string, c subscription.Command) (message.CommandResult, error)
}

const (
	// lateAtOnce are looked at by one activity.
	lateAtOnce = 200
	// lateWithin is how long a subscription may take, so that one that is stuck holds up no other.
	lateWithin = time.Minute
)

// BillLateUsage bills the late usage of the next subscriptions. The command's id is that of the day: whoever repeats it, on that
// day or in this activity, bills nothing.
func (l *Late) BillLateUsage(ctx context.Context, in message.LateUsageInput) (message.LateUsageBilled, error) {
	ids, err := l.Billing.Store.EndedWithLateUsage(ctx, in.After, lateAtOnce)
	if err != nil {
		return message.LateUsageBilled{}, err
	}
	var billed message.LateUsageBilled
	for _, id := range ids {
		invoice, err := l.bill(ctx, id, in.At)
		switch {
		case ctx.Err() != nil:
			return billed, ctx.Err()
		case err != nil:
			billed.Failures = append(billed.Failures, fmt.Sprintf("subscription %s: %.300s", id, err))
		case invoice != "":
			billed.Invoices = append(billed.Invoices, invoice)
		}
	}
	if len(ids) == lateAtOnce {
		billed.Last = ids[len(ids)-1]
	}
	return billed, nil
}

// bill bills the late usage of a subscription, unless that was done this day or would make no invoice, and answers with the invoice.
func (l *Late) bill(ctx context.Context, id string, at time.Time) (invoiceID string, err error) {
	ctx, cancel := context.WithTimeout(ctx, lateWithin)
	defer cancel()
	command := subscription.Command{ID: message.LateUsageCommand + at.Format(time.DateOnly), Kind: subscription.BillLate, At: at, Actor: "schedule"}
	if _, err := l.Billing.Store.CarriedOut(ctx, id, command.ID); err == nil || !errors.Is(err, store.ErrNotFound) {
		return "", err
	}
	ended, customer, err := l.recall(ctx, id)
	if err != nil {
		return "", err
	}
	if command.At, err = l.now(ctx, customer, at); err != nil || ended.LastAt.After(command.At) { // it ended while the others were billed
		return "", err
	}
	switch previewed, err := l.Billing.PreviewCommand(ctx, message.CarryOutInput{State: ended, Command: command}); {
	case err != nil:
		return "", err
	case previewed.Refusal != nil:
		return "", previewed.Refusal
	case len(previewed.Preview.Invoices) == 0: // asking again every day would change nothing
		return "", nil
	}
	done, err := l.ClientOf(ctx, customer).Command(ctx, id, command)
	if err != nil || done.Invoice == nil {
		return "", err
	}
	return done.Invoice.InvoiceID, nil
}

func (l *Late) recall(ctx context.Context, id string) (state subscription.State, customer store.Customer, err error) {
	err = l.Billing.Store.Tx(ctx, func(tx store.Tx) error {
		recalled, err := recall(ctx, tx, id)
		if err != nil {
			return err
		}
		state = recalled.State
		customer, err = tx.Customer(ctx, state.CustomerID)
		return err
	})
	return state, customer, err
}

// now is an instant for a customer: on a test clock, where that stands.
func (l *Late) now(ctx context.Context, c store.Customer, at time.Time) (time.Time, error) {
	if c.TestClockID == nil {
		return at, nil
	}
	clock, err := l.Billing.Store.Clock(ctx, *c.TestClockID)
	return clock.Now.UTC(), err
}
