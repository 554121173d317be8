package ledger

import (
	"time"

	"github.com/perennial-billing/perennial/billing/money"
)

// CashMoved books that a customer's money reached the provider by bank transfer, or left it again: the provider holds it
// (TransfersHeld) and it is the customer's (CustomerDeposits). Its id is the provider's of the movement; Net is below zero for
// money that went back. That money was set aside for a payment, or no longer is, moves nothing: it is the customer's until the
// payment has succeeded.
func CashMoved(m Movement) Transaction {
	t := Transaction{Key: "cash:" + m.ID, Kind: "customer_cash_moved", EntityID: m.EntityID, Reference: m.ID, At: m.At}
	t.debit(TransfersHeld, m.Net)
	t.credit(CustomerDeposits, m.Net)
	return t
}

// TransferUsed books that a payment took its amount from what its customer had sent; PaymentReceived books the payment itself.
// The amount must be above zero.
func TransferUsed(entityID, paymentID string, at time.Time, amount money.Amount) Transaction {
	t := Transaction{Key: "payment:" + paymentID + ":transfer", Kind: "transfer_used", EntityID: entityID, Reference: paymentID, At: at}
	t.debit(CustomerDeposits, amount)
	t.credit(TransfersHeld, amount)
	return t
}
