package message

import "time"

// CheckoutWorkflow is the name under which the Checkout workflow is registered.
const CheckoutWorkflow = "Checkout"

// CheckoutID is the id of the workflow that owns a page on which a customer pays or saves a payment method.
func CheckoutID(checkout string) string { return "checkout/" + checkout }

// Updates and signals of the Checkout workflow.
const (
	// OpenCheckoutUpdate makes the provider's page and answers when it is there. Input CheckoutAt, result CheckoutState.
	OpenCheckoutUpdate = "open"
	// ExpireCheckoutUpdate closes the page and answers how it ended. Input CheckoutAt, result CheckoutState.
	ExpireCheckoutUpdate = "expire"
	// CheckoutNewsSignal says that something happened on the page: the workflow finds out what. Input PaymentNews.
	CheckoutNewsSignal = "checkout-news"
)

// CheckoutInput starts the Checkout workflow of a checkout that is recorded.
type CheckoutInput struct {
	CheckoutID string `json:"checkout_id"`
	// SubscriptionID is set when the checkout starts a subscription, which ends with it unless the customer pays.
	SubscriptionID string `json:"subscription_id,omitempty"`
	// ExpiresAt is when the page closes at the latest.
	ExpiresAt time.Time `json:"expires_at"`
	// Opened says that an earlier run of this workflow has opened the page.
	Opened bool `json:"opened,omitempty"`
}

// CheckoutAt names a checkout and an instant.
type CheckoutAt struct {
	CheckoutID string    `json:"checkout_id"`
	At         time.Time `json:"at"`
	// Expire closes the page if it is still open.
	Expire bool `json:"expire,omitempty"`
}

// CheckoutState is how a checkout stands: open, complete or expired.
type CheckoutState struct {
	Status    string    `json:"status"`
	ExpiresAt time.Time `json:"expires_at"`
	// InvoiceID is the invoice that is paid on the page, if any.
	InvoiceID string `json:"invoice_id,omitempty"`
	// CustomerID and SavedMethod say that a method became the customer's.
	CustomerID  string `json:"customer_id,omitempty"`
	SavedMethod bool   `json:"saved_method,omitempty"`
}

// ReasonCheckoutExpired is why a subscription ends that was started with a checkout on which nobody paid.
const ReasonCheckoutExpired = "checkout_expired"

// Activities around checkouts.
var (
	// OpenCheckout makes the provider's page, exactly once. It refuses, for good, what cannot be paid on one now.
	OpenCheckout = Activity[CheckoutAt, CheckoutState]{"OpenCheckout"}
	// AskCheckout finds out what happened on the page and records it.
	AskCheckout = Activity[CheckoutAt, CheckoutState]{"AskCheckout"}
)
