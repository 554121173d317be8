package message

import (
	"time"

	"github.com/perennial-billing/perennial/billing/money"
)

// TaxFilingInput starts the filing of one return. AsOf is the billing instant at which the period is frozen.
type TaxFilingInput struct {
	EntityID string    `json:"entity_id"`
	Scheme   string    `json:"scheme"`
	Period   string    `json:"period"`
	AsOf     time.Time `json:"as_of"`
}

// ReturnID is the identity of the return in Postgres and, for the authority, of the filing.
func (in TaxFilingInput) ReturnID() string {
	return "filing:" + in.EntityID + ":" + in.Scheme + ":" + in.Period + ":1"
}

// ApproveUpdate approves a computed return. Input Approval, result FilingState.
const ApproveUpdate = "approve"

// Approval is a person's decision. By is a user's id, not a name.
type Approval struct {
	By string    `json:"by"`
	At time.Time `json:"at"`
}

// FilingState is where a filing stands; it answers ProgressQuery.
type FilingState struct {
	Status   string       `json:"status"`
	Payable  money.Amount `json:"payable"`
	Entries  int          `json:"entries"`
	FileBy   string       `json:"file_by"`
	PayBy    string       `json:"pay_by"`
	FiledRef string       `json:"filed_ref,omitempty"`
	// Approved is the approval on record, once there is one.
	Approved *Approval `json:"approved,omitempty"`
	// Missing says what keeps the return from being computed, e.g. an exchange rate.
	Missing string `json:"missing,omitempty"`
}

// ReturnStep moves a return on.
type ReturnStep struct {
	ReturnID string    `json:"return_id"`
	At       time.Time `json:"at"`
	By       string    `json:"by,omitempty"`
}

// Activities of the TaxFiling workflow.
var (
	// FreezeReturn fixes which tax entries the return covers.
	FreezeReturn = Activity[TaxFilingInput, FilingState]{"FreezeReturn"}
	// ComputeReturn aggregates them and reconciles them with the ledger.
	ComputeReturn = Activity[ReturnStep, FilingState]{"ComputeReturn"}
	// ApproveReturn records the approval.
	ApproveReturn = Activity[ReturnStep, FilingState]{"ApproveReturn"}
	// FileReturn marks the return as filed and books it.
	FileReturn = Activity[ReturnStep, FilingState]{"FileReturn"}
	// PayReturn marks it as paid and books the payment.
	PayReturn = Activity[ReturnStep, FilingState]{"PayReturn"}
)
