package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/perennial-billing/perennial/workflows/message"
)

// CustomerCash records what a customer sent by bank transfer, tells the collections of their invoices, which it may pay, and
// ends; news of their money starts it again.
func CustomerCash(ctx workflow.Context, in message.CashInput) (message.CashRecorded, error) {
	found, err := lookUp(ctx, message.CashNewsSignal, message.RecordCash, in, "Ask what the customer sent", message.CashRecorded.Standing)
	if err != nil || !found.Waiting {
		return found, err
	}
	ctx, _ = steadfast(ctx)
	news := message.CustomerNews{CustomerID: in.CustomerID, News: message.PaymentNews{At: in.At, Reason: "money_arrived"}}
	_, err = inStore(ctx, message.TellCollections, news, "Tell the collections of the customer's invoices")
	return found, err
}
