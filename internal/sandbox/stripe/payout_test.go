package stripe_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	stripego "github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/internal/sandbox"
)

func TestDailyPayouts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	in := newInbox(t, b, "payout.created", "payout.paid", "payout.failed", "payout.reconciliation_completed")
	require.NoError(t, sandbox.SetPayouts(b.ctx, b.StripeURL(), sandbox.Payouts{Schedule: sandbox.DailyPayouts}))
	c, m := b.customerWith(t, "pm_card_visa")
	for _, currency := range []string{"usd", "usd", "huf"} {
		_, err := b.api.PaymentIntents.New(offSession(c.ID, m.ID, 100_000, currency))
		require.NoError(t, err)
	}
	b.advance(t, 8*24*time.Hour)
	it := b.api.Payouts.List(&stripego.PayoutListParams{Status: stripego.String("paid")})
	got := map[stripego.Currency]*stripego.Payout{}
	for it.Next() {
		require.Nil(t, got[it.Payout().Currency], "one payout for each currency")
		got[it.Payout().Currency] = it.Payout()
	}
	require.NoError(t, it.Err())
	require.Equal(t, int64(200_000-2*2930), got["usd"].Amount)
	require.Zero(t, got["huf"].Amount%100, "forints are paid out whole")
	require.True(t, got["usd"].Automatic)
	require.Equal(t, stripego.PayoutReconciliationStatusCompleted, got["usd"].ReconciliationStatus)

	net, parts := int64(0), b.api.BalanceTransactions.List(&stripego.BalanceTransactionListParams{Payout: &got["usd"].ID})
	for parts.Next() {
		net += parts.BalanceTransaction().Net
	}
	require.NoError(t, parts.Err())
	require.Zero(t, net, "the charges in it, and the payout itself")
	books, err := sandbox.FetchBooks(b.ctx, b.StripeURL())
	require.NoError(t, err)
	require.Len(t, books.Payouts, 2)
	require.Equal(t, books.Totals[1].Net, books.Totals[1].PaidOut)
	balance, err := b.api.Balance.Get(nil)
	require.NoError(t, err)
	for i, total := range books.Totals {
		require.Equal(t, total.Net-total.PaidOut, balance.Available[i].Amount+balance.Pending[i].Amount)
	}
	kinds := map[string]int{}
	for _, kind := range kindsOf(in.wait(t, 6)) {
		kinds[kind]++
	}
	require.Equal(t, map[string]int{"payout.created": 2, "payout.paid": 2, "payout.reconciliation_completed": 2}, kinds)
	b.requireShape(t, "/v1/payouts", stripego.PayoutList{})
}

func TestFailedPayoutComesBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.NoError(t, sandbox.SetPayouts(b.ctx, b.StripeURL(), sandbox.Payouts{Schedule: sandbox.DailyPayouts, FailNext: "account_closed"}))
	c, m := b.customerWith(t, "pm_card_visa")
	_, err := b.api.PaymentIntents.New(offSession(c.ID, m.ID, 100_000, "usd"))
	require.NoError(t, err)
	b.advance(t, 12*24*time.Hour)
	var got []string
	it := b.api.Payouts.List(&stripego.PayoutListParams{})
	for it.Next() {
		got = append(got, string(it.Payout().Status)+" "+string(it.Payout().FailureCode))
	}
	require.Equal(t, []string{"paid ", "failed account_closed"}, got, "the money is sent again")
	books, err := sandbox.FetchBooks(b.ctx, b.StripeURL())
	require.NoError(t, err)
	require.Equal(t, books.Totals[0].Net, books.Totals[0].PaidOut)
	require.ErrorContains(t, sandbox.SetPayouts(b.ctx, b.StripeURL(), sandbox.Payouts{Schedule: "hourly"}), "schedule must be")
	require.ErrorContains(t, sandbox.SetPayouts(b.ctx, b.StripeURL(), sandbox.Payouts{Schedule: "daily", FailNext: "weather"}), "is not one of")
}

func TestPayoutsByRequest(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, m := b.customerWith(t, "pm_card_visa")
	_, err := b.api.PaymentIntents.New(offSession(c.ID, m.ID, 100_000, "usd"))
	require.NoError(t, err)
	params := &stripego.PayoutParams{Amount: stripego.Int64(50_000), Currency: stripego.String("usd"), Metadata: map[string]string{"month": "1"}}
	_, err = b.api.Payouts.New(params)
	require.Equal(t, stripego.ErrorCodeBalanceInsufficient, refusal(t, err).Code, "nothing is available yet")
	b.advance(t, 49*time.Hour)
	p, err := b.api.Payouts.New(params)
	require.NoError(t, err)
	require.Equal(t, stripego.PayoutStatusPending, p.Status)
	_, err = b.api.Payouts.New(params)
	require.Equal(t, stripego.ErrorCodeBalanceInsufficient, refusal(t, err).Code)
	p, err = b.api.Payouts.Cancel(p.ID, nil)
	require.NoError(t, err)
	require.Equal(t, stripego.PayoutStatusCanceled, p.Status)
	p, err = b.api.Payouts.New(params)
	require.NoError(t, err)
	b.advance(t, 4*24*time.Hour)
	p, err = b.api.Payouts.Update(p.ID, &stripego.PayoutParams{Metadata: map[string]string{"month": "2"}})
	require.NoError(t, err)
	require.Equal(t, "2", p.Metadata["month"])
	p, err = b.api.Payouts.Get(p.ID, &stripego.PayoutParams{Expand: stripego.StringSlice([]string{"balance_transaction"})})
	require.NoError(t, err)
	require.Equal(t, stripego.PayoutStatusPaid, p.Status)
	require.Equal(t, int64(-50_000), p.BalanceTransaction.Net)
	_, err = b.api.Payouts.Cancel(p.ID, nil)
	require.Error(t, err)
	_, err = b.api.Payouts.New(&stripego.PayoutParams{Amount: stripego.Int64(150), Currency: stripego.String("huf")})
	require.Contains(t, refusal(t, err).Msg, "divisible by 100")
}
