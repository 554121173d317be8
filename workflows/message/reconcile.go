package message

import (
	"time"

	"github.com/perennial-billing/perennial/billing/money"
)

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

// ReconcileDays is how far back a comparison goes that is not told how far: late news, such as a refund that fails, come
// within a month.
const ReconcileDays = 35

// ReconcileInput asks for a comparison of what was created in [From, To). Without instants (all zero) it is of the last
// ReconcileDays, as of now: so the daily comparison asks.
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
	// EntityID is whose difference it is; empty: nobody's.
	EntityID string `json:"entity_id,omitempty"`
	// InvoiceID is the invoice it concerns, if any.
	InvoiceID string `json:"invoice_id,omitempty"`
	Detail    string `json:"detail"`
	// OccurredAt is when the subject came about.
	OccurredAt time.Time `json:"occurred_at,omitzero"`
	Healed     bool      `json:"healed,omitempty"`
	// Settled says that a person has settled it.
	Settled bool `json:"settled,omitempty"`
}

// HeldMoney is what the provider holds in a currency, by our ledger and by the provider, in ISO minor units. Between the
// two readings money may have moved.
type HeldMoney struct {
	Currency money.Currency `json:"currency"`
	Ours     int64          `json:"ours"`
	Theirs   int64          `json:"theirs"`
}

// Reconciled is what a comparison came to. Differences are the first of them; Open counts all that were neither healed nor
// settled. Held is there if the whole account was compared.
type Reconciled struct {
	Charges      int          `json:"charges"`
	Refunds      int          `json:"refunds"`
	Disputes     int          `json:"disputes"`
	Payouts      int          `json:"payouts"`
	Transactions int          `json:"balance_transactions"`
	Healed       int          `json:"healed"`
	Settled      int          `json:"settled"`
	Open         int          `json:"open"`
	Differences  []Difference `json:"differences"`
	Held         []HeldMoney  `json:"held,omitempty"`
}

// Reconcile compares the provider's charges, refunds, disputes, payouts and balance transactions with our records, both ways, and
// heals what is safe.
var Reconcile = Activity[ReconcileInput, Reconciled]{"Reconcile"}
