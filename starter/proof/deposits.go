package proof

import (
	"context"
	"strings"

	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/internal/sandbox"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/internal/stripeunit"
)

// depositsAgree compares, customer by customer, what was sent by bank transfer and no payment has used.
func (p *Proof) depositsAgree(ctx context.Context, db *store.Store, cash []sandbox.BookedCash) error {
	type place struct {
		customer string
		currency money.Currency
	}
	ours, err := db.AllHeldCash(ctx)
	if err != nil {
		return err
	}
	booked := map[place]int64{}
	for _, held := range ours {
		booked[place{held.Customer, held.Currency}] = held.Amount
	}
	for _, theirs := range cash {
		amount, err := stripeunit.Amount(theirs.Available, money.Currency(strings.ToUpper(theirs.Currency)))
		if err != nil {
			return err
		}
		at := place{theirs.Customer, amount.Currency}
		if booked[at] != amount.Minor {
			p.fault("customer %s: the provider holds %s of what they sent, we say %s", at.customer, amount, money.New(booked[at], at.currency))
		}
		delete(booked, at)
	}
	for at, minor := range booked {
		p.fault("customer %s: we say that %s of what they sent is unused, and the provider has none", at.customer, money.New(minor, at.currency))
	}
	return nil
}
