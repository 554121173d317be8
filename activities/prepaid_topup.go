package activities

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/wallet"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// lookAtBalance is how often a balance is looked at that is bought up when it is low: usage lowers it at any time. On a test clock,
// where months pass in seconds and an hour costs as much as a renewal, it is once a day.
const (
	lookAtBalance        = time.Hour
	lookAtBalanceOnClock = 24 * time.Hour
)

// lookAtMoved is when to look again at a wallet that was moved while it was looked at.
const lookAtMoved = time.Minute

// SetTopUp agrees on how a customer's credit is bought by itself, or ends that.
func (b *Billing) SetTopUp(ctx context.Context, in message.SetTopUp) (message.None, error) {
	var agreed json.RawMessage
	if in.TopUp != nil {
		top := *in.TopUp
		if err := top.Validate(in.Currency); err != nil {
			return message.None{}, refuse("top_up_invalid", "%v", err)
		}
		if top.ValidFor != nil {
			if err := top.ValidFor.Validate(); err != nil {
				return message.None{}, refuse("top_up_invalid", "top-up: valid_for: %v", err)
			}
		}
		top.Since = in.At
		var err error
		if agreed, err = json.Marshal(top); err != nil {
			return message.None{}, fmt.Errorf("top-up of customer %s: %w", in.CustomerID, err)
		}
	}
	return message.None{}, b.Store.Tx(ctx, func(tx store.Tx) error {
		if _, err := openPurse(ctx, tx, in.CustomerID, in.Currency); err != nil {
			return err
		}
		return tx.SetTopUp(ctx, in.CustomerID, in.Currency, agreed)
	})
}

// topUp is how credit is bought by itself, and what could be used when it was looked at.
type topUp struct {
	message.TopUp

	standing message.WalletStanding
}

// topUp reads what was agreed for a wallet; nil is nothing.
func (b *Billing) topUp(ctx context.Context, in message.WalletAt) (*topUp, error) {
	row, err := b.Store.PrepaidWallet(ctx, in.CustomerID, in.Currency)
	if errors.Is(err, store.ErrNotFound) || err == nil && row.TopUp == nil {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var top topUp
	if err := json.Unmarshal(row.TopUp, &top.TopUp); err != nil {
		return nil, fmt.Errorf("top-up of customer %s: %w", in.CustomerID, err)
	}
	top.standing, err = b.ReadWallet(ctx, in)
	return &top, err
}

// topsUp is the customer whose credit paid a part of an invoice and is bought up by itself, "" if it is not.
func (a account) topsUp(ctx context.Context, built invoicing.Invoice) (string, error) {
	if len(built.Prepaid) == 0 {
		return "", nil
	}
	row, err := a.tx.PrepaidWallet(ctx, a.Addressee.ID, built.Total.Currency)
	if errors.Is(err, store.ErrNotFound) || err == nil && row.TopUp == nil {
		return "", nil
	}
	return a.Addressee.ID, err
}

// topUp buys what is to be bought now, and says when to look again. While something was spent since the standing was read,
// it buys nothing: usage would count twice.
func (p purse) topUp(ctx context.Context, top *topUp, grants []store.Grant, tended *message.WalletTended, at time.Time) error {
	if top == nil {
		return nil
	}
	if now, err := wallet.Restore(p.currency, held(grants)).Balance(at); err != nil || now.Total != top.standing.Balance {
		sooner(tended, at.Add(lookAtMoved))
		return err
	}
	prefix := "top-up:" + string(p.currency) + ":"
	for {
		row, err := p.tx.PrepaidWallet(ctx, p.customer.ID, p.currency)
		if err != nil {
			return err
		}
		s, ended, err := p.situation(ctx, *top, prefix, at)
		if err != nil || ended {
			return err
		}
		s.Scheduled = row.Scheduled
		purchase, buys, err := top.Decide(s)
		if err != nil {
			return err
		}
		if !buys {
			sooner(tended, p.nextLook(*top, s))
			return nil
		}
		if err := p.buy(ctx, *top, prefix, purchase, tended, at); err != nil {
			return err
		}
	}
}

// situation gathers what a top-up depends on. Ended says that it has to wait for a person, or for a moment.
func (p purse) situation(ctx context.Context, top topUp, prefix string, at time.Time) (s wallet.Situation, ended bool, err error) {
	zero := money.Zero(p.currency)
	s = wallet.Situation{At: at, Zone: p.zone, Pending: zero, ThisMonth: zero}
	bought, err := p.tx.TopUpPurchases(ctx, p.customer.ID, p.currency, prefix)
	if err != nil {
		return s, false, err
	}
	today := p.zone.DateOf(at)
	for _, b := range bought {
		amount := money.New(b.Amount, p.currency)
		switch on := p.zone.DateOf(b.GrantedAt); {
		case b.Status == "uncollectible" && !b.GrantedAt.Before(top.Since):
			return s, true, nil
		case b.Status == "uncollectible":
		case on.Year == today.Year && on.Month == today.Month:
			if s.ThisMonth, err = s.ThisMonth.Add(amount); err != nil {
				return s, false, err
			}
		}
		if b.Status == "open" {
			if s.Pending, err = s.Pending.Add(amount); err != nil {
				return s, false, err
			}
		}
		if strings.Contains(b.ID, ":low:") {
			s.Bought++
		}
	}
	s.Balance, err = top.standing.Balance.Sub(top.standing.SpokenFor)
	if err == nil {
		s.Balance, err = s.Balance.Sub(top.standing.Uncovered)
	}
	return s, false, err
}

// buy sells the customer what a top-up decided on. What is bought on the schedule is dealt with also if it is nothing.
func (p purse) buy(ctx context.Context, top topUp, prefix string, purchase wallet.Purchase, tended *message.WalletTended, at time.Time) error {
	if purchase.Scheduled {
		if err := p.tx.TopUpScheduled(ctx, p.customer.ID, p.currency); err != nil {
			return err
		}
	}
	if !purchase.Amount.IsPositive() {
		return nil
	}
	id := prefix + strings.TrimPrefix(purchase.Key, "top-up:")
	if purchase.Scheduled { // one boundary is one purchase, also after the schedule was agreed on anew
		id = prefix + "scheduled:" + p.zone.DateOf(purchase.On).String()
	}
	in := message.GrantCredit{
		CustomerID: p.customer.ID, GrantID: id, Amount: purchase.Amount, Cost: purchase.Amount,
		Payment: message.PaidByInvoice, Priority: top.Priority, ValidFor: top.ValidFor, At: at,
	}
	wanted, err := p.wanted(in)
	if err != nil {
		return err
	}
	g, err := p.grant(ctx, wanted, in)
	if err != nil {
		return err
	}
	granted, err := p.granted(ctx, g)
	if err == nil {
		tended.Bought = append(tended.Bought, *granted.Invoice)
	}
	return err
}

// nextLook is when the next boundary of the schedule comes, or the balance is looked at again.
func (p purse) nextLook(top topUp, s wallet.Situation) time.Time {
	var next time.Time
	if top.Every != nil {
		next = calendar.Boundary(top.Anchor, *top.Every, p.zone, s.Scheduled+1)
	}
	often := lookAtBalance
	if p.customer.TestClockID != nil {
		often = lookAtBalanceOnClock
	}
	if look := s.At.Add(often); top.Below != nil && (next.IsZero() || look.Before(next)) {
		next = look
	}
	return next
}

// sooner has a wallet looked at by an instant.
func sooner(tended *message.WalletTended, at time.Time) {
	if tended.NextAt.IsZero() || at.Before(tended.NextAt) {
		tended.NextAt = at
	}
}
