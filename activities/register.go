package activities

import (
	"context"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/worker"

	"github.com/perennial-billing/perennial/workflows/message"
)

// RegisterBilling registers the activities of the billing task queue.
func RegisterBilling(w worker.ActivityRegistry, b *Billing, c *Collection, r *Runs, f *Filing, l *Late) {
	register(w, message.OpenSubscription, b.OpenSubscription)
	register(w, message.RecallSubscription, b.RecallSubscription)
	register(w, message.Turn, b.Turn)
	register(w, message.CarryOut, b.CarryOut)
	register(w, message.PreviewCommand, b.PreviewCommand)
	register(w, message.NoteStanding, b.NoteStanding)
	register(w, message.GrantCreditActivity, b.GrantCredit)
	register(w, message.ReturnCreditActivity, b.ReturnCredit)
	register(w, message.TendWallet, b.TendWallet)
	register(w, message.SetTopUpActivity, b.SetTopUp)
	register(w, message.ReadWallet, b.ReadWallet)
	register(w, message.OpenDunning, c.OpenDunning)
	register(w, message.NextDunningStep, c.NextDunningStep)
	register(w, message.GiveUpInvoice, c.GiveUpInvoice)
	register(w, message.TellCollections, c.TellCollections)
	register(w, message.StartFraudReview, c.StartFraudReview)
	register(w, message.DecideReview, c.DecideReview)
	register(w, message.PlanReviewRefunds, c.PlanReviewRefunds)
	register(w, message.PrepareRun, r.PrepareRun)
	register(w, message.BillShard, r.BillShard)
	register(w, message.CollectShard, r.CollectShard)
	register(w, message.CompleteRun, r.CompleteRun)
	register(w, message.FreezeReturn, f.FreezeReturn)
	register(w, message.ComputeReturn, f.ComputeReturn)
	register(w, message.ApproveReturn, f.ApproveReturn)
	register(w, message.FileReturn, f.FileReturn)
	register(w, message.PayReturn, f.PayReturn)
	register(w, message.BillLateUsage, l.BillLateUsage)
}

// RegisterPayments registers the activities of the payments task queue.
func RegisterPayments(w worker.ActivityRegistry, p *Payments) {
	register(w, message.ChargeInvoice, p.ChargeInvoice)
	register(w, message.AskProvider, p.AskProvider)
	register(w, message.FollowPaymentMethod, p.FollowPaymentMethod)
	register(w, message.OpenCheckout, p.OpenCheckout)
	register(w, message.AskCheckout, p.AskCheckout)
	register(w, message.OpenRefund, p.OpenRefund)
	register(w, message.PayRefund, p.PayRefund)
	register(w, message.RecordCash, p.RecordCash)
	register(w, message.RecordDispute, p.RecordDispute)
	register(w, message.RecordPayout, p.RecordPayout)
	register(w, message.Reconcile, p.Reconcile)
	register(w, message.LookAtReview, p.LookAtReview)
	register(w, message.CloseProviderReview, p.CloseProviderReview)
	register(w, message.RecordWarning, p.RecordWarning)
	register(w, message.InspectMethod, p.InspectMethod)
}

// register ties an activity's name to what it does; the compiler checks that both sides mean the same types.
func register[In, Out any](w worker.ActivityRegistry, named message.Activity[In, Out], do func(context.Context, In) (Out, error)) {
	w.RegisterActivityWithOptions(do, activity.RegisterOptions{Name: named.Name})
}
