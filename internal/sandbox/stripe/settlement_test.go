package stripe_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	stripego "github.com/stripe/stripe-go/v79"

	"github.com/perennial-billing/perennial/internal/sandbox"
)

func TestSettlementInAnotherCurrency(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.NoError(t, sandbox.SetSettlement(b.ctx, b.StripeURL(), sandbox.Settlement{Currency: "usd", Rates: map[string]string{"jpy": "0.0067", "kwd": "3.25"}}))
	c, m := b.customerWith(t, "pm_card_visa")
	for _, test := range []struct {
		amount, settled int64
		currency        string
	}{{1000, 670, "jpy"}, {2000, 2000, "usd"}, {10_000, 3250, "kwd"}, {75, 50, "jpy"}} { // 75 yen are 50.25 cents
		params := offSession(c.ID, m.ID, test.amount, test.currency)
		params.AddExpand("latest_charge.balance_transaction")
		paid, err := b.api.PaymentIntents.New(params)
		require.NoError(t, err)
		got := paid.LatestCharge.BalanceTransaction
		require.Equal(t, stripego.CurrencyUSD, got.Currency)
		require.Equal(t, test.settled, got.Amount, test.currency)
		require.Equal(t, got.Amount-got.Fee, got.Net)
		require.Equal(t, test.currency == "usd", got.ExchangeRate == 0)
		require.Equal(t, test.amount, paid.LatestCharge.Amount, "the customer pays what was asked for")
	}
	books, err := sandbox.FetchBooks(b.ctx, b.StripeURL())
	require.NoError(t, err)
	require.Len(t, books.Balances, 1)
	require.Equal(t, "usd", books.Balances[0].Currency)
	b.requireShape(t, "/v1/balance_transactions", stripego.BalanceTransactionList{})
	for field, wrong := range map[string]sandbox.Settlement{
		"currency":  {Currency: "USD"},
		"rates":     {Currency: "usd", Rates: map[string]string{"usd": "1"}},
		"rates.jpy": {Currency: "usd", Rates: map[string]string{"jpy": "0"}},
	} {
		require.ErrorContains(t, sandbox.SetSettlement(b.ctx, b.StripeURL(), wrong), "settlement: "+field)
	}
}

func TestMovementsOfStripesOwn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id, err := sandbox.AddMovement(b.ctx, b.StripeURL(), sandbox.Movement{Category: "fee", Amount: -500, Currency: "usd", Description: "Radar, October"})
	require.NoError(t, err)
	got, err := b.api.BalanceTransactions.Get(id, nil)
	require.NoError(t, err)
	require.Equal(t, stripego.BalanceTransactionTypeStripeFee, got.Type)
	require.Equal(t, stripego.BalanceTransactionReportingCategoryFee, got.ReportingCategory)
	require.EqualValues(t, -500, got.Net)
	for field, wrong := range map[string]sandbox.Movement{
		"category": {Category: "charge", Amount: 1, Currency: "usd"},
		"currency": {Category: "fee", Amount: 1, Currency: "USD"},
		"amount":   {Category: "fee", Currency: "usd"},
	} {
		_, err := sandbox.AddMovement(b.ctx, b.StripeURL(), wrong)
		require.ErrorContains(t, err, "movement: "+field)
	}
}
