package ledger

import (
	"fmt"
	"time"

	"github.com/perennial-billing/perennial/billing/money"
)

// Payout is where money stands that the payment provider sends to our bank account. A negative amount is taken from the
// bank account, to fill a balance below zero.
type Payout struct {
	Amount money.Amount
	// Sent says that it has left the provider's balance, Arrived that it is at the bank. One that failed or was canceled is
	// neither: the provider has it back.
	Sent, Arrived bool
}

func (p Payout) parts() map[Account]money.Amount {
	nothing := money.Zero(p.Amount.Currency)
	switch {
	case p.Arrived:
		return map[Account]money.Amount{PayoutsInTransit: nothing, Bank: p.Amount}
	case p.Sent:
		return map[Account]money.Amount{PayoutsInTransit: p.Amount, Bank: nothing}
	}
	return map[Account]money.Amount{PayoutsInTransit: nothing, Bank: nothing}
}

// PayoutMoved books the step of a legal entity's share in a payout from where it stood to where it stands, whatever lies
// between. The step names it. Before the first one, before is of zero.
func PayoutMoved(entityID, payoutID, step string, at time.Time, before, after Payout) (Transaction, error) {
	t := Transaction{Key: "payout:" + payoutID + ":" + entityID + ":" + step, Kind: "payout_moved", EntityID: entityID, Reference: payoutID, At: at}
	was, is := before.parts(), after.parts()
	cash := money.Zero(after.Amount.Currency)
	for _, account := range []Account{PayoutsInTransit, Bank} {
		moved, err := is[account].Sub(was[account])
		if err == nil {
			cash, err = cash.Add(moved)
		}
		if err != nil {
			return Transaction{}, fmt.Errorf("payout %s: %w", payoutID, err)
		}
		t.debit(account, moved)
	}
	t.credit(Cash, cash)
	return t, nil
}

// FeeCorrected books that the provider keeps another fee of a payment than was booked: it told the fee later than the
// success. The provider's id of the balance transaction names the step.
func FeeCorrected(entityID, paymentID, step string, at time.Time, booked, kept money.Amount) (Transaction, error) {
	more, err := kept.Sub(booked)
	if err != nil {
		return Transaction{}, fmt.Errorf("fee of payment %s: %w", paymentID, err)
	}
	t := Transaction{Key: "payment:" + paymentID + ":fee:" + step, Kind: "fee_corrected", EntityID: entityID, Reference: paymentID, At: at}
	t.debit(ProcessingFees, more)
	t.credit(Cash, more)
	return t, nil
}

// Movement is something that happened on the provider's balance beside payments, refunds, disputes and payouts. Its id is
// the provider's of the balance transaction. Net is what the balance grew by; it may be below zero.
type Movement struct {
	ID       string
	EntityID string
	At       time.Time
	Net      money.Amount
}

func (m Movement) transaction(kind string) Transaction {
	return Transaction{Key: "movement:" + m.ID, Kind: kind, EntityID: m.EntityID, Reference: m.ID, At: m.At}
}

// MovementBooked books a movement against an account: ProcessingFees, Bank for money that we sent the provider, or Suspense
// for what nothing explains.
func MovementBooked(m Movement, against Account) Transaction {
	t := m.transaction("provider_movement")
	t.debit(Cash, m.Net)
	t.credit(against, m.Net)
	return t
}

// MovementExplained takes out of Suspense what a person has explained.
func MovementExplained(m Movement, as Account) Transaction {
	t := m.transaction("movement_explained")
	t.Key += ":explained"
	t.debit(Suspense, m.Net)
	t.credit(as, m.Net)
	return t
}

// Exchanged books that the provider settles money in another currency than it was paid (or paid back) in. Paid is what our
// books have moved in the customer's currency, below zero for money that went back; m.Net and fee are in the currency of
// settlement, and fee, booked as feeAs, is what the provider kept of it.
func Exchanged(m Movement, paid, fee money.Amount, feeAs Account) (Transaction, error) {
	gross, err := m.Net.Add(fee)
	if err != nil {
		return Transaction{}, fmt.Errorf("balance transaction %s: %w", m.ID, err)
	}
	t := m.transaction("currency_exchanged")
	t.debit(CurrencyExchange, paid)
	t.credit(Cash, paid)
	t.debit(Cash, m.Net)
	t.debit(feeAs, fee)
	t.credit(CurrencyExchange, gross)
	return t, nil
}
