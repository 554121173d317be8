package activities_test

import (
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/wallet"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// What is used and not invoiced is spoken for, by the rules that will bill it; asking changes nothing.
func TestReadWallet(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "EUR", "")
	in := gift("ada", "calls", 3000)
	in.AppliesTo.Meters = []string{"calls"}
	b.grant(in)
	read := func(day int) message.WalletStanding {
		s, err := inActivity(b, message.ReadWallet, message.WalletAt{CustomerID: "ada", Currency: "EUR", At: day0.AddDate(0, 0, day)})
		require.NoError(t, err)
		return s
	}
	state := b.subscribe(agreement("sub_m", "ada", "metered", 0, "EUR")).State
	_, err := b.AddUsage(b.ctx, "ada", []store.UsageEvent{{ID: "u1", Meter: "calls", Quantity: decimal.NewFromInt(3000), At: day0.AddDate(0, 0, 3)}})
	require.NoError(t, err)
	before := read(1)
	require.Equal(t, []money.Amount{eur(3000), eur(0), eur(3000)}, []money.Amount{before.Balance, before.SpokenFor, before.Available}, "not used yet")
	s := read(5)
	require.Equal(t, []money.Amount{eur(3000), eur(0), eur(3000), eur(0), eur(0)}, []money.Amount{s.Balance, s.Paid, s.SpokenFor, s.Uncovered, s.Available})
	require.Equal(t, []wallet.Payment{{GrantID: "calls", Amount: eur(3000), Cost: eur(0)}}, s.Grants)
	_, err = b.AddUsage(b.ctx, "ada", []store.UsageEvent{{ID: "u2", Meter: "calls", Quantity: decimal.NewFromInt(1500), At: day0.AddDate(0, 0, 4)}})
	require.NoError(t, err)
	require.Equal(t, eur(1500), read(5).Uncovered)
	require.Equal(t, eur(3000), b.grants("ada")["calls"].Left)
	invoices := len(b.invoices())
	require.Equal(t, eur(1500), read(5).Uncovered, "again")
	require.Len(t, b.invoices(), invoices)
	turned := b.turn(state)
	require.Equal(t, eur(1500), turned.Invoice.AmountDue)
	require.Equal(t, eur(0), b.grants("ada")["calls"].Left, "what was spoken for is spent")

	b.customer("bob", "EUR", "")
	b.grant(gift("bob", "calls", 3000))
	b.subscribe(agreement("sub_api", "bob", "api", 0, "EUR"))
	_, err = b.AddUsage(b.ctx, "bob", []store.UsageEvent{{ID: "u1", Meter: "calls", Quantity: decimal.NewFromInt(1000), At: day0.AddDate(0, 0, 3)}})
	require.NoError(t, err)
	s, err = b.billing.ReadWallet(b.ctx, message.WalletAt{CustomerID: "bob", Currency: "EUR", At: day0.AddDate(0, 0, 5)})
	require.NoError(t, err)
	require.Equal(t, eur(2000), s.SpokenFor, "of a plan that the monthly run bills")
	b.sound()
}
