package proof

import (
	"context"
	"math"
	"strings"

	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/internal/sandbox"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/internal/stripeunit"
)

// disputesAgree compares our disputes with the provider's own books, both ways.
func (p *Proof) disputesAgree(ctx context.Context, db *store.Store, theirs []sandbox.BookedDispute) error {
	ours, err := db.Disputes(ctx, store.DisputeFilter{Limit: math.MaxInt32})
	if err != nil {
		return err
	}
	known := map[string]store.Dispute{}
	for _, dispute := range ours {
		known[dispute.ID] = dispute
	}
	for _, dispute := range theirs {
		mine, ok := known[dispute.ID]
		delete(known, dispute.ID)
		if !ok {
			p.fault("charge %s: the provider took %d %s back in dispute %s (%s), which is not in our books",
				dispute.Charge, dispute.Withdrawn, dispute.Currency, dispute.ID, dispute.Status)
			continue
		}
		p.compareDispute(mine, dispute)
	}
	for id, dispute := range known {
		p.fault("dispute %s of payment %s is in our books and not in the provider's", id, dispute.PaymentID)
	}
	return nil
}

func (p *Proof) compareDispute(mine store.Dispute, theirs sandbox.BookedDispute) {
	if theirs.Status != mine.Status {
		p.fault("dispute %s: %s for the provider, %s for us", mine.ID, theirs.Status, mine.Status)
	}
	currency := money.Currency(strings.ToUpper(theirs.Currency))
	for _, compared := range []struct {
		what  string
		units int64
		mine  int64
	}{{"disputed", theirs.Amount, mine.Amount}, {"withdrew", theirs.Withdrawn, mine.Withdrawn}, {"charged a fee of", theirs.Fee, mine.Fee}} {
		amount, err := stripeunit.Amount(compared.units, currency)
		if err != nil || amount != money.New(compared.mine, mine.Currency) {
			p.fault("dispute %s: the provider %s %s, we have %s", mine.ID, compared.what, amount, money.New(compared.mine, mine.Currency))
		}
	}
}
