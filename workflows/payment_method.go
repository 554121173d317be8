package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/perennial-billing/perennial/workflows/message"
)

// PaymentMethod takes the steps with a payment method that it is asked for, one after the other, and ends; the next one
// starts it again. What must be known is recorded, so that each step finds out what is true.
func PaymentMethod(ctx workflow.Context, _ message.PaymentMethodInput) (message.PaymentMethodState, error) {
	ctx, _ = steadfast(ctx)
	steps := workflow.GetSignalChannel(ctx, message.PaymentMethodSignal)
	var state message.PaymentMethodState
	var next message.PaymentMethodInput
	for steps.ReceiveAsync(&next) {
		var err error
		if state, err = atProvider(ctx, message.FollowPaymentMethod, next, "Payment method: "+string(next.Step)); err != nil {
			return state, err
		}
		mark(ctx, message.BillingStatus.ValueSet(state.Status))
	}
	return state, nil
}
