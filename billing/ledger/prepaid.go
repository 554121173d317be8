package ledger

import (
	"time"

	"github.com/perennial-billing/perennial/billing/money"
)

// Grant is what the ledger needs to know of prepaid credit that a customer has.
type Grant struct {
	CustomerID string
	ID         string
	EntityID   string
}

func (g Grant) movement(step string, at time.Time, amount money.Amount, from, to Account) Transaction {
	key := "grant:" + g.CustomerID + ":" + g.ID
	t := Transaction{Key: key + ":" + step, Kind: "grant_" + step, EntityID: g.EntityID, Reference: g.CustomerID + "/" + g.ID, At: at}
	t.debit(from, amount)
	t.credit(to, amount)
	return t
}

// GrantPaidElsewhere books that a customer has paid for credit, and that these books know nothing else of the payment.
func GrantPaidElsewhere(g Grant, at time.Time, cost money.Amount) Transaction {
	return g.movement("paid", at, cost, ReceivedElsewhere, CustomerPrepayments)
}

// GrantBroken books that what was paid for credit became revenue, because it expired unused.
func GrantBroken(g Grant, at time.Time, cost money.Amount) Transaction {
	return g.movement("broken", at, cost, CustomerPrepayments, Breakage)
}

// GrantRevoked books that credit was never paid for: nothing is owed to the customer for what is left of it, and the loss, when
// its invoice is written off, is only what was used.
func GrantRevoked(g Grant, at time.Time, cost money.Amount) Transaction {
	return g.movement("revoked", at, cost, CustomerPrepayments, BadDebt)
}

// GrantReturned books that the customer has back what was paid for the rest of a grant, as credit.
func GrantReturned(g Grant, at time.Time, cost money.Amount) Transaction {
	return g.movement("returned", at, cost, CustomerPrepayments, CustomerBalance)
}
