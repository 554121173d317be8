package activities

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/api/serviceerror"

	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// What collecting an invoice has to do with the customer: waiting for them, and telling of what they did.

// askAgainAt is when to ask about an attempt that is under way: when the banks must have answered, when the customer's
// opportunity ends, or a day later.
func askAgainAt(ctx context.Context, tx store.Tx, invoice store.Invoice, live store.Payment, asOf time.Time) (time.Time, error) {
	if live.Status != store.PaymentRequiresAction {
		return knownBy(ctx, tx, invoice, live, asOf)
	}
	next := asOf.Add(lookAgain)
	ends := next
	row, err := tx.CheckoutOfPayment(ctx, live.ID)
	switch {
	case err == nil:
		ends = row.ExpiresAt
	case !errors.Is(err, store.ErrNotFound):
		return next, err
	case live.Transfer: // until then whatever arrives is told, by webhook or sweep
		if ends = waitsUntil(live); ends.After(asOf) {
			return ends, nil
		}
	case live.Pages != "":
		ends = waitsUntil(live)
	}
	if ends.After(asOf) && ends.Before(next) {
		next = ends
	}
	return next, nil
}

// startedUnpaid says that an attempt was the page with which a subscription was to be started, and that nobody paid on it.
func startedUnpaid(ctx context.Context, tx store.Tx, failed store.Payment) (bool, error) {
	if failed.DeclineCode != errCheckoutExpired {
		return false, nil
	}
	row, err := tx.CheckoutOfPayment(ctx, failed.ID)
	return row.SubscriptionID != nil, err
}

// TellCollections passes news of a customer on to the dunning of all of their invoices. A dunning that has ended needs none.
func (c *Collection) TellCollections(ctx context.Context, in message.CustomerNews) (message.None, error) {
	open, err := c.Store.OpenDunning(ctx, in.CustomerID)
	if err != nil {
		return message.None{}, err
	}
	for _, dunning := range open {
		err := c.Temporal.SignalWorkflow(ctx, message.DunningID(dunning.InvoiceID), "", message.PaymentNewsSignal, in.News)
		if _, ended := errors.AsType[*serviceerror.NotFound](err); err != nil && !ended {
			return message.None{}, fmt.Errorf("tell the collection of invoice %s: %w", dunning.InvoiceID, err)
		}
	}
	return message.None{}, nil
}
