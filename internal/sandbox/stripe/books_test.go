package stripe_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	stripego "github.com/stripe/stripe-go/v79"
	"pgregory.net/rapid"

	"github.com/perennial-billing/perennial/internal/sandbox"
)

func TestBooks(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, m := b.customerWith(t, "pm_card_visa")
	params := keyed(c.ID, m.ID, 2000, "charge:1")
	params.Metadata = map[string]string{"attempt": "1"}
	p, err := b.api.PaymentIntents.New(params)
	require.NoError(t, err)
	_, err = b.api.Refunds.New(&stripego.RefundParams{PaymentIntent: &p.ID, Amount: stripego.Int64(300)})
	require.NoError(t, err)
	require.Equal(t, "lost_card", b.chargeDeclined(t, c.ID, m.ID))

	books, err := sandbox.FetchBooks(b.ctx, b.StripeURL())
	require.NoError(t, err)
	require.Len(t, books.Charges, 2)
	require.Equal(t, "1", books.Charges[0].Metadata["attempt"])
	require.Equal(t, int64(300), books.Charges[0].AmountRefunded)
	require.Equal(t, "lost_card", books.Charges[1].DeclineCode)
	require.Len(t, books.Refunds, 1)
	require.Equal(t, []sandbox.BookTotal{{Captured: 2000, Currency: "usd", Declined: 1, Fees: 88, Net: 1612, Refunded: 300, Succeeded: 1}}, books.Totals)
}

// A fee can be paid in the currency it is taken in: ISK and UGX have no minor unit, though Stripe writes two decimals.
func TestFeesAreWholeWhereTheCurrencyIs(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, m := b.customerWith(t, "pm_card_visa")
	for currency, want := range map[string]int64{"isk": 400, "ugx": 400, "jpy": 320, "usd": 320} {
		params := offSession(c.ID, m.ID, 10_000, currency)
		params.AddExpand("latest_charge.balance_transaction")
		p, err := b.api.PaymentIntents.New(params)
		require.NoError(t, err)
		require.Equal(t, want, p.LatestCharge.BalanceTransaction.Fee, currency)
	}
}

func TestBooksKnowWhatDisputesTook(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.customer(t)
	for _, token := range []string{"pm_card_createDispute", "pm_card_createDisputeInquiry"} {
		_, err := b.api.PaymentIntents.New(offSession(c.ID, token, 2000, "usd"))
		require.NoError(t, err)
	}
	books, err := sandbox.FetchBooks(b.ctx, b.StripeURL())
	require.NoError(t, err)
	require.Len(t, books.Disputes, 2)
	taken, inquiry := books.Disputes[0], books.Disputes[1]
	require.Equal(t, []int64{2000, 2000, 1500}, []int64{taken.Amount, taken.Withdrawn, taken.Fee})
	require.Equal(t, []int64{2000, 0, 0}, []int64{inquiry.Amount, inquiry.Withdrawn, inquiry.Fee})
	require.Equal(t, books.Charges[0].ID, taken.Charge)
	require.Equal(t, []sandbox.BookTotal{{Captured: 4000, Currency: "usd", Disputed: 2000, Fees: 1500 + 2*88, Net: 324, Succeeded: 2}}, books.Totals)
	balance, err := b.api.Balance.Get(nil)
	require.NoError(t, err)
	require.Equal(t, int64(324), balance.Pending[0].Amount)
}

func (b *bundle) chargeDeclined(t *testing.T, customer, method string) string {
	require.NoError(t, sandbox.AddScenario(b.ctx, b.StripeURL(), sandbox.Scenario{Customer: customer, Script: []string{"lost_card"}}))
	return b.charge(t, customer, method, time.Now())
}

// Whatever happens, what the charges and refunds say is what the balance says.
func TestBalanceAgreesWithCharges(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		s, err := sandbox.Start(context.Background(), sandbox.Options{})
		require.NoError(rt, err)
		defer func() { require.NoError(rt, s.Close()) }()
		m := &machine{
			rt: rt, bundle: &bundle{Sandbox: s, api: clientFor(s.StripeURL(), sandbox.StripeKey), ctx: context.Background(), url: s.StripeURL()},
			now: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC),
		}
		c, err := m.api.Customers.New(&stripego.CustomerParams{})
		require.NoError(rt, err)
		m.customer = c.ID
		rt.Repeat(map[string]func(*rapid.T){
			"charge": m.charge, "refund": m.refund, "capture": m.capture, "cancel": m.cancel, "time passes": m.pass,
			"debit": m.debit, "transfer": m.transfer, "answer a dispute": m.answer, "pay out": m.payOut,
		})
		m.check()
	})
}

type machine struct {
	*bundle
	customer string
	intents  []string
	now      time.Time
	rt       *rapid.T
}

func (m *machine) charge(rt *rapid.T) {
	token := rapid.SampledFrom([]string{"pm_card_visa", "pm_card_refundFail", "pm_card_pendingRefund", "pm_card_chargeCustomerFail", "pm_card_authenticationRequired", "pm_card_createDispute", "pm_card_createDisputeInquiry"}).Draw(rt, "token")
	currency := rapid.SampledFrom([]string{"usd", "jpy", "kwd", "huf"}).Draw(rt, "currency")
	amount := 10 * rapid.Int64Range(1, 100_000).Draw(rt, "tens")
	params := offSession(m.customer, token, amount, currency)
	params.CaptureMethod = stripego.String(rapid.SampledFrom([]string{"automatic", "manual"}).Draw(rt, "capture"))
	asOf(&params.Params, m.now)
	if p, err := m.api.PaymentIntents.New(params); err == nil {
		m.intents = append(m.intents, p.ID)
	} else {
		refusal(rt, err)
	}
}

func (m *machine) one(rt *rapid.T) string {
	if len(m.intents) == 0 {
		rt.Skip("no payment yet")
	}
	return rapid.SampledFrom(m.intents).Draw(rt, "intent")
}

func (m *machine) refund(rt *rapid.T) {
	id := m.one(rt)
	params := &stripego.RefundParams{PaymentIntent: &id}
	if rapid.Bool().Draw(rt, "partial") {
		params.Amount = stripego.Int64(10 * rapid.Int64Range(0, 1000).Draw(rt, "tens"))
	}
	asOf(&params.Params, m.now)
	if _, err := m.api.Refunds.New(params); err != nil {
		refusal(rt, err)
	}
}

func (m *machine) capture(rt *rapid.T) {
	params := &stripego.PaymentIntentCaptureParams{AmountToCapture: stripego.Int64(10 * rapid.Int64Range(1, 10_000).Draw(rt, "tens"))}
	asOf(&params.Params, m.now)
	if _, err := m.api.PaymentIntents.Capture(m.one(rt), params); err != nil {
		refusal(rt, err)
	}
}

func (m *machine) cancel(rt *rapid.T) {
	if _, err := m.api.PaymentIntents.Cancel(m.one(rt), nil); err != nil {
		refusal(rt, err)
	}
}

func (m *machine) pass(rt *rapid.T) {
	m.now = m.now.Add(time.Duration(rapid.IntRange(1, 40).Draw(rt, "hours")) * time.Hour)
}

func (m *machine) debit(rt *rapid.T) {
	token := rapid.SampledFrom([]string{"pm_usBankAccount_success", "pm_usBankAccount_insufficientFunds", "pm_usBankAccount_dispute", "pm_usBankAccount_processing"}).Draw(rt, "account")
	params := debit(m.customer, token, "us_bank_account", rapid.Int64Range(50, 100_000).Draw(rt, "amount"), "usd")
	params.MandateData = &stripego.PaymentIntentMandateDataParams{CustomerAcceptance: &stripego.PaymentIntentMandateDataCustomerAcceptanceParams{Type: stripego.String("offline")}}
	asOf(&params.Params, m.now)
	p, err := m.api.PaymentIntents.New(params)
	require.NoError(rt, err)
	m.intents = append(m.intents, p.ID)
}

func (m *machine) transfer(rt *rapid.T) {
	params := byTransfer(m.customer, rapid.Int64Range(50, 100_000).Draw(rt, "asked"))
	asOf(&params.Params, m.now)
	p, err := m.api.PaymentIntents.New(params)
	require.NoError(rt, err)
	m.intents = append(m.intents, p.ID)
	funding := &stripego.TestHelpersCustomerFundCashBalanceParams{Amount: stripego.Int64(rapid.Int64Range(1, 100_000).Draw(rt, "sent")), Currency: stripego.String("eur")}
	asOf(&funding.Params, m.now)
	_, err = m.api.TestHelpersCustomers.FundCashBalance(m.customer, funding)
	require.NoError(rt, err)
}

func (m *machine) answer(rt *rapid.T) {
	it := m.api.Disputes.List(&stripego.DisputeListParams{})
	if !it.Next() {
		rt.Skip("no dispute yet")
	}
	params := &stripego.DisputeParams{Evidence: &stripego.DisputeEvidenceParams{
		UncategorizedText: stripego.String(rapid.SampledFrom([]string{"winning_evidence", "losing_evidence", "escalate_inquiry_evidence"}).Draw(rt, "evidence")),
	}}
	asOf(&params.Params, m.now)
	if _, err := m.api.Disputes.Update(it.Dispute().ID, params); err != nil {
		refusal(rt, err)
	}
}

func (m *machine) payOut(rt *rapid.T) {
	schedule := rapid.SampledFrom([]string{sandbox.DailyPayouts, sandbox.ManualPayouts}).Draw(rt, "schedule")
	failure := rapid.SampledFrom([]string{"", "account_closed"}).Draw(rt, "failure")
	require.NoError(rt, sandbox.SetPayouts(m.ctx, m.StripeURL(), sandbox.Payouts{FailNext: failure, Schedule: schedule}))
}

func (m *machine) check() {
	books, err := sandbox.FetchBooks(m.ctx, m.StripeURL())
	require.NoError(m.rt, err)
	expected, net := map[string]int64{}, map[string]int64{}
	for _, c := range books.Charges {
		expected[c.Currency] += c.AmountCaptured
	}
	for _, f := range books.Refunds {
		if f.Status != "failed" {
			expected[f.Currency] -= f.Amount
		}
	}
	for _, d := range books.Disputes {
		expected[d.Currency] -= d.Withdrawn
	}
	for _, p := range books.Payouts {
		if p.Status == "pending" || p.Status == "paid" {
			expected[p.Currency] -= p.Amount
		}
	}
	gross := map[string]int64{}
	it := m.api.BalanceTransactions.List(&stripego.BalanceTransactionListParams{ListParams: stripego.ListParams{Limit: stripego.Int64(7)}})
	for it.Next() {
		t := it.BalanceTransaction()
		gross[string(t.Currency)] += t.Amount
		net[string(t.Currency)] += t.Net
		require.Equal(m.rt, t.Amount-t.Fee, t.Net)
	}
	require.NoError(m.rt, it.Err())
	for _, total := range books.Totals {
		require.Equal(m.rt, expected[total.Currency], gross[total.Currency])
		require.Equal(m.rt, total.Net-total.PaidOut, net[total.Currency])
		require.Equal(m.rt, total.Captured-total.Refunded-total.Disputed-total.Fees, total.Net)
	}
}

func TestConcurrentCharges(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, m := b.customerWith(t, "pm_card_visa")
	var group sync.WaitGroup
	for worker := range 8 {
		group.Go(func() {
			for i := range 25 {
				// Every key is used by two workers at the same time; a conflict is retried with the same key.
				params := keyed(c.ID, m.ID, 1000, fmt.Sprintf("charge:%d:%d", worker/2, i))
				for {
					_, err := b.api.PaymentIntents.New(params)
					if err == nil {
						break
					}
					var e *stripego.Error
					if !errors.As(err, &e) || e.Code != stripego.ErrorCodeIdempotencyKeyInUse {
						t.Errorf("charge: %v", err)
						return
					}
				}
			}
		})
	}
	group.Wait()
	require.Equal(t, 100, countCharges(t, b, c.ID))
}

func BenchmarkConfirm(b *testing.B) {
	s := setup(b)
	c, m := s.customerWith(b, "pm_card_visa")
	for b.Loop() {
		_, err := s.api.PaymentIntents.New(offSession(c.ID, m.ID, 2000, "usd"))
		require.NoError(b, err)
	}
}
