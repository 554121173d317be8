package ledger

import (
	"time"

	"github.com/perennial-billing/perennial/billing/money"
)

// Refund is what the ledger needs to know of a refund. Its amount must be above zero.
type Refund struct {
	ID       string
	EntityID string
	Amount   money.Amount
	// Goodwill says that it pays out no credit of the customer's.
	Goodwill bool
}

// paysFrom is what a refund pays out: the customer's credit, which a correction of an invoice made, tax included; or
// our own revenue. A goodwill refund corrects no invoice, so it has no effect on tax.
func (r Refund) paysFrom() Account {
	if r.Goodwill {
		return Refunds
	}
	return CustomerBalance
}

func (r Refund) movement(step string, at time.Time, amount money.Amount, from, to Account) Transaction {
	t := Transaction{Key: "refund:" + r.ID + ":" + step, Kind: "refund_" + step, EntityID: r.EntityID, Reference: r.ID, At: at}
	t.debit(from, amount)
	t.credit(to, amount)
	return t
}

// RefundRequested books that the customer is going to get the money.
func RefundRequested(r Refund, at time.Time) Transaction {
	return r.movement("requested", at, r.Amount, r.paysFrom(), RefundsPayable)
}

// RefundPaid books that the provider paid it.
func RefundPaid(r Refund, at time.Time) Transaction {
	return r.movement("paid", at, r.Amount, RefundsPayable, Cash)
}

// RefundFailed books that the customer did not get it and has the credit back. One that the provider had paid brings the
// cash back, too.
func RefundFailed(r Refund, at time.Time, paid bool) Transaction {
	if paid {
		return r.movement("failed", at, r.Amount, Cash, r.paysFrom())
	}
	return r.movement("failed", at, r.Amount, RefundsPayable, r.paysFrom())
}
