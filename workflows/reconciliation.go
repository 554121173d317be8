package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/perennial-billing/perennial/workflows/message"
)

// Reconciliation compares the provider's books with ours and answers with the differences. Payments that were found tell
// the collection of their invoices.
func Reconciliation(ctx workflow.Context, in message.ReconcileInput) (message.Reconciled, error) {
	if in.At.IsZero() { // the daily one
		in.At = workflow.Now(ctx)
		in.From, in.To = in.At.AddDate(0, 0, -message.ReconcileDays), in.At
	}
	found, err := do(ctx, message.PaymentsQueue, time.Hour, message.Reconcile, in, "Compare with the provider's books")
	if err != nil {
		return found, err
	}
	mark(ctx, message.BillingStatus.ValueSet(fmt.Sprintf("%d open", found.Open)))
	for _, difference := range found.Differences {
		if !difference.Healed || difference.InvoiceID == "" {
			continue
		}
		news := message.PaymentNews{At: in.At, Reason: difference.Kind}
		err := workflow.SignalExternalWorkflow(ctx, message.DunningID(difference.InvoiceID), "", message.PaymentNewsSignal, news).Get(ctx, nil)
		if err != nil { // nobody collects the invoice: then nobody needs to know
			workflow.GetLogger(ctx).Info("no collection to tell", "invoice", difference.InvoiceID, "reason", err)
		}
	}
	return found, nil
}
