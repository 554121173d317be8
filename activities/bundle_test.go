package activities_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v79"
	stripeclient "github.com/stripe/stripe-go/v79/client"
	"go.temporal.io/sdk/mocks"

	"github.com/perennial-billing/perennial/activities"
	"github.com/perennial-billing/perennial/billing/catalog"
	"github.com/perennial-billing/perennial/billing/dunning"
	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/internal/devstack"
	"github.com/perennial-billing/perennial/internal/sandbox"
	"github.com/perennial-billing/perennial/internal/sandbox/contract"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// One Postgres serves all tests of the package; each has a database of its own, copied from a migrated one.
var (
	postgres      *devstack.Postgres
	startPostgres sync.Once
	errPostgres   error
	databases     struct {
		sync.Mutex
		n int
	}
)

const template = "migrated"

func TestMain(m *testing.M) {
	code := m.Run()
	if postgres != nil {
		if err := postgres.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

func makeTemplate() error {
	ctx := context.Background()
	var err error
	if postgres, err = devstack.StartPostgres(ctx, devstack.PostgresOptions{}); err != nil {
		return err
	}
	url, err := postgres.CreateDatabase(ctx, template)
	if err != nil {
		return err
	}
	s, err := store.Open(ctx, url, 2)
	if err != nil {
		return err
	}
	defer s.Close()
	_, _, err = s.Migrate(ctx)
	return err
}

// newDatabase returns the address of a migrated, empty database.
func newDatabase(t testing.TB) string {
	t.Helper()
	startPostgres.Do(func() { errPostgres = makeTemplate() })
	require.NoError(t, errPostgres)
	databases.Lock() // Postgres copies a template for one at a time
	defer databases.Unlock()
	databases.n++
	name := fmt.Sprintf("test_%d", databases.n)
	conn, err := pgx.Connect(t.Context(), postgres.URL())
	require.NoError(t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	_, err = conn.Exec(t.Context(), "CREATE DATABASE "+name+" TEMPLATE "+template)
	require.NoError(t, err)
	return strings.Replace(postgres.URL(), "/postgres?", "/"+name+"?", 1)
}

// bundle is a seller with its catalogue and all activities, over a real Postgres and the provider's sandbox.
type bundle struct {
	*store.Store
	t          *testing.T
	ctx        context.Context
	url        string
	sandbox    *sandbox.Sandbox
	temporal   *mocks.Client
	billing    *activities.Billing
	payments   *activities.Payments
	collection *activities.Collection
	runs       *activities.Runs
	filing     *activities.Filing
}

// day0 is noon in Berlin on the last of January.
var day0 = time.Date(2027, time.January, 31, 11, 0, 0, 0, time.UTC)

func setup(t *testing.T) *bundle {
	t.Helper()
	url := newDatabase(t)
	s, err := store.Open(t.Context(), url, 16)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	provider, err := sandbox.Start(context.Background(), sandbox.Options{DataDir: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, provider.Close()) })
	b := &bundle{Store: s, t: t, ctx: t.Context(), url: url, sandbox: provider, temporal: &mocks.Client{}}
	b.temporal.On("ExecuteWorkflow", mock.Anything, mock.Anything, mock.Anything, mock.Anything).Return(&mocks.WorkflowRun{}, nil).Maybe()
	b.billing = &activities.Billing{Store: s}
	b.payments = &activities.Payments{Store: s, Stripe: stripeAt(contract.Between(t, provider.StripeURL()), 10*time.Second)}
	b.collection = &activities.Collection{Store: s, Temporal: b.temporal}
	b.runs = &activities.Runs{Store: s, Collection: b.collection}
	b.filing = &activities.Filing{Store: s}
	sell(t, s)
	return b
}

// stripeAt is the real client, as the worker configures it, with a time limit of the test's own.
func stripeAt(url string, limit time.Duration) *stripeclient.API {
	return stripeclient.New(sandbox.StripeKey, stripe.NewBackendsWithConfig(&stripe.BackendConfig{
		URL: stripe.String(url), EnableTelemetry: stripe.Bool(false), MaxNetworkRetries: stripe.Int64(0),
		LeveledLogger: &stripe.LeveledLogger{Level: stripe.LevelNull}, HTTPClient: &http.Client{Timeout: limit},
	}))
}

const catalogue = `[
 {"id":"seats","version":1,"name":"Seats","interval":{"unit":"month","count":1},"proration":"day","billed_by":"renewal","charges":[
  {"id":"seat","name":"seats","kind":"recurring","per":"seat","timing":"advance","tax_category":"saas_b2c","prices":{
   "EUR":{"model":"per_unit","unit_amount":"10"},"JPY":{"model":"per_unit","unit_amount":"1500"},"KWD":{"model":"per_unit","unit_amount":"3.500"},
   "ISK":{"model":"per_unit","unit_amount":"1400"},"UGX":{"model":"per_unit","unit_amount":"37000"},"MGA":{"model":"per_unit","unit_amount":"45000"}}}]},
 {"id":"roomy","version":1,"product":"seats","name":"Roomy","interval":{"unit":"month","count":1},"proration":"day","billed_by":"renewal","charges":[
  {"id":"seat","name":"seats","kind":"recurring","per":"seat","timing":"advance","tax_category":"saas_b2c","prices":{"EUR":{"model":"per_unit","unit_amount":"10"}}}],
  "add_ons":[
   {"id":"storage","name":"Storage","charges":[
    {"id":"block","name":"blocks","kind":"recurring","per":"quantity","timing":"advance","tax_category":"saas_b2c","prices":{"EUR":{"model":"per_unit","unit_amount":"7.77"}}},
    {"id":"care","name":"care","kind":"recurring","per":"quantity","timing":"arrears","tax_category":"saas_b2c","prices":{"EUR":{"model":"per_unit","unit_amount":"1.31"}}},
    {"id":"traffic","name":"calls","kind":"usage","meter":"calls","timing":"arrears","tax_category":"saas_b2c","prices":{"EUR":{"model":"per_unit","unit_amount":"0.013"}}}]},
   {"id":"support","name":"Support","charges":[
    {"id":"desk","name":"seats","kind":"recurring","per":"seat","timing":"advance","tax_category":"saas_b2c","prices":{"EUR":{"model":"per_unit","unit_amount":"2.5"}}}]}]},
 {"id":"seats-yearly","version":1,"product":"seats","name":"Seats by the year","interval":{"unit":"year","count":1},"proration":"day","billed_by":"renewal","charges":[
  {"id":"seat","name":"seats","kind":"recurring","per":"seat","timing":"advance","tax_category":"saas_b2c","prices":{"EUR":{"model":"per_unit","unit_amount":"100"}}}]},
 {"id":"seats-ramp","version":1,"name":"Seats on a ramp","interval":{"unit":"month","count":1},"proration":"day","billed_by":"renewal","charges":[
  {"id":"seat","name":"seats","kind":"recurring","per":"seat","timing":"advance","tax_category":"saas_b2c","prices":{"EUR":{"model":"per_unit","unit_amount":"12"}}},
  {"id":"support","name":"support","kind":"recurring","per":"subscription","timing":"arrears","tax_category":"saas_b2c","prices":{"EUR":{"model":"flat","flat_amount":"31"}}},
  {"id":"calls","name":"calls","kind":"usage","meter":"calls","timing":"arrears","tax_category":"saas_b2c","prices":{"EUR":{"model":"per_unit","unit_amount":"0.01"}}}],
  "phases":[{"periods":2,"percent":"50"},{"periods":1,"prices":{"seat":{"EUR":{"model":"per_unit","unit_amount":"8"}}}}]},
 {"id":"trial","version":1,"name":"Trial","interval":{"unit":"month","count":1},"trial_days":14,"proration":"day","billed_by":"renewal","charges":[
  {"id":"fee","name":"fee","kind":"recurring","per":"subscription","timing":"advance","tax_category":"saas_b2c","prices":{"EUR":{"model":"flat","flat_amount":"25"}}}]},
 {"id":"metered","version":1,"name":"Metered","interval":{"unit":"month","count":1},"proration":"day","billed_by":"renewal","charges":[
  {"id":"calls","name":"calls","kind":"usage","meter":"calls","timing":"arrears","tax_category":"saas_b2c","prices":{"EUR":{"model":"per_unit","unit_amount":"0.01"}}}]},
 {"id":"odd","version":1,"name":"Odd","interval":{"unit":"month","count":1},"proration":"day","billed_by":"renewal","charges":[
  {"id":"fee","name":"fee","kind":"recurring","per":"subscription","timing":"advance","tax_category":"saas_b2c","prices":{
   "KWD":{"model":"flat","flat_amount":"1.234"},"MGA":{"model":"flat","flat_amount":"10000.50"}}}]},
 {"id":"dear","version":1,"name":"Dear","interval":{"unit":"month","count":1},"proration":"day","billed_by":"renewal","charges":[
  {"id":"seat","name":"seats","kind":"recurring","per":"seat","timing":"advance","tax_category":"saas_b2c","prices":{"EUR":{"model":"per_unit","unit_amount":"90000000000000"}}}]},
 {"id":"api","version":1,"name":"API","interval":{"unit":"month","count":1},"proration":"day","billed_by":"invoice_run","charges":[
  {"id":"calls","name":"calls","kind":"usage","meter":"calls","timing":"arrears","tax_category":"saas_b2c","prices":{"EUR":{"model":"per_unit","unit_amount":"0.02"}}}]}
]`

func sell(t testing.TB, s *store.Store) {
	t.Helper()
	require.NoError(t, s.AddEntity(t.Context(), store.Entity{
		ID: "acme", Name: "Acme", Country: "US", Zone: "America/New_York", BookCurrency: "USD", InvoicePrefix: "ACM", Dunning: dunning.DefaultPolicy(),
	}, day0))
	plans, err := catalog.Parse(strings.NewReader(catalogue))
	require.NoError(t, err)
	for _, plan := range plans {
		require.NoError(t, s.AddPlan(t.Context(), "acme", plan, day0))
	}
}

// customer makes a customer on Berlin's time whom the seller does not tax, and who pays with a test card.
func (b *bundle) customer(id string, currency money.Currency, card string) {
	b.t.Helper()
	require.NoError(b.t, b.AddCustomer(b.ctx, store.Customer{
		ID: id, EntityID: "acme", Name: "Customer " + id, Email: id + "@example.com", Country: "US", PostalCode: "97201", Zone: "Europe/Berlin",
		Currency: currency, Locale: "en-US", CreatedAt: day0,
	}))
	if card != "" {
		b.pay(id, card, day0)
	}
}

// pay makes a card the customer's method.
func (b *bundle) pay(customer, card string, at time.Time) {
	b.t.Helper()
	id := fmt.Sprintf("method_%s_%d", customer, at.Unix())
	require.NoError(b.t, b.ReplacePaymentMethod(b.ctx, store.PaymentMethod{ID: id, CustomerID: customer, ProviderToken: card, Position: 1, ChangedAt: at}))
}

func agreement(id, customer, plan string, seats int64, currency money.Currency) message.Subscribe {
	return message.Subscribe{
		SubscriptionID: id, CustomerID: customer, EntityID: "acme", Currency: currency, StartAt: day0,
		Terms: subscription.Terms{PlanID: plan, PlanVersion: 1, Seats: seats},
	}
}

// subscribe records an agreement and begins it.
func (b *bundle) subscribe(in message.Subscribe) message.Turned {
	b.t.Helper()
	opened, err := b.billing.OpenSubscription(b.ctx, in)
	require.NoError(b.t, err)
	require.Nil(b.t, opened.Refusal)
	return b.turn(opened.State)
}

// turn carries a subscription over its next boundary.
func (b *bundle) turn(state subscription.State) message.Turned {
	b.t.Helper()
	due, ok := state.NextDue()
	require.True(b.t, ok)
	turned, err := b.billing.Turn(b.ctx, message.TurnInput{State: state, At: due})
	require.NoError(b.t, err)
	return turned
}

func (b *bundle) carryOut(state subscription.State, c subscription.Command) message.Turned {
	b.t.Helper()
	if c.Actor == "" {
		c.Actor = "customer"
	}
	turned, err := b.billing.CarryOut(b.ctx, message.CarryOutInput{State: state, Command: c})
	require.NoError(b.t, err)
	return turned
}

func changeTo(id string, at time.Time, plan string, seats int64) subscription.Command {
	return subscription.Command{
		ID: id, Kind: subscription.ChangeTerms, At: at, Actor: "customer", Terms: &subscription.Terms{PlanID: plan, PlanVersion: 1, Seats: seats},
	}
}

// invoices lists all invoices in the order of their numbers.
func (b *bundle) invoices() []store.Invoice {
	b.t.Helper()
	invoices, err := b.Invoices(b.ctx, store.InvoiceFilter{Limit: 10_000})
	require.NoError(b.t, err)
	return invoices
}

// sound asserts that the books agree with the facts.
func (b *bundle) sound() {
	b.t.Helper()
	faults, err := b.LedgerFaults(b.ctx)
	require.NoError(b.t, err)
	require.Empty(b.t, faults)
	payments, err := b.PaymentFaults(b.ctx)
	require.NoError(b.t, err)
	require.Empty(b.t, payments)
}

// explained is a field of a line's explanation.
func explained(t *testing.T, line store.InvoiceLine, field string) json.RawMessage {
	t.Helper()
	var fields map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(line.Explanation, &fields))
	return fields[field]
}
