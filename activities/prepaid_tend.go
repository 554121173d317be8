package activities

import (
	"context"
	"fmt"
	"time"

	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// lookAgainAtGrants is how long a grant that has expired waits for the next look, while an invoice for usage from before is
// still to come.
const lookAgainAtGrants = 6 * time.Hour

// TendWallet does what is due to a customer's prepaid credit by an instant: grants that have expired are broken or rolled
// over, and credit is bought by itself. It says what is due next, and records that for the clock.
func (b *Billing) TendWallet(ctx context.Context, in message.WalletAt) (message.WalletTended, error) {
	var tended message.WalletTended
	top, err := b.topUp(ctx, in)
	if err != nil {
		return tended, err
	}
	err = b.Store.Tx(ctx, func(tx store.Tx) error {
		p, err := openPurse(ctx, tx, in.CustomerID, in.Currency)
		if err != nil {
			return err
		}
		grants, err := tx.UsableGrants(ctx, in.CustomerID, in.Currency)
		if err != nil {
			return err
		}
		if grants, tended.Moved, err = p.expire(ctx, grants, in.At); err != nil {
			return err
		}
		tended.NextAt, tended.Bought = nextExpiry(grants, in.At), nil
		if err := p.topUp(ctx, top, grants, &tended, in.At); err != nil {
			return err
		}
		if tended.Waiting, err = tx.GrantsWait(ctx, in.CustomerID, in.Currency); err != nil {
			return err
		}
		return tx.ScheduleWallet(ctx, in.CustomerID, in.Currency, tended.NextAt)
	})
	if err != nil {
		return tended, fmt.Errorf("prepaid credit of customer %s in %s: %w", in.CustomerID, in.Currency, err)
	}
	return tended, nil
}

// nextExpiry is when the next of the grants ends, or is looked at again; zero if none ever does.
func nextExpiry(grants []store.Grant, at time.Time) time.Time {
	var next time.Time
	for _, g := range grants {
		ends := g.Grant.ExpiresAt
		if ends.IsZero() {
			continue
		}
		if !ends.After(at) {
			ends = at.Add(lookAgainAtGrants)
		}
		if next.IsZero() || ends.Before(next) {
			next = ends
		}
	}
	return next
}
