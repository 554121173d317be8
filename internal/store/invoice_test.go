package store_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/ledger"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/internal/store"
)

// issue writes an open invoice of USD 10 with one line.
func issue(t *testing.T, s *store.Store, id, subscription, customer string, at time.Time, change func(*store.Invoice, *store.InvoiceLine)) store.Invoice {
	t.Helper()
	row := store.Invoice{
		ID: id, BusinessKey: "invoice:" + id, EntityID: "acme", CustomerID: customer, SubscriptionID: subscription, Reason: "change", Status: "open",
		Currency: "USD", Subtotal: 1000, Total: 1000, AmountDue: 1000, PeriodStart: now, PeriodEnd: now.AddDate(0, 1, 0),
		Zone: "America/New_York", TZVersion: "2026f", IssuedAt: at,
	}
	line := store.InvoiceLine{
		Position: 1, Kind: "recurring", ChargeID: "fee", PlanID: "pro", PlanVersion: 1, Description: "Pro: fee", Quantity: decimal.NewFromInt(1),
		Exact: decimal.NewFromInt(10), Amount: 1000, Treatment: "out_of_scope", Jurisdiction: "US", PeriodStart: row.PeriodStart, PeriodEnd: row.PeriodEnd,
		Explanation: json.RawMessage(`{"part": 1}`),
	}
	if change != nil {
		change(&row, &line)
	}
	require.NoError(t, s.Tx(t.Context(), func(tx store.Tx) (err error) {
		row, err = tx.AddInvoice(t.Context(), row, []store.InvoiceLine{line})
		return err
	}))
	return row
}

func TestInvoicesAreListedInPages(t *testing.T) {
	t.Parallel()
	s, ctx := open(t), t.Context()
	subscribed(t, s, "sub_ada", "ada")
	subscribed(t, s, "sub_bob", "bob")
	for i := range 7 { // some share an instant
		who := []string{"ada", "bob"}[i%2]
		issue(t, s, fmt.Sprintf("inv_%d", 9-i), "sub_"+who, who, now.Add(time.Duration(i/3)*time.Hour), nil)
	}
	all, err := s.Invoices(ctx, store.InvoiceFilter{Limit: 100})
	require.NoError(t, err)
	require.Len(t, all, 7)
	var paged []store.Invoice
	for after := ""; ; {
		page, err := s.Invoices(ctx, store.InvoiceFilter{After: after, Limit: 2})
		require.NoError(t, err)
		if len(page) == 0 {
			break
		}
		paged = append(paged, page...)
		after = page[len(page)-1].ID
	}
	require.Equal(t, all, paged)
	for filter, want := range map[store.InvoiceFilter]int{
		{CustomerID: "ada", Limit: 100}: 4, {SubscriptionID: "sub_bob", Limit: 100}: 3, {EntityID: "acme", Status: "open", Limit: 100}: 7,
		{Status: "paid", Limit: 100}: 0, {EntityID: "other", Limit: 100}: 0,
	} {
		found, err := s.Invoices(ctx, filter)
		require.NoError(t, err)
		require.Len(t, found, want, filter)
	}
}

func TestInvoiceSurvivesTheDatabase(t *testing.T) {
	t.Parallel()
	s, ctx := open(t), t.Context()
	subscribed(t, s, "sub", "ada")
	written := issue(t, s, "inv", "sub", "ada", now, nil)
	require.Equal(t, "ACM-000001", written.Number)
	read, err := s.Invoice(ctx, "inv")
	require.NoError(t, err)
	require.Equal(t, written, read)
	require.Equal(t, money.New(1000, "USD"), read.Owed())
	lines, err := s.InvoiceLines(ctx, "inv")
	require.NoError(t, err)
	require.Len(t, lines, 1)
	require.JSONEq(t, `{"part": 1}`, string(lines[0].Explanation))
	for _, intent := range []string{"pi_1", "pi_2"} {
		recorded, err := s.SetInvoiceIntent(ctx, "inv", intent)
		require.NoError(t, err)
		require.Equal(t, "pi_1", recorded, "an invoice has one intent for ever")
	}
	found, err := s.InvoiceByIntent(ctx, "pi_1")
	require.NoError(t, err)
	require.Equal(t, "inv", found.ID)
}

// A line that was credited once, and one whose time is over, are not there to be credited.
func TestRunningLines(t *testing.T) {
	t.Parallel()
	s, ctx := open(t), t.Context()
	subscribed(t, s, "sub", "ada")
	issue(t, s, "old", "sub", "ada", now.AddDate(0, -1, 0), func(_ *store.Invoice, l *store.InvoiceLine) {
		l.PeriodStart, l.PeriodEnd = now.AddDate(0, -1, 0), now
	})
	issue(t, s, "current", "sub", "ada", now, nil)
	issue(t, s, "used", "sub", "ada", now, func(_ *store.Invoice, l *store.InvoiceLine) { l.Kind = "usage" })
	running, err := s.RunningLines(ctx, "sub", now.Add(time.Hour))
	require.NoError(t, err)
	require.Len(t, running, 1)
	require.Equal(t, "current", running[0].InvoiceID)
	credited, position := "current", 1
	issue(t, s, "credit", "sub", "ada", now.Add(time.Hour), func(_ *store.Invoice, l *store.InvoiceLine) {
		l.Kind, l.CreditsInvoice, l.CreditsPosition = "proration_credit", &credited, &position
	})
	running, err = s.RunningLines(ctx, "sub", now.Add(time.Hour))
	require.NoError(t, err)
	require.Empty(t, running)
}

func transaction(key string, postings ...ledger.Posting) ledger.Transaction {
	return ledger.Transaction{Key: key, Kind: "test", EntityID: "acme", Reference: "inv", At: now, Postings: postings}
}

func TestPostings(t *testing.T) {
	t.Parallel()
	s, ctx := open(t), t.Context()
	post := func(transaction ledger.Transaction) error {
		return s.Tx(ctx, func(tx store.Tx) error { return tx.Post(ctx, transaction) })
	}
	debit := ledger.Posting{Account: ledger.Cash, Amount: money.New(10, "USD")}
	credit := ledger.Posting{Account: ledger.Revenue, Amount: money.New(-10, "USD")}
	require.NoError(t, post(transaction("nothing moved")))
	require.NoError(t, post(transaction("a", debit, credit)))
	require.True(t, store.Violates(post(transaction("a", debit, credit)), "ledger_transaction_natural_key_key"))
	require.ErrorIs(t, post(transaction("b", debit)), ledger.ErrUnbalanced)
	n, err := s.LedgerTransactions(ctx)
	require.NoError(t, err)
	require.Equal(t, 1, n)
}

func TestWallet(t *testing.T) {
	t.Parallel()
	s, ctx := open(t), t.Context()
	move := func(key string, minor int64) error {
		return s.Tx(ctx, func(tx store.Tx) error {
			if _, err := tx.LockWallet(ctx, "ada", "USD"); err != nil {
				return err
			}
			return tx.MoveWallet(ctx, key, "ada", money.New(minor, "USD"), now)
		})
	}
	require.NoError(t, move("grant", 100))
	require.True(t, store.Violates(move("grant", 100), "wallet_movement_pkey"))
	require.NoError(t, move("apply", -60))
	require.True(t, store.Violates(move("too much", -41), "wallet_is_never_negative"))
	require.NoError(t, move("nothing", 0))
	require.NoError(t, s.Tx(ctx, func(tx store.Tx) error {
		balance, err := tx.LockWallet(ctx, "ada", "USD")
		require.Equal(t, money.New(40, "USD"), balance)
		return err
	}))
}
