package activities

import (
	"context"
	"errors"
	"fmt"

	"github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/internal/store"
)

// followCheckoutOf is followCheckout for who wants to know of the attempt that the checkout is.
func (p provider) followCheckoutOf(ctx context.Context, live store.Payment, row store.Checkout, final bool) (store.Payment, error) {
	if _, err := p.followCheckout(ctx, row, final); err != nil {
		return live, fmt.Errorf("checkout %s: %w", row.ID, err)
	}
	return p.Store.Payment(ctx, live.ID)
}

// followCheckout finds out what happened on the page of a checkout and records it. When final, or when its time is over,
// a page that is still open is closed first, so that nobody can pay on it any more.
func (p provider) followCheckout(ctx context.Context, row store.Checkout, final bool) (store.Checkout, error) {
	over, err := p.isOver(ctx, row)
	if over || err != nil {
		return row, err
	}
	wanted := final
	final = final || !p.at.Before(row.ExpiresAt)
	session, err := p.session(ctx, row, final)
	if err != nil || session == nil && !final {
		return row, err
	}
	if session != nil && session.Status == stripe.CheckoutSessionStatusOpen {
		if !final {
			return row, nil
		}
		if session, err = p.expireSession(ctx, session.ID); err != nil {
			return row, err
		}
	}
	if awaitsTransfer(session) && (wanted || !p.at.Before(row.CreatedAt.Add(transferOnce))) {
		if session, err = p.giveUpTransfer(ctx, session); err != nil {
			return row, err
		}
	}
	return p.recordCheckout(ctx, row, session)
}

// awaitsTransfer says that the customer chose to pay by bank transfer: the page is closed, and the money not there.
func awaitsTransfer(session *stripe.CheckoutSession) bool {
	if session == nil || session.Status != stripe.CheckoutSessionStatusComplete || session.PaymentIntent == nil {
		return false
	}
	next := session.PaymentIntent.NextAction
	return next != nil && next.DisplayBankTransferInstructions != nil
}

// giveUpTransfer cancels the payment of a page for which money was to be sent, and reads how it ended: it may have arrived.
func (p provider) giveUpTransfer(ctx context.Context, session *stripe.CheckoutSession) (*stripe.CheckoutSession, error) {
	_, cause := p.Stripe.PaymentIntents.Cancel(session.PaymentIntent.ID, &stripe.PaymentIntentCancelParams{
		Params: p.params(ctx, ""), CancellationReason: stripe.String("abandoned"),
	})
	read, err := p.readSession(ctx, session.ID)
	if err == nil && awaitsTransfer(read) {
		err = fmt.Errorf("cancel payment intent %s: %w", session.PaymentIntent.ID, later(errors.Join(cause, errors.New("it still waits for a transfer"))))
	}
	return read, err
}

// isOver says that nothing can happen any more to a checkout and its payment.
func (p provider) isOver(ctx context.Context, row store.Checkout) (bool, error) {
	if row.Status == store.CheckoutOpen || row.PaymentID == nil {
		return row.Status != store.CheckoutOpen, nil
	}
	payment, err := p.Store.Payment(ctx, *row.PaymentID)
	return payment.SettledAt != nil, err
}

// session reads the provider's session of a checkout. One that is not recorded is looked for, if it matters: its answer may
// never have come. None is nil.
func (p provider) session(ctx context.Context, row store.Checkout, find bool) (*stripe.CheckoutSession, error) {
	if row.ProviderSession != nil {
		return p.readSession(ctx, *row.ProviderSession)
	}
	if !find {
		return nil, nil
	}
	customer, err := p.Store.Customer(ctx, row.CustomerID)
	if err != nil || customer.ProviderCustomerID == nil {
		return nil, err
	}
	made, err := p.sessionMade(ctx, row.ID, *customer.ProviderCustomerID)
	if made == nil || err != nil {
		return nil, err
	}
	return p.readSession(ctx, made.ID)
}

func (p provider) readSession(ctx context.Context, id string) (*stripe.CheckoutSession, error) {
	session, err := p.Stripe.CheckoutSessions.Get(id, &stripe.CheckoutSessionParams{
		Params: p.params(ctx, ""), Expand: stripe.StringSlice([]string{
			"payment_intent.latest_charge.balance_transaction", "payment_intent.payment_method",
			"setup_intent.payment_method", "setup_intent.latest_attempt", "setup_intent.mandate",
		}),
	})
	if err != nil {
		return nil, fmt.Errorf("read checkout session %s: %w", id, later(err))
	}
	return session, nil
}

// expireSession closes a page, and reads how it ended: the customer may have been faster.
func (p provider) expireSession(ctx context.Context, id string) (*stripe.CheckoutSession, error) {
	_, cause := p.Stripe.CheckoutSessions.Expire(id, &stripe.CheckoutSessionExpireParams{Params: p.params(ctx, "")})
	session, err := p.readSession(ctx, id)
	if err == nil && session.Status == stripe.CheckoutSessionStatusOpen {
		err = fmt.Errorf("expire checkout session %s: %w", id, later(errors.Join(cause, errors.New("it is still open"))))
	}
	return session, err
}

// recordCheckout records how a page ended. None at all at the provider is one that nobody can pay on.
func (p provider) recordCheckout(ctx context.Context, row store.Checkout, session *stripe.CheckoutSession) (store.Checkout, error) {
	if row.PaymentID != nil {
		attempt, err := p.Store.Payment(ctx, *row.PaymentID)
		if err != nil {
			return row, err
		}
		found, err := outcomeOfSession(session, attempt.Currency)
		if err != nil {
			return row, err
		}
		if _, err := p.settle(ctx, attempt, found, p.at); err != nil {
			return row, err
		}
	}
	var used *store.PaymentMethod
	if row.SaveMethod && session != nil && session.Status == stripe.CheckoutSessionStatusComplete {
		var err error
		if used, err = p.usedOn(ctx, session); err != nil {
			return row, err
		}
	}
	err := p.Store.Tx(ctx, func(tx store.Tx) error {
		var err error
		if row, err = tx.LockCheckout(ctx, row.ID); err != nil || row.Status != store.CheckoutOpen {
			return err
		}
		if err := p.endCheckout(ctx, tx, row, session, used); err != nil {
			return err
		}
		row, err = tx.Checkout(ctx, row.ID)
		return err
	})
	return row, err
}

func outcomeOfSession(session *stripe.CheckoutSession, currency money.Currency) (outcome, error) {
	if session == nil || session.Status == stripe.CheckoutSessionStatusExpired {
		return outcome{status: store.PaymentFailed, declineCode: errCheckoutExpired}, nil
	}
	if session.PaymentIntent == nil {
		return outcome{}, fmt.Errorf("checkout session %s is %s and has no payment", session.ID, session.Status)
	}
	if session.PaymentIntent.Status == stripe.PaymentIntentStatusCanceled {
		return outcome{status: store.PaymentFailed, declineCode: errTransferMissing}, nil
	}
	return outcomeOf(session.PaymentIntent, currency)
}

// endCheckout ends a checkout, and makes the method that was used the customer's where that was asked for.
func (p provider) endCheckout(ctx context.Context, tx store.Tx, row store.Checkout, session *stripe.CheckoutSession, used *store.PaymentMethod) error {
	if session == nil || session.Status == stripe.CheckoutSessionStatusExpired {
		return tx.EndCheckout(ctx, row.ID, store.CheckoutExpired, nil, p.at)
	}
	var saved *string
	if used != nil {
		id, err := p.saveMethod(ctx, tx, row, *used)
		if err != nil {
			return err
		}
		saved = &id
	}
	return tx.EndCheckout(ctx, row.ID, store.CheckoutComplete, saved, p.at)
}

// saveMethod makes a method the customer's in the place that was asked for, or in the first free one before it.
func (p provider) saveMethod(ctx context.Context, tx store.Tx, row store.Checkout, used store.PaymentMethod) (id string, err error) {
	methods, err := tx.PaymentMethods(ctx, row.CustomerID)
	if err != nil {
		return "", err
	}
	last := 0
	for _, m := range methods {
		last = max(last, m.Position)
	}
	saved, err := tx.PaymentMethodByProvider(ctx, row.CustomerID, *used.ProviderID)
	if errors.Is(err, store.ErrNotFound) {
		saved, err = store.PaymentMethod{ID: "method_" + shortHash(checkoutKey(row.ID)), CustomerID: row.CustomerID, ProviderToken: *used.ProviderID}, nil
	}
	if err != nil {
		return "", err
	}
	saved.Position, saved.ChangedAt = min(row.Position, last+1), p.at
	if err := tx.ReplacePaymentMethod(ctx, saved); err != nil {
		return "", err
	}
	before, err := tx.LockMethod(ctx, saved.ID)
	if err != nil {
		return "", err
	}
	used.ID, used.CustomerID = before.ID, before.CustomerID
	return saved.ID, tx.SaveMethod(ctx, merge(before, used, p.at))
}
