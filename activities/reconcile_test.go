package activities_test

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/internal/sandbox"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

func (b *bundle) reconcile(entity string) message.Reconciled {
	b.t.Helper()
	got, err := b.payments.Reconcile(b.ctx, message.ReconcileInput{
		EntityID: entity, From: time.Unix(0, 0).UTC(), To: day0.AddDate(1, 0, 0), At: day0.AddDate(0, 0, 2),
	})
	require.NoError(b.t, err)
	return got
}

// kinds are the differences that were found: healed or not, by kind.
func kinds(r message.Reconciled) map[string]bool {
	found := map[string]bool{}
	for _, d := range r.Differences {
		found[d.Kind] = d.Healed
	}
	return found
}

func (b *bundle) falsify(statement string) {
	b.t.Helper()
	conn, err := pgx.Connect(b.ctx, b.url)
	require.NoError(b.t, err)
	defer func() { require.NoError(b.t, conn.Close(b.ctx)) }()
	_, err = conn.Exec(b.ctx, "SET session_replication_role = replica; "+statement)
	require.NoError(b.t, err)
}

// What the provider did for us and we never heard of is recorded, by the code that finds out unknown outcomes.
func TestReconciliationHeals(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.paid("agrees", "pm_card_visa")
	b.patience(sandbox.TimeoutAfterCommit)
	lost := b.billed("lost", "EUR", "pm_card_visa")
	b.fault(sandbox.Fault{Kind: sandbox.TimeoutAfterCommit, IdempotencyKeyPrefix: "charge:"})
	_, err := b.charge(lost.InvoiceID, 1)
	require.Error(t, err)
	b.disputed("disputed", "pm_card_createDispute")
	_, err = b.payments.OpenRefund(b.ctx, goodwill(refundOf(b.paid("refunded", "pm_card_visa"), "r", 100)))
	require.NoError(t, err)
	b.fault(sandbox.Fault{Kind: sandbox.TimeoutAfterCommit, IdempotencyKeyPrefix: "refund:"})
	_, err = b.payments.PayRefund(b.ctx, message.RefundAt{RefundID: "r", At: day0})
	require.Error(t, err)

	got := b.reconcile("acme")
	require.Equal(t, map[string]bool{"charge_not_recorded": true, "dispute_not_recorded": true, "refund_not_recorded": true}, kinds(got))
	require.Zero(t, got.Open)
	require.Equal(t, 3, got.Healed)
	require.Equal(t, []int{4, 1, 1, 4}, []int{got.Charges, got.Refunds, got.Disputes, got.Transactions})
	b.paidOnce(lost.InvoiceID)
	b.refundedOnce("r")
	require.Empty(t, b.reconcile("").Differences, "once healed, they agree")
}

// What is not safe to heal is named, and says whom it concerns.
func TestReconciliationNames(t *testing.T) {
	t.Parallel()
	b := setup(t)
	payment := b.paid("ada", "pm_card_visa")
	customer, err := b.Customer(b.ctx, "ada")
	require.NoError(t, err)
	foreign, err := b.payments.Stripe.PaymentIntents.New(&stripe.PaymentIntentParams{
		Amount: stripe.Int64(777), Currency: stripe.String("eur"), Customer: customer.ProviderCustomerID,
		PaymentMethod: stripe.String("pm_card_visa"), Confirm: stripe.Bool(true), OffSession: stripe.Bool(true),
	})
	require.NoError(t, err)
	_, err = b.payments.Stripe.Refunds.New(&stripe.RefundParams{Charge: payment.ProviderCharge, Amount: stripe.Int64(50)})
	require.NoError(t, err)
	require.Equal(t, map[string]bool{"charge_of_nobody": false, "refund_of_nobody": false}, kinds(b.reconcile("")))
	require.Equal(t, map[string]bool{"refund_of_nobody": false}, kinds(b.reconcile("acme")), "money that is nobody's is not this entity's")
	require.Empty(t, b.reconcile("other").Differences)
	require.NotEmpty(t, foreign.LatestCharge.ID)

	b.falsify(`UPDATE payment SET amount = 999, provider_fee = 1`)
	found := b.reconcile("acme")
	require.Equal(t, map[string]bool{"refund_of_nobody": false, "charge_amount": false, "fee": false}, kinds(found))
	require.Equal(t, 3, found.Open)
	b.falsify(`UPDATE payment SET provider_charge = 'ch_invented'`)
	require.Equal(t, map[string]bool{"charge_not_recorded": false, "charge_unknown_to_provider": false}, kinds(b.reconcile("acme")))
	require.Equal(t, store.PaymentSucceeded, payment.Status)
}
