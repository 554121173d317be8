package service_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v79"
	"go.temporal.io/sdk/client"

	"github.com/perennial-billing/perennial/internal/sandbox"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/starter/service"
	"github.com/perennial-billing/perennial/workflows/message"
)

func TestReconcileOnDemand(t *testing.T) {
	t.Parallel()
	id := running.Seller(t)
	payment := paid(t, id+"-c", "pm_card_visa")
	got, err := running.Service.Reconcile(t.Context(), service.Reconciliation{Entity: id})
	require.NoError(t, err)
	require.Equal(t, 1, got.Charges)
	require.Empty(t, got.Differences)

	_, err = running.Config.Stripe().Refunds.New(&stripe.RefundParams{Charge: payment.ProviderCharge, Amount: stripe.Int64(50)})
	require.NoError(t, err)
	got, err = running.Service.Reconcile(t.Context(), service.Reconciliation{Entity: id})
	require.NoError(t, err)
	require.Equal(t, 1, got.Open)
	require.Equal(t, "refund_of_nobody", got.Differences[0].Kind)
	require.Equal(t, payment.InvoiceID, got.Differences[0].InvoiceID)
	adopts(t, got.Differences[0].Subject, payment)
	got, err = running.Service.Reconcile(t.Context(), service.Reconciliation{Entity: id})
	require.NoError(t, err)
	require.Empty(t, got.Differences)

	_, err = running.Service.Reconcile(t.Context(), service.Reconciliation{Entity: "nix"})
	requireKind(t, err, service.Invalid, "invalid_fields")
	_, err = running.Service.Reconcile(t.Context(), service.Reconciliation{Entity: id, Since: time.Now().AddDate(99, 0, 0)})
	requireKind(t, err, service.Invalid, "invalid_fields")
}

// adopts takes a refund over that was made on the provider's pages.
func adopts(t *testing.T, refund string, payment store.ListedPayment) {
	t.Helper()
	_, err := running.Service.AdoptRefund(t.Context(), refund, service.Adoption{})
	requireKind(t, err, service.Refused, "credit_too_small")
	_, err = running.Service.AdoptRefund(t.Context(), refund, service.Adoption{Goodwill: true})
	requireKind(t, err, service.Invalid, "invalid_fields")
	goodwill := service.Adoption{Goodwill: true, Reason: "support case 311"}
	taken, err := running.Service.AdoptRefund(t.Context(), refund, goodwill)
	require.NoError(t, err)
	require.Equal(t, []any{refund, payment.ID, store.RefundSucceeded, int64(50)}, []any{taken.ID, taken.PaymentID, taken.Status, taken.Amount})
	again, err := running.Service.AdoptRefund(t.Context(), refund, goodwill)
	require.NoError(t, err)
	require.Equal(t, taken, again)
	_, err = running.Service.AdoptRefund(t.Context(), refund, service.Adoption{})
	requireKind(t, err, service.Conflict, "refund_is_adopted")
	_, err = running.Service.AdoptRefund(t.Context(), "re_none", goodwill)
	requireKind(t, err, service.NotFound, "not_found")
	ours, err := running.Service.RefundPayment(t.Context(), payment.ID, service.NewRefund{ID: payment.ID + "-own", Amount: 60, Goodwill: true, Reason: "outage"})
	require.NoError(t, err)
	_, err = running.Service.AdoptRefund(t.Context(), *ours.ProviderRefund, goodwill)
	requireKind(t, err, service.Refused, "refund_is_ours")
}

// What nothing explains is somebody's to settle: the account's owner's.
func TestMoneyInSuspense(t *testing.T) { //nolint:paralleltest // there is one owner, and it compares the whole account
	id := running.Seller(t)
	owner, err := running.Service.OwnProviderAccount(t.Context(), id)
	require.NoError(t, err)
	require.True(t, owner.OwnsProviderAccount)
	_, err = running.Service.OwnProviderAccount(t.Context(), "nix")
	requireKind(t, err, service.NotFound, "not_found")
	txn, err := sandbox.AddMovement(t.Context(), running.Config.StripeURL, sandbox.Movement{Category: "other_adjustment", Amount: -250, Currency: "sek"})
	require.NoError(t, err)
	_, err = running.Service.Reconcile(t.Context(), service.Reconciliation{Entity: id})
	require.NoError(t, err)
	left, err := running.Service.Suspense(t.Context(), id)
	require.NoError(t, err)
	require.Len(t, left, 1)
	require.Equal(t, txn, left[0].ID)
	open, err := running.Service.Differences(t.Context(), service.DifferenceQuery{Entity: id, Status: store.DifferenceOpen})
	require.NoError(t, err)
	require.Len(t, open.Data, 1)
	number := strconv.FormatInt(open.Data[0].ID, 10)

	why := service.Settlement{By: "dana", Reason: "a court's fee"}
	_, err = running.Service.ExplainMovement(t.Context(), txn, service.MovementExplanation{Settlement: why, Account: "Revenue"})
	requireKind(t, err, service.Invalid, "invalid_fields")
	_, err = running.Service.ExplainMovement(t.Context(), "txn_none", service.MovementExplanation{Settlement: why, Account: "OtherExpenses"})
	requireKind(t, err, service.NotFound, "not_found")
	_, err = running.Service.SettleDifference(t.Context(), number, service.Settlement{By: "dana"})
	requireKind(t, err, service.Invalid, "invalid_fields")
	settled, err := running.Service.SettleDifference(t.Context(), number, why)
	require.NoError(t, err)
	require.Equal(t, store.DifferenceSettled, settled.Status)
	_, err = running.Service.SettleDifference(t.Context(), number, why)
	requireKind(t, err, service.Refused, "difference_not_open")
	for range 2 {
		booked, err := running.Service.ExplainMovement(t.Context(), txn, service.MovementExplanation{Settlement: why, Account: "OtherExpenses"})
		require.NoError(t, err)
		require.Equal(t, "OtherExpenses", string(*booked.ExplainedAs))
	}
	_, err = running.Service.ExplainMovement(t.Context(), txn, service.MovementExplanation{Settlement: why, Account: "Bank"})
	requireKind(t, err, service.Conflict, "movement_is_explained")
	require.Equal(t, 250, running.Count(t, `SELECT SUM(amount) FROM ledger_posting WHERE account = 'OtherExpenses' AND currency = 'SEK'`))
	require.Equal(t, 0, running.Count(t, `SELECT SUM(amount) FROM ledger_posting WHERE account = 'Suspense' AND currency = 'SEK'`))
}

// A payout is recorded by its news, in whatever order they come.
func TestNewsOfAPayout(t *testing.T) { //nolint:paralleltest // it processes all events
	id := running.Seller(t)
	_, err := running.Service.OwnProviderAccount(t.Context(), id)
	require.NoError(t, err)
	_, err = sandbox.AddMovement(t.Context(), running.Config.StripeURL, sandbox.Movement{Category: "topup", Amount: 5000, Currency: "dkk"})
	require.NoError(t, err)
	made, err := running.Config.Stripe().Payouts.New(&stripe.PayoutParams{Amount: stripe.Int64(4000), Currency: stripe.String("dkk")})
	require.NoError(t, err)
	_, err = running.Config.Stripe().Payouts.Cancel(made.ID, nil)
	require.NoError(t, err)
	running.Events(t, stripe.EventTypePayoutCanceled)
	running.Events(t, stripe.EventTypePayoutCreated)
	require.Eventually(t, func() bool {
		found, err := running.Service.Payout(t.Context(), made.ID)
		return err == nil && found.Status == store.PayoutCanceled && len(found.Shares) == 1 && found.Shares[0].EntityID == id
	}, 20*time.Second, 50*time.Millisecond)
	list, err := running.Service.Payouts(t.Context(), service.PayoutQuery{Entity: id, Status: store.PayoutCanceled})
	require.NoError(t, err)
	require.Len(t, list.Data, 1)
	_, err = running.Service.Payout(t.Context(), "po_none")
	requireKind(t, err, service.NotFound, "not_found")
	_, err = running.Service.Payouts(t.Context(), service.PayoutQuery{Status: "gone"})
	requireKind(t, err, service.Invalid, "invalid_fields")
}

// The worker has scheduled a comparison of every day: here it is asked for at once.
func TestDailyReconciliation(t *testing.T) {
	t.Parallel()
	daily := running.Temporal.ScheduleClient().GetHandle(t.Context(), "reconciliation/daily")
	require.NoError(t, daily.Trigger(t.Context(), client.ScheduleTriggerOptions{}))
	var started []client.ScheduleActionResult
	require.Eventually(t, func() bool {
		shown, err := daily.Describe(t.Context())
		started = shown.Info.RecentActions
		return err == nil && len(started) > 0
	}, 20*time.Second, 50*time.Millisecond)
	run := running.Temporal.GetWorkflow(t.Context(), started[0].StartWorkflowResult.WorkflowID, started[0].StartWorkflowResult.FirstExecutionRunID)
	var found message.Reconciled
	require.NoError(t, run.Get(t.Context(), &found))
	require.NotEmpty(t, found.Held, "it was of the whole account")
}
