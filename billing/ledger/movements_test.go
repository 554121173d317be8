package ledger_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/perennial-billing/perennial/billing/ledger"
	"github.com/perennial-billing/perennial/billing/money"
)

// shown writes postings as "account amount".
func shown(tx ledger.Transaction) []string {
	var postings []string
	for _, p := range tx.Postings {
		postings = append(postings, fmt.Sprintf("%s %s", p.Account, p.Amount))
	}
	return postings
}

func invoice(deferred, earned, tax, granted, applied int64) ledger.FinalisedInvoice {
	return ledger.FinalisedInvoice{
		ID: "inv_1", EntityID: "ent_1", At: noon, Deferred: usd(deferred), Earned: usd(earned), Tax: usd(tax),
		Total: usd(deferred + earned + tax), CreditGranted: usd(granted), CreditApplied: usd(applied),
	}
}

func TestInvoiceFinalised(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		invoice ledger.FinalisedInvoice
		want    []string
	}{
		{"in advance, with tax", invoice(12000, 0, 2400, 0, 0), []string{
			"AccountsReceivable USD 144.00", "DeferredRevenue USD -120.00", "TaxPayable USD -24.00",
		}},
		{"in arrears, without tax", invoice(0, 5787, 0, 0, 0), []string{"AccountsReceivable USD 57.87", "Revenue USD -57.87"}},
		{"paid in part by credit", invoice(1000, 500, 0, 0, 1100), []string{
			"AccountsReceivable USD 15.00", "DeferredRevenue USD -10.00", "Revenue USD -5.00",
			"CustomerBalance USD 11.00", "AccountsReceivable USD -11.00",
		}},
		{"a downgrade grants credit", invoice(-500, 0, -100, 600, 0), []string{
			"AccountsReceivable USD -6.00", "DeferredRevenue USD 5.00", "TaxPayable USD 1.00",
			"AccountsReceivable USD 6.00", "CustomerBalance USD -6.00",
		}},
		{"a final invoice of usage less unused time", invoice(-1500, 1900, 0, 0, 0), []string{
			"AccountsReceivable USD 4.00", "DeferredRevenue USD 15.00", "Revenue USD -19.00",
		}},
		{"a free plan moves nothing", invoice(0, 0, 0, 0, 0), nil},
	} {
		tx := ledger.InvoiceFinalised(test.invoice)
		require.Equal(t, test.want, shown(tx), test.name)
		require.NoError(t, tx.Validate(), test.name)
	}
	wrong := invoice(100, 0, 0, 0, 0)
	wrong.Total = usd(101)
	require.ErrorIs(t, ledger.InvoiceFinalised(wrong).Validate(), ledger.ErrUnbalanced)
}

func TestPaymentReceived(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		amount, fee int64
		want        []string
	}{
		{14400, 400, []string{"Cash USD 140.00", "ProcessingFees USD 4.00", "AccountsReceivable USD -144.00"}},
		{14400, 0, []string{"Cash USD 144.00", "AccountsReceivable USD -144.00"}},
		{30, 30, []string{"ProcessingFees USD 0.30", "AccountsReceivable USD -0.30"}},
		{20, 30, []string{"Cash USD -0.10", "ProcessingFees USD 0.30", "AccountsReceivable USD -0.20"}},
	} {
		tx, err := ledger.PaymentReceived("ent_1", "pay_1", noon, usd(test.amount), usd(test.fee))
		require.NoError(t, err)
		require.NoError(t, tx.Validate())
		require.Equal(t, test.want, shown(tx))
	}
}

func TestPaymentReceivedRefuses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		amount, fee money.Amount
		want        string
		is          error
	}{
		{usd(0), usd(0), "payment pay_1 of USD 0.00 with a fee of USD 0.00: the amount must be above zero", nil},
		{usd(-5), usd(0), "the amount must be above zero", nil},
		{usd(5), usd(-1), "the fee not below", nil},
		{usd(5), money.New(1, "EUR"), "payment pay_1, after its fee", money.ErrCurrencyMismatch},
	} {
		tx, err := ledger.PaymentReceived("ent_1", "pay_1", noon, test.amount, test.fee)
		require.ErrorContains(t, err, test.want)
		if test.is != nil {
			require.ErrorIs(t, err, test.is)
		}
		require.Zero(t, tx)
	}
}

func TestWriteOffAndTaxReturn(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"BadDebt USD 9.99", "AccountsReceivable USD -9.99"},
		shown(ledger.InvoiceUncollectible("ent_1", "inv_1", noon, usd(999))))
	taxes := []money.Amount{usd(1900), money.New(250, "JPY"), usd(0), money.New(-75, "KWD")}
	require.Equal(t, []string{
		"TaxPayable USD 19.00", "TaxSettlement USD -19.00", "TaxPayable JPY 250", "TaxSettlement JPY -250",
		"TaxPayable KWD -0.075", "TaxSettlement KWD 0.075",
	}, shown(ledger.TaxReturnFiled("ent_1", "ret_1", noon, taxes)))
	require.Equal(t, []string{
		"TaxSettlement USD 19.00", "Bank USD -19.00", "TaxSettlement JPY 250", "Bank JPY -250",
		"TaxSettlement KWD -0.075", "Bank KWD 0.075",
	}, shown(ledger.TaxReturnPaid("ent_1", "ret_1", noon, taxes)))
}

// every makes each movement there is about one thing with the given id.
func every(t require.TestingT, id string, draw func(label string) money.Amount) []ledger.Transaction {
	deferred, earned, tax := draw("deferred"), draw("earned"), draw("tax")
	total, err := money.Sum(deferred.Currency, deferred, earned, tax)
	require.NoError(t, err)
	payment, err := ledger.PaymentReceived("ent_1", id, noon, money.New(draw("paid").Abs().Minor+1, deferred.Currency), draw("fee").Abs())
	require.NoError(t, err)
	taxes := []money.Amount{draw("tax"), money.New(draw("tax").Minor, "SEK"), draw("tax")}
	return []ledger.Transaction{
		ledger.InvoiceFinalised(ledger.FinalisedInvoice{
			ID: id, EntityID: "ent_1", At: noon, Deferred: deferred, Earned: earned, Tax: tax, Total: total,
			CreditGranted: draw("granted").Abs(), CreditApplied: draw("applied").Abs(),
		}),
		payment,
		ledger.InvoiceUncollectible("ent_1", id, noon, draw("owed")),
		ledger.TaxReturnFiled("ent_1", id, noon, taxes),
		ledger.TaxReturnPaid("ent_1", id, noon, taxes),
	}
}

func TestEveryMovementBalancesAndHasItsOwnKey(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		currency := rapid.SampledFrom([]money.Currency{"USD", "JPY", "KWD"}).Draw(rt, "currency")
		draw := func(label string) money.Amount {
			return money.New(rapid.Int64Range(-1<<60, 1<<60).Draw(rt, label), currency)
		}
		keys := map[string]bool{}
		for _, id := range []string{"1", "2"} {
			for _, tx := range every(rt, id, draw) {
				require.NoError(rt, tx.Validate(), tx.Key)
				require.Equal(rt, id, tx.Reference)
				require.NotEmpty(rt, tx.Kind)
				require.False(rt, keys[tx.Key], "key %s is used twice", tx.Key)
				keys[tx.Key] = true
			}
		}
	})
}

func TestNothingMovedIsNothingPosted(t *testing.T) {
	t.Parallel()
	nothing := func(string) money.Amount { return usd(0) }
	for _, tx := range every(t, "1", nothing) {
		if tx.Kind == "payment_received" {
			continue // a payment of nothing is refused
		}
		require.Empty(t, tx.Postings, tx.Key)
		require.NoError(t, tx.Validate())
	}
}

// The same movement always has the same key and postings, so that the database can refuse its repetition.
func TestMovementsAreRepeatable(t *testing.T) {
	t.Parallel()
	amount := func(string) money.Amount { return usd(42) }
	first := every(t, "1", amount)
	require.Equal(t, first, every(t, "1", amount))
}
