package activities_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/fraud"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// review is the state of a review after somebody has decided.
func (b *bundle) decide(payment string, approve bool, at time.Time) message.ReviewState {
	b.t.Helper()
	state, err := b.collection.DecideReview(b.ctx, message.DecideReviewInput{
		PaymentID: payment, Decision: message.ReviewDecision{Approve: approve, By: "grace", Reason: "called the customer", At: at},
	})
	require.NoError(b.t, err)
	return state
}

func TestAFirstPaymentWaitsForItsReview(t *testing.T) {
	t.Parallel()
	for name, approve := range map[string]bool{"approved": true, "declined": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.rule("first", fraud.Review, `payment.first`)
			invoice := b.billed("ada", "EUR", "pm_card_visa")
			held := b.persist(invoice.InvoiceID, 1)
			attempt := b.last(invoice.InvoiceID)
			require.Equal(t, message.Processing, held.Status)
			require.Equal(t, attempt.ID, held.Review)
			require.Empty(t, b.books().Charges, "nothing was charged")
			asked, err := b.payments.AskProvider(b.ctx, message.InvoiceAt{InvoiceID: invoice.InvoiceID, At: day0})
			require.NoError(t, err)
			require.Equal(t, message.Processing, asked.Status, "it still waits")
			looked, err := b.payments.LookAtReview(b.ctx, message.FraudReviewInput{PaymentID: attempt.ID, At: day0})
			require.NoError(t, err)
			require.Equal(t, message.ReviewOpen, looked.Status)
			require.True(t, looked.Pending)
			require.Equal(t, day0.Add(72*time.Hour), looked.DeadlineAt)
			require.Equal(t, "decline", looked.OnDeadline)

			decided := b.decide(attempt.ID, approve, day0.Add(time.Hour))
			require.Equal(t, decided.Decision, b.decide(attempt.ID, !approve, day0.Add(2*time.Hour)).Decision, "the first decision counts")
			got := b.persist(invoice.InvoiceID, 1)
			b.sound()
			if approve {
				require.Equal(t, message.Paid, got.Status)
				require.Len(t, b.books().Charges, 1)
				return
			}
			require.Equal(t, "declined_in_review", got.DeclineCode)
			require.Empty(t, b.books().Charges)
			require.Equal(t, store.PaymentFailed, b.last(invoice.InvoiceID).Status)
		})
	}
}

// A rule that asks for a review asks again at the next attempt for the invoice; who approved is not asked twice.
func TestAnApprovalHoldsForTheInvoice(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.rule("all", fraud.Review, `true`)
	invoice := b.billed("ada", "EUR", "pm_card_chargeCustomerFail")
	require.NotEmpty(t, b.persist(invoice.InvoiceID, 1).Review)
	b.decide(b.last(invoice.InvoiceID).ID, true, day0)
	require.Equal(t, message.Declined, b.persist(invoice.InvoiceID, 1).Status, "the card says no")
	b.pay("ada", "pm_card_visa", day0.Add(time.Hour))
	got, err := b.payments.ChargeInvoice(b.ctx, message.Charge{InvoiceID: invoice.InvoiceID, Attempt: 2, At: day0.Add(2 * time.Hour)})
	require.NoError(t, err)
	require.Equal(t, message.Paid, got.Status)
	require.Empty(t, got.Review)
}

func TestTheProvidersReview(t *testing.T) {
	t.Parallel()
	b := setup(t)
	invoice := b.billed("ada", "EUR", "pm_card_riskLevelElevated")
	got := b.persist(invoice.InvoiceID, 1)
	require.Equal(t, message.Paid, got.Status)
	attempt := b.last(invoice.InvoiceID)
	require.Equal(t, attempt.ID, got.Review)
	risk, err := b.Risk(b.ctx, attempt.ID)
	require.NoError(t, err)
	require.Equal(t, "elevated", risk.RiskLevel)
	require.Equal(t, "manual_review", risk.Type)
	review, err := b.Review(b.ctx, attempt.ID)
	require.NoError(t, err)
	require.Equal(t, store.ByProvider, review.Cause)

	in := message.FraudReviewInput{PaymentID: attempt.ID, ProviderReview: *review.ProviderReview, At: day0}
	b.decide(attempt.ID, true, day0)
	for range 2 {
		_, err = b.payments.CloseProviderReview(b.ctx, in)
		require.NoError(t, err)
	}
	closed, err := b.payments.Stripe.Reviews.Get(in.ProviderReview, nil)
	require.NoError(t, err)
	require.False(t, closed.Open)
	require.EqualValues(t, "approved", closed.ClosedReason)
}

// A review that the provider opened without our knowing is recorded when it is told of; one that is over is not.
func TestAReviewThatWasNotKnown(t *testing.T) {
	t.Parallel()
	b := setup(t)
	attempt := b.paid("ada", "pm_card_riskLevelElevated")
	review, err := b.Review(b.ctx, attempt.ID)
	require.NoError(t, err)
	b.exec("DELETE FROM fraud_review")
	in := message.FraudReviewInput{PaymentID: attempt.ID, ProviderReview: *review.ProviderReview, At: day0}
	state, err := b.payments.LookAtReview(b.ctx, in)
	require.NoError(t, err)
	require.Equal(t, message.ReviewOpen, state.Status)
	require.Equal(t, in.ProviderReview, state.ProviderReview)
	_, err = b.payments.Stripe.Reviews.Approve(in.ProviderReview, nil)
	require.NoError(t, err)
	state, err = b.payments.LookAtReview(b.ctx, in)
	require.NoError(t, err)
	require.Equal(t, "approved", state.ProviderClosed)
	b.exec("DELETE FROM fraud_review")
	state, err = b.payments.LookAtReview(b.ctx, in)
	require.NoError(t, err)
	require.Equal(t, message.ReviewNone, state.Status)
}

// A held subscription that is declined ends at the instant at which it began: its whole invoice is credited.
func TestADeclinedSubscriptionOwesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.rule("first", fraud.Review, `payment.first`)
	b.customer("ada", "EUR", "pm_card_visa")
	begun := b.subscribe(agreement("ada", "ada", "seats", 3, "EUR"))
	held := b.persist(begun.Invoice.InvoiceID, 1)
	state := begun.State.Hold(held.Review).PaymentFailed(begun.Invoice.InvoiceID)
	require.Equal(t, subscription.Held, state.Status)
	_, err := b.billing.NoteStanding(b.ctx, state)
	require.NoError(t, err)
	_, err = b.collection.PlanReviewRefunds(b.ctx, message.FraudReviewInput{PaymentID: held.Review, At: day0})
	require.ErrorContains(t, err, "has not ended yet")
	b.decide(held.Review, false, day0.Add(time.Hour))
	ended := b.carryOut(state, subscription.Command{ID: "review:x", Kind: subscription.Cancel, At: state.LastAt, CreditUnused: true, Actor: "grace", Reason: "declined_in_review"})
	require.Equal(t, subscription.Canceled, ended.State.Status)
	invoice, err := b.Invoice(b.ctx, begun.Invoice.InvoiceID)
	require.NoError(t, err)
	require.Equal(t, "paid", invoice.Status)
	require.Equal(t, invoice.AmountDue, invoice.AmountCredited, "all of it by the credit note")
	plan, err := b.collection.PlanReviewRefunds(b.ctx, message.FraudReviewInput{PaymentID: held.Review, At: day0})
	require.NoError(t, err)
	require.Empty(t, plan.Refunds)
	b.sound()
}

// What was paid and is declined goes back through the payment: out of the credit that the end made, so that the tax goes too.
func TestADeclinedPaymentGoesBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "EUR", "pm_card_riskLevelElevated")
	begun := b.subscribe(agreement("ada", "ada", "seats", 3, "EUR"))
	paid := b.persist(begun.Invoice.InvoiceID, 1)
	state := begun.State.Hold(paid.Review)
	b.decide(paid.Review, false, day0.Add(time.Hour))
	b.carryOut(state, subscription.Command{ID: "review:x", Kind: subscription.Cancel, At: state.LastAt, CreditUnused: true, Actor: "grace", Reason: "declined_in_review"})
	in := message.FraudReviewInput{PaymentID: paid.Review, At: day0.Add(time.Hour)}
	plan, err := b.collection.PlanReviewRefunds(b.ctx, in)
	require.NoError(t, err)
	require.Len(t, plan.Refunds, 1)
	require.False(t, plan.Refunds[0].Goodwill)
	require.Equal(t, paid.Amount, plan.Refunds[0].Amount)
	for _, refund := range plan.Refunds {
		_, err := b.payments.OpenRefund(b.ctx, refund)
		require.NoError(t, err)
		got, err := b.payments.PayRefund(b.ctx, message.RefundAt{RefundID: refund.RefundID, At: refund.At})
		require.NoError(t, err)
		require.Equal(t, "succeeded", got.Status)
	}
	again, err := b.collection.PlanReviewRefunds(b.ctx, in)
	require.NoError(t, err)
	require.Equal(t, plan, again, "planned again, it is the same refund")
	b.sound()
	require.Len(t, b.books().Refunds, 1)
}
