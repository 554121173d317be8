package stack_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/dunning"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/internal/sandbox"
	"github.com/perennial-billing/perennial/internal/stack"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/internal/testclock"
	"github.com/perennial-billing/perennial/starter/client"
	"github.com/perennial-billing/perennial/workflows/message"
)

const plans = `[{"id": "pro", "version": 1, "name": "Pro", "interval": {"unit": "month", "count": 1}, "proration": "day", "billed_by": "renewal",
	"charges": [{"id": "fee", "name": "monthly fee", "kind": "recurring", "per": "subscription", "timing": "advance",
		"tax_category": "saas_b2c", "prices": {"USD": {"model": "flat", "flat_amount": "10"}}}]}]`

const clockID = "test"

var start = time.Date(2031, time.January, 31, 10, 0, 0, 0, time.UTC)

// TestABillGoesThroughTheWholeHouse starts a kept stack twice: what was agreed in the first life is billed in the second.
func TestABillGoesThroughTheWholeHouse(t *testing.T) {
	if testing.Short() {
		t.Skip("starts every program twice")
	}
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	dir := reachable(t)

	first := startStack(ctx, t, dir)
	agree(ctx, t, first)
	require.NoError(t, first.Close())

	second := startStack(ctx, t, dir)
	defer func() { require.NoError(t, second.Close()) }()
	require.NoError(t, clockOf(second).Advance(ctx, start.AddDate(0, 2, 0)))

	invoices, err := second.Store.Invoices(ctx, store.InvoiceFilter{Limit: 10})
	require.NoError(t, err)
	var issued []string
	for _, invoice := range invoices {
		require.Equal(t, "paid", invoice.Status)
		require.Equal(t, money.New(1000, "USD"), invoice.Due())
		issued = append(issued, invoice.IssuedAt.UTC().Format(time.RFC3339))
	}
	// Midnight in Kolkata on the last day of February, then on the 31st again.
	require.Equal(t, []string{"2031-01-31T10:00:00Z", "2031-02-27T18:30:00Z", "2031-03-30T18:30:00Z"}, issued)

	books, err := sandbox.FetchBooks(ctx, second.Config.StripeURL)
	require.NoError(t, err)
	require.Len(t, books.Charges, 3)
	require.EqualValues(t, 3000, books.Totals[0].Captured)
	require.Eventually(t, func() bool {
		mail, err := sandbox.Mailbox(ctx, second.Config.SendGridURL, "ada@example.com")
		return err == nil && len(mail) == 6 // an invoice and a receipt each
	}, 30*time.Second, 100*time.Millisecond)
}

// reachable is a folder that Postgres's own user may enter too; t.TempDir is not.
func reachable(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "perennial-stack-")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	require.NoError(t, os.Chmod(dir, 0o755))
	return dir
}

// startStack gives the stack an empty environment: a test must not reach a database or a provider that the developer works with.
func startStack(ctx context.Context, t *testing.T, dir string) *stack.Stack {
	t.Helper()
	system, err := stack.Start(ctx, stack.Options{DataDir: dir, Progress: t.Output(), WorkerLog: t.Output()})
	require.NoError(t, err)
	return system
}

func clockOf(system *stack.Stack) *testclock.Clock {
	return &testclock.Clock{
		ID: clockID, Store: system.Store, Temporal: system.Temporal, Namespace: system.Namespace,
		AtShared: func(context.Context, testclock.Shared) error { return nil },
	}
}

func agree(ctx context.Context, t *testing.T, system *stack.Stack) {
	t.Helper()
	db := system.Store
	require.NoError(t, db.AddEntity(ctx, store.Entity{
		ID: "acme", Name: "Acme", Country: "US", Zone: "America/New_York", BookCurrency: "USD", InvoicePrefix: "ACM", Dunning: dunning.DefaultPolicy(),
	}, start))
	parsed, err := catalog.Parse(strings.NewReader(plans))
	require.NoError(t, err)
	require.NoError(t, db.AddPlan(ctx, "acme", parsed[0], start))
	require.NoError(t, db.AddClock(ctx, store.Clock{ID: clockID, Now: start}))
	clock := clockID
	require.NoError(t, db.AddCustomer(ctx, store.Customer{
		ID: "ada", EntityID: "acme", Name: "Ada", Email: "ada@example.com", Country: "US", Zone: "Asia/Kolkata", Currency: "USD", Locale: "en-US",
		TestClockID: &clock, CreatedAt: start,
	}))
	require.NoError(t, db.ReplacePaymentMethod(ctx, store.PaymentMethod{
		ID: "card", CustomerID: "ada", ProviderToken: "pm_card_visa", Position: 1, ChangedAt: start,
	}))
	subscribed, err := client.New(system.Temporal).WithTestClock(clockOf(system).Forward).Subscribe(ctx, message.Subscribe{
		SubscriptionID: "sub", CustomerID: "ada", EntityID: "acme", Currency: "USD",
		Terms: subscription.Terms{PlanID: "pro", PlanVersion: 1}, StartAt: start, AwaitStart: true,
	})
	require.NoError(t, err)
	require.Equal(t, message.Paid, subscribed.Invoice.Payment)
}
