package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/perennial-billing/perennial/workflows/message"
)

// Dispute records how a dispute stands, and ends; news of the dispute starts it again.
func Dispute(ctx workflow.Context, in message.DisputeInput) (message.Disputed, error) {
	ctx, _ = steadfast(ctx)
	news := workflow.GetSignalChannel(ctx, message.DisputeNewsSignal)
	for {
		state, err := atProvider(ctx, message.RecordDispute, in, "Ask about the dispute")
		if err != nil {
			return state, err
		}
		mark(ctx, message.BillingStatus.ValueSet(state.Status))
		if !news.ReceiveAsync(&in) {
			return state, nil
		}
	}
}
