package message

import "time"

// PayoutWorkflow is the name under which the Payout workflow is registered.
const PayoutWorkflow = "Payout"

// PayoutID is the id of the workflow that records a payout, which has the provider's id.
func PayoutID(payout string) string { return "payout/" + payout }

// PayoutNewsSignal says that the provider reported on a payout: the workflow finds out what is true. Input PayoutInput.
const PayoutNewsSignal = "payout-news"

// PayoutInput names a payout by the provider's id, and an instant.
type PayoutInput struct {
	PayoutID string    `json:"payout_id"`
	At       time.Time `json:"at"`
}

// PaidOut is how a payout stands. One that the provider has not itemised yet, so that nobody knows whose money it is, waits
// and is not recorded.
type PaidOut struct {
	PayoutID string `json:"payout_id"`
	Status   string `json:"status"`
	// Changed says that this was news.
	Changed bool `json:"changed,omitempty"`
	Waits   bool `json:"waits,omitempty"`
}

// RecordPayout finds out how a payout stands and records it, with its postings.
var RecordPayout = Activity[PayoutInput, PaidOut]{"RecordPayout"}
