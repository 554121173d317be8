package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/dunning"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/internal/devstack"
	"github.com/perennial-billing/perennial/internal/store"
)

var (
	postgres *devstack.Postgres
	made     atomic.Int64
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	var err error
	if postgres, err = devstack.StartPostgres(context.Background(), devstack.PostgresOptions{}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.Run()
	if err := postgres.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

var now = time.Date(2027, time.January, 1, 12, 0, 0, 0, time.UTC)

// open makes a database of the test's own with a seller, a plan and two customers.
func open(t *testing.T) *store.Store {
	t.Helper()
	ctx := t.Context()
	url, err := postgres.CreateDatabase(ctx, fmt.Sprintf("test_%d", made.Add(1)))
	require.NoError(t, err)
	s, err := store.Open(ctx, url, 10)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	_, _, err = s.Migrate(ctx)
	require.NoError(t, err)
	require.NoError(t, s.AddEntity(ctx, store.Entity{
		ID: "acme", Name: "Acme", Country: "US", Zone: "America/New_York", BookCurrency: "USD", InvoicePrefix: "ACM", Dunning: dunning.DefaultPolicy(),
	}, now))
	require.NoError(t, s.AddPlan(ctx, "acme", plan(t, "10"), now))
	for _, id := range []string{"ada", "bob"} {
		require.NoError(t, s.AddCustomer(ctx, customer(id)))
	}
	return s
}

func customer(id string) store.Customer {
	return store.Customer{
		ID: id, EntityID: "acme", Name: id, Email: id + "@example.com", Country: "US", Zone: "America/New_York", Currency: "USD", Locale: "en-US", CreatedAt: now,
	}
}

func plan(t *testing.T, price string) catalog.Plan {
	t.Helper()
	plans, err := catalog.Parse(strings.NewReader(`[{"id":"pro","version":1,"name":"Pro","interval":{"unit":"month","count":1},"proration":"day","billed_by":"renewal",
		"charges":[{"id":"fee","name":"fee","kind":"recurring","per":"subscription","timing":"advance","tax_category":"saas_b2c","prices":{"USD":{"model":"flat","flat_amount":"` + price + `"}}},
		{"id":"calls","name":"calls","kind":"usage","meter":"calls","timing":"arrears","tax_category":"saas_b2c","prices":{"USD":{"model":"per_unit","unit_amount":"0.01"}}}]}]`))
	require.NoError(t, err)
	return plans[0]
}

// subscribed records an active subscription of a customer, with terms in force from now on.
func subscribed(t *testing.T, s *store.Store, id, customer string) subscription.State {
	t.Helper()
	terms := subscription.Terms{PlanID: "pro", PlanVersion: 1}
	state := subscription.New(id, customer, terms, catalog.ByRenewal, now, 0)
	state.Anchor.Year, state.Anchor.Month, state.Anchor.Day = now.Date()
	require.NoError(t, s.AddSubscription(t.Context(), "acme", "America/New_York", "USD", state))
	require.NoError(t, s.OpenSegment(t.Context(), id, terms, now))
	return state
}

func TestOpenRefusesWhatIsNoDatabase(t *testing.T) {
	t.Parallel()
	_, err := store.Open(t.Context(), "://", 1)
	require.ErrorContains(t, err, "DATABASE_URL")
	_, err = store.Open(t.Context(), "postgres://nobody@127.0.0.1:1/none?connect_timeout=1", 1)
	require.ErrorContains(t, err, "connect to Postgres")
}

func TestWhatIsMissingIsNamed(t *testing.T) {
	t.Parallel()
	s, ctx := open(t), t.Context()
	for what, read := range map[string]func() error{
		`legal entity "x"`:            func() error { _, err := s.Entity(ctx, "x"); return err },
		`customer "x"`:                func() error { _, err := s.Customer(ctx, "x"); return err },
		`plan "x" version 3`:          func() error { _, err := s.Plan(ctx, "x", 3); return err },
		`plan "x"`:                    func() error { _, err := s.LatestPlan(ctx, "x"); return err },
		`subscription "x"`:            func() error { _, err := s.Subscription(ctx, "x"); return err },
		`cycle 7 of subscription "x"`: func() error { _, err := s.Cycle(ctx, "x", 7); return err },
		`command "c"`:                 func() error { _, err := s.CarriedOut(ctx, "x", "c"); return err },
		`invoice "x"`:                 func() error { _, err := s.Invoice(ctx, "x"); return err },
		`payment "x"`:                 func() error { _, err := s.Payment(ctx, "x"); return err },
		`dunning of invoice "x"`:      func() error { _, err := s.Dunning(ctx, "x"); return err },
		`invoice run "x"`:             func() error { _, err := s.Run(ctx, "x"); return err },
		`tax return "x"`:              func() error { _, err := s.TaxReturn(ctx, "x"); return err },
		`test clock "x"`:              func() error { _, err := s.Clock(ctx, "x"); return err },
	} {
		err := read()
		require.ErrorIs(t, err, store.ErrNotFound, what)
		require.ErrorContains(t, err, what)
	}
	require.ErrorIs(t, s.SaveSubscription(ctx, subscription.State{ID: "x", Status: subscription.Paused, Anchor: subscribed(t, s, "sub", "ada").Anchor}), store.ErrNotFound)
}

func TestTransactionIsAllOrNothing(t *testing.T) {
	t.Parallel()
	s, ctx := open(t), t.Context()
	broken := errors.New("broken")
	err := s.Tx(ctx, func(tx store.Tx) error {
		require.NoError(t, tx.AddCustomer(ctx, customer("eve")))
		return broken
	})
	require.ErrorIs(t, err, broken)
	_, err = s.Customer(ctx, "eve")
	require.ErrorIs(t, err, store.ErrNotFound)
}

func TestPartiesAreAddedOnce(t *testing.T) {
	t.Parallel()
	s, ctx := open(t), t.Context()
	require.ErrorIs(t, s.AddCustomer(ctx, customer("ada")), store.ErrExists)
	again := store.Entity{ID: "acme", Name: "Other", Country: "DE", Zone: "UTC", BookCurrency: "EUR", InvoicePrefix: "ACM", Dunning: dunning.DefaultPolicy()}
	require.NoError(t, s.AddEntity(ctx, again, now))
	entity, err := s.Entity(ctx, "acme")
	require.NoError(t, err)
	require.Equal(t, "Acme", entity.Name)
	require.Equal(t, dunning.DefaultPolicy(), entity.Dunning)
	again.Dunning.MaxAttempts = 0
	require.ErrorContains(t, s.AddEntity(ctx, again, now), "max_attempts")
	require.ErrorIs(t, s.AddSubscription(ctx, "acme", "UTC", "USD", subscribed(t, s, "sub", "ada")), store.ErrExists)
}

// A plan version is never changed: the same again is fine, anything else is refused.
func TestPlanVersionsAreImmutable(t *testing.T) {
	t.Parallel()
	s, ctx := open(t), t.Context()
	require.NoError(t, s.AddPlan(ctx, "acme", plan(t, "10"), now))
	require.NoError(t, s.AddPlan(ctx, "acme", plan(t, "10"), now.Add(time.Hour)))
	err := s.AddPlan(ctx, "acme", plan(t, "11"), now)
	require.ErrorIs(t, err, store.ErrExists)
	require.ErrorContains(t, err, "give the change a new version")
	stored, err := s.Plan(ctx, "pro", 1)
	require.NoError(t, err)
	require.Equal(t, plan(t, "10"), stored.Plan)
	next := plan(t, "11")
	next.Version = 2
	require.NoError(t, s.AddPlan(ctx, "acme", next, now))
	latest, err := s.LatestPlan(ctx, "pro")
	require.NoError(t, err)
	require.Equal(t, 2, latest.Plan.Version)
	meters, err := s.Meters(ctx, "acme")
	require.NoError(t, err)
	require.Len(t, meters, 1)
	require.Empty(t, meters["calls"].Dimensions)
	require.False(t, meters["calls"].NeedsAmount)
}

// All versions of a plan sell one product, whichever of them is added first.
func TestVersionsOfAPlanHaveOneProduct(t *testing.T) {
	t.Parallel()
	s, ctx := open(t), t.Context()
	version := func(number int, product string) catalog.Plan {
		lite := plan(t, "10")
		lite.ID, lite.Version, lite.Product = "lite", number, product
		return lite
	}
	require.NoError(t, s.AddPlan(ctx, "acme", version(2, "suite"), now))
	err := s.AddPlan(ctx, "acme", version(1, ""), now)
	require.ErrorIs(t, err, store.ErrOtherProduct)
	require.EqualError(t, err, `plan "lite" version 1 is of another product: product "lite" is another than "suite", which version 2 has: `+
		`all versions of a plan have one product; keep it, or give the plan another id`)
	history, err := s.PlanHistory(ctx, "lite")
	require.NoError(t, err)
	require.Len(t, history, 1)
	require.NoError(t, s.AddPlan(ctx, "acme", version(1, "suite"), now))
	require.NoError(t, s.AddPlan(ctx, "acme", version(2, "suite"), now), "again")
}

func TestPaymentMethodsTakeEachOthersPlace(t *testing.T) {
	t.Parallel()
	s, ctx := open(t), t.Context()
	method := func(id string) store.PaymentMethod {
		return store.PaymentMethod{ID: id, CustomerID: "ada", ProviderToken: "pm_" + id, Position: 1, ChangedAt: now}
	}
	for _, id := range []string{"one", "two", "two", "one"} { // the last is a customer who goes back to the first card
		require.NoError(t, s.ReplacePaymentMethod(ctx, method(id)))
		current, err := s.PaymentMethods(ctx, "ada")
		require.NoError(t, err)
		require.Len(t, current, 1)
		require.Equal(t, id, current[0].ID)
	}
	second := method("three")
	second.Position = 2
	require.NoError(t, s.ReplacePaymentMethod(ctx, second))
	for _, retires := range []bool{true, false} {
		retired, err := s.RetirePaymentMethod(ctx, "ada", "one", now)
		require.NoError(t, err)
		require.Equal(t, retires, retired)
	}
	left, err := s.PaymentMethods(ctx, "ada")
	require.NoError(t, err)
	require.Len(t, left, 1)
	require.Equal(t, "three", left[0].ID)
	retired, err := s.PaymentMethodByID(ctx, "two")
	require.NoError(t, err)
	require.Equal(t, "pm_two", retired.ProviderToken)
	foreign := method("one")
	foreign.CustomerID = "bob"
	require.ErrorIs(t, s.ReplacePaymentMethod(ctx, foreign), store.ErrExists)
	none, err := s.PaymentMethods(ctx, "bob")
	require.NoError(t, err)
	require.Empty(t, none)
	stolen, err := s.RetirePaymentMethod(ctx, "bob", "three", now)
	require.NoError(t, err)
	require.False(t, stolen, "only the owner's method")
}

func TestProviderIDsAreRecordedOnce(t *testing.T) {
	t.Parallel()
	s, ctx := open(t), t.Context()
	for _, id := range []string{"cus_1", "cus_2"} {
		recorded, err := s.SetProviderCustomer(ctx, "ada", id)
		require.NoError(t, err)
		require.Equal(t, "cus_1", recorded)
	}
}

func TestClocksNeverGoBack(t *testing.T) {
	t.Parallel()
	s, ctx := open(t), t.Context()
	require.NoError(t, s.AddClock(ctx, store.Clock{ID: "c", Now: now}))
	require.NoError(t, s.SetClock(ctx, "c", now.Add(time.Hour)))
	require.NoError(t, s.SetClock(ctx, "c", now.Add(time.Minute)))
	require.NoError(t, s.AddClock(ctx, store.Clock{ID: "c", Now: now}))
	clock, err := s.Clock(ctx, "c")
	require.NoError(t, err)
	require.Equal(t, now.Add(time.Hour), clock.Now.UTC())
}

func TestExclusively(t *testing.T) {
	t.Parallel()
	s, ctx := open(t), t.Context()
	entered, leave := make(chan struct{}), make(chan struct{})
	var group errgroup.Group
	group.Go(func() error {
		return s.Exclusively(ctx, "work", func() error { close(entered); <-leave; return nil })
	})
	<-entered
	require.ErrorIs(t, s.Exclusively(ctx, "work", func() error { return nil }), store.ErrBusy)
	require.NoError(t, s.Exclusively(ctx, "other", func() error { return nil }))
	close(leave)
	require.NoError(t, group.Wait())
	require.NoError(t, s.Exclusively(ctx, "work", func() error { return nil }))
}
