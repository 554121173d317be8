package activities_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/wallet"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

func eur(minor int64) money.Amount { return money.New(minor, "EUR") }

// gift is a present to a customer.
func gift(customer, id string, minor int64) message.GrantCredit {
	return message.GrantCredit{
		CustomerID: customer, GrantID: id, Amount: eur(minor), Cost: eur(0), Priority: wallet.DefaultPriority, At: day0,
	}
}

// bought is credit that costs what it is worth.
func bought(customer, id string, minor int64) message.GrantCredit {
	in := gift(customer, id, minor)
	in.Cost, in.Payment = eur(minor), message.PaidByInvoice
	return in
}

func (b *bundle) grant(in message.GrantCredit) message.CreditGranted {
	b.t.Helper()
	granted, err := b.billing.GrantCredit(b.ctx, in)
	require.NoError(b.t, err)
	return granted
}

func (b *bundle) grants(customer string) map[string]store.Grant {
	b.t.Helper()
	list, err := b.Grants(b.ctx, customer, "")
	require.NoError(b.t, err)
	grants := map[string]store.Grant{}
	for _, g := range list {
		grants[g.Grant.ID] = g
	}
	return grants
}

func TestGrantsPayInvoices(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "EUR", "pm_card_visa")
	b.grant(gift("ada", "welcome", 1500))
	outside := bought("ada", "deal", 10000)
	outside.Cost, outside.Payment = eur(8001), message.PaidOutside
	require.Equal(t, message.CreditGranted{GrantID: "deal"}, b.grant(outside))
	require.Equal(t, message.CreditGranted{GrantID: "deal"}, b.grant(outside), "repeating it grants nothing more")

	turned := b.subscribe(agreement("sub_p", "ada", "seats", 5, "EUR"))
	require.Equal(t, eur(0), turned.Invoice.AmountDue)
	invoice, err := b.Invoice(b.ctx, turned.Invoice.InvoiceID)
	require.NoError(t, err)
	require.Equal(t, "paid", invoice.Status)
	require.Equal(t, int64(5000), invoice.PrepaidApplied)
	require.Zero(t, b.grants("ada")["welcome"].Left.Minor, "presents go first")
	require.Equal(t, eur(6500), b.grants("ada")["deal"].Left)
	require.Equal(t, eur(5201), b.grants("ada")["deal"].CostLeft)
	b.sound()
	require.Equal(t, -5201, b.balance("CustomerPrepayments"))
	require.Equal(t, 8001, b.balance("ReceivedElsewhere"))
	require.Equal(t, 5000-2800, b.balance("PromotionalCredit"))
	require.Zero(t, b.balance("AccountsReceivable"))

	again, err := b.billing.ReturnCredit(b.ctx, message.ReturnCredit{CustomerID: "ada", GrantID: "deal", Currency: "EUR", At: day0.AddDate(0, 0, 1)})
	require.NoError(t, err)
	require.Equal(t, eur(5201), again.Cost)
	again, err = b.billing.ReturnCredit(b.ctx, message.ReturnCredit{CustomerID: "ada", GrantID: "deal", Currency: "EUR", At: day0.AddDate(0, 0, 1)})
	require.NoError(t, err)
	require.Equal(t, eur(0), again.Cost, "once")
	b.sound()
	require.Equal(t, -5201, b.balance("CustomerBalance"))
}

func TestCreditIsUsableWhenItIsPaid(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "EUR", "pm_card_visa")
	wanted := bought("ada", "pack", 10000)
	wanted.ValidFor = &calendar.Interval{Unit: calendar.Month, Count: 1}
	granted := b.grant(wanted)
	require.True(t, granted.Waiting)
	require.Equal(t, eur(10000), granted.Invoice.AmountDue)
	b.sound()
	turned := b.subscribe(agreement("sub_p", "ada", "seats", 5, "EUR"))
	require.Equal(t, eur(5000), turned.Invoice.AmountDue, "not before")

	charged, err := b.payments.ChargeInvoice(b.ctx, message.Charge{InvoiceID: granted.Invoice.InvoiceID, Attempt: 1, At: day0.Add(time.Hour)})
	require.NoError(t, err)
	require.Equal(t, message.Paid, charged.Status)
	g := b.grants("ada")["pack"]
	require.False(t, g.Waiting)
	require.Equal(t, day0.Add(time.Hour), g.Grant.From)
	require.Equal(t, time.Date(2027, 2, 27, 23, 0, 0, 0, time.UTC), g.Grant.ExpiresAt, "a month of Berlin's days from when it was paid")
	repeated := b.grant(wanted)
	require.Equal(t, granted.Invoice, repeated.Invoice, "bought once")
	require.False(t, repeated.Waiting)
	b.sound()

	_, err = b.payments.OpenRefund(b.ctx, message.RefundInput{
		RefundID: "r", PaymentID: b.last(granted.Invoice.InvoiceID).ID, Amount: eur(100), Goodwill: true, Reason: "kind", At: day0.Add(time.Hour),
	})
	require.ErrorContains(t, err, "return the grant first")
}

func TestCreditThatIsNotPaidIsRevoked(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "EUR", "")
	waiting := b.grant(bought("ada", "waiting", 3000))
	atOnce := bought("ada", "at-once", 9000)
	atOnce.AtOnce = true
	used := b.grant(atOnce)
	require.False(t, used.Waiting)
	turned := b.subscribe(agreement("sub_p", "ada", "seats", 5, "EUR"))
	require.Equal(t, eur(0), turned.Invoice.AmountDue)
	for _, invoice := range []string{waiting.Invoice.InvoiceID, used.Invoice.InvoiceID} {
		_, err := b.collection.GiveUpInvoice(b.ctx, message.GiveUp{InvoiceID: invoice, At: day0.AddDate(0, 1, 0), Reason: "test"})
		require.NoError(t, err)
	}
	require.Zero(t, b.grants("ada")["waiting"].Left.Minor)
	require.True(t, b.grants("ada")["waiting"].Waiting, "it never becomes usable")
	require.Zero(t, b.grants("ada")["at-once"].Left.Minor)
	b.sound()
	require.Equal(t, 5000, b.balance("BadDebt"), "what was used and not paid")
	require.Zero(t, b.balance("CustomerPrepayments"))
}

func TestExpiryRolloverAndBreakage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "EUR", "pm_card_visa")
	in := bought("ada", "year", 10000)
	in.Payment, in.ExpiresAt = message.PaidOutside, day0.AddDate(0, 0, 40)
	limit := eur(3000)
	in.Rollover = &wallet.Rollover{Percent: decimal.NewFromInt(50), Cap: &limit, For: calendar.Interval{Unit: calendar.Month, Count: 1}}
	b.grant(in)
	tend := func(at time.Time) message.WalletTended {
		tended, err := b.billing.TendWallet(b.ctx, message.WalletAt{CustomerID: "ada", Currency: "EUR", At: at})
		require.NoError(t, err)
		return tended
	}
	require.Equal(t, message.WalletTended{NextAt: in.ExpiresAt}, tend(day0))
	next, err := b.NextActions(b.ctx, "ada")
	require.NoError(t, err)
	require.Equal(t, in.ExpiresAt, next["wallet/ada/EUR"], "the clock knows")

	state := b.subscribe(agreement("sub_m", "ada", "metered", 0, "EUR")).State
	require.Equal(t, in.ExpiresAt.AddDate(0, 0, 30).Add(6*time.Hour), tend(in.ExpiresAt.AddDate(0, 0, 30)).NextAt, "usage before may still come to an invoice")
	for range 2 { // the invoice of the second period, of whose usage the grant pays nothing, finds it over
		state = b.turn(state).State
	}
	require.Zero(t, b.grants("ada")["year"].Left.Minor)
	require.Equal(t, eur(3000), b.grants("ada")["year:rollover"].Left)
	b.sound()
	require.Equal(t, -7000, b.balance("Breakage"))
	require.Zero(t, tend(in.ExpiresAt.AddDate(0, 0, 30)).Moved, "once")
	rest := b.grants("ada")["year:rollover"].Grant.ExpiresAt
	require.Equal(t, rest, tend(rest.Add(-1)).NextAt)
	require.Equal(t, message.WalletTended{Moved: 1}, tend(rest), "what was rolled over expires for good")
	b.sound()
	require.Equal(t, -10000, b.balance("Breakage"))
	require.Zero(t, b.balance("CustomerPrepayments"))
}

// Many invoices of one customer at the same time spend a grant to the last cent and not a cent more.
func TestGrantIsNeverOverspent(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "EUR", "")
	in := bought("ada", "pot", 7777)
	in.Cost, in.Payment = eur(5000), message.PaidOutside
	b.grant(in)
	var opened []message.Opened
	for n := range 12 {
		state, err := b.billing.OpenSubscription(b.ctx, agreement(fmt.Sprintf("sub_%d", n), "ada", "seats", 1, "EUR"))
		require.NoError(t, err)
		opened = append(opened, state)
	}
	var group sync.WaitGroup
	failed := make(chan error, len(opened))
	for _, o := range opened {
		group.Go(func() {
			_, err := b.billing.Turn(b.ctx, message.TurnInput{State: o.State, At: day0})
			failed <- err
		})
	}
	group.Wait()
	close(failed)
	for err := range failed {
		require.NoError(t, err)
	}
	prepaid := int64(0)
	for _, invoice := range b.invoices() {
		prepaid += invoice.PrepaidApplied
	}
	require.Equal(t, int64(7777), prepaid)
	require.Equal(t, [2]int64{}, [2]int64{b.grants("ada")["pot"].Left.Minor, b.grants("ada")["pot"].CostLeft.Minor})
	b.sound()
}

func TestGrantRefusals(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "EUR", "")
	b.grant(gift("ada", "g", 100))
	for want, change := range map[string]func(*message.GrantCredit){
		"grant_exists":        func(in *message.GrantCredit) { in.Amount = eur(200) },
		"customer_unknown":    func(in *message.GrantCredit) { in.CustomerID = "bob" },
		"cost_not_chargeable": func(in *message.GrantCredit) { in.GrantID, in.Payment, in.Cost = "h", message.PaidByInvoice, eur(40) },
		"grant_invalid": func(in *message.GrantCredit) {
			in.GrantID, in.Payment, in.Cost, in.ExpiresAt = "h", message.PaidByInvoice, eur(100), day0.AddDate(1, 0, 0)
		},
	} {
		in := gift("ada", "g", 100)
		change(&in)
		_, err := b.billing.GrantCredit(b.ctx, in)
		refused, is := errors.AsType[*temporal.ApplicationError](err)
		require.True(t, is, want)
		require.Equal(t, want, refused.Type())
	}
	require.Len(t, b.grants("ada"), 1, "nothing is written")
}

// The monthly run's invoices are paid by grants that were there when the month ended.
func TestGrantsPayTheMonthlyRun(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("ada", "EUR", "")
	in := gift("ada", "march", 50_000)
	in.ExpiresAt = time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC).Add(-time.Hour) // the end of February in Berlin
	b.grant(in)
	b.subscribe(agreement("sub_api", "ada", "api", 0, "EUR"))
	_, err := b.AddUsage(b.ctx, "ada", []store.UsageEvent{{ID: "u1", Meter: "calls", Quantity: decimal.NewFromInt(1000), At: day0.AddDate(0, 0, 10)}})
	require.NoError(t, err)
	tended, err := b.billing.TendWallet(b.ctx, message.WalletAt{CustomerID: "ada", Currency: "EUR", At: in.ExpiresAt})
	require.NoError(t, err)
	require.Zero(t, tended.Moved, "February is not billed yet")
	_, err = inActivity(b, message.PrepareRun, runInput)
	require.NoError(t, err)
	_, err = inActivity(b, message.BillShard, message.Shard{RunID: runID, AsOf: runInput.AsOf})
	require.NoError(t, err)
	require.Equal(t, int64(2000), b.invoices()[0].PrepaidApplied)
	tended, err = b.billing.TendWallet(b.ctx, message.WalletAt{CustomerID: "ada", Currency: "EUR", At: runInput.AsOf})
	require.NoError(t, err)
	require.Equal(t, message.WalletTended{Moved: 1}, tended)
	b.sound()
}
