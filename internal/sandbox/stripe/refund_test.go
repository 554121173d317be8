package stripe_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	stripego "github.com/stripe/stripe-go/v79"
)

func TestRefunds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, m := b.customerWith(t, "pm_card_visa")
	p, err := b.api.PaymentIntents.New(offSession(c.ID, m.ID, 2000, "usd"))
	require.NoError(t, err)
	refund := func(amount int64) (*stripego.Refund, error) {
		return b.api.Refunds.New(&stripego.RefundParams{PaymentIntent: &p.ID, Amount: &amount, Reason: stripego.String("requested_by_customer")})
	}
	_, err = refund(2001)
	require.Contains(t, refusal(t, err).Msg, "greater than charge amount")
	f, err := refund(500)
	require.NoError(t, err)
	require.Equal(t, stripego.RefundStatusSucceeded, f.Status)
	_, err = refund(1501)
	require.Contains(t, refusal(t, err).Msg, "greater than unrefunded amount")
	rest, err := b.api.Refunds.New(&stripego.RefundParams{Charge: stripego.String(p.LatestCharge.ID)})
	require.NoError(t, err)
	require.Equal(t, int64(1500), rest.Amount)
	_, err = refund(1)
	require.Equal(t, stripego.ErrorCodeChargeAlreadyRefunded, refusal(t, err).Code)

	charge, err := b.api.Charges.Get(p.LatestCharge.ID, nil)
	require.NoError(t, err)
	require.True(t, charge.Refunded)
	require.Equal(t, int64(2000), charge.AmountRefunded)
	movement, err := b.api.BalanceTransactions.Get(rest.BalanceTransaction.ID, nil)
	require.NoError(t, err)
	require.Equal(t, int64(-1500), movement.Net)
	require.Equal(t, stripego.BalanceTransactionTypeRefund, movement.Type)
	it := b.api.Refunds.List(&stripego.RefundListParams{Charge: &charge.ID})
	require.True(t, it.Next())
	require.Equal(t, rest.ID, it.Refund().ID)

	failed, err := b.api.PaymentIntents.New(offSession(c.ID, "pm_card_chargeCustomerFail", 2000, "usd"))
	require.Nil(t, failed.LatestCharge)
	e := refusal(t, err)
	_, err = b.api.Refunds.New(&stripego.RefundParams{PaymentIntent: &e.PaymentIntent.ID})
	require.Contains(t, refusal(t, err).Msg, "does not have a successful charge")
}

func TestAsynchronousRefunds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	start := time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC)
	cases := []struct {
		token        string
		first, later stripego.RefundStatus
		refunded     int64
	}{
		{"pm_card_pendingRefund", stripego.RefundStatusPending, stripego.RefundStatusSucceeded, 2000},
		{"pm_card_refundFail", stripego.RefundStatusSucceeded, stripego.RefundStatusFailed, 0},
	}
	for _, tc := range cases {
		c, m := b.customerWith(t, tc.token)
		charge := offSession(c.ID, m.ID, 2000, "usd")
		asOf(&charge.Params, start)
		p, err := b.api.PaymentIntents.New(charge)
		require.NoError(t, err)
		params := &stripego.RefundParams{PaymentIntent: &p.ID}
		asOf(&params.Params, start)
		f, err := b.api.Refunds.New(params)
		require.NoError(t, err)
		require.Equal(t, tc.first, f.Status)

		later := &stripego.RefundParams{}
		asOf(&later.Params, start.AddDate(0, 0, 2))
		f, err = b.api.Refunds.Get(f.ID, later)
		require.NoError(t, err)
		require.Equal(t, tc.later, f.Status)
		settled, err := b.api.Charges.Get(p.LatestCharge.ID, nil)
		require.NoError(t, err)
		require.Equal(t, tc.refunded, settled.AmountRefunded)
	}
}

func TestBalanceBecomesAvailable(t *testing.T) {
	t.Parallel()
	b := setup(t)
	start := time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC)
	c, m := b.customerWith(t, "pm_card_visa")
	charge := offSession(c.ID, m.ID, 10000, "eur")
	asOf(&charge.Params, start)
	_, err := b.api.PaymentIntents.New(charge)
	require.NoError(t, err)
	at := func(when time.Time) (available, pending int64) {
		params := &stripego.BalanceParams{}
		asOf(&params.Params, when)
		balance, err := b.api.Balance.Get(params)
		require.NoError(t, err)
		return balance.Available[0].Amount, balance.Pending[0].Amount
	}
	available, pending := at(start.Add(time.Hour))
	require.Equal(t, []int64{0, 9680}, []int64{available, pending})
	available, pending = at(start.AddDate(0, 0, 3))
	require.Equal(t, []int64{9680, 0}, []int64{available, pending})
}

func TestDisputeCards(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, m := b.customerWith(t, "pm_card_createDispute")
	p, err := b.api.PaymentIntents.New(offSession(c.ID, m.ID, 2000, "usd"))
	require.NoError(t, err)
	it := b.api.Disputes.List(&stripego.DisputeListParams{PaymentIntent: &p.ID})
	require.True(t, it.Next())
	require.Equal(t, stripego.DisputeReasonFraudulent, it.Dispute().Reason)
	require.Equal(t, int64(-3500), it.Dispute().BalanceTransactions[0].Net)
	_, err = b.api.Refunds.New(&stripego.RefundParams{PaymentIntent: &p.ID})
	require.Contains(t, refusal(t, err).Msg, "charged back")
}

// A charge shows its first page of refunds, newest first, and an empty list before there are any.
func TestChargeShowsItsRefunds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, m := b.customerWith(t, "pm_card_visa")
	p, err := b.api.PaymentIntents.New(offSession(c.ID, m.ID, 2000, "usd"))
	require.NoError(t, err)
	withRefunds := "/v1/charges/" + p.LatestCharge.ID + "?expand[]=refunds"
	_, body := b.raw(t, http.MethodGet, withRefunds, "", nil)
	require.Equal(t, []any{}, body["refunds"].(map[string]any)["data"])

	for n := range 11 {
		_, err := b.api.Refunds.New(&stripego.RefundParams{PaymentIntent: &p.ID, Amount: stripego.Int64(int64(n + 1))})
		require.NoError(t, err)
	}
	_, body = b.raw(t, http.MethodGet, withRefunds, "", nil)
	refunds := body["refunds"].(map[string]any)
	require.Equal(t, true, refunds["has_more"])
	amounts := []int64{}
	for _, f := range refunds["data"].([]any) {
		amounts = append(amounts, int64(f.(map[string]any)["amount"].(float64)))
	}
	require.Equal(t, []int64{11, 10, 9, 8, 7, 6, 5, 4, 3, 2}, amounts)
}
