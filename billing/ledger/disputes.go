package ledger

import (
	"fmt"
	"time"

	"github.com/perennial-billing/perennial/billing/money"
)

// Dispute is where a dispute stands: what the provider has withdrawn and keeps as its fee, after what it has given back.
// A dispute withdraws the amount and a fee, and reinstates them if it is won; an inquiry moves nothing.
// Source: https://docs.stripe.com/api/disputes/object (balance_transactions).
type Dispute struct {
	Withdrawn money.Amount
	Fee       money.Amount
	Lost      bool
}

// parts are the balances of a dispute's accounts where it stands.
func (d Dispute) parts() map[Account]money.Amount {
	nothing := money.Zero(d.Withdrawn.Currency)
	if d.Lost {
		return map[Account]money.Amount{DisputedFunds: nothing, Disputes: d.Withdrawn, DisputeFees: d.Fee}
	}
	return map[Account]money.Amount{DisputedFunds: d.Withdrawn, Disputes: nothing, DisputeFees: d.Fee}
}

// DisputeMoved books the step of a dispute from where it stood to where it stands, whatever lies between: the withdrawal
// makes the money DisputedFunds, a loss makes it Disputes, a reinstatement brings the cash back. The step names it; the
// amounts are in one currency. Before the first one, before is of zero.
func DisputeMoved(entityID, disputeID, step string, at time.Time, before, after Dispute) (Transaction, error) {
	t := Transaction{Key: "dispute:" + disputeID + ":" + step, Kind: "dispute_moved", EntityID: entityID, Reference: disputeID, At: at}
	was, is := before.parts(), after.parts()
	cash := money.Zero(after.Withdrawn.Currency)
	for _, account := range []Account{DisputedFunds, Disputes, DisputeFees} {
		moved, err := is[account].Sub(was[account])
		if err == nil {
			cash, err = cash.Add(moved)
		}
		if err != nil {
			return Transaction{}, fmt.Errorf("dispute %s: %w", disputeID, err)
		}
		t.debit(account, moved)
	}
	t.credit(Cash, cash)
	return t, nil
}
