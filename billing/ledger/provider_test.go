package ledger_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/perennial-billing/perennial/billing/ledger"
	"github.com/perennial-billing/perennial/billing/money"
)

func TestPayoutPostings(t *testing.T) {
	t.Parallel()
	none := ledger.Payout{Amount: usd(0)}
	sent := ledger.Payout{Amount: usd(900), Sent: true}
	arrived := ledger.Payout{Amount: usd(900), Sent: true, Arrived: true}
	returned := ledger.Payout{Amount: usd(900)}
	for name, test := range map[string]struct {
		before, after ledger.Payout
		want          []string
	}{
		"sent":                    {none, sent, []string{"PayoutsInTransit USD 9.00", "Cash USD -9.00"}},
		"arrived":                 {sent, arrived, []string{"PayoutsInTransit USD -9.00", "Bank USD 9.00"}},
		"arrived, seen at once":   {none, arrived, []string{"Bank USD 9.00", "Cash USD -9.00"}},
		"returned on its way":     {sent, returned, []string{"PayoutsInTransit USD -9.00", "Cash USD 9.00"}},
		"returned after all":      {arrived, returned, []string{"Bank USD -9.00", "Cash USD 9.00"}},
		"canceled, never noticed": {none, returned, nil},
		"a debit of our bank account": {
			none, ledger.Payout{Amount: usd(-250), Sent: true, Arrived: true}, []string{"Bank USD -2.50", "Cash USD 2.50"},
		},
	} {
		tx, err := ledger.PayoutMoved("ent_1", "po_1", "paid", noon, test.before, test.after)
		require.NoError(t, err, name)
		require.NoError(t, tx.Validate(), name)
		require.Equal(t, test.want, shown(tx), name)
		require.Equal(t, "payout:po_1:ent_1:paid", tx.Key)
	}
}

func TestFeeCorrected(t *testing.T) {
	t.Parallel()
	later, err := ledger.FeeCorrected("ent_1", "pay_1", "txn_1", noon, usd(0), usd(59))
	require.NoError(t, err)
	require.Equal(t, []string{"ProcessingFees USD 0.59", "Cash USD -0.59"}, shown(later))
	less, err := ledger.FeeCorrected("ent_1", "pay_1", "txn_1", noon, usd(60), usd(59))
	require.NoError(t, err)
	require.Equal(t, []string{"ProcessingFees USD -0.01", "Cash USD 0.01"}, shown(less))
	require.Equal(t, "payment:pay_1:fee:txn_1", less.Key)
	_, err = ledger.FeeCorrected("ent_1", "pay_1", "txn_1", noon, usd(1), money.New(1, "EUR"))
	require.ErrorContains(t, err, "fee of payment pay_1")
}

func TestMovementPostings(t *testing.T) {
	t.Parallel()
	fee := ledger.Movement{ID: "txn_1", EntityID: "ent_1", At: noon, Net: usd(-200)}
	booked := ledger.MovementBooked(fee, ledger.ProcessingFees)
	require.Equal(t, []string{"Cash USD -2.00", "ProcessingFees USD 2.00"}, shown(booked))
	require.Equal(t, "movement:txn_1", booked.Key)
	explained := ledger.MovementExplained(fee, ledger.OtherExpenses)
	require.Equal(t, []string{"Suspense USD -2.00", "OtherExpenses USD 2.00"}, shown(explained))
	require.Equal(t, "movement:txn_1:explained", explained.Key)
}

// JPY 1,000 paid, settled as USD 6.70 less a fee of USD 0.49: the provider holds USD 6.21 for us and no yen.
func TestExchanged(t *testing.T) {
	t.Parallel()
	settled := ledger.Movement{ID: "txn_1", EntityID: "ent_1", At: noon, Net: usd(621)}
	tx, err := ledger.Exchanged(settled, money.New(1000, "JPY"), usd(49), ledger.ProcessingFees)
	require.NoError(t, err)
	require.NoError(t, tx.Validate())
	require.Equal(t, []string{
		"CurrencyExchange JPY 1000", "Cash JPY -1000", "Cash USD 6.21", "ProcessingFees USD 0.49", "CurrencyExchange USD -6.70",
	}, shown(tx))
	_, err = ledger.Exchanged(settled, money.New(1000, "JPY"), money.New(49, "EUR"), ledger.ProcessingFees)
	require.ErrorContains(t, err, "balance transaction txn_1")
}

// However a payout wanders, its postings sum to where it stands in the end.
func TestPayoutPostingsSumToWhereItStands(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		amount := usd(rapid.Int64Range(-1_000_000, 1_000_000).Draw(rt, "amount"))
		at, sums := ledger.Payout{Amount: usd(0)}, map[ledger.Account]int64{}
		for range rapid.IntRange(1, 6).Draw(rt, "steps") {
			next := ledger.Payout{Amount: amount, Sent: rapid.Bool().Draw(rt, "sent"), Arrived: rapid.Bool().Draw(rt, "arrived")}
			tx, err := ledger.PayoutMoved("ent_1", "po_1", "s", noon, at, next)
			require.NoError(rt, err)
			require.NoError(rt, tx.Validate())
			for _, p := range tx.Postings {
				sums[p.Account] += p.Amount.Minor
			}
			at = next
		}
		want := map[ledger.Account]int64{}
		switch {
		case at.Arrived:
			want[ledger.Bank] = amount.Minor
		case at.Sent:
			want[ledger.PayoutsInTransit] = amount.Minor
		}
		require.Equal(rt, want[ledger.Bank], sums[ledger.Bank])
		require.Equal(rt, want[ledger.PayoutsInTransit], sums[ledger.PayoutsInTransit])
		require.Equal(rt, -want[ledger.Bank]-want[ledger.PayoutsInTransit], sums[ledger.Cash])
	})
}
