package workflows_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/dunning"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/internal/stack"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/internal/testclock"
	perennial "github.com/perennial-billing/perennial/starter/client"
	"github.com/perennial-billing/perennial/worker/host"
	"github.com/perennial-billing/perennial/workflows/message"
)

// system is a whole Perennial on a development server, with its workers in this process. The tests of the package share
// one; each has a customer and a test clock of its own.
type system struct {
	*stack.Stack
	host    *host.Host
	tenants atomic.Int64
}

var (
	shared     system
	sharedOnce sync.Once
	errShared  error
)

// TestMain stops what the tests that needed a server have started.
func TestMain(m *testing.M) {
	code := m.Run()
	if err := shared.stop(); err != nil {
		fmt.Fprintln(os.Stderr, "stop:", err)
		code = 1
	}
	os.Exit(code)
}

func realServer(t *testing.T) *system {
	t.Helper()
	if testing.Short() {
		t.Skip("needs a Temporal server")
	}
	sharedOnce.Do(func() { errShared = shared.start() })
	require.NoError(t, errShared)
	return &shared
}

func (s *system) start() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	var err error
	// The environment is empty: a test must not reach a database or a provider that the developer works with.
	if s.Stack, err = stack.Start(ctx, stack.Options{Progress: os.Stderr, NoWorker: true}); err != nil {
		return err
	}
	if s.host, err = host.Start(s.Temporal, s.Store, s.Config.Stripe()); err != nil {
		return err
	}
	return s.sell(ctx)
}

func (s *system) stop() error {
	if s.Stack == nil {
		return nil
	}
	if s.host != nil {
		s.host.Stop()
	}
	return s.Close()
}

const plans = `[
 {"id":"seats","version":1,"name":"Seats","interval":{"unit":"month","count":1},"proration":"second","billed_by":"renewal","charges":[
  {"id":"seat","name":"seats","kind":"recurring","per":"seat","timing":"advance","tax_category":"saas_b2c","prices":{"USD":{"model":"per_unit","unit_amount":"10"}}}]},
 {"id":"trial","version":1,"name":"Trial","interval":{"unit":"month","count":1},"trial_days":14,"proration":"day","billed_by":"renewal","charges":[
  {"id":"fee","name":"monthly fee","kind":"recurring","per":"subscription","timing":"advance","tax_category":"saas_b2c","prices":{"USD":{"model":"flat","flat_amount":"25"}}}]},
 {"id":"api","version":1,"name":"API","interval":{"unit":"month","count":1},"proration":"day","billed_by":"invoice_run","charges":[
  {"id":"fee","name":"base fee","kind":"recurring","per":"subscription","timing":"arrears","tax_category":"saas_b2c","prices":{"USD":{"model":"flat","flat_amount":"40"}}}]}
]`

// addSeller adds a legal entity without plans.
func (s *system) addSeller(ctx context.Context, id string) error {
	return s.Store.AddEntity(ctx, store.Entity{
		ID: id, Name: id, Country: "US", Zone: "America/New_York", BookCurrency: "USD", InvoicePrefix: strings.ToUpper(id), Dunning: dunning.DefaultPolicy(),
	}, systemStart)
}

var systemStart = time.Date(2027, time.January, 31, 10, 0, 0, 0, time.UTC)

func (s *system) sell(ctx context.Context) error {
	for _, id := range []string{"acme", "beta"} {
		if err := s.addSeller(ctx, id); err != nil {
			return err
		}
	}
	parsed, err := catalog.Parse(strings.NewReader(plans))
	if err != nil {
		return err
	}
	for _, plan := range parsed {
		if err := s.Store.AddPlan(ctx, "acme", plan, systemStart); err != nil {
			return err
		}
	}
	return nil
}

// tenant is one customer on a test clock of its own.
type tenant struct {
	*system
	t      *testing.T
	id     string
	seller string
	clock  *testclock.Clock
	client *perennial.Client
}

// tenant makes a customer of acme who pays with the given test card.
func (s *system) tenant(t *testing.T, name, card string) *tenant {
	t.Helper()
	return s.tenantOf(t, "acme", name, card)
}

func (s *system) tenantOf(t *testing.T, seller, name, card string) *tenant {
	t.Helper()
	return s.tenantIn(t, "US", seller, name, card)
}

func (s *system) tenantIn(t *testing.T, country, seller, name, card string) *tenant {
	t.Helper()
	id := fmt.Sprintf("%s-%d", name, s.tenants.Add(1))
	ctx := t.Context()
	require.NoError(t, s.Store.AddClock(ctx, store.Clock{ID: id, Now: systemStart}))
	require.NoError(t, s.Store.AddCustomer(ctx, store.Customer{
		ID: id, EntityID: seller, Name: id, Email: id + "@example.com", Country: country, PostalCode: "97201", Zone: "Asia/Kolkata", Currency: "USD",
		Locale: "en-US", TestClockID: &id, CreatedAt: systemStart,
	}))
	require.NoError(t, s.Store.ReplacePaymentMethod(ctx, store.PaymentMethod{
		ID: "method_" + id, CustomerID: id, ProviderToken: card, Position: 1, ChangedAt: systemStart,
	}))
	clock := &testclock.Clock{
		ID: id, Store: s.Store, Temporal: s.Temporal, Namespace: s.Namespace,
		AtShared: func(context.Context, testclock.Shared) error { return nil },
	}
	return &tenant{system: s, t: t, id: id, seller: seller, clock: clock, client: perennial.New(s.Temporal).WithTestClock(clock.Forward)}
}

func (x *tenant) subscribe(plan string, seats int64) message.Subscribed {
	x.t.Helper()
	got, err := x.client.Subscribe(x.t.Context(), message.Subscribe{
		SubscriptionID: x.id, CustomerID: x.id, EntityID: x.seller, Currency: "USD",
		Terms: subscription.Terms{PlanID: plan, PlanVersion: 1, Seats: seats}, StartAt: systemStart, AwaitStart: true,
	})
	require.NoError(x.t, err)
	return got
}

func (x *tenant) advance(to time.Time) {
	x.t.Helper()
	require.NoError(x.t, x.clock.Advance(x.t.Context(), to))
}

func seatsCommand(id string, at time.Time, seats int64) subscription.Command {
	return subscription.Command{
		ID: id, Kind: subscription.ChangeTerms, At: at, Actor: "customer",
		Terms: &subscription.Terms{PlanID: "seats", PlanVersion: 1, Seats: seats},
	}
}

func filterOf(customer, after string) store.InvoiceFilter {
	return store.InvoiceFilter{CustomerID: customer, After: after, Limit: 500}
}

// A customer who never paid takes half of the seats back: the credit pays the invoice that is being collected, and what
// dunning then collects is the rest.
func TestCreditReachesTheDunningOfWhatIsOwed(t *testing.T) {
	t.Parallel()
	x := realServer(t).tenant(t, "credited", "pm_card_chargeCustomerFail")
	first := x.subscribe("seats", 10).Invoice
	noon := systemStart.Add(2 * time.Hour)
	fewer, err := x.client.Command(t.Context(), x.id, seatsCommand("down", noon, 4))
	require.NoError(t, err)
	require.Equal(t, []string{first.InvoiceID}, fewer.Invoice.Pays)
	require.Eventually(t, func() bool {
		var state message.DunningState
		answer, err := x.Temporal.QueryWorkflow(t.Context(), message.DunningID(first.InvoiceID), "", message.DunningQuery)
		return err == nil && answer.Get(&state) == nil && state.Next.Owed.Minor == 10_000-fewer.Invoice.Total.Abs().Minor
	}, 30*time.Second, 20*time.Millisecond, "dunning was told at once")
	x.advance(noon)
	require.NoError(t, x.Store.ReplacePaymentMethod(t.Context(), store.PaymentMethod{
		ID: "method_" + x.id + "_2", CustomerID: x.id, ProviderToken: "pm_card_visa", Position: 1, ChangedAt: noon,
	}))
	require.NoError(t, x.client.PaymentNews(t.Context(), first.InvoiceID, message.PaymentNews{At: noon, Reason: "method_changed"}))
	require.Eventually(t, func() bool { // the dunning ends by paying, and tells the subscription
		status, err := x.client.Status(t.Context(), x.id)
		return err == nil && status.Status == subscription.Active
	}, 30*time.Second, 20*time.Millisecond)
	paid, err := x.Store.Invoice(t.Context(), first.InvoiceID)
	require.NoError(t, err)
	require.Equal(t, "paid", paid.Status)
	require.Equal(t, fewer.Invoice.Total.Abs().Minor, paid.AmountCredited)
	require.Equal(t, paid.AmountDue-paid.AmountCredited, paid.AmountPaid)
}
