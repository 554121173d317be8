package testclock_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/dunning"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/internal/stack"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/internal/testclock"
	"github.com/perennial-billing/perennial/starter/client"
	"github.com/perennial-billing/perennial/worker/host"
	"github.com/perennial-billing/perennial/workflows/message"
)

var system *stack.Stack

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	var err error
	// The environment is empty: a test must not reach a database or a provider that the developer works with.
	if system, err = stack.Start(context.Background(), stack.Options{Progress: os.Stderr, NoWorker: true}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	worker, err := host.Start(system.Temporal, system.Store, system.Config.Stripe())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.Run()
	worker.Stop()
	if err := system.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

var start = time.Date(2031, time.January, 31, 10, 0, 0, 0, time.UTC)

// bundle is a test clock with a seller of its own.
type bundle struct {
	*testclock.Clock
	t      *testing.T
	client *client.Client
	mu     sync.Mutex
	shared []testclock.Shared
}

const plan = `[{"id":"$","version":1,"name":"Pro","interval":{"unit":"month","count":1},"proration":"day","billed_by":"renewal",
 "charges":[{"id":"fee","name":"fee","kind":"recurring","per":"subscription","timing":"advance","tax_category":"saas_b2c","prices":{"USD":{"model":"flat","flat_amount":"10"}}},
  {"id":"calls","name":"calls","kind":"usage","meter":"calls","timing":"arrears","tax_category":"saas_b2c","prices":{"USD":{"model":"per_unit","unit_amount":"1"}}}]}]`

func setup(t *testing.T, id string, policy dunning.Policy) *bundle {
	t.Helper()
	ctx := t.Context()
	require.NoError(t, system.Store.AddEntity(ctx, store.Entity{
		ID: id, Name: id, Country: "US", Zone: "UTC", BookCurrency: "USD", InvoicePrefix: strings.ToUpper(id), Dunning: policy,
	}, start.AddDate(-1, 0, 0)))
	plans, err := catalog.Parse(strings.NewReader(strings.ReplaceAll(plan, "$", id)))
	require.NoError(t, err)
	require.NoError(t, system.Store.AddPlan(ctx, id, plans[0], start))
	require.NoError(t, system.Store.AddClock(ctx, store.Clock{ID: id, Now: start}))
	b := &bundle{t: t, Clock: &testclock.Clock{ID: id, Store: system.Store, Temporal: system.Temporal, Namespace: system.Namespace}}
	b.AtShared = func(_ context.Context, instant testclock.Shared) error {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.shared = append(b.shared, instant)
		return nil
	}
	b.client = client.New(system.Temporal).WithTestClock(b.Forward)
	return b
}

// subscribe makes a customer on the clock, in a zone, who pays with a test card, and subscribes.
func (b *bundle) subscribe(customer, zone, card string) {
	b.t.Helper()
	ctx := b.t.Context()
	require.NoError(b.t, b.Store.AddCustomer(ctx, store.Customer{
		ID: customer, EntityID: b.ID, Name: customer, Email: customer + "@example.com", Country: "US", Zone: zone, Currency: "USD", Locale: "en-US",
		TestClockID: &b.ID, CreatedAt: start,
	}))
	require.NoError(b.t, b.Store.ReplacePaymentMethod(ctx, store.PaymentMethod{ID: "method_" + customer, CustomerID: customer, ProviderToken: card, Position: 1, ChangedAt: start}))
	_, err := b.client.Subscribe(ctx, message.Subscribe{
		SubscriptionID: "sub_" + customer, CustomerID: customer, EntityID: b.ID, Currency: "USD", StartAt: start, AwaitStart: true,
		Terms: subscription.Terms{PlanID: b.ID, PlanVersion: 1},
	})
	require.NoError(b.t, err)
}

func (b *bundle) advance(to time.Time) {
	b.t.Helper()
	require.NoError(b.t, b.Advance(b.t.Context(), to))
}

// What falls due first happens first: a collection that is given up on the evening before the renewal ends the
// subscription, and there is no renewal. Many customers at once give a race its chance.
func TestDunningComesBeforeTheRenewalThatFollowsIt(t *testing.T) {
	t.Parallel()
	policy := dunning.DefaultPolicy()
	policy.EndAfter = 27 // 27 February, 20:00; the renewal is four hours later
	b := setup(t, "order", policy)
	const n = 16
	for i := range n {
		b.subscribe(fmt.Sprintf("order%02d", i), "Europe/Berlin", "pm_card_chargeCustomerFail")
	}
	b.advance(start.AddDate(0, 3, 0))
	invoices, err := b.Store.Invoices(t.Context(), store.InvoiceFilter{EntityID: b.ID, Limit: 1000})
	require.NoError(t, err)
	require.Len(t, invoices, n)
	for _, invoice := range invoices {
		require.Equal(t, "uncollectible", invoice.Status)
	}
	rows, err := b.Store.Subscriptions(t.Context(), b.ID, "", "", 1000)
	require.NoError(t, err)
	for _, row := range rows {
		require.Equal(t, subscription.Canceled, row.Status)
		require.Equal(t, time.Date(2031, 2, 27, 19, 0, 0, 0, time.UTC), row.EndedAt.UTC())
	}
}

// At an instant that concerns all, everybody has done what was due before it, and nothing that is due after it.
func TestSharedInstantsWaitForEverybody(t *testing.T) {
	t.Parallel()
	b := setup(t, "barrier", dunning.DefaultPolicy())
	zones := []string{"Pacific/Kiritimati", "Asia/Kolkata", "Europe/Berlin", "America/New_York", "Pacific/Pago_Pago"}
	for i, zone := range zones {
		b.subscribe(fmt.Sprintf("barrier%d", i), zone, "pm_card_visa")
	}
	seen := 0
	b.AtShared = func(ctx context.Context, instant testclock.Shared) error {
		seen++
		due, err := b.Store.Agenda(ctx, b.ID, instant.At)
		require.NoError(t, err)
		require.Empty(t, due, "something was due before %s", instant.At)
		for i := range zones {
			row, err := b.Store.Subscription(ctx, fmt.Sprintf("sub_barrier%d", i))
			require.NoError(t, err)
			require.False(t, row.PeriodStart.After(instant.At))
			require.True(t, row.PeriodEnd.After(instant.At))
		}
		return nil
	}
	b.advance(start.AddDate(0, 4, 0))
	require.Equal(t, 4, seen)
	invoices, err := b.Store.Invoices(t.Context(), store.InvoiceFilter{EntityID: b.ID, Limit: 1000})
	require.NoError(t, err)
	require.Len(t, invoices, 5*len(zones))
}

// A clock whose way was cut short comes back to the instant that was not finished, and leaves none out.
func TestAdvanceAfterAFailure(t *testing.T) {
	t.Parallel()
	b := setup(t, "resumed", dunning.DefaultPolicy())
	b.subscribe("resumed", "Europe/Berlin", "pm_card_visa")
	record := b.AtShared
	away := errors.New("the run cannot start")
	b.AtShared = func(ctx context.Context, instant testclock.Shared) error {
		if instant.Month == "2031-02" {
			return away
		}
		return record(ctx, instant)
	}
	require.ErrorIs(t, b.Advance(t.Context(), start.AddDate(0, 3, 0)), away)
	clock, err := b.Store.Clock(t.Context(), b.ID)
	require.NoError(t, err)
	require.Equal(t, time.Date(2031, 2, 1, 12, 0, 0, 0, time.UTC), clock.Now)
	b.AtShared = record
	b.advance(start.AddDate(0, 3, 0))
	require.Equal(t, []string{"2031-01", "2031-02", "2031-03"}, months(b.shared))
	invoices, err := b.Store.Invoices(t.Context(), store.InvoiceFilter{EntityID: b.ID, Limit: 100})
	require.NoError(t, err)
	require.Len(t, invoices, 4)
}

func months(shared []testclock.Shared) []string {
	var list []string
	for _, instant := range shared {
		list = append(list, instant.Month)
	}
	return list
}

func TestClocksDoNotGoBack(t *testing.T) {
	t.Parallel()
	b := setup(t, "back", dunning.DefaultPolicy())
	b.advance(start.AddDate(0, 1, 0))
	b.advance(start.AddDate(0, 1, 0))
	require.ErrorContains(t, b.Advance(t.Context(), start), "cannot go back")
	clock, err := b.Store.Clock(t.Context(), b.ID)
	require.NoError(t, err)
	require.Equal(t, start.AddDate(0, 1, 0), clock.Now)
	missing := &testclock.Clock{ID: "none", Store: b.Store, Temporal: b.Temporal, Namespace: b.Namespace}
	require.ErrorIs(t, missing.Advance(t.Context(), start), store.ErrNotFound)
	require.ErrorContains(t, b.Forward(t.Context(), "subscription/none", start), "move subscription/none")
}
