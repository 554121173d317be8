package workflows

import (
	"fmt"

	"go.temporal.io/sdk/workflow"

	"github.com/perennial-billing/perennial/workflows/message"
)

// Refund pays a refund out. It ends when the provider has answered; news of the refund starts it again, and it finds out
// what is true. What cannot be refunded fails the workflow with the reason, and nothing was written.
func Refund(ctx workflow.Context, in message.RefundInput) (message.Refunded, error) {
	ctx, _ = steadfast(ctx) // the credit is gone from the customer: the refund has to end one way or the other
	news := workflow.GetSignalChannel(ctx, message.RefundNewsSignal)
	state, err := atProvider(ctx, message.OpenRefund, in, fmt.Sprintf("Refund %s of payment %s", in.Amount, in.PaymentID))
	if err != nil {
		return state, err
	}
	at := in.At
	for {
		if state, err = atProvider(ctx, message.PayRefund, message.RefundAt{RefundID: in.RefundID, At: at}, "Pay "+state.Amount.String()); err != nil {
			return state, err
		}
		var told message.PaymentNews
		if !news.ReceiveAsync(&told) {
			return state, nil
		}
		at = told.At
	}
}
