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

// errNotItemised is of an automatic payout of which the provider does not say yet what it consists of.
var errNotItemised = errors.New("the provider has not itemised the payout yet")

// RecordPayout finds out how a payout stands and records it with its postings. Events may come in any order and more than
// once: what counts is what the provider says when it is asked.
func (p *Payments) RecordPayout(ctx context.Context, in message.PayoutInput) (message.PaidOut, error) {
	asked := provider{Payments: p, at: in.At}
	read, err := p.Stripe.Payouts.Get(in.PayoutID, &stripe.PayoutParams{Params: asked.params(ctx, "")})
	if err != nil {
		return message.PaidOut{}, fmt.Errorf("read payout %s: %w", in.PayoutID, later(err))
	}
	recorded, err := asked.recordPayout(ctx, read)
	if errors.Is(err, errNotItemised) {
		recorded.Waits, err = true, nil
	}
	return recorded, err
}

func (p provider) recordPayout(ctx context.Context, read *stripe.Payout) (message.PaidOut, error) {
	recorded := message.PaidOut{PayoutID: read.ID, Status: string(read.Status)}
	seen, err := payoutOf(read)
	if err != nil {
		return recorded, fmt.Errorf("payout %s: %w", read.ID, err)
	}
	shares, err := p.Store.PayoutShares(ctx, read.ID)
	if err == nil && len(shares) == 0 {
		shares, err = p.share(ctx, read, seen)
	}
	if err != nil {
		return recorded, fmt.Errorf("payout %s: %w", read.ID, err)
	}
	err = p.Store.Tx(ctx, func(tx store.Tx) (err error) {
		recorded.Changed, err = savePayout(ctx, tx, seen, shares, p.movedAt(seen))
		return err
	})
	return recorded, err
}

func payoutOf(read *stripe.Payout) (store.Payout, error) {
	amount, err := stripeunit.Amount(read.Amount, currencyOf(read.Currency))
	return store.Payout{
		ID: read.ID, Status: string(read.Status), Amount: amount.Minor, Currency: amount.Currency, Automatic: read.Automatic,
		Failure: string(read.FailureCode), CreatedAt: time.Unix(read.Created, 0).UTC(), ArrivesAt: time.Unix(read.ArrivalDate, 0).UTC(),
	}, err
}

func currencyOf(c stripe.Currency) money.Currency { return money.Currency(strings.ToUpper(string(c))) }

// movedAt dates the step to where a payout stands: the provider says when it was sent and when it arrived, not when it
// came back.
func (p provider) movedAt(seen store.Payout) time.Time {
	switch seen.Status {
	case store.PayoutPending, store.PayoutInTransit:
		return seen.CreatedAt
	case store.PayoutPaid:
		return notBefore(seen.CreatedAt, seen.ArrivesAt)
	}
	return p.at
}

// payoutRank orders the states of a payout in time. A bank may send back what had arrived.
// Source: https://docs.stripe.com/api/payouts/object#payout_object-status.
var payoutRank = map[string]int{
	store.PayoutPending: 0, store.PayoutInTransit: 1, store.PayoutPaid: 2, store.PayoutFailed: 3, store.PayoutCanceled: 3,
}

// savePayout records a payout and posts, of each legal entity's share, the step from what was recorded. What was read
// before the record was written, by somebody slower, changes nothing.
func savePayout(ctx context.Context, tx store.Tx, seen store.Payout, shares []store.PayoutShare, at time.Time) (changed bool, err error) {
	before, err := tx.LockPayout(ctx, seen.ID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		before = store.Payout{Status: store.PayoutCanceled} // of which nothing is under way
		err = tx.AddPayout(ctx, seen, shares)
	case err != nil:
		return false, err
	case payoutRank[seen.Status] <= payoutRank[before.Status]:
		return false, nil
	default:
		err = tx.MovePayout(ctx, seen)
	}
	if err != nil {
		return false, err
	}
	for _, share := range shares {
		amount := money.New(share.Amount, seen.Currency)
		moved, err := ledger.PayoutMoved(share.EntityID, seen.ID, seen.Status, at, payoutStands(before.Status, amount), payoutStands(seen.Status, amount))
		if err != nil {
			return false, err
		}
		if err := tx.Post(ctx, moved); err != nil {
			return false, err
		}
	}
	return true, nil
}

func payoutStands(status string, amount money.Amount) ledger.Payout {
	arrived := status == store.PayoutPaid
	return ledger.Payout{Amount: amount, Arrived: arrived, Sent: arrived || status == store.PayoutPending || status == store.PayoutInTransit}
}
