package activities

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/billing/ledger"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/internal/stripeunit"
	"github.com/perennial-billing/perennial/workflows/message"
)

// RecordDispute finds out how a dispute stands and records it with its postings. Events may come in any order and more
// than once: what counts is what the provider says when it is asked. A dispute of a charge that is not ours is not
// recorded; one of a payment of ours that is not recorded yet is an error, so that it is tried again.
func (p *Payments) RecordDispute(ctx context.Context, in message.DisputeInput) (message.Disputed, error) {
	asked := provider{Payments: p, at: in.At}
	read, err := p.Stripe.Disputes.Get(in.DisputeID, &stripe.DisputeParams{Params: asked.params(ctx, "")})
	if err != nil {
		return message.Disputed{}, fmt.Errorf("read dispute %s: %w", in.DisputeID, later(err))
	}
	return p.recordDispute(ctx, read, in.At)
}

func (p *Payments) recordDispute(ctx context.Context, read *stripe.Dispute, at time.Time) (message.Disputed, error) {
	disputed := message.Disputed{DisputeID: read.ID, Status: string(read.Status)}
	payment, err := p.disputedPayment(ctx, read)
	if err != nil || payment.ID == "" {
		return disputed, err
	}
	disputed.PaymentID = payment.ID
	seen, err := disputeOf(read, payment, at)
	if err != nil {
		return disputed, fmt.Errorf("dispute %s: %w", read.ID, err)
	}
	err = p.Store.Tx(ctx, func(tx store.Tx) (err error) {
		disputed.Changed, err = saveDispute(ctx, tx, seen, at)
		return err
	})
	return disputed, err
}

// disputedPayment finds whose money is taken back; none for a charge that is not ours.
func (p *Payments) disputedPayment(ctx context.Context, read *stripe.Dispute) (store.Payment, error) {
	if read.Charge == nil {
		return store.Payment{}, nil
	}
	payment, err := p.Store.PaymentByCharge(ctx, read.Charge.ID)
	if !errors.Is(err, store.ErrNotFound) {
		return payment, err
	}
	if read.PaymentIntent == nil {
		return store.Payment{}, nil
	}
	invoice, err := p.Store.InvoiceByIntent(ctx, read.PaymentIntent.ID)
	if errors.Is(err, store.ErrNotFound) {
		return store.Payment{}, nil
	}
	if err != nil {
		return store.Payment{}, err
	}
	return store.Payment{}, fmt.Errorf("dispute %s is of charge %s for invoice %s, which is not recorded yet", read.ID, read.Charge.ID, invoice.ID)
}

// disputeOf reads a dispute. Money that moved in another currency than the payment's, because the account settles in
// another, counts as the disputed amount; a fee in another currency is not the payment's business.
func disputeOf(read *stripe.Dispute, payment store.Payment, at time.Time) (store.Dispute, error) {
	seen := store.Dispute{
		ID: read.ID, PaymentID: payment.ID, Status: string(read.Status), Reason: string(read.Reason), Currency: payment.Currency,
		Movements: len(read.BalanceTransactions), OpenedAt: time.Unix(read.Created, 0).UTC(),
	}
	var withdrawn, fee int64
	for _, t := range read.BalanceTransactions {
		switch {
		case strings.EqualFold(string(t.Currency), string(payment.Currency)):
			withdrawn, fee = withdrawn-t.Amount, fee+t.Fee
		case t.Amount < 0:
			withdrawn += read.Amount
		default:
			withdrawn -= read.Amount
		}
	}
	for into, units := range map[*int64]int64{&seen.Amount: read.Amount, &seen.Withdrawn: withdrawn, &seen.Fee: fee} {
		amount, err := stripeunit.Amount(units, payment.Currency)
		if err != nil {
			return seen, err
		}
		*into = amount.Minor
	}
	if read.EvidenceDetails != nil && read.EvidenceDetails.DueBy > 0 {
		by := time.Unix(read.EvidenceDetails.DueBy, 0).UTC()
		seen.RespondBy = &by
	}
	switch read.Status {
	case stripe.DisputeStatusWon, stripe.DisputeStatusLost, stripe.DisputeStatusWarningClosed:
		seen.ClosedAt = &at
	}
	return seen, nil
}

// saveDispute records a dispute and posts the step from what was recorded. What was read before the record was written,
// by somebody slower, changes nothing: a dispute never has fewer movements than it had, and without another one it is
// not opened again.
func saveDispute(ctx context.Context, tx store.Tx, seen store.Dispute, at time.Time) (changed bool, err error) {
	payment, err := tx.LockPayment(ctx, seen.PaymentID)
	if err != nil {
		return false, err
	}
	before, err := tx.Dispute(ctx, seen.ID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		before = store.Dispute{Currency: seen.Currency}
	case err != nil:
		return false, err
	case seen.Movements < before.Movements || seen.Movements == before.Movements && before.ClosedAt != nil:
		return false, nil
	case seen.Movements == before.Movements && seen.Status == before.Status && seen.Amount == before.Amount:
		return false, nil
	}
	if err := tx.SaveDispute(ctx, seen); err != nil {
		return false, err
	}
	if err := ruleOut(ctx, tx, payment, seen.Reason); err != nil {
		return false, err
	}
	if seen.Reason == string(stripe.DisputeReasonFraudulent) {
		if err := tx.FeedLists(ctx, seen.PaymentID, store.FromDispute, seen.ID, "disputed as fraudulent", at); err != nil {
			return false, err
		}
	}
	invoice, err := tx.Invoice(ctx, payment.InvoiceID)
	if err != nil {
		return false, err
	}
	step := fmt.Sprintf("%d:%s", seen.Movements, seen.Status)
	moved, err := ledger.DisputeMoved(invoice.EntityID, seen.ID, step, at, disputedFunds(before), disputedFunds(seen))
	if err != nil {
		return false, err
	}
	return true, tx.Post(ctx, moved)
}

func disputedFunds(d store.Dispute) ledger.Dispute {
	return ledger.Dispute{
		Withdrawn: money.New(d.Withdrawn, d.Currency), Fee: money.New(d.Fee, d.Currency), Lost: d.Status == store.DisputeLost,
	}
}
