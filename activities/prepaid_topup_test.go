package activities_test

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/wallet"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

func (b *bundle) agreeTopUp(customer string, policy wallet.TopUp) {
	b.t.Helper()
	_, err := inActivity(b, message.SetTopUpActivity, message.SetTopUp{
		CustomerID: customer, Currency: "EUR", At: day0, TopUp: &message.TopUp{TopUp: policy, Priority: wallet.DefaultPriority},
	})
	require.NoError(b.t, err)
}

// buys is what a wallet buys by itself at an instant.
func (b *bundle) buys(customer string, at time.Time) []message.Billed {
	b.t.Helper()
	tended, err := b.billing.TendWallet(b.ctx, message.WalletAt{CustomerID: customer, Currency: "EUR", At: at})
	require.NoError(b.t, err)
	return tended.Bought
}

func amountOf(minor int64) *money.Amount { a := eur(minor); return &a }

// A balance that usage has brought low, though nothing is invoiced yet, is bought up once: not again while its invoice is
// collected, and not again at all after it could not be.
func TestTopUpAtALowBalance(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "EUR", "pm_card_visa")
	b.grant(gift("ada", "welcome", 2000))
	b.agreeTopUp("ada", wallet.TopUp{Below: amountOf(1000), Amount: amountOf(5000), MostPerMonth: amountOf(8000)})
	b.subscribe(agreement("sub_m", "ada", "metered", 0, "EUR"))
	require.Empty(t, b.buys("ada", day0))
	use := func(id string, calls int64, day int) {
		_, err := b.AddUsage(b.ctx, "ada", []store.UsageEvent{{ID: id, Meter: "calls", Quantity: decimal.NewFromInt(calls), At: day0.AddDate(0, 0, day)}})
		require.NoError(t, err)
	}
	at := func(day int) time.Time { return day0.AddDate(0, 0, day) }
	use("u1", 1000, 1)
	bought := b.buys("ada", at(2))
	require.Len(t, bought, 1)
	require.Equal(t, eur(5000), bought[0].AmountDue)
	require.Empty(t, b.buys("ada", at(2)), "not while it is collected")
	require.Equal(t, message.Paid, b.chargeAt(bought[0].InvoiceID, 1, at(2)).Status)
	require.Empty(t, b.buys("ada", at(3)), "there is enough")
	use("u2", 6000, 3)
	bought = b.buys("ada", at(4))
	require.Len(t, bought, 1)
	require.Equal(t, eur(3000), bought[0].AmountDue, "what the month's limit leaves")
	_, err := b.collection.GiveUpInvoice(b.ctx, message.GiveUp{InvoiceID: bought[0].InvoiceID, At: at(5), Reason: "test"})
	require.NoError(t, err)
	require.Empty(t, b.buys("ada", at(40)), "what could not be collected is not bought again")
	b.sound()

	_, err = b.billing.SetTopUp(b.ctx, message.SetTopUp{CustomerID: "ada", Currency: "EUR", At: at(41)})
	require.NoError(t, err)
	tended, err := b.billing.TendWallet(b.ctx, message.WalletAt{CustomerID: "ada", Currency: "EUR", At: at(41)})
	require.NoError(t, err)
	require.Zero(t, tended.NextAt, "nothing is looked at any more")
	_, err = b.billing.SetTopUp(b.ctx, message.SetTopUp{CustomerID: "ada", Currency: "EUR", At: at(41), TopUp: &message.TopUp{}})
	require.ErrorContains(t, err, "below or every is required")
}

func TestTopUpOnASchedule(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "EUR", "pm_card_visa")
	monthly := calendar.Interval{Unit: calendar.Month, Count: 1}
	b.agreeTopUp("ada", wallet.TopUp{Every: &monthly, Anchor: calendar.Date{Year: 2027, Month: time.January, Day: 31}, UpTo: amountOf(4000)})
	tended, err := b.billing.TendWallet(b.ctx, message.WalletAt{CustomerID: "ada", Currency: "EUR", At: day0})
	require.NoError(t, err)
	due := time.Date(2027, 2, 27, 23, 0, 0, 0, time.UTC)
	require.Equal(t, message.WalletTended{NextAt: due}, tended, "the last of February in Berlin")
	bought := b.buys("ada", due)
	require.Len(t, bought, 1)
	require.Equal(t, eur(4000), bought[0].AmountDue)
	require.Empty(t, b.buys("ada", due), "one boundary is one purchase")
	require.Equal(t, message.Paid, b.chargeAt(bought[0].InvoiceID, 1, due).Status)
	require.Empty(t, b.buys("ada", due.AddDate(0, 1, 4)), "nothing is missing, and the boundary is dealt with")
	b.sound()
}
