package workflows

import (
	"strings"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/perennial-billing/perennial/workflows/message"
)

// checkPayNow refuses what checkRetry does, and an attempt of which the customer could not come back.
func (d *dunningRun) checkPayNow(ctx workflow.Context, in message.PayNow) error {
	if !strings.HasSuffix(in.Pages, "/") {
		return temporal.NewNonRetryableApplicationError("pay-now of invoice "+d.in.InvoiceID+": it does not say where our pages are", "pages_missing", nil)
	}
	return d.checkRetry(ctx, in.At)
}

// payNow makes the next attempt at once, as one of a customer who is there. Two that come at the same time are one.
func (d *dunningRun) payNow(ctx workflow.Context, in message.PayNow) (message.PaymentStatus, error) {
	d.pages, d.transfer = in.Pages, in.Transfer
	return d.retryNow(ctx, in.At)
}
