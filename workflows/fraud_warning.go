package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/perennial-billing/perennial/workflows/message"
)

// FraudWarning records an early fraud warning of the provider's, and ends. What follows is for a person to decide.
func FraudWarning(ctx workflow.Context, in message.WarningInput) (message.Warned, error) {
	ctx, _ = steadfast(ctx)
	return atProvider(ctx, message.RecordWarning, in, "Ask about the early fraud warning")
}
