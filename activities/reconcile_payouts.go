package activities

import (
	"context"
	"errors"
	"time"

	"github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/internal/stripeunit"
	"github.com/perennial-billing/perennial/workflows/message"
)

// payout records a payout that a movement belongs to.
func (c *comparison) payout(ctx context.Context, t *stripe.BalanceTransaction) error {
	if t.Source == nil || t.Source.Payout == nil || c.in.EntityID != "" && c.in.EntityID != c.owner {
		return nil
	}
	c.result.Transactions++
	return c.comparePayout(ctx, t.Source.Payout)
}

func (c *comparison) comparePayout(ctx context.Context, read *stripe.Payout) error {
	if c.met[read.ID] {
		return nil
	}
	c.met[read.ID] = true
	c.result.Payouts++
	about := matterOf(read.ID, read.Created, store.Invoice{EntityID: c.owner})
	recorded, err := c.recordPayout(ctx, read)
	switch {
	case errors.Is(err, errNoOwner):
		c.differs(about, "payout_of_nobody", "%d %s were paid out: %v", read.Amount, read.Currency, errNoOwner)
		return nil
	case errors.Is(err, errNotItemised):
		return nil // a later comparison finds it
	case err != nil:
		return err
	}
	if recorded.Changed {
		c.note(about, "payout_not_recorded", true, "it is "+recorded.Status)
	}
	return nil
}

// payoutDoubt is how long after its arrival a payout is asked about: banks send some back within five business days.
// Source: https://docs.stripe.com/payouts#payout-failures.
const payoutDoubt = 10 * 24 * time.Hour

// ourPayouts asks about the payouts that may still come to another end than we know.
func (c *comparison) ourPayouts(ctx context.Context) error {
	if c.in.EntityID != "" && c.in.EntityID != c.owner {
		return nil
	}
	unfinished, err := c.Store.UnfinishedPayouts(ctx, c.at.Add(-payoutDoubt))
	if err != nil {
		return err
	}
	for _, payout := range unfinished {
		read, err := c.Stripe.Payouts.Get(payout.ID, &stripe.PayoutParams{Params: c.params(ctx, "")})
		if missing(err) {
			c.differs(matter{id: payout.ID, entity: c.owner, at: payout.CreatedAt}, "payout_unknown_to_provider", "we have it, and the provider does not know it")
			continue
		}
		if err == nil {
			err = c.comparePayout(ctx, read)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// held sets what the provider holds beside our cash.
func (c *comparison) held(ctx context.Context) error {
	if c.in.EntityID != "" {
		return nil
	}
	ours, err := c.Store.CashByCurrency(ctx)
	if err != nil {
		return err
	}
	read, err := c.Stripe.Balance.Get(&stripe.BalanceParams{Params: c.params(ctx, "")})
	if err != nil {
		return err
	}
	sums := map[money.Currency]*message.HeldMoney{}
	of := func(currency money.Currency) *message.HeldMoney {
		if sums[currency] == nil {
			sums[currency] = &message.HeldMoney{Currency: currency}
		}
		return sums[currency]
	}
	for _, amount := range ours {
		of(amount.Currency).Ours += amount.Minor
	}
	for _, part := range append(read.Available, read.Pending...) {
		amount, err := stripeunit.Amount(part.Amount, currencyOf(part.Currency))
		if err != nil {
			return err
		}
		of(amount.Currency).Theirs += amount.Minor
	}
	c.result.Held = sortedHeld(sums)
	return nil
}
