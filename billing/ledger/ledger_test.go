package ledger_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/ledger"
	"github.com/perennial-billing/perennial/billing/money"
)

var noon = time.Date(2027, time.January, 31, 12, 0, 0, 0, time.UTC)

func usd(minor int64) money.Amount { return money.New(minor, "USD") }

func transaction(postings ...ledger.Posting) ledger.Transaction {
	return ledger.Transaction{Key: "test:1", Kind: "test", EntityID: "ent_1", Reference: "1", At: noon, Postings: postings}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	changed := func(f func(*ledger.Transaction)) ledger.Transaction {
		tx := transaction(ledger.Posting{Account: ledger.Cash, Amount: usd(5)}, ledger.Posting{Account: ledger.Revenue, Amount: usd(-5)})
		f(&tx)
		return tx
	}
	eur := func(minor int64) money.Amount { return money.New(minor, "EUR") }
	for _, test := range []struct {
		name string
		tx   ledger.Transaction
		want string
		is   error
	}{
		{"balanced", changed(func(*ledger.Transaction) {}), "", nil},
		{"nothing moved", transaction(), "", nil},
		{"two currencies", transaction(
			ledger.Posting{Account: ledger.Cash, Amount: usd(5)}, ledger.Posting{Account: ledger.Cash, Amount: eur(7)},
			ledger.Posting{Account: ledger.Revenue, Amount: eur(-7)}, ledger.Posting{Account: ledger.Revenue, Amount: usd(-5)},
		), "", nil},
		{"no key", changed(func(tx *ledger.Transaction) { tx.Key = "" }), "key, entity and instant are required", nil},
		{"no entity", changed(func(tx *ledger.Transaction) { tx.EntityID = "" }), `"test:1": key, entity and instant`, nil},
		{"no instant", changed(func(tx *ledger.Transaction) { tx.At = time.Time{} }), "key, entity and instant", nil},
		{"no account", changed(func(tx *ledger.Transaction) { tx.Postings[1].Account = "" }), "test:1: posting 2 must have an account", nil},
		{"no currency", transaction(ledger.Posting{Account: ledger.Cash, Amount: money.New(1, "")}), "posting 1 must have an account, a currency", nil},
		{"zero", transaction(ledger.Posting{Account: ledger.Cash, Amount: usd(0)}), "an amount other than zero", nil},
		{
			"off by a cent", changed(func(tx *ledger.Transaction) { tx.Postings[0].Amount = usd(6) }),
			"ledger transaction test:1: postings do not balance: off by USD 0.01", ledger.ErrUnbalanced,
		},
		{"currencies do not make up for each other", transaction(
			ledger.Posting{Account: ledger.Cash, Amount: usd(5)}, ledger.Posting{Account: ledger.Revenue, Amount: eur(-5)},
		), "off by USD 0.05", ledger.ErrUnbalanced},
		{"one side", transaction(ledger.Posting{Account: ledger.Cash, Amount: usd(5)}), "off by USD 0.05", ledger.ErrUnbalanced},
		{"overflow", transaction(
			ledger.Posting{Account: ledger.Cash, Amount: usd(math.MaxInt64)}, ledger.Posting{Account: ledger.Cash, Amount: usd(1)},
		), "test:1", money.ErrOverflow},
	} {
		err := test.tx.Validate()
		if test.want == "" {
			require.NoError(t, err, test.name)
			continue
		}
		require.ErrorContains(t, err, test.want, test.name)
		if test.is != nil {
			require.ErrorIs(t, err, test.is, test.name)
		}
	}
}
