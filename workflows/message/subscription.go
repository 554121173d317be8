package message

import (
	"time"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/fairbilling"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/subscription"
)

// Updates, queries and signals of the Subscription workflow.
const (
	// SubscribeUpdate starts the subscription and answers with its first invoice. Input Subscribe, result Subscribed.
	SubscribeUpdate = "subscribe"
	// CommandUpdate carries out a change, pause, resume or cancellation. Input subscription.Command, result CommandResult.
	CommandUpdate = "command"
	// PreviewUpdate answers with what a command would do, and does nothing. Input subscription.Command, result Preview.
	PreviewUpdate = "preview"
	// StatusQuery answers with the subscription.State.
	StatusQuery = "status"
	// CollectionEndedSignal tells a subscription what became of an invoice in dunning. Input CollectionEnded.
	CollectionEndedSignal = "collection-ended"
)

// How the ids of commands begin that nobody asks for: a boundary of the subscription, the day of a planned command, and
// its end when dunning gives up. Callers' own ids must not begin so.
const (
	BoundaryCommand = "boundary:"
	PlannedCommand  = "planned:"
	UnpaidCommand   = "unpaid:"
	// LateUsageCommand begins the command that bills, for a day, what became known after a subscription's end.
	LateUsageCommand = "late-usage:"
)

// Subscribe is what a customer agrees to. Identical requests for the same id are one subscription.
type Subscribe struct {
	SubscriptionID string             `json:"subscription_id"`
	CustomerID     string             `json:"customer_id"`
	EntityID       string             `json:"entity_id"`
	Currency       money.Currency     `json:"currency"`
	Terms          subscription.Terms `json:"terms"`
	StartAt        time.Time          `json:"start_at"`
	// EndsAfter, above 0, is a fixed term in billing cycles; EndsAt, if set, one to an instant.
	EndsAfter int       `json:"ends_after,omitempty"`
	EndsAt    time.Time `json:"ends_at,omitzero"`
	// Prices are agreed with the customer for this version of the plan, in place of the catalogue's.
	Prices catalog.Agreed `json:"prices,omitempty"`
	// FairBilling, if set, has the seats follow the members who are active; 0 Seats are then counted.
	FairBilling *fairbilling.Agreement `json:"fair_billing,omitempty"`
	// Quote is the local price that the customer was shown, if it is to be honoured.
	Quote string `json:"quote,omitempty"`
	// Device is a hash of the customer's device, for limits on trials.
	Device string `json:"device,omitempty"`
	// BillingGroup, if set, shares invoices with the customer's other subscriptions in it; PONumber is on the invoices.
	BillingGroup string `json:"billing_group,omitempty"`
	PONumber     string `json:"po_number,omitempty"`
	// AwaitStart makes the update answer when the subscription has begun, with its first invoice,
	// instead of when the agreement is recorded.
	AwaitStart bool `json:"await_start,omitempty"`
}

// SubscriptionInput starts a run of the Subscription workflow: State is nil in the first run only.
type SubscriptionInput struct {
	Subscribe Subscribe           `json:"subscribe"`
	State     *subscription.State `json:"state,omitempty"`
	// First is what the first cycle (or the start of the trial) brought, the answer to a repeated subscribe.
	First *Billed `json:"first,omitempty"`
	// Again starts a subscription that has ended once more, for a command: of Subscribe only the id is needed, the rest is on
	// record.
	Again bool `json:"again,omitempty"`
}

// Subscribed answers SubscribeUpdate.
type Subscribed struct {
	State   subscription.State `json:"state"`
	Invoice *Billed            `json:"invoice,omitempty"`
}

// Billed is an invoice as workflows know it.
type Billed struct {
	InvoiceID string       `json:"invoice_id"`
	Number    string       `json:"number"`
	Total     money.Amount `json:"total"`
	AmountDue money.Amount `json:"amount_due"`
	// Method is what the first attempt will charge, named as in Charged; "" when nothing is due or that is not known yet.
	Method string `json:"method,omitempty"`
	// Payment is how collecting it went: "" when nothing was due.
	Payment PaymentStatus `json:"payment,omitempty"`
	// Pays are the earlier invoices, being collected, that the credit on this one has paid in full or in part.
	Pays []string `json:"pays,omitempty"`
	// TopsUp is the customer whose prepaid credit paid a part of it and is bought up by itself: that wallet is told.
	TopsUp string `json:"tops_up,omitempty"`
	// Review is the payment about which a person has to decide, if any.
	Review string `json:"review,omitempty"`
}

// CommandResult answers CommandUpdate.
type CommandResult struct {
	State   subscription.State `json:"state"`
	Invoice *Billed            `json:"invoice,omitempty"`
	// Former is what the customer is billed or credited who was the owner before a transfer.
	Former *Billed `json:"former,omitempty"`
}

// CollectionEnded is what became of an invoice in dunning.
type CollectionEnded struct {
	InvoiceID string `json:"invoice_id"`
	// CustomerID is whose the subscription was when the invoice was issued, if it is told: what is not paid for a former
	// owner is not the subscription's concern.
	CustomerID string    `json:"customer_id,omitempty"`
	At         time.Time `json:"at"`
	Paid       bool      `json:"paid"`
	// Cancel asks for the end of the subscription, as the dunning policy says when collection fails.
	Cancel bool `json:"cancel,omitempty"`
	// PastDue says that collecting has not ended: a payment that was announced or on its way has failed, and goes on being
	// collected.
	PastDue bool `json:"past_due,omitempty"`
	// Reason, with Cancel, is why, when it is not the policy: ReasonCheckoutExpired ends it as if it had never begun.
	Reason string `json:"reason,omitempty"`
}

// Activities of the Subscription workflow. All of them write the subscription's row in the transaction of their effect.
var (
	// OpenSubscription checks the agreement against the customer and the catalogue and records it.
	OpenSubscription = Activity[Subscribe, Opened]{"OpenSubscription"}
	// RecallSubscription answers with the record of a subscription that has ended, by its id.
	RecallSubscription = Activity[string, Recalled]{"RecallSubscription"}
	// Turn carries a subscription over its next boundary: begins its trial or a billing cycle, with the invoice, or ends it.
	Turn = Activity[TurnInput, Turned]{"Turn"}
	// CarryOut carries out a command.
	CarryOut = Activity[CarryOutInput, Turned]{"CarryOut"}
	// PreviewCommand says what a command would do, and does nothing.
	PreviewCommand = Activity[CarryOutInput, Previewed]{"PreviewCommand"}
	// NoteStanding records a status that follows from payments.
	NoteStanding = Activity[subscription.State, None]{"NoteStanding"}
	// OpenDunning hands an unpaid invoice to its dunning workflow.
	OpenDunning = Activity[OpenDunningInput, None]{"OpenDunning"}
)

// Opened is the recorded agreement, or why it was refused.
type Opened struct {
	State   subscription.State    `json:"state"`
	Refusal *subscription.Refusal `json:"refusal,omitempty"`
	// Inspect is a payment method about which more must be known before the agreement can be recorded.
	Inspect string `json:"inspect,omitempty"`
}

// Recalled is a subscription that has ended: what was agreed and what it came to, or why there is none.
type Recalled struct {
	Subscribe Subscribe             `json:"subscribe"`
	State     subscription.State    `json:"state"`
	Refusal   *subscription.Refusal `json:"refusal,omitempty"`
}

// TurnInput says which boundary is due: At is the instant it was due, not when the activity runs.
type TurnInput struct {
	State subscription.State `json:"state"`
	At    time.Time          `json:"at"`
	// Ask counts from 1 how often this is asked by somebody who can wait for the subscriptions that share the invoice; 0 is
	// somebody who cannot.
	Ask int `json:"ask,omitempty"`
}

// Waiting says that the subscriptions with which one shares an invoice have not come: ask again at an instant, or after
// so long, if that is over.
type Waiting struct {
	Until   time.Time     `json:"until"`
	AtLeast time.Duration `json:"at_least"`
}

// CarryOutInput is a command for a subscription in a given state.
type CarryOutInput struct {
	State   subscription.State   `json:"state"`
	Command subscription.Command `json:"command"`
}

// Turned is the new state and the invoice that came of it, if any.
type Turned struct {
	State   subscription.State `json:"state"`
	Invoice *Billed            `json:"invoice,omitempty"`
	// Former is what the customer is billed or credited who was the owner before a transfer.
	Former  *Billed               `json:"former,omitempty"`
	Refusal *subscription.Refusal `json:"refusal,omitempty"`
	// Repeated says that the command was carried out earlier, in another state than the one that came in: State and
	// Invoice are what came of it then, and the subscription's own state stays as it is.
	Repeated bool `json:"repeated,omitempty"`
	// Waits, if set, says that nothing was done yet.
	Waits *Waiting `json:"waits,omitempty"`
}
