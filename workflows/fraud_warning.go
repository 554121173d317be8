package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/perennial-billing/perennial/workflows/message"
)

// FraudWarning records an early fraud warning of the provider's, and ends; news of it starts it again. What follows is for
// a person to decide.
func FraudWarning(ctx workflow.Context, in message.WarningInput) (message.Warned, error) {
	return lookUp(ctx, message.WarningNewsSignal, message.RecordWarning, in, "Ask about the early fraud warning", func(warned message.Warned) string {
		if warned.PaymentID == "" {
			return "of no payment of ours"
		}
		return "recorded"
	})
}
