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
	require.Equal(t, []int{4, 1, 1, 6}, []int{got.Charges, got.Refunds, got.Disputes, got.Transactions})
	b.paidOnce(lost.InvoiceID)
	b.refundedOnce("r")
	again := b.reconcile("")
	require.Empty(t, again.Differences, "once healed, they agree")
	require.Len(t, again.Held, 1)
	require.Equal(t, again.Held[0].Theirs, again.Held[0].Ours, "to the cent")
}

// What is not safe to heal is named, and says whom it concerns.
func TestReconciliationNames(t *testing.T) {
	t.Parallel()
	b := setup(t)
	payment := b.paid("ada", "pm_card_visa")
	b.second("bob")
	b.beside("ada", 777)
	_, err := b.payments.Stripe.Refunds.New(&stripe.RefundParams{Charge: payment.ProviderCharge, Amount: stripe.Int64(50)})
	require.NoError(t, err)
	require.Equal(t, map[string]bool{"charge_of_nobody": false, "movement_of_nobody": false, "refund_of_nobody": false}, kinds(b.reconcile("")))
	require.Equal(t, map[string]bool{"refund_of_nobody": false}, kinds(b.reconcile("acme")), "money that is nobody's is not this entity's")
	require.Empty(t, b.reconcile("other").Differences)
	require.NoError(t, b.Tx(b.ctx, func(tx store.Tx) error { return tx.SetProviderAccountOwner(b.ctx, "other") }))
	require.Equal(t, map[string]bool{"charge_of_nobody": false}, kinds(b.reconcile("other")), "but of the account's owner")

	b.falsify(`UPDATE payment SET amount = 999 WHERE id = '` + payment.ID + `'`)
	found := b.reconcile("acme")
	require.Equal(t, map[string]bool{"refund_of_nobody": false, "charge_amount": false}, kinds(found))
	require.Equal(t, 2, found.Open)
	b.falsify(`UPDATE payment SET provider_charge = 'ch_invented' WHERE id = '` + payment.ID + `'`)
	require.Equal(t, map[string]bool{"charge_not_recorded": false, "charge_unknown_to_provider": false}, kinds(b.reconcile("acme")))
	require.Equal(t, store.PaymentSucceeded, payment.Status)
}

// beside takes money from a customer's card without our billing, and returns the charge and its balance transaction.
func (b *bundle) beside(customer string, cents int64) (charge, movement string) {
	b.t.Helper()
	known, err := b.Customer(b.ctx, customer)
	require.NoError(b.t, err)
	params := &stripe.PaymentIntentParams{
		Amount: &cents, Currency: stripe.String("eur"), Customer: known.ProviderCustomerID,
		PaymentMethod: stripe.String("pm_card_visa"), Confirm: stripe.Bool(true), OffSession: stripe.Bool(true),
	}
	params.AddExpand("latest_charge")
	foreign, err := b.payments.Stripe.PaymentIntents.New(params)
	require.NoError(b.t, err)
	return foreign.LatestCharge.ID, foreign.LatestCharge.BalanceTransaction.ID
}

// Whatever moves at the provider is in our ledger afterwards: fees as fees, transfers from our bank, the rest in suspense
// until somebody explains it.
func TestEverythingThatMovesIsBooked(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.payOutDaily("")
	b.paid("ada", "pm_card_visa")
	_, beside := b.beside("ada", 777)
	for category, cents := range map[string]int64{"fee": -200, "tax": -38, "network_cost": -3, "topup": 10_000, "other_adjustment": -55} {
		_, err := sandbox.AddMovement(b.ctx, b.sandbox.StripeURL(), sandbox.Movement{Category: category, Amount: cents, Currency: "eur"})
		require.NoError(b.t, err)
	}
	b.pass(9)
	got := b.reconcile("")
	require.Equal(t, map[string]bool{"charge_of_nobody": false, "movement_unexplained": false, "payout_not_recorded": true}, kinds(got))
	b.sound()
	require.Equal(t, got.Held[0].Theirs, got.Held[0].Ours, "to the cent")
	require.Equal(t, 59+241, b.balance("ProcessingFees"))
	suspense, err := b.Suspense(b.ctx, "acme")
	require.NoError(t, err)
	require.Len(t, suspense, 2)
	require.Equal(t, 55-(777-53), b.balance("Suspense"))
	require.Equal(t, len(b.books().Payouts), b.reconcile("").Payouts)
	require.Len(t, b.openDifferences(), 2)

	why := "taken by the old system"
	b.falsify(`UPDATE provider_movement SET explained_as = 'OtherIncome', explained_why = '` + why + `', explained_at = now() WHERE id = '` + beside + `'`)
	require.Equal(t, map[string]bool{"movement_unexplained": false}, kinds(b.reconcile("")))
	open := b.openDifferences()
	require.Len(t, open, 1, "the charge is explained: its difference is gone")
	settled, err := b.SettleDifference(b.ctx, open[0].ID, "dana", "a rounding of the bank's")
	require.NoError(t, err)
	require.Equal(t, "settled", settled.Status)
	again := b.reconcile("")
	require.Equal(t, []int{0, 1}, []int{again.Open, again.Settled})
	_, err = b.SettleDifference(b.ctx, open[0].ID, "dana", "again")
	require.ErrorIs(t, err, store.ErrNotFound)
}

func (b *bundle) openDifferences() []store.Difference {
	b.t.Helper()
	open, err := b.Differences(b.ctx, store.DifferenceFilter{Status: store.DifferenceOpen, Limit: 100})
	require.NoError(b.t, err)
	return open
}

// Money of another currency reaches the balance in the account's own: the ledger follows, and keeps no yen.
func TestSettlementInAnotherCurrencyIsBooked(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.NoError(t, sandbox.SetSettlement(b.ctx, b.sandbox.StripeURL(), sandbox.Settlement{Currency: "usd", Rates: map[string]string{"jpy": "0.0067"}}))
	b.customer("jun", "JPY", "pm_card_visa")
	require.Equal(t, message.Paid, b.persist(b.subscribe(agreement("sub_jun", "jun", "seats", 1, "JPY")).Invoice.InvoiceID, 1).Status)
	b.customer("ken", "JPY", "pm_card_createDispute")
	require.Equal(t, message.Paid, b.persist(b.subscribe(agreement("sub_ken", "ken", "seats", 1, "JPY")).Invoice.InvoiceID, 1).Status)
	paid, err := b.ListedPayments(b.ctx, store.PaymentFilter{CustomerID: "jun", Limit: 10})
	require.NoError(t, err)
	require.Zero(t, paid[0].ProviderFee, "it is not in yen")
	require.Equal(t, "succeeded", b.payOut(goodwill(refundOf(paid[0].Payment, "r", 500))).Status)
	first := b.reconcile("")
	require.Equal(t, map[string]bool{"dispute_not_recorded": true}, kinds(first))
	b.sound()
	for _, held := range first.Held {
		require.Equal(t, held.Theirs, held.Ours, held.Currency)
		require.Equal(t, held.Currency == "USD", held.Ours != 0, held.Currency)
	}
	require.Empty(t, b.reconcile("").Differences, "and it is booked once")
	b.sound()
}

// The provider may tell the fee of a payment after its success.
func TestLateFeeIsBooked(t *testing.T) {
	t.Parallel()
	b := setup(t)
	payment := b.paid("ada", "pm_card_visa")
	b.falsify(`UPDATE payment SET provider_fee = 0;
		DELETE FROM ledger_posting WHERE account = 'ProcessingFees'; UPDATE ledger_posting SET amount = 1000 WHERE account = 'Cash'`)
	require.Equal(t, map[string]bool{"fee_not_booked": true}, kinds(b.reconcile("")))
	b.sound()
	row, err := b.Payment(b.ctx, payment.ID)
	require.NoError(t, err)
	require.Equal(t, payment.ProviderFee, row.ProviderFee)
	require.Empty(t, b.reconcile("").Differences)
}

// A refund that was made on the provider's pages is taken over as one of ours: once, and for what it was.
func TestRefundMadeElsewhereIsTakenOver(t *testing.T) {
	t.Parallel()
	b := setup(t)
	payment := b.credited("ada", "pm_card_visa")
	made, err := b.payments.Stripe.Refunds.New(&stripe.RefundParams{Charge: payment.ProviderCharge, Amount: stripe.Int64(50)})
	require.NoError(t, err)
	require.Equal(t, map[string]bool{"refund_of_nobody": false}, kinds(b.reconcile("")))
	before := b.credit("ada")
	adopted := refundOf(payment, made.ID, 50)
	adopted.ProviderRefund = made.ID
	require.Equal(t, "succeeded", b.payOut(adopted).Status)
	require.Equal(t, "succeeded", b.payOut(adopted).Status, "again")
	require.Equal(t, before-50, b.credit("ada"))
	b.sound()
	require.Len(t, b.books().Refunds, 1, "no money has moved")
	require.Empty(t, b.reconcile("").Differences)
	require.Empty(t, b.openDifferences())
}
