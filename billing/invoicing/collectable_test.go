package invoicing_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/invoicing"
	"github.com/perennial-billing/perennial/billing/money"
)

// priced makes an invoice of one flat amount, written in major units, after what earlier invoices carried here.
func priced(t require.TestingT, currency money.Currency, amount string, carriedIn, balance int64) invoicing.Invoice {
	z := zone(t, "UTC")
	january := month(t, z, "2027-01")
	f := untaxed(z, january.Start)
	f.Currency, f.Balance, f.CarriedIn = currency, money.New(balance, currency), money.New(carriedIn, currency)
	fee := recurring("fee", catalog.PerSubscription, catalog.Advance, in(currency, flat(amount)))
	f.Opens = &invoicing.Opening{Period: january, Terms: terms(plan(t, "pro", catalog.GrainDay, fee), 0)}
	inv, err := invoicing.Build(f)
	require.NoError(t, err)
	requireAddsUp(t, inv, f)
	return inv
}

func TestTooLittleToCollectIsCarried(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		currency             money.Currency
		amount               string
		carriedIn, balance   int64
		applied, due, onward int64
	}{
		{"USD", "0.49", 0, 0, 0, 0, 49},
		{"USD", "0.50", 0, 0, 0, 50, 0},
		{"USD", "0.49", 1, 0, 0, 50, 0},
		{"USD", "10", 49, 0, 0, 1049, 0},
		{"USD", "10", 49, 1000, 1000, 0, 49},
		{"USD", "10", 49, 5000, 1049, 0, 0},
		{"USD", "0", 49, 0, 0, 0, 49},
		{"GBP", "0.29", 0, 0, 0, 0, 29},
		{"GBP", "0.30", 0, 0, 0, 30, 0},
		{"JPY", "49", 0, 0, 0, 0, 49},
		{"JPY", "50", 0, 0, 0, 50, 0},
		{"HUF", "174.99", 0, 0, 0, 0, 17499},
		{"HUF", "175", 0, 0, 0, 17500, 0},
		{"KWD", "5.124", 0, 0, 0, 5120, 4},
		{"KWD", "5.124", 7, 0, 0, 5130, 1},
		{"KWD", "0.499", 0, 0, 0, 0, 499},
		{"MGA", "10000.50", 0, 0, 0, 1000000, 50},
		{"MGA", "10000.50", 50, 0, 0, 1000100, 0},
		{"CLF", "0.0001", 0, 0, 0, 1, 0},
	} {
		inv := priced(t, test.currency, test.amount, test.carriedIn, test.balance)
		require.Equal(t, []int64{test.applied, test.due, test.onward},
			[]int64{inv.CreditApplied.Minor, inv.AmountDue.Minor, inv.CarriedOut.Minor}, "%s %s after %d", test.currency, test.amount, test.carriedIn)
	}
}

// However a sum is spread over invoices, it is collected in the end but for less than a charge.
func TestCarryingLosesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		currency := rapid.SampledFrom([]money.Currency{"USD", "JPY", "KWD", "MGA", "HUF", "ISK"}).Draw(t, "currency")
		var billed, collected, carried int64
		for range rapid.IntRange(1, 20).Draw(t, "invoices") {
			amount := money.New(rapid.Int64Range(0, 30_000).Draw(t, "amount"), currency)
			inv := priced(t, currency, amount.Decimal().String(), carried, 0)
			billed, collected, carried = billed+amount.Minor, collected+inv.AmountDue.Minor, inv.CarriedOut.Minor
			require.Less(t, carried, int64(17_500))
		}
		require.Equal(t, billed, collected+carried)
	})
}

// A credit takes what was carried into account before it becomes the customer's.
func TestCreditPaysWhatWasCarried(t *testing.T) {
	t.Parallel()
	z := zone(t, "UTC")
	v := begun(t, z, "2027-04", terms(plan(t, "big", catalog.GrainDay, base("30")), 0))
	facts := v.revision(v.facts, v.period, at(t, z, "2027-04-16"), nil)
	facts.CarriedIn = money.New(40, "USD")
	inv, err := invoicing.Build(facts)
	require.NoError(t, err)
	require.Equal(t, money.New(-1500, "USD"), inv.Total)
	require.Equal(t, money.New(1460, "USD"), inv.CreditGranted)
	require.True(t, inv.CarriedOut.IsZero())
	requireAddsUp(t, inv, facts)

	facts.CarriedIn = money.New(-1, "USD")
	_, err = invoicing.Build(facts)
	require.ErrorContains(t, err, "carried from earlier invoices must not be negative, got USD -0.01")
	facts.CarriedIn = money.New(1, "EUR")
	_, err = invoicing.Build(facts)
	require.ErrorIs(t, err, money.ErrCurrencyMismatch)
}
