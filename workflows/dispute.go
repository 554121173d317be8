package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/perennial-billing/perennial/workflows/message"
)

// Dispute records how a dispute stands, and ends; news of the dispute starts it again.
func Dispute(ctx workflow.Context, in message.DisputeInput) (message.Disputed, error) {
	return lookUp(ctx, message.DisputeNewsSignal, message.RecordDispute, in, "Ask about the dispute",
		func(state message.Disputed) string { return state.Status })
}
