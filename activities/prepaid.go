package activities

import (
	"context"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/ledger"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/wallet"
	"github.com/perennial-billing/perennial/internal/store"
)

// purse is a customer's prepaid credit in a currency, inside a transaction that has it to itself: it holds the customer's
// wallet in the currency (LockWallet), as everybody does who moves credit of either kind.
type purse struct {
	tx       store.Tx
	customer store.Customer
	zone     calendar.Zone
	currency money.Currency
}

func openPurse(ctx context.Context, tx store.Tx, customerID string, currency money.Currency) (purse, error) {
	p := purse{tx: tx, currency: currency}
	var err error
	if p.customer, err = tx.Customer(ctx, customerID); err != nil {
		return p, err
	}
	if p.zone, err = calendar.LoadZone(p.customer.Zone); err != nil {
		return p, err
	}
	_, err = tx.LockWallet(ctx, customerID, currency)
	return p, err
}

// ledger names a grant for postings.
func (p purse) ledger(grantID string) ledger.Grant {
	return ledger.Grant{CustomerID: p.customer.ID, ID: grantID, EntityID: p.customer.EntityID}
}

// prepaid adds to the facts the grants that may pay. What of them expired before the usage that is billed is broken or rolled
// over first, so that what rolled over can pay: usage until an instant, of the subscriptions that are billed.
func (a account) prepaid(ctx context.Context, facts *invoicing.Facts, until time.Time, billed ...string) error {
	p := purse{tx: a.tx, customer: a.Addressee, currency: facts.Currency}
	grants, err := a.tx.UsableGrants(ctx, a.Addressee.ID, facts.Currency)
	if err != nil || len(grants) == 0 {
		return err
	}
	if p.zone, err = calendar.LoadZone(a.Addressee.Zone); err != nil {
		return err
	}
	if grants, _, err = p.expire(ctx, grants, until, billed...); err != nil {
		return err
	}
	facts.Prepaid = held(grants)
	facts.PrepaidPolicy, err = a.tx.PrepaidPolicy(ctx, a.row.EntityID)
	return err
}

func held(grants []store.Grant) []wallet.Held {
	all := make([]wallet.Held, len(grants))
	for i, g := range grants {
		all[i] = g.Held
	}
	return all
}

// spendPrepaid takes out of the grants what they pay of an invoice.
func (a account) spendPrepaid(ctx context.Context, invoiceID string, built invoicing.Invoice, at time.Time) error {
	for _, payment := range built.Prepaid {
		m := wallet.Movement{
			Key: wallet.SpentKey(built.Key, payment.GrantID), GrantID: payment.GrantID, Kind: wallet.Spent,
			Amount: payment.Amount.Neg(), Cost: payment.Cost.Neg(), At: at,
		}
		if err := a.tx.MoveGrant(ctx, a.Addressee.ID, m, invoiceID); err != nil {
			return err
		}
	}
	return nil
}

// prepaidParts are what grants pay of an invoice: the part that was paid for, and the part that cost nothing.
func prepaidParts(built invoicing.Invoice, currency money.Currency) (cost, gift money.Amount, err error) {
	cost, gift = money.Zero(currency), money.Zero(currency)
	for _, payment := range built.Prepaid {
		free, err := payment.Amount.Sub(payment.Cost)
		if err != nil {
			return cost, gift, err
		}
		if cost, err = cost.Add(payment.Cost); err != nil {
			return cost, gift, err
		}
		if gift, err = gift.Add(free); err != nil {
			return cost, gift, err
		}
	}
	return cost, gift, nil
}

// expire ends the grants whose time was over by an instant, and those that were rolled over from them, and returns those that
// can still be used. A grant of which an invoice yet to be made may pay usage stays, but for the invoice of the subscription
// that is billed just now, which does not want it: it waits.
func (p purse) expire(ctx context.Context, grants []store.Grant, until time.Time, except ...string) (left []store.Grant, moved int, err error) {
	for {
		expiring, err := p.expiring(ctx, grants, until, except)
		if err != nil || len(expiring) == 0 {
			return grants, moved, err
		}
		w, movements, err := wallet.Restore(p.currency, expiring).Expire(p.zone, until)
		if err != nil {
			return grants, moved, err
		}
		if err := p.record(ctx, w, movements, until); err != nil {
			return grants, moved, err
		}
		moved += len(movements)
		if grants, err = p.tx.UsableGrants(ctx, p.customer.ID, p.currency); err != nil {
			return grants, moved, err
		}
	}
}

// expiring lists the grants that are over by an instant and that nothing unbilled can still use.
func (p purse) expiring(ctx context.Context, grants []store.Grant, until time.Time, except []string) ([]wallet.Held, error) {
	var over []wallet.Held
	for _, g := range grants {
		if g.Grant.ExpiresAt.IsZero() || g.Grant.ExpiresAt.After(until) {
			continue
		}
		waits, err := p.tx.NotBilledUntil(ctx, p.customer.ID, p.currency, g.Grant.ExpiresAt, except...)
		if err != nil {
			return nil, err
		}
		if !waits {
			over = append(over, g.Held)
		}
	}
	return over, nil
}

// record writes what happened to grants that expired.
func (p purse) record(ctx context.Context, after wallet.Wallet, movements []wallet.Movement, at time.Time) error {
	for _, m := range movements {
		if m.Kind == wallet.Granted {
			for _, h := range after.Held() {
				if h.Grant.ID != m.GrantID {
					continue
				}
				if err := p.tx.AddGrant(ctx, store.Grant{Held: h, CustomerID: p.customer.ID, GrantedAt: at}); err != nil {
					return err
				}
			}
		}
		if err := p.tx.MoveGrant(ctx, p.customer.ID, m, ""); err != nil {
			return err
		}
		if m.Kind == wallet.Broken {
			if err := p.tx.Post(ctx, ledger.GrantBroken(p.ledger(m.GrantID), m.At, m.Cost.Neg())); err != nil {
				return err
			}
		}
	}
	return nil
}
