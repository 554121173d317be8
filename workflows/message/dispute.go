package message

import "time"

// DisputeWorkflow is the name under which the Dispute workflow is registered.
const DisputeWorkflow = "Dispute"

// DisputeID is the id of the workflow that records a dispute, which has the provider's id.
func DisputeID(dispute string) string { return "dispute/" + dispute }

// DisputeNewsSignal says that the provider reported on a dispute: the workflow finds out what is true. Input DisputeInput.
const DisputeNewsSignal = "dispute-news"

// DisputeInput names a dispute by the provider's id, and an instant.
type DisputeInput struct {
	DisputeID string    `json:"dispute_id"`
	At        time.Time `json:"at"`
}

// Disputed is how a dispute stands. One of a charge that is not ours has no PaymentID.
type Disputed struct {
	DisputeID string `json:"dispute_id"`
	PaymentID string `json:"payment_id,omitempty"`
	Status    string `json:"status"`
	// Changed says that this was news.
	Changed bool `json:"changed,omitempty"`
}

// RecordDispute finds out how a dispute stands and records it, with its postings.
var RecordDispute = Activity[DisputeInput, Disputed]{"RecordDispute"}
