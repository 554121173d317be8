package service_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/starter/service"
	"github.com/perennial-billing/perennial/starter/startertest"
)

// Credit is sold, paid, used and expires, on the real engine and a test clock, without anybody asking.
func TestPrepaidCreditOverAQuarter(t *testing.T) {
	t.Parallel()
	id := running.Seller(t)
	start := startertest.NextYear()
	running.Clock(t, id+"-clock", start)
	in := startertest.NewCustomer(id, id+"-c")
	in.TestClock, in.Country, in.Zone, in.Currency = id+"-clock", "DE", "Europe/Berlin", "EUR"
	running.Customer(t, in)

	pack := service.NewGrant{ID: "pack", Amount: 5000, Payment: "invoice", Cost: new(int64(4000)), ValidFor: "2 months"}
	bought, err := running.Service.GrantCredit(t.Context(), id+"-c", pack)
	require.NoError(t, err)
	require.Equal(t, "waiting", bought.Status)
	gift := service.NewGrant{ID: "gift", Amount: 300, ExpiresAt: start.AddDate(0, 0, 40)}
	given, err := running.Service.GrantCredit(t.Context(), id+"-c", gift)
	require.NoError(t, err)
	require.Equal(t, "usable", given.Status)
	_, err = running.Service.AdvanceClock(t.Context(), id+"-clock", start.AddDate(0, 0, 1), nil)
	require.NoError(t, err)
	invoice, err := running.Service.Invoice(t.Context(), bought.Invoice)
	require.NoError(t, err)
	require.Equal(t, "paid", invoice.Status)
	require.Empty(t, invoice.SubscriptionID)

	running.Subscribe(t, service.NewSubscription{ID: id + "-s", Customer: id + "-c", Plan: id + "-pro"})
	shown, err := running.Service.Wallet(t.Context(), id+"-c", "")
	require.NoError(t, err)
	require.EqualValues(t, 5300-1071, shown.Balance, "EUR 9.00 and 19 % of tax, of the present first")
	_, err = running.Service.AdvanceClock(t.Context(), id+"-clock", start.AddDate(0, 3, 0), nil)
	require.NoError(t, err)
	shown, err = running.Service.Wallet(t.Context(), id+"-c", "EUR")
	require.NoError(t, err)
	require.Zero(t, shown.Balance)
	for _, g := range shown.Grants {
		require.Equal(t, "empty", g.Status, "it expired without anybody asking")
	}
	invoices, err := running.Service.Invoices(t.Context(), service.InvoiceQuery{Subscription: id + "-s"})
	require.NoError(t, err)
	var prepaid, due []int64
	for _, invoice := range invoices.Data {
		prepaid, due = append(prepaid, invoice.PrepaidApplied), append(due, invoice.AmountDue)
		require.Equal(t, "paid", invoice.Status)
	}
	require.Equal(t, []int64{1071, 1071, 0}, prepaid)
	require.Equal(t, []int64{0, 0, 1071}, due)

	again, err := running.Service.GrantCredit(t.Context(), id+"-c", pack)
	require.NoError(t, err, "a repetition is answered as the first")
	require.Equal(t, bought.Invoice, again.Invoice)
	pack.Amount = 6000
	_, err = running.Service.GrantCredit(t.Context(), id+"-c", pack)
	requireKind(t, err, service.Refused, "grant_exists")
	_, err = running.Service.GrantCredit(t.Context(), id+"-c", service.NewGrant{ID: "x", Payment: "loan"})
	requireKind(t, err, service.Invalid, "invalid_fields")
	_, err = running.Service.ReturnCredit(t.Context(), id+"-c", "none")
	requireKind(t, err, service.NotFound, "not_found")
}

// What is used and not invoiced yet is spoken for, and what is taken back becomes credit that can be refunded.
func TestSpokenForAndTakenBack(t *testing.T) {
	t.Parallel()
	id := running.Seller(t)
	running.Customer(t, startertest.NewCustomer(id, id+"-c"))
	sold, err := running.Service.GrantCredit(t.Context(), id+"-c", service.NewGrant{ID: "deal", Amount: 1000, Payment: "outside", Cost: new(int64(800))})
	require.NoError(t, err)
	require.EqualValues(t, 800, sold.CostLeft)
	returned, err := running.Service.ReturnCredit(t.Context(), id+"-c", "deal")
	require.NoError(t, err)
	require.EqualValues(t, 800, returned.Cost)
	returned, err = running.Service.ReturnCredit(t.Context(), id+"-c", "deal")
	require.NoError(t, err)
	require.Zero(t, returned.Cost, "once")
	shown, err := running.Service.Wallet(t.Context(), id+"-c", "")
	require.NoError(t, err)
	require.Zero(t, shown.Available)
}

// A wallet that is low buys up, is charged, and goes on by itself.
func TestTopUpOnTheEngine(t *testing.T) {
	t.Parallel()
	id := running.Seller(t)
	start := startertest.NextYear()
	running.Clock(t, id+"-clock", start)
	in := startertest.NewCustomer(id, id+"-c")
	in.TestClock = id + "-clock"
	running.Customer(t, in)
	_, err := running.Service.SetTopUp(t.Context(), id+"-c", service.TopUp{Every: "week", UpTo: new(int64(2000)), ValidFor: "10 days"})
	require.NoError(t, err)
	_, err = running.Service.AdvanceClock(t.Context(), id+"-clock", start.AddDate(0, 0, 22), nil)
	require.NoError(t, err)
	shown, err := running.Service.Wallet(t.Context(), id+"-c", "")
	require.NoError(t, err)
	require.Len(t, shown.Grants, 2, "full at the second boundary, bought again at the third, when the first has expired")
	require.EqualValues(t, 2000, shown.Balance)
	_, err = running.Service.SetTopUp(t.Context(), id+"-c", service.TopUp{Amount: new(int64(5))})
	requireKind(t, err, service.Refused, "top_up_invalid")
	_, err = running.Service.SetTopUp(t.Context(), id+"-c", service.TopUp{Every: "soon", Priority: new(101)})
	requireKind(t, err, service.Invalid, "invalid_fields")
}
