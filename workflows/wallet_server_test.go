package workflows_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/billing/wallet"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// gift gives the customer credit that expires after two months.
func (x *tenant) gift(id string, minor int64) {
	x.t.Helper()
	_, err := x.client.GrantCredit(x.t.Context(), x.seller, message.GrantCredit{
		CustomerID: x.id, GrantID: id, Amount: money.New(minor, "USD"), Cost: money.Zero("USD"), Priority: wallet.DefaultPriority,
		ValidFor: &calendar.Interval{Unit: calendar.Month, Count: 2}, At: systemStart,
	})
	require.NoError(x.t, err)
}

// topUp agrees on credit of 30.00 that is bought at a balance of 10.00 or less.
func (x *tenant) topUp() {
	x.t.Helper()
	below, amount := money.New(1000, "USD"), money.New(3000, "USD")
	require.NoError(x.t, x.client.SetTopUp(x.t.Context(), x.seller, message.SetTopUp{
		CustomerID: x.id, Currency: "USD", At: systemStart,
		TopUp: &message.TopUp{TopUp: wallet.TopUp{Below: &below, Amount: &amount}, Priority: wallet.DefaultPriority},
	}))
}

// bought is credit that was bought by itself, if it was.
func (x *tenant) bought(id string) (store.Grant, bool) {
	grants, err := x.Store.Grants(x.t.Context(), x.id, "USD")
	require.NoError(x.t, err)
	i := slices.IndexFunc(grants, func(g store.Grant) bool { return g.Grant.ID == id })
	if i < 0 {
		return store.Grant{}, false
	}
	return grants[i], true
}

func (x *tenant) awaitBought(id string) store.Grant {
	x.t.Helper()
	require.Eventually(x.t, func() bool {
		_, is := x.bought(id)
		return is
	}, 30*time.Second, 20*time.Millisecond)
	g, _ := x.bought(id)
	return g
}

// An invoice that takes from credit which is bought up by itself has the wallet look at once, and not only at its next hour.
func TestSpentCreditIsBoughtUpAtOnce(t *testing.T) {
	t.Parallel()
	x := realServer(t).tenant(t, "topped-up", "pm_card_visa")
	x.gift("welcome", 6000)
	x.topUp()
	x.subscribe("seats", 5)
	require.True(t, x.awaitBought("top-up:USD:low:1").GrantedAt.Equal(systemStart))
	x.advance(systemStart.AddDate(0, 0, 3))
	g, _ := x.bought("top-up:USD:low:1")
	require.False(t, g.Waiting, "it is paid")
	_, again := x.bought("top-up:USD:low:2")
	require.False(t, again, "once")
}

// recordWallet records a wallet of which an invoice takes something, that is bought up, and of which credit is returned and
// expires.
func recordWallet(t *testing.T) {
	x := realServer(t).tenant(t, "recorded-wallet", "pm_card_visa")
	x.gift("welcome", 6000)
	x.topUp()
	x.subscribe("seats", 5)
	x.awaitBought("top-up:USD:low:1")
	x.advance(systemStart.Add(5 * time.Hour))
	_, err := x.client.ReturnCredit(t.Context(), x.seller, message.ReturnCredit{
		CustomerID: x.id, GrantID: "top-up:USD:low:1", Currency: "USD", At: systemStart.Add(5 * time.Hour),
	})
	require.NoError(t, err)
	require.NoError(t, x.client.SetTopUp(t.Context(), x.seller, message.SetTopUp{CustomerID: x.id, Currency: "USD", At: systemStart.Add(5 * time.Hour)}))
	_, err = x.client.Command(t.Context(), x.id, subscription.Command{ID: "end", Kind: subscription.Cancel, Actor: "customer", At: systemStart.Add(5 * time.Hour)})
	require.NoError(t, err)
	x.advance(systemStart.AddDate(0, 3, 0))
	x.save(message.WalletID(x.id, "USD"), "wallet")
	x.save(message.SubscriptionID(x.id), "subscription-tops-up")
}
