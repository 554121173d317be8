// Package startertest gives the tests of the starter's packages a running stack, a seller and customers.
package startertest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5" //nolint:depguard // it counts the rows of all tables, which the store has no reason to do
	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/billing/tax"
	"github.com/perennial-billing/perennial/internal/config"
	"github.com/perennial-billing/perennial/internal/devstack"
	"github.com/perennial-billing/perennial/internal/sandbox"
	"github.com/perennial-billing/perennial/internal/sandbox/contract"
	"github.com/perennial-billing/perennial/internal/stack"
	"github.com/perennial-billing/perennial/starter/service"
	"github.com/perennial-billing/perennial/workflows/message"
)

// Stack is a running system with its worker, shared by the tests of a package; each uses ids of its own.
type Stack struct {
	*stack.Stack

	Service *service.Service
	// Env is what a program needs in its environment to work on the stack.
	Env config.Environment
	// NoWorker, set before the start, leaves the worker to the tests' own setup.
	NoWorker bool

	ids *atomic.Int64
}

// NewID is an id that no other test has, so that tests can be repeated on one stack.
func (s Stack) NewID() string { return fmt.Sprintf("t%d", s.ids.Add(1)) }

// Fill puts an id in the place of every "$" of a text.
func Fill(id, text string) string { return strings.ReplaceAll(text, "$", id) }

// Run starts a stack, runs the tests and stops it. It returns the exit code for TestMain. What more the tests need is
// started by setup with the stack, and stopped before it.
func Run(m *testing.M, into *Stack, setup ...func() (stop func() error, err error)) int {
	var stops []func() error
	code := 1
	err := into.start(&stops)
	for _, start := range setup {
		if err != nil {
			break
		}
		var stop func() error
		if stop, err = start(); stop != nil {
			stops = append(stops, stop)
		}
	}
	if err == nil {
		code = m.Run()
	}
	for _, stop := range slices.Backward(stops) {
		err = errors.Join(err, stop())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "the tests' surroundings failed:", err)
		return 1
	}
	return code
}

func (s *Stack) start(stops *[]func() error) error {
	temporal, err := devstack.StartTemporal(context.Background(), devstack.TemporalOptions{
		SearchAttributes: message.SearchAttributes(), Progress: os.Stderr,
	})
	if err != nil {
		return err
	}
	*stops = append(*stops, temporal.Stop)
	// The environment holds nothing else: a test must not reach a database or a provider that the developer works with.
	env := config.Environment{"TEMPORAL_ADDRESS=" + temporal.Address(), "TEMPORAL_NAMESPACE=" + temporal.Namespace()}
	if env, err = withSandbox(env, stops); err != nil {
		return err
	}
	s.Stack, err = stack.Start(context.Background(), stack.Options{
		Env: env, Progress: os.Stderr, WorkerLog: os.Stderr, NoWorker: s.NoWorker,
	})
	if err != nil {
		return err
	}
	*stops = append(*stops, s.Close)
	s.Env = env.With("DATABASE_URL", s.Config.DatabaseURL)
	s.Service = service.New(s.Store, s.Temporal, s.Namespace, time.Now).WithStripe(s.Config.Stripe(), s.Config.StripeLive()).
		WithPages(s.Config.PublicURL)
	s.ids = &atomic.Int64{}
	return nil
}

// withSandbox starts the providers' stand-ins, Stripe's behind a validator: if anything that the tests make the programs
// ask for or the sandbox answer is not as Stripe describes it, the tests fail.
func withSandbox(env config.Environment, stops *[]func() error) (config.Environment, error) {
	providers, err := sandbox.Start(context.Background(), sandbox.Options{})
	if err != nil {
		return nil, err
	}
	*stops = append(*stops, providers.Close)
	validator, err := contract.Start(providers.StripeURL())
	if err != nil {
		return nil, err
	}
	*stops = append(*stops, func() error {
		if found := validator.Finish(); len(found) > 0 {
			return fmt.Errorf("not as Stripe describes it:\n%s", strings.Join(found, "\n"))
		}
		return nil
	})
	return env.With("SANDBOX_URL", validator.URL).With("SANDBOX_SENDGRID_URL", providers.SendGridURL()), nil
}

// Catalogue is a seller's catalogue; "$" stands for the seller's id.
const Catalogue = `[
 {"id":"$-pro","version":1,"name":"Pro","interval":{"unit":"month","count":1},"proration":"day","billed_by":"renewal",
  "charges":[{"id":"fee","name":"monthly fee","kind":"recurring","per":"subscription","timing":"advance","tax_category":"saas_b2c",
   "prices":{"USD":{"model":"flat","flat_amount":"10"},"EUR":{"model":"flat","flat_amount":"9"}}}]},
 {"id":"$-team","version":1,"name":"Team","interval":{"unit":"month","count":1},"proration":"day","billed_by":"renewal",
  "charges":[{"id":"seats","name":"seats","kind":"recurring","per":"seat","timing":"advance","tax_category":"saas_b2c",
   "prices":{"USD":{"model":"per_unit","unit_amount":"8"}}}]},
 {"id":"$-api","version":1,"name":"API","interval":{"unit":"month","count":1},"proration":"none","billed_by":"invoice_run",
  "charges":[
   {"id":"in","name":"input tokens","kind":"usage","timing":"arrears","meter":"input_tokens","tax_category":"saas_b2c",
    "prices":{"USD":{"model":"per_unit","unit_amount":"0.000003"}}},
   {"id":"out","name":"output tokens","kind":"usage","timing":"arrears","meter":"output_tokens","tax_category":"saas_b2c",
    "prices":{"USD":{"model":"per_unit","unit_amount":"0.000015"}}}]}]`

// AddSeller adds a legal entity in Ireland, registered for the One Stop Shop, that sells the Catalogue.
func (s Stack) AddSeller(ctx context.Context, id string) error {
	_, err := s.Service.CreateEntity(ctx, service.NewEntity{
		ID: id, Name: "Seller " + id, Country: "IE", Zone: "Europe/Dublin", BookCurrency: "EUR", InvoicePrefix: strings.ToUpper(id),
		Registrations: []tax.Registration{{
			Scheme: tax.SchemeEUOSS, Country: "IE", Number: "IE6388047V", From: calendar.Date{Year: 2020, Month: time.January, Day: 1},
		}},
	})
	if err != nil {
		return err
	}
	_, err = s.Service.AddPlans(ctx, id, strings.NewReader(Fill(id, Catalogue)))
	return err
}

// Seller adds a seller for a test and returns its id, with which the ids of its plans begin.
func (s Stack) Seller(t *testing.T) string {
	t.Helper()
	id := s.NewID()
	require.NoError(t, s.AddSeller(t.Context(), id))
	return id
}

// NewCustomer asks for a customer in New York who pays by card.
func NewCustomer(entity, id string) service.NewCustomer {
	return service.NewCustomer{
		ID: id, Entity: entity, Name: "Customer " + id, Email: id + "@example.com", Country: "US", Zone: "America/New_York", Currency: "USD",
		Locale: "en-US", PaymentMethod: "pm_card_visa",
	}
}

// Customer adds a customer.
func (s Stack) Customer(t *testing.T, in service.NewCustomer) service.Customer {
	t.Helper()
	added, err := s.Service.CreateCustomer(t.Context(), in)
	require.NoError(t, err)
	return added
}

// Subscribe starts a subscription.
func (s Stack) Subscribe(t *testing.T, in service.NewSubscription) service.Subscription {
	t.Helper()
	started, err := s.Service.Subscribe(t.Context(), in)
	require.NoError(t, err)
	return started
}

// Clock adds a test clock that stands at an instant.
func (s Stack) Clock(t *testing.T, id string, at time.Time) {
	t.Helper()
	_, err := s.Service.CreateClock(t.Context(), id, at)
	require.NoError(t, err)
}

// NextYear is the first of January that comes, where test clocks begin.
func NextYear() time.Time {
	return time.Date(time.Now().UTC().Year()+1, time.January, 1, 0, 0, 0, 0, time.UTC)
}

// Count counts what a query selects.
func (s Stack) Count(t *testing.T, query string, args ...any) int {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.Config.DatabaseURL)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(context.WithoutCancel(t.Context()))) }()
	var n int
	require.NoError(t, conn.QueryRow(t.Context(), query, args...).Scan(&n))
	return n
}

// Exec runs statements beside the program, to make a past that would take it too long to live through.
func (s Stack) Exec(t testing.TB, statements ...string) {
	t.Helper()
	conn := s.connect(t)
	for _, statement := range statements {
		_, err := conn.Exec(t.Context(), statement)
		require.NoError(t, err, statement)
	}
}

// Read reads all that a query selects, and says how many rows that are.
func (s Stack) Read(t testing.TB, query string, args ...any) (count int) {
	t.Helper()
	rows, err := s.connect(t).Query(t.Context(), query, args...)
	require.NoError(t, err)
	read, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) ([]any, error) { return row.Values() })
	require.NoError(t, err)
	return len(read)
}

func (s Stack) connect(t testing.TB) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.Config.DatabaseURL)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// Rows counts the rows of every table: what is refused must not change them. Tests that compare them do not run in parallel.
func (s Stack) Rows(t *testing.T) map[string]int {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.Config.DatabaseURL)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(context.WithoutCancel(t.Context()))) }()
	tables, err := conn.Query(t.Context(), `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'`)
	require.NoError(t, err)
	names, err := pgx.CollectRows(tables, pgx.RowTo[string])
	require.NoError(t, err)
	counts := map[string]int{}
	for _, name := range names {
		var n int
		require.NoError(t, conn.QueryRow(t.Context(), "SELECT COUNT(*) FROM "+pgx.Identifier{name}.Sanitize()).Scan(&n))
		counts[name] = n
	}
	return counts
}
