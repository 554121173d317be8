package activities_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/dunning"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/internal/sandbox"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// payOutDaily has the provider pay out by itself; the next payout fails with a code, if one is given.
func (b *bundle) payOutDaily(failure string) {
	b.t.Helper()
	require.NoError(b.t, sandbox.SetPayouts(b.ctx, b.sandbox.StripeURL(), sandbox.Payouts{Schedule: sandbox.DailyPayouts, FailNext: failure}))
}

// pass moves the provider's clock to days after day0.
func (b *bundle) pass(days int) {
	b.t.Helper()
	to := day0.AddDate(0, 0, days)
	_, err := sandbox.AdvanceClock(b.ctx, b.sandbox.StripeURL(), sandbox.Advance{To: to})
	require.NoError(b.t, err)
}

func (b *bundle) payoutsOf(status string) []sandbox.BookedPayout {
	b.t.Helper()
	var found []sandbox.BookedPayout
	for _, payout := range b.books().Payouts {
		if payout.Status == status {
			found = append(found, payout)
		}
	}
	return found
}

func (b *bundle) recordPayout(id string, days int) message.PaidOut {
	b.t.Helper()
	recorded, err := b.payments.RecordPayout(b.ctx, message.PayoutInput{PayoutID: id, At: day0.AddDate(0, 0, days)})
	require.NoError(b.t, err)
	b.sound()
	return recorded
}

// second makes another seller, whose customer has paid three seats.
func (b *bundle) second(customer string) {
	b.t.Helper()
	require.NoError(b.t, b.AddEntity(b.ctx, store.Entity{
		ID: "other", Name: "Other", Country: "US", Zone: "America/New_York", BookCurrency: "USD", InvoicePrefix: "OTH", Dunning: dunning.DefaultPolicy(),
	}, day0))
	plans, err := catalog.Parse(strings.NewReader(strings.ReplaceAll(catalogue, `"id":"seats"`, `"id":"other-seats"`)))
	require.NoError(b.t, err)
	require.NoError(b.t, b.AddPlan(b.ctx, "other", plans[0], day0))
	require.NoError(b.t, b.AddCustomer(b.ctx, store.Customer{
		ID: customer, EntityID: "other", Name: "Customer", Email: customer + "@example.com", Country: "US", PostalCode: "97201", Zone: "Europe/Berlin",
		Currency: "EUR", Locale: "en-US", CreatedAt: day0,
	}))
	b.pay(customer, "pm_card_visa", day0)
	agreed := agreement("sub_"+customer, customer, "other-seats", 3, "EUR")
	agreed.EntityID = "other"
	require.Equal(b.t, message.Paid, b.persist(b.subscribe(agreed).Invoice.InvoiceID, 1).Status)
}

func TestPayoutIsRecordedStepByStep(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.payOutDaily("")
	b.paid("ada", "pm_card_visa")
	held := b.balance("Cash")
	require.Positive(t, held)
	b.pass(3)
	sent := b.payoutsOf("pending")
	require.Len(t, sent, 1)
	require.Equal(t, message.PaidOut{PayoutID: sent[0].ID, Status: "pending", Changed: true}, b.recordPayout(sent[0].ID, 3))
	require.Equal(t, []int{0, held, 0}, []int{b.balance("Cash"), b.balance("PayoutsInTransit"), b.balance("Bank")})
	require.False(t, b.recordPayout(sent[0].ID, 3).Changed, "told again")

	b.pass(9)
	require.Equal(t, message.PaidOut{PayoutID: sent[0].ID, Status: "paid", Changed: true}, b.recordPayout(sent[0].ID, 9))
	require.Equal(t, []int{0, 0, held}, []int{b.balance("Cash"), b.balance("PayoutsInTransit"), b.balance("Bank")})
	row, err := b.Payout(b.ctx, sent[0].ID)
	require.NoError(t, err)
	require.True(t, row.Automatic)
	require.EqualValues(t, held, row.Amount)
	_, err = b.payments.RecordPayout(b.ctx, message.PayoutInput{PayoutID: "po_none", At: day0})
	require.ErrorContains(t, err, "read payout po_none")
}

// A payout that the bank sends back is the provider's again, and goes out once more with the next one.
func TestFailedPayoutComesBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.payOutDaily("account_closed")
	b.paid("ada", "pm_card_visa")
	held := b.balance("Cash")
	b.pass(12)
	failed, paid := b.payoutsOf("failed"), b.payoutsOf("paid")
	require.Len(t, failed, 1)
	require.Len(t, paid, 1)
	require.True(t, b.recordPayout(paid[0].ID, 12).Changed, "the later one first: it finds out about the earlier one")
	require.Equal(t, []int{0, 0, held}, []int{b.balance("Cash"), b.balance("PayoutsInTransit"), b.balance("Bank")})
	row, err := b.Payout(b.ctx, failed[0].ID)
	require.NoError(t, err)
	require.Equal(t, []string{"failed", "account_closed"}, []string{row.Status, row.Failure})
	require.False(t, b.recordPayout(failed[0].ID, 12).Changed)
}

func TestPayoutIsSharedByWhoseMoneyItIs(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.payOutDaily("")
	b.paid("ada", "pm_card_visa")
	b.second("bob")
	require.Equal(t, message.Refunded{RefundID: "r", Status: "succeeded", Amount: money.New(200, "EUR")}, b.payOut(goodwill(refundOf(b.paid("carl", "pm_card_visa"), "r", 200))))
	b.pass(9)
	sent := b.payoutsOf("paid")
	require.Len(t, sent, 1)
	b.recordPayout(sent[0].ID, 9)
	shares, err := b.PayoutShares(b.ctx, sent[0].ID)
	require.NoError(t, err)
	fee := func(amount int64) int64 { return (amount*29+500)/1000 + 30 }
	require.Equal(t, []store.PayoutShare{
		{EntityID: "acme", Amount: 2*(1000-fee(1000)) - 200}, {EntityID: "other", Amount: 3000 - fee(3000)},
	}, shares)
}

// Nobody can tell what a payout made by hand consists of: it is of whoever owns the account.
func TestPayoutByHandIsTheOwners(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.paid("ada", "pm_card_visa")
	b.second("bob")
	b.pass(3)
	made, err := b.payments.Stripe.Payouts.New(&stripe.PayoutParams{Amount: stripe.Int64(500), Currency: stripe.String("eur")})
	require.NoError(t, err)
	_, err = b.payments.RecordPayout(b.ctx, message.PayoutInput{PayoutID: made.ID, At: day0.AddDate(0, 0, 3)})
	require.ErrorContains(t, err, "name one with entity set-provider-account")
	require.Equal(t, map[string]bool{"payout_of_nobody": false}, kinds(b.reconcile("")))
	require.NoError(t, b.Tx(b.ctx, func(tx store.Tx) error { return tx.SetProviderAccountOwner(b.ctx, "other") }))
	require.True(t, b.recordPayout(made.ID, 3).Changed)
	shares, err := b.PayoutShares(b.ctx, made.ID)
	require.NoError(t, err)
	require.Equal(t, []store.PayoutShare{{EntityID: "other", Amount: 500}}, shares)
	_, err = b.payments.Stripe.Payouts.Cancel(made.ID, nil)
	require.NoError(t, err)
	require.Equal(t, "canceled", b.recordPayout(made.ID, 3).Status)
	require.Zero(t, b.balance("PayoutsInTransit"))
}

// Forints are paid out in whole hundreds: the rest stays at the provider, and in our cash.
func TestWhatIsPaidOutWholeLeavesARest(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.payOutDaily("")
	b.customer("uma", "UGX", "pm_card_visa")
	require.Equal(t, message.Paid, b.persist(b.subscribe(agreement("sub_uma", "uma", "seats", 1, "UGX")).Invoice.InvoiceID, 1).Status)
	b.pass(9)
	sent := b.payoutsOf("paid")
	require.Len(t, sent, 1)
	require.True(t, b.recordPayout(sent[0].ID, 9).Changed)
	got := b.reconcile("")
	require.Empty(t, got.Differences)
	require.Len(t, got.Held, 1)
	require.Equal(t, got.Held[0].Theirs, got.Held[0].Ours)
}

func TestPayoutOfAnUnrecordedChargeIsOfItsInvoicesSeller(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.second("bob")
	b.payOutDaily("")
	lost := b.billed("lost", "EUR", "pm_card_visa")
	b.patience(sandbox.TimeoutAfterCommit)
	b.fault(sandbox.Fault{Kind: sandbox.TimeoutAfterCommit, IdempotencyKeyPrefix: "charge:"})
	_, err := b.charge(lost.InvoiceID, 1)
	require.Error(t, err, "the answer was lost")
	b.pass(9)
	sent := b.payoutsOf("paid")
	require.Len(t, sent, 1)
	b.recordPayout(sent[0].ID, 9)
	shares, err := b.PayoutShares(b.ctx, sent[0].ID)
	require.NoError(t, err)
	require.Len(t, shares, 2)
	require.Equal(t, "acme", shares[0].EntityID)
	require.Equal(t, message.Paid, b.persist(lost.InvoiceID, 1).Status)
	require.Zero(t, b.balance("Cash"))
}
