package proof

import (
	"context"
	"strings"

	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/internal/sandbox"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/internal/stripeunit"
)

// cashAgrees compares our payouts with the provider's and, as the bottom line, the cash in our ledger with the balance
// that the provider has for us, currency by currency.
func (p *Proof) cashAgrees(ctx context.Context, db *store.Store, books sandbox.Books) error {
	held := map[money.Currency]int64{}
	add := func(units int64, code string) error {
		amount, err := stripeunit.Amount(units, money.Currency(strings.ToUpper(code)))
		held[amount.Currency] += amount.Minor
		return err
	}
	for _, balance := range books.Balances {
		if err := add(balance.Amount, balance.Currency); err != nil {
			return err
		}
	}
	for _, theirs := range books.Payouts {
		recorded, err := p.payoutAgrees(ctx, db, theirs)
		if err == nil && !recorded {
			err = add(theirs.Amount, theirs.Currency) // still in our cash
		}
		if err != nil {
			return err
		}
	}
	ours, err := db.CashByCurrency(ctx)
	if err != nil {
		return err
	}
	for _, cash := range ours {
		if held[cash.Currency] != cash.Minor {
			p.fault("the provider holds %s for us, our ledger says %s", money.New(held[cash.Currency], cash.Currency), cash)
		}
		delete(held, cash.Currency)
	}
	for currency, amount := range held {
		if amount != 0 {
			p.fault("the provider holds %s for us, of which our ledger knows nothing", money.New(amount, currency))
		}
	}
	return nil
}

// payoutAgrees compares one payout. One that is on its way need not be recorded: an automatic one is when the provider has
// itemised it.
func (p *Proof) payoutAgrees(ctx context.Context, db *store.Store, theirs sandbox.BookedPayout) (recorded bool, err error) {
	mine, found, err := db.KnownPayout(ctx, theirs.ID)
	if err != nil {
		return false, err
	}
	if !found {
		if theirs.Status == store.PayoutPaid {
			p.fault("payout %s of %d %s has arrived and is not in our books", theirs.ID, theirs.Amount, theirs.Currency)
		}
		return theirs.Status == store.PayoutFailed || theirs.Status == store.PayoutCanceled, nil
	}
	if mine.Status != theirs.Status {
		p.fault("payout %s: %s for the provider, %s for us", mine.ID, theirs.Status, mine.Status)
	}
	amount, err := stripeunit.Amount(theirs.Amount, money.Currency(strings.ToUpper(theirs.Currency)))
	if err == nil && amount != money.New(mine.Amount, mine.Currency) {
		p.fault("payout %s: the provider sent %s, we have %s", mine.ID, amount, money.New(mine.Amount, mine.Currency))
	}
	return true, err
}
