package activities

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/billing/ledger"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/internal/stripeunit"
	"github.com/perennial-billing/perennial/workflows/message"
)

// refundMetadata is under which name our id is written into the provider's refund.
const refundMetadata = "refund"

// PayRefund has the provider pay a refund that is written down, or reads how one stands that the provider knows, and
// records the answer. Whatever happened to earlier tries, the refund is made once: before it is asked for, the provider
// is asked whether it has it already.
func (p *Payments) PayRefund(ctx context.Context, in message.RefundAt) (message.Refunded, error) {
	row, err := p.Store.Refund(ctx, in.RefundID)
	if err != nil {
		return message.Refunded{}, err
	}
	if row.Status == store.RefundFailed {
		return refunded(row), nil
	}
	seen, err := p.askRefund(ctx, provider{Payments: p, at: in.At}, row)
	if err != nil {
		return message.Refunded{}, fmt.Errorf("refund %s: %w", row.ID, err)
	}
	row, err = p.settleRefund(ctx, row.ID, seen, in.At)
	return refunded(row), err
}

// seenRefund is what the provider says of a refund.
type seenRefund struct {
	id, status, failure string
}

func (p *Payments) askRefund(ctx context.Context, asked provider, row store.Refund) (seenRefund, error) {
	if row.ProviderRefund != nil {
		read, err := p.Stripe.Refunds.Get(*row.ProviderRefund, &stripe.RefundParams{Params: asked.params(ctx, "")})
		if err != nil {
			return seenRefund{}, later(err)
		}
		return seenOf(read), nil
	}
	payment, err := p.Store.Payment(ctx, row.PaymentID)
	if err != nil {
		return seenRefund{}, err
	}
	found, err := asked.findRefund(ctx, *payment.ProviderCharge, row.ID)
	if err != nil || found != nil {
		return seenOf(found), err
	}
	return asked.refund(ctx, payment, row)
}

// findRefund looks for a refund that an earlier try made without our hearing of it; nil when there is none.
func (p provider) findRefund(ctx context.Context, charge, id string) (*stripe.Refund, error) {
	made := p.Stripe.Refunds.List(&stripe.RefundListParams{ListParams: stripe.ListParams{Context: ctx}, Charge: &charge})
	for made.Next() {
		if made.Refund().Metadata[refundMetadata] == id {
			return made.Refund(), nil
		}
	}
	if err := made.Err(); err != nil {
		return nil, fmt.Errorf("list refunds of %s: %w", charge, later(err))
	}
	return nil, nil //nolint:nilnil // that there is none is an answer
}

func (p provider) refund(ctx context.Context, payment store.Payment, row store.Refund) (seenRefund, error) {
	amount, err := stripeunit.Of(money.New(row.Amount, row.Currency))
	if err != nil {
		return seenRefund{}, err
	}
	made, err := p.Stripe.Refunds.New(&stripe.RefundParams{
		Params: p.params(ctx, row.IdempotencyKey), Charge: payment.ProviderCharge, Amount: &amount,
		Metadata: map[string]string{refundMetadata: row.ID, "payment": payment.ID, "invoice": payment.InvoiceID},
	})
	if err == nil {
		return seenOf(made), nil
	}
	if burnt(err) {
		return p.refundAfterFailure(ctx, payment, row, err)
	}
	if code, ok := refusedForGood(err); ok {
		return seenRefund{status: store.RefundFailed, failure: code}, nil
	}
	return seenRefund{}, later(err)
}

// refundAfterFailure finds out what came of a try that the provider answered with an error of its own. That answer stays
// bound to the key, so a refund that was not made is asked for under a new one.
func (p provider) refundAfterFailure(ctx context.Context, payment store.Payment, row store.Refund, cause error) (seenRefund, error) {
	found, err := p.findRefund(ctx, *payment.ProviderCharge, row.ID)
	if err != nil || found != nil {
		return seenOf(found), err
	}
	key := fmt.Sprintf("refund:%s:after-%s", row.ID, shortHash(row.IdempotencyKey))
	if err := p.Store.ReplaceRefundKey(ctx, row.ID, key); err != nil {
		return seenRefund{}, err
	}
	return seenRefund{}, fmt.Errorf("the provider failed and refunded nothing; it is tried again under a new key: %w", cause)
}

// refusedForGood says that the provider will not make the refund, and why: the charge is disputed or was refunded by
// other means. What is wrong with our key or our rate is not an answer.
func refusedForGood(err error) (code string, ok bool) {
	var refused *stripe.Error
	if !errors.As(err, &refused) || refused.Type == stripe.ErrorTypeIdempotency {
		return "", false
	}
	switch refused.HTTPStatusCode {
	case http.StatusBadRequest, http.StatusPaymentRequired, http.StatusNotFound:
		return cmp.Or(string(refused.Code), string(refused.Type)), true
	}
	return "", false
}

// seenOf reads a refund. One that waits, for the bank or for the customer, is pending; a canceled one has failed.
func seenOf(r *stripe.Refund) seenRefund {
	if r == nil {
		return seenRefund{}
	}
	seen := seenRefund{id: r.ID, status: store.RefundPending}
	switch r.Status {
	case stripe.RefundStatusSucceeded:
		seen.status = store.RefundSucceeded
	case stripe.RefundStatusFailed, stripe.RefundStatusCanceled:
		seen.status, seen.failure = store.RefundFailed, cmp.Or(string(r.FailureReason), string(r.Status))
	}
	return seen
}

// settleRefund records what the provider says of a refund, with what follows from it, in one transaction. What is
// recorded already stays as it is, and a refund that has failed stays failed.
func (p *Payments) settleRefund(ctx context.Context, id string, seen seenRefund, at time.Time) (store.Refund, error) {
	var row store.Refund
	err := p.Store.Tx(ctx, func(tx store.Tx) error {
		var err error
		if row, err = tx.LockRefund(ctx, id); err != nil || row.Status == store.RefundFailed {
			return err
		}
		before := row
		row.Status, row.Failure = seen.status, seen.failure
		if seen.id != "" {
			row.ProviderRefund = &seen.id
		}
		if row.SettledAt = nil; row.Status != store.RefundPending {
			row.SettledAt = &at
		}
		if row.Status == before.Status { // the day it was settled is that of the first answer
			row.SettledAt = before.SettledAt
		}
		if err := tx.SettleRefund(ctx, row); err != nil || row.Status == before.Status {
			return err
		}
		return bookRefund(ctx, tx, before.Status, row, at)
	})
	return row, err
}

// bookRefund posts the step of a refund from one state to another; a failed one gives the customer the credit back.
func bookRefund(ctx context.Context, tx store.Tx, before string, row store.Refund, at time.Time) error {
	payment, err := tx.Payment(ctx, row.PaymentID)
	if err != nil {
		return err
	}
	invoice, err := tx.Invoice(ctx, payment.InvoiceID)
	if err != nil {
		return err
	}
	if row.Status == store.RefundSucceeded {
		return tx.Post(ctx, ledger.RefundPaid(booked(row, invoice), at))
	}
	if row.Status != store.RefundFailed {
		return fmt.Errorf("the provider says refund %s is %s, after it was %s", row.ID, row.Status, before)
	}
	if !row.Goodwill {
		if err := tx.MoveWallet(ctx, "refund:"+row.ID+":returned", invoice.CustomerID, money.New(row.Amount, row.Currency), at); err != nil {
			return err
		}
	}
	return tx.Post(ctx, ledger.RefundFailed(booked(row, invoice), at, before == store.RefundSucceeded))
}
