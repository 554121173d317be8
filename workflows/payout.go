package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/perennial-billing/perennial/workflows/message"
)

// Payout records how a payout stands, and ends; news of the payout starts it again.
func Payout(ctx workflow.Context, in message.PayoutInput) (message.PaidOut, error) {
	return lookUp(ctx, message.PayoutNewsSignal, message.RecordPayout, in, "Ask about the payout",
		func(state message.PaidOut) string { return state.Status })
}
