package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/perennial-billing/perennial/workflows/message"
)

// FraudWarning records an early fraud warning of the provider's, and ends; news of it starts it again. What follows is for
// a person to decide.
func FraudWarning(ctx workflow.Context, in message.WarningInput) (message.Warned, error) {
	ctx, _ = steadfast(ctx)
	news := workflow.GetSignalChannel(ctx, message.WarningNewsSignal)
	for {
		warned, err := atProvider(ctx, message.RecordWarning, in, "Ask about the early fraud warning")
		if err != nil || !news.ReceiveAsync(&in) {
			return warned, err
		}
	}
}
