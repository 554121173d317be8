package message

import (
	"time"

	"github.com/perennial-billing/perennial/billing/money"
)

// RefundWorkflow is the name under which the Refund workflow is registered.
const RefundWorkflow = "Refund"

// RefundID is the id of the workflow that pays a refund out.
func RefundID(refund string) string { return "refund/" + refund }

// RefundNewsSignal says that the provider reported on a refund: the workflow finds out what is true. Input PaymentNews.
const RefundNewsSignal = "refund-news"

// RefundInput asks for a refund.
type RefundInput struct {
	RefundID  string `json:"refund_id"`
	PaymentID string `json:"payment_id"`
	// Amount is above zero and at most what the payment has left.
	Amount money.Amount `json:"amount"`
	// Goodwill refunds pay out no credit of the customer's, and need a reason.
	Goodwill bool      `json:"goodwill,omitempty"`
	Reason   string    `json:"reason,omitempty"`
	At       time.Time `json:"at"`
	// ProviderRefund is the provider's id of a refund that was made without us and is taken over; empty: it is to be made.
	ProviderRefund string `json:"provider_refund,omitempty"`
}

// RefundAt names a refund and an instant.
type RefundAt struct {
	RefundID string    `json:"refund_id"`
	At       time.Time `json:"at"`
}

// Refunded is how a refund stands: pending, succeeded or failed.
type Refunded struct {
	RefundID string       `json:"refund_id"`
	Status   string       `json:"status"`
	Failure  string       `json:"failure,omitempty"`
	Amount   money.Amount `json:"amount"`
}

// Activities around refunds.
var (
	// OpenRefund writes a refund down, or finds the one that was. It refuses, for good, what cannot be refunded.
	OpenRefund = Activity[RefundInput, Refunded]{"OpenRefund"}
	// PayRefund has the provider pay a refund, exactly once, or finds out how it stands, and records it.
	PayRefund = Activity[RefundAt, Refunded]{"PayRefund"}
)
