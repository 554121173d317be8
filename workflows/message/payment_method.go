package message

import "time"

// PaymentMethodWorkflow is the name under which the PaymentMethod workflow is registered.
const PaymentMethodWorkflow = "PaymentMethod"

// PaymentMethodID is the id of the workflow that sets a payment method up and follows what becomes of it.
func PaymentMethodID(method string) string { return "payment-method/" + method }

// PaymentMethodSignal asks for a step with a payment method. Input PaymentMethodInput.
const PaymentMethodSignal = "step"

// PaymentMethodStep is what is to be done.
type PaymentMethodStep string

// The steps.
const (
	// SetUpStep has the provider save the method, with a mandate where it is debited.
	SetUpStep PaymentMethodStep = "set_up"
	// RefreshStep finds out how the method stands.
	RefreshStep PaymentMethodStep = "refresh"
	// VerifyStep proves a bank account by what arrived on it.
	VerifyStep PaymentMethodStep = "verify"
)

// PaymentMethodInput asks for a step, dated in billing time.
type PaymentMethodInput struct {
	MethodID string            `json:"method_id"`
	Step     PaymentMethodStep `json:"step"`
	At       time.Time         `json:"at"`
	// ReturnURL, with SetUpStep, is where the page of a bank sends the customer back to.
	ReturnURL string `json:"return_url,omitempty"`
	// Amounts (minor units) or Code, with VerifyStep, are what the customer found on the account.
	Amounts []int64 `json:"amounts,omitempty"`
	Code    string  `json:"code,omitempty"`
}

// PaymentMethodState is how a payment method stands after a step.
type PaymentMethodState struct {
	MethodID string `json:"method_id"`
	Kind     string `json:"kind,omitempty"`
	Status   string `json:"status"`
	Reason   string `json:"reason,omitempty"`
	// Refusal is why the step was refused, in words for the caller; empty: it was not.
	Refusal string `json:"refusal,omitempty"`
	// Changed says that this was news.
	Changed bool `json:"changed,omitempty"`
}

// FollowPaymentMethod takes a step with a payment method, exactly once, and records how it stands.
var FollowPaymentMethod = Activity[PaymentMethodInput, PaymentMethodState]{"FollowPaymentMethod"}
