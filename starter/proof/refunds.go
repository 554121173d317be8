package proof

import (
	"context"
	"strings"

	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/internal/sandbox"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/internal/stripeunit"
)

// refundsAgree compares our refunds with the provider's own books, refund by refund and both ways.
func (p *Proof) refundsAgree(ctx context.Context, db *store.Store, theirs []sandbox.BookedRefund) error {
	ours, err := db.AllRefunds(ctx)
	if err != nil {
		return err
	}
	known := map[string]store.Refund{}
	for _, refund := range ours {
		if refund.ProviderRefund != nil {
			known[*refund.ProviderRefund] = refund
		}
	}
	for _, refund := range theirs {
		mine, ok := known[refund.ID]
		delete(known, refund.ID)
		if !ok {
			p.fault("refund %s of %d %s of charge %s (%s) is in the provider's books and not in ours",
				refund.ID, refund.Amount, refund.Currency, refund.Charge, refund.Status)
			continue
		}
		p.compareRefund(mine, refund)
	}
	for id, refund := range known {
		p.fault("refund %s (%s) of payment %s is in our books and not in the provider's", refund.ID, id, refund.PaymentID)
	}
	return nil
}

func (p *Proof) compareRefund(mine store.Refund, theirs sandbox.BookedRefund) {
	currency := money.Currency(strings.ToUpper(theirs.Currency))
	amount, err := stripeunit.Amount(theirs.Amount, currency)
	if err != nil || amount != money.New(mine.Amount, mine.Currency) {
		p.fault("refund %s: the provider refunded %s, we have %s", mine.ID, amount, money.New(mine.Amount, mine.Currency))
	}
	if theirs.Status != mine.Status {
		p.fault("refund %s: %s for the provider, %s for us", mine.ID, theirs.Status, mine.Status)
	}
}
