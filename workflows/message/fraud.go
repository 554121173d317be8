package message

import (
	"time"

	"github.com/perennial-billing/perennial/billing/money"
)

// The names under which the workflows about fraud are registered.
const (
	FraudReviewWorkflow  = "FraudReview"
	FraudWarningWorkflow = "FraudWarning"
)

// FraudReviewID is the id of the workflow that waits for a decision about a payment.
func FraudReviewID(payment string) string { return "fraud-review/" + payment }

// FraudWarningID is the id of the workflow that records an early fraud warning.
func FraudWarningID(warning string) string { return "fraud-warning/" + warning }

// Updates, queries and signals around reviews.
const (
	// DecideUpdate decides a review. Input ReviewDecision, result ReviewState.
	DecideUpdate = "decide"
	// ReviewNewsSignal tells a review that the provider's own was opened or closed. Input FraudReviewInput.
	ReviewNewsSignal = "review-news"
	// WarningNewsSignal tells of an early fraud warning. Input WarningInput.
	WarningNewsSignal = "warning-news"
	// ReviewQuery answers with ReviewState.
	ReviewQuery = "status"
	// ReviewEndedSignal tells a subscription how the review of a payment of its ended. Input ReviewEnded.
	ReviewEndedSignal = "review-ended"
)

// ReviewCommand begins the ids of commands that follow from a review. Callers' own ids must not begin so.
const ReviewCommand = "review:"

// FraudReviewInput starts the review of a payment, or tells of news.
type FraudReviewInput struct {
	PaymentID string `json:"payment_id"`
	// ProviderReview is the id of the provider's own review, if there is one.
	ProviderReview string    `json:"provider_review,omitempty"`
	At             time.Time `json:"at"`
}

// ReviewDecision is what somebody decided, and why.
type ReviewDecision struct {
	Approve bool      `json:"approve,omitempty"`
	By      string    `json:"by"`
	Reason  string    `json:"reason"`
	At      time.Time `json:"at"`
}

// ReviewState is how a review stands: open, approved or declined; or none, when there turned out to be nothing to review.
type ReviewState struct {
	PaymentID      string `json:"payment_id"`
	InvoiceID      string `json:"invoice_id,omitempty"`
	SubscriptionID string `json:"subscription_id,omitempty"`
	Attempt        int    `json:"attempt,omitempty"`
	// Others are the other subscriptions that the invoice is for.
	Others []string     `json:"others,omitempty"`
	Amount money.Amount `json:"amount,omitzero"`
	Status string       `json:"status"`
	// Pending: the provider was not asked for the payment yet.
	Pending        bool      `json:"pending,omitempty"`
	ProviderReview string    `json:"provider_review,omitempty"`
	DeadlineAt     time.Time `json:"deadline_at,omitzero"`
	// OnDeadline is the decision that follows when nobody decides: approve or decline.
	OnDeadline string `json:"on_deadline,omitempty"`
	// ProviderClosed is why the provider's review was closed; empty while it is not.
	ProviderClosed string         `json:"provider_closed,omitempty"`
	Decision       ReviewDecision `json:"decision,omitzero"`
}

// The states of a review.
const (
	ReviewOpen     = "open"
	ReviewApproved = "approved"
	ReviewDeclined = "declined"
	ReviewNone     = "none"
)

// ReviewEnded is the end of a review, as a subscription is told of it.
type ReviewEnded struct {
	PaymentID string    `json:"payment_id"`
	Approved  bool      `json:"approved,omitempty"`
	By        string    `json:"by"`
	At        time.Time `json:"at"`
}

// DecideReviewInput records a decision.
type DecideReviewInput struct {
	PaymentID string         `json:"payment_id"`
	Decision  ReviewDecision `json:"decision"`
}

// ReviewRefunds are the refunds by which a declined payment goes back.
type ReviewRefunds struct {
	Refunds []RefundInput `json:"refunds,omitempty"`
}

// WarningInput names an early fraud warning and an instant.
type WarningInput struct {
	WarningID string    `json:"warning_id"`
	At        time.Time `json:"at"`
}

// Warned is a recorded warning; PaymentID is empty for one that is not about a payment of ours.
type Warned struct {
	WarningID string `json:"warning_id"`
	PaymentID string `json:"payment_id,omitempty"`
}

// MethodAt names a payment method of a customer and an instant.
type MethodAt struct {
	MethodID string    `json:"method_id"`
	At       time.Time `json:"at"`
}

// Activities around fraud.
var (
	// StartFraudReview starts the workflow of a review that is on record.
	StartFraudReview = Activity[FraudReviewInput, None]{"StartFraudReview"}
	// LookAtReview says how a review stands, asking the provider about its own.
	LookAtReview = Activity[FraudReviewInput, ReviewState]{"LookAtReview"}
	// DecideReview records a decision, unless there is one; a payment that waited and is declined fails.
	DecideReview = Activity[DecideReviewInput, ReviewState]{"DecideReview"}
	// CloseProviderReview approves the provider's review of a payment that was approved.
	CloseProviderReview = Activity[FraudReviewInput, None]{"CloseProviderReview"}
	// PlanReviewRefunds says how a declined payment goes back, once its subscription has ended.
	PlanReviewRefunds = Activity[FraudReviewInput, ReviewRefunds]{"PlanReviewRefunds"}
	// RecordWarning finds out about an early fraud warning and records it.
	RecordWarning = Activity[WarningInput, Warned]{"RecordWarning"}
	// InspectMethod finds out what a payment method is, for limits that depend on it.
	InspectMethod = Activity[MethodAt, None]{"InspectMethod"}
)
