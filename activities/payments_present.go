package activities

import (
	"context"
	"errors"
	"time"

	"github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/billing/dunning"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// Attempts that wait for the customer: one that is confirmed on our pay page and asks for 3-D Secure, or a checkout. Such
// an attempt is live, so that nothing else can be tried; whoever wants another one takes its opportunity away first.

// Decline codes of our own, for opportunities that passed.
const (
	errAbandoned       = "authentication_abandoned" // the customer was to authenticate and did not
	errCheckoutExpired = message.ReasonCheckoutExpired
)

// presentLife is how long a customer has to authenticate a payment. Banks give up after minutes.
const presentLife = time.Hour

// beginInstead takes a live attempt away that waits for the customer, and begins another one. If the live one turns out to
// be over, or cannot be taken away, it is the answer. A customer who asks again goes on where the first try led.
func (p *Payments) beginInstead(ctx context.Context, invoice store.Invoice, live store.Payment, in message.Charge) (store.Payment, store.Invoice, error) {
	asked := provider{Payments: p, at: in.At}
	ended, err := asked.takeBack(ctx, invoice, live, takesPlace(in, live))
	if err != nil || ended.Status != store.PaymentFailed {
		return ended, invoice, err
	}
	return p.beginKnowing(ctx, in)
}

// takeBack finds out how a live attempt stands that waits for the customer and, when final, makes that it no longer can be
// made. What waits for the customer in another way is left as it is.
func (p provider) takeBack(ctx context.Context, invoice store.Invoice, live store.Payment, final bool) (store.Payment, error) {
	row, err := p.Store.CheckoutOfPayment(ctx, live.ID)
	switch {
	case err == nil:
		return p.followCheckoutOf(ctx, live, row, final)
	case !errors.Is(err, store.ErrNotFound):
		return live, err
	case live.Pages == "" && !live.Transfer:
		return live, nil
	}
	return p.followPresent(ctx, invoice, live, final)
}

// followPresent finds out how an attempt stands that the customer was asked to authenticate, or to transfer, and records it.
func (p provider) followPresent(ctx context.Context, invoice store.Invoice, live store.Payment, final bool) (store.Payment, error) {
	if invoice.ProviderIntent == nil { // it was cancelled, by somebody who did not come to say so
		return p.settle(ctx, live, endedAs(live, outcome{status: store.PaymentFailed, declineCode: errAbandoned}), p.at)
	}
	look := p.find
	if live.Transfer {
		look = p.applyCash
	}
	found, err := look(ctx, *invoice.ProviderIntent, invoice.Currency)
	if err != nil {
		return live, err
	}
	if found.status == store.PaymentRequiresAction || found.status == store.PaymentPending {
		if !final {
			return live, nil
		}
		if found, err = p.closeIntent(ctx, invoice); err != nil {
			return live, err
		}
		found = endedAs(live, found)
	}
	if old, err := p.isSettled(ctx, invoice.ID, found.charge); err != nil {
		return live, err
	} else if old {
		found.charge = "" // a failed authentication makes none: this is the charge of an earlier attempt
	}
	return p.settle(ctx, live, found, p.at)
}

// followWaiting asks about the latest attempt where the customer is who has to do something: on the page of a checkout, or of
// the bank. Of every other attempt it knows nothing, and says so.
func (p provider) followWaiting(ctx context.Context, invoice store.Invoice, last store.Payment) (settled store.Payment, answered bool, err error) {
	if last.ID == "" || last.SettledAt != nil {
		return last, false, nil
	}
	// Credit may have paid a part of the invoice, or all of it, since the customer was asked for the amount.
	useless := invoice.Status != "open" || invoice.Owed().Minor != last.Amount
	row, err := p.Store.CheckoutOfPayment(ctx, last.ID)
	switch {
	case err == nil && (row.Status == store.CheckoutOpen || row.ProviderSession != nil):
		settled, err = p.followCheckoutOf(ctx, last, row, useless)
		return settled, true, err
	case err != nil && !errors.Is(err, store.ErrNotFound):
		return last, false, err
	case last.Status != store.PaymentRequiresAction || last.Pages == "" && !last.Transfer:
		return last, false, nil
	}
	settled, err = p.followPresent(ctx, invoice, last, useless || pastItsTime(last, p.at))
	return settled, true, err
}

// closeIntent cancels the payment intent of an invoice and forgets it, so that nobody can pay with it any more. The answer
// of an intent that cannot be cancelled is what it came to: it has taken the money, or is taking it.
func (p provider) closeIntent(ctx context.Context, invoice store.Invoice) (outcome, error) {
	id := *invoice.ProviderIntent
	cancelled, cause := p.Stripe.PaymentIntents.Cancel(id, &stripe.PaymentIntentCancelParams{
		Params: p.params(ctx, ""), CancellationReason: stripe.String("abandoned"),
	})
	if cause != nil { // it may be cancelled all the same
		var err error
		if cancelled, err = p.read(ctx, id); err != nil {
			return outcome{}, err
		}
	}
	if cancelled.Status != stripe.PaymentIntentStatusCanceled {
		found, err := outcomeOf(cancelled, invoice.Currency)
		if err == nil && found.status != store.PaymentSucceeded && found.status != store.PaymentProcessing {
			err = later(cause)
		}
		return found, err
	}
	abandoned := outcome{status: store.PaymentFailed, declineCode: errAbandoned}
	return abandoned, p.Store.DropInvoiceIntent(ctx, invoice.ID, id)
}

// pastItsTime says that a customer who was to authenticate a payment, or to transfer it, will not any more.
func pastItsTime(live store.Payment, at time.Time) bool { return !at.Before(waitsUntil(live)) }

// methodOf is the payment method that an attempt uses; one without an id when none may be tried. Of one that the customer
// makes on our page it is the method that asked for the customer last, if it is still theirs and may be tried: that the
// customer asks for it lets no account be debited more often than its scheme allows.
func methodOf(ctx context.Context, tx store.Tx, invoice store.Invoice, earlier []store.Payment, present, introduced bool) (dunning.Method, error) {
	chosen, err := chargedMethod(ctx, tx, invoice, earlier, introduced)
	if err != nil || !present || len(earlier) == 0 {
		return chosen, err
	}
	last := earlier[len(earlier)-1]
	methods, err := tx.PaymentMethods(ctx, invoice.PayerID)
	for _, method := range methods {
		asked := dunning.Method{ID: method.ID, Kind: method.Kind, Network: method.Network, Unusable: method.Status != store.MethodUsable}
		if last.MethodID != nil && *last.MethodID == method.ID && asked.Forbidden(tried(earlier)) == "" {
			return asked, err
		}
	}
	return chosen, err
}
