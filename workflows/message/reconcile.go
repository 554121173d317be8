package message

import "time"

// ReconciliationWorkflow is the name under which the Reconciliation workflow is registered.
const ReconciliationWorkflow = "Reconciliation"

// ReconciliationID is the id of the workflow that compares our books of a day ("2027-01-31") with the provider's: those of
// a legal entity, or all that the provider's account holds.
func ReconciliationID(entity, day string) string {
	if entity == "" {
		entity = "all"
	}
	return "reconciliation/" + entity + "/" + day
}

// ReconcileInput asks for a comparison of what was created in [From, To).
type ReconcileInput struct {
	// EntityID narrows it to one legal entity; charges that are nobody's are then left out.
	EntityID string    `json:"entity_id,omitempty"`
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	// At dates what is recorded.
	At time.Time `json:"at"`
}

// Difference is where our books and the provider's disagree.
type Difference struct {
	// Kind is stable, for programs, such as charge_not_recorded.
	Kind string `json:"kind"`
	// Subject is the provider's id of what it is about.
	Subject string `json:"subject"`
	// InvoiceID is the invoice it concerns, if any.
	InvoiceID string `json:"invoice_id,omitempty"`
	Detail    string `json:"detail"`
	Healed    bool   `json:"healed,omitempty"`
}

// Reconciled is what a comparison came to. Differences are the first of them; Open counts all that were not healed.
type Reconciled struct {
	Charges      int          `json:"charges"`
	Refunds      int          `json:"refunds"`
	Disputes     int          `json:"disputes"`
	Transactions int          `json:"balance_transactions"`
	Healed       int          `json:"healed"`
	Open         int          `json:"open"`
	Differences  []Difference `json:"differences"`
}

// Reconcile compares the provider's charges, refunds, disputes and balance transactions with our records, both ways, and
// heals what is safe.
var Reconcile = Activity[ReconcileInput, Reconciled]{"Reconcile"}
