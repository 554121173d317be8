package message

import "time"

// CustomerCashWorkflow is the name under which the CustomerCash workflow is registered.
const CustomerCashWorkflow = "CustomerCash"

// CustomerCashID is the id of the workflow that records what a customer sent by bank transfer.
func CustomerCashID(customer string) string { return "customer-cash/" + customer }

// CashNewsSignal says that the provider reported on the money that a customer sent: the workflow finds out what is true. Input
// CashInput.
const CashNewsSignal = "cash-news"

// CashInput names a customer and an instant.
type CashInput struct {
	CustomerID string    `json:"customer_id"`
	At         time.Time `json:"at"`
}

// CashRecorded is how many movements of the customer's money were news.
type CashRecorded struct {
	Movements int `json:"movements"`
	// Waiting says that money of the customer's pays nothing yet.
	Waiting bool `json:"waiting,omitempty"`
}

// Standing says how it stands, for operators.
func (r CashRecorded) Standing() string {
	if r.Waiting {
		return "money_waiting"
	}
	return "recorded"
}

// RecordCash finds out what happened to the money that a customer sent, and records it with its postings.
var RecordCash = Activity[CashInput, CashRecorded]{"RecordCash"}
