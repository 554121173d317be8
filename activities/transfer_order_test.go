package activities_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/perennial-billing/perennial/billing/fraud"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/workflows/message"
)

// Rules against fraud are kept: who is blocked is not asked for money, and a review comes after it was sent.
func TestTransfersKeepToTheRules(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.rule("bob", fraud.Block, `customer.id == "bob"`)
	b.rule("first", fraud.Review, `payment.first`)
	blocked := b.billed("bob", "EUR", "customer_balance").InvoiceID
	require.Equal(t, "blocked_by_rule", b.persist(blocked, 1).DeclineCode)
	invoice := b.toTransfer("ada")
	b.send("ada", 1000, "", day0.AddDate(0, 0, 1))
	paid := b.ask(invoice, day0.AddDate(0, 0, 1))
	require.Equal(t, message.Paid, paid.Status)
	require.Equal(t, b.lastAttempt(invoice).ID, paid.Review)
	b.sound()
}

// Whoever hears first of the money, and however often, it is booked once.
func TestTheOrderOfNewsOfATransferDoesNotMatter(t *testing.T) {
	t.Parallel()
	at := day0.AddDate(0, 0, 1)
	for _, order := range []string{"cash ask compare", "ask cash compare", "compare ask cash", "cash compare ask", "ask+cash compare+cash+ask"} {
		t.Run(order, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			invoice := b.toTransfer("ada")
			b.send("ada", 1300, "", at)
			news := map[string]func() error{
				"ask": func() error {
					_, err := b.payments.AskProvider(b.ctx, message.InvoiceAt{InvoiceID: invoice, At: at})
					return err
				},
				"cash": func() error {
					_, err := b.payments.RecordCash(b.ctx, message.CashInput{CustomerID: "ada", At: at})
					return err
				},
				"compare": func() error {
					_, err := b.payments.Reconcile(b.ctx, message.ReconcileInput{From: time.Unix(0, 0).UTC(), To: day0.AddDate(1, 0, 0), At: at})
					return err
				},
			}
			for together := range strings.FieldsSeq(order) {
				var group errgroup.Group
				for name := range strings.SplitSeq(together, "+") {
					group.Go(news[name])
				}
				require.NoError(t, group.Wait())
			}
			b.paidOnce(invoice)
			require.Equal(t, int64(300), b.unused("ada"))
		})
	}
}

// In each currency that has accounts, the customer is given the right one, and what they send there pays.
func TestEveryAccountTakesTransfers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, tc := range []struct {
		country  string
		currency money.Currency
		scheme   string
		account  string
		owed     int64
	}{
		{"FR", "EUR", "eu_bank_transfer", "iban", 6000},
		{"GB", "GBP", "gb_bank_transfer", "sort_code", 6000},
		{"JP", "JPY", "jp_bank_transfer", "zengin", 6000},
		{"MX", "MXN", "mx_bank_transfer", "spei", 6000},
		{"US", "USD", "us_bank_transfer", "aba", 6000},
	} {
		id := strings.ToLower(tc.country)
		invoice := b.inMarket(id, tc.country, tc.currency)
		b.pay(id, "customer_balance", day0)
		require.Equal(t, message.Processing, b.persist(invoice, 1).Status)
		told := b.asked(invoice)
		require.EqualValues(t, tc.scheme, told.Type)
		require.EqualValues(t, tc.account, told.FinancialAddresses[0].Type)
		require.Equal(t, tc.owed, told.AmountRemaining)
		if tc.country == "FR" {
			require.Equal(t, "FR", told.FinancialAddresses[0].IBAN.Country)
		}
		b.sendIn(strings.ToLower(string(tc.currency)), id, tc.owed, told.Reference, day0.AddDate(0, 0, 1))
		require.Equal(t, message.Paid, b.ask(invoice, day0.AddDate(0, 0, 1)).Status)
		b.paidOnce(invoice)
	}
}
