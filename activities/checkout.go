package activities

import (
	"context"
	"errors"
	"fmt"

	"go.temporal.io/sdk/temporal"

	"github.com/perennial-billing/perennial/billing/fraud"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// OpenCheckout makes the provider's page for a checkout that is written down. The page of an invoice is an attempt to
// collect it, which is written down first and takes the place of another one that waits for the customer. The invoice's
// intent is cancelled before there is a page, so that there is never more than one thing that can take the money.
// Repeating it makes nothing new. What cannot be paid on a page now is an error that is not retried, and leaves nothing.
func (p *Payments) OpenCheckout(ctx context.Context, in message.CheckoutAt) (message.CheckoutState, error) {
	row, err := p.openCheckout(ctx, in)
	if refused, ok := errors.AsType[*temporal.ApplicationError](err); ok && refused.NonRetryable() {
		if err := p.Store.DropCheckout(ctx, in.CheckoutID); err != nil {
			return message.CheckoutState{}, err
		}
		return message.CheckoutState{}, refused
	}
	if err != nil {
		return message.CheckoutState{}, fmt.Errorf("open checkout %s: %w", in.CheckoutID, err)
	}
	return checkoutState(row), nil
}

func (p *Payments) openCheckout(ctx context.Context, in message.CheckoutAt) (store.Checkout, error) {
	asked := provider{Payments: p, at: in.At}
	begun, err := p.beginCheckout(ctx, in)
	if err == nil && begun.inTheWay.ID != "" {
		if _, err = asked.takeBack(ctx, begun.invoice, begun.inTheWay, true); err == nil {
			begun, err = p.beginCheckout(ctx, in)
		}
	}
	switch {
	case err != nil:
		return begun.row, err
	case begun.inTheWay.ID != "":
		return begun.row, refuse("payment_under_way", "attempt %d to collect invoice %s is under way: ask again when it is over",
			begun.inTheWay.Attempt, begun.invoice.ID)
	case begun.row.Status != store.CheckoutOpen || begun.row.ProviderSession != nil:
		return begun.row, nil
	}
	if asked.customer, err = p.Store.Customer(ctx, begun.row.CustomerID); err != nil {
		return begun.row, err
	}
	if begun.attempt.ID != "" {
		if begun.screened, err = asked.screenPage(ctx, begun.invoice, begun.attempt); err != nil {
			return begun.row, err
		}
	}
	if begun.screened == fraud.Action(fraud.Block) {
		blocked := outcome{status: store.PaymentFailed, declineCode: errBlocked}
		return begun.row, asked.endUnopened(ctx, begun, blocked, refuse(errBlocked, "a rule blocks payments of customer %s: see fraud explain %s",
			begun.row.CustomerID, begun.attempt.ID))
	}
	if begun.invoice.ProviderIntent != nil {
		if over, err := asked.closeIntentFor(ctx, begun); over || err != nil {
			return begun.row, err
		}
	}
	return asked.makePage(ctx, begun)
}

// beginning is a checkout that is to be opened.
type beginning struct {
	row store.Checkout
	// invoice and attempt are what is paid on the page, if anything is.
	invoice store.Invoice
	attempt store.Payment
	// screened is what the rules against fraud decided about the attempt.
	screened fraud.Action
	// inTheWay is another attempt that waits for the customer.
	inTheWay store.Payment
}

// beginCheckout writes the attempt of a checkout down, or finds it.
func (p *Payments) beginCheckout(ctx context.Context, in message.CheckoutAt) (beginning, error) {
	var b beginning
	err := p.Store.Tx(ctx, func(tx store.Tx) error {
		row, err := tx.Checkout(ctx, in.CheckoutID)
		if err != nil {
			return err
		}
		if row.InvoiceID != nil { // invoices are locked before checkouts
			if b.invoice, err = tx.LockInvoice(ctx, *row.InvoiceID); err != nil {
				return err
			}
		}
		if b.row, err = tx.LockCheckout(ctx, in.CheckoutID); err != nil || b.row.Status != store.CheckoutOpen || b.row.InvoiceID == nil {
			return err
		}
		if b.row.PaymentID != nil {
			b.attempt, err = tx.Payment(ctx, *b.row.PaymentID)
			return err
		}
		return b.bind(ctx, tx, in)
	})
	return b, err
}

// bind makes a new attempt the checkout's, unless something is in its way.
func (b *beginning) bind(ctx context.Context, tx store.Tx, in message.CheckoutAt) error {
	if b.invoice.Status != "open" || !b.invoice.Owed().IsPositive() {
		return refuse("invoice_not_open", "nothing is to be paid on invoice %s, which is %s", b.invoice.ID, b.invoice.Status)
	}
	payments, err := tx.Payments(ctx, b.invoice.ID)
	if err != nil {
		return err
	}
	for _, earlier := range payments {
		switch earlier.Status {
		case store.PaymentFailed:
		case store.PaymentRequiresAction:
			b.inTheWay = earlier
			return nil
		default:
			return refuse("payment_under_way", "attempt %d to collect invoice %s is %s: ask again when it is over", earlier.Attempt, b.invoice.ID, earlier.Status)
		}
	}
	b.attempt = checkoutAttempt(b.invoice, len(payments)+1, in.CheckoutID)
	b.attempt.AskedAt = askedAt(payments, in.At)
	return bindAttempt(ctx, tx, b.row.ID, b.attempt)
}

// checkoutAttempt is an attempt that waits for the customer on the provider's page.
func checkoutAttempt(invoice store.Invoice, number int, checkoutID string) store.Payment {
	attempt := newAttempt(invoice, number, invoice.IssuedAt)
	attempt.Status, attempt.IdempotencyKey = store.PaymentRequiresAction, checkoutKey(checkoutID)
	return attempt
}

func bindAttempt(ctx context.Context, tx store.Tx, checkoutID string, attempt store.Payment) error {
	if err := tx.AddPayment(ctx, attempt); err != nil {
		return err
	}
	return tx.BindCheckout(ctx, checkoutID, attempt.InvoiceID, attempt.ID)
}

// bindStart makes the first attempt to collect the first invoice of a subscription that is started with a checkout the
// checkout's: nothing is charged, the customer pays on the page.
func bindStart(ctx context.Context, tx store.Tx, invoice store.Invoice, attempt *store.Payment) (bound bool, err error) {
	if attempt.Attempt != 1 || attempt.Pages != "" || invoice.SubscriptionID == "" {
		return false, nil
	}
	found, err := tx.StartingCheckout(ctx, invoice.SubscriptionID)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	row, err := tx.LockCheckout(ctx, found.ID)
	if err != nil || row.Status != store.CheckoutOpen || row.PaymentID != nil || row.ProviderSession != nil {
		return false, err // of a later invoice: the page is over, or saves a method for it
	}
	asked := attempt.AskedAt
	*attempt = checkoutAttempt(invoice, 1, row.ID)
	attempt.AskedAt = asked
	return true, bindAttempt(ctx, tx, row.ID, *attempt)
}

// closeIntentFor cancels the invoice's intent. When that has taken the money, or is taking it, the checkout is over before
// it began, and its attempt is what the intent came to.
func (p provider) closeIntentFor(ctx context.Context, b beginning) (over bool, err error) {
	found, err := p.closeIntent(ctx, b.invoice)
	if err != nil || found.status == store.PaymentFailed {
		return false, err
	}
	if _, err := p.settle(ctx, b.attempt, found, p.at); err != nil {
		return false, err
	}
	err = p.Store.Tx(ctx, func(tx store.Tx) error { return tx.EndCheckout(ctx, b.row.ID, store.CheckoutExpired, nil, p.at) })
	if err != nil {
		return false, err
	}
	return true, refuse("payment_under_way", "invoice %s is being paid already", b.invoice.ID)
}

// AskCheckout finds out what happened on the page of a checkout and records it. A page whose time is over is closed.
func (p *Payments) AskCheckout(ctx context.Context, in message.CheckoutAt) (message.CheckoutState, error) {
	row, err := p.Store.Checkout(ctx, in.CheckoutID)
	if err == nil {
		row, err = provider{Payments: p, at: in.At}.followCheckout(ctx, row, in.Expire)
	}
	if err != nil {
		return message.CheckoutState{}, fmt.Errorf("ask about checkout %s: %w", in.CheckoutID, err)
	}
	return checkoutState(row), nil
}

func checkoutState(row store.Checkout) message.CheckoutState {
	state := message.CheckoutState{Status: row.Status, ExpiresAt: row.ExpiresAt}
	if row.InvoiceID != nil {
		state.InvoiceID = *row.InvoiceID
	}
	if row.MethodID != nil {
		state.CustomerID, state.SavedMethod = row.CustomerID, true
	}
	return state
}
