package activities_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
	"golang.org/x/sync/errgroup"

	"github.com/perennial-billing/perennial/activities"
	"github.com/perennial-billing/perennial/billing/subscription"
	"github.com/perennial-billing/perennial/internal/store"
	"github.com/perennial-billing/perennial/workflows/message"
)

// inActivity runs an activity as a worker does, with heartbeats.
func inActivity[In, Out any](b *bundle, named message.Activity[In, Out], in In) (Out, error) {
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	env := suite.NewTestActivityEnvironment()
	activities.RegisterBilling(env, b.billing, b.collection, b.runs, b.filing, &activities.Late{Billing: b.billing})
	var out Out
	value, err := env.ExecuteActivity(named.Name, in)
	if err == nil {
		err = value.Get(&out)
	}
	return out, err
}

// sql runs a statement past all of our code.
func (b *bundle) sql(statement string, args ...any) {
	b.t.Helper()
	conn, err := pgx.Connect(b.ctx, b.url)
	require.NoError(b.t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	_, err = conn.Exec(b.ctx, statement, args...)
	require.NoError(b.t, err)
}

var (
	runInput = message.InvoiceRunInput{EntityID: "acme", Period: "2027-02", AsOf: time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)}
	runID    = message.InvoiceRunID("acme", "2027-02")
)

func shard(n int) message.Shard { return message.Shard{RunID: runID, Shard: n, AsOf: runInput.AsOf} }

// accounts makes customers of the monthly run; every second one has used something in February.
func (b *bundle) accounts(n int) {
	b.t.Helper()
	for i := range n {
		id := fmt.Sprintf("m%03d", i)
		b.customer(id, "EUR", "pm_card_visa")
		b.subscribe(agreement("sub_"+id, id, "api", 0, "EUR"))
		if i%2 == 0 {
			_, err := b.AddUsage(b.ctx, id, []store.UsageEvent{{ID: "e", Meter: "calls", Quantity: decimal.NewFromInt(1000), At: midFebruary}})
			require.NoError(b.t, err)
		}
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.accounts(9)
	for range 2 {
		prepared, err := inActivity(b, message.PrepareRun, runInput)
		require.NoError(t, err)
		require.Equal(t, message.RunProgress{Due: 9, Shards: 1}, prepared)
	}
	_, err := inActivity(b, message.CompleteRun, shard(0))
	require.ErrorContains(t, err, "9 of 9 members have neither an invoice nor a reason")
	for range 2 {
		billed, err := inActivity(b, message.BillShard, shard(0))
		require.NoError(t, err)
		require.Equal(t, message.ShardBilled{Invoiced: 5, Skipped: 4}, billed)
	}
	require.Len(t, b.invoices(), 5)
	for _, invoice := range b.invoices() {
		require.EqualValues(t, 2000, invoice.Total)
		require.Equal(t, runInput.AsOf, invoice.IssuedAt.UTC())
	}
	for range 2 {
		_, err := inActivity(b, message.CollectShard, shard(0))
		require.NoError(t, err)
	}
	require.Equal(t, 0, b.mails("payment_failed"), "nothing has failed yet")
	for range 2 {
		completed, err := inActivity(b, message.CompleteRun, shard(0))
		require.NoError(t, err)
		require.Equal(t, message.RunProgress{Due: 9, Shards: 1, ShardDone: 1, Invoiced: 5, Skipped: 4}, completed)
	}
	b.payAll()
	b.sound()
	faults, err := b.PeriodFaults(b.ctx)
	require.NoError(t, err)
	require.Empty(t, faults)
}

// One account that cannot be billed holds up neither the others nor, once it is put right, itself.
func TestRunGoesOnAfterAFailure(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.accounts(6)
	_, err := inActivity(b, message.PrepareRun, runInput)
	require.NoError(t, err)
	b.sql(`UPDATE subscription SET zone = 'Mars/Olympus' WHERE id = 'sub_m002'`)
	for range 2 {
		_, err = inActivity(b, message.BillShard, shard(0))
		require.ErrorContains(t, err, "subscription sub_m002")
		require.Len(t, b.invoices(), 2)
	}
	b.sql(`UPDATE subscription SET zone = 'Europe/Berlin' WHERE id = 'sub_m002'`)
	billed, err := inActivity(b, message.BillShard, shard(0))
	require.NoError(t, err)
	require.Equal(t, message.ShardBilled{Invoiced: 3, Skipped: 3}, billed)
	require.Len(t, b.invoices(), 3)
	b.payAll()
	b.sound()
}

// Two workers bill one shard at once, when one was believed dead. Each account is billed once.
func TestRunBilledByTwoWorkers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.accounts(20)
	_, err := inActivity(b, message.PrepareRun, runInput)
	require.NoError(t, err)
	var group errgroup.Group
	for range 3 {
		group.Go(func() (err error) {
			_, err = inActivity(b, message.BillShard, shard(0))
			return err
		})
	}
	require.NoError(t, group.Wait())
	require.Len(t, b.invoices(), 10)
	b.payAll()
	b.sound()
}

func TestRunHasShards(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.accounts(1)
	b.sql(`INSERT INTO subscription SELECT 'copy_' || n, entity_id, customer_id, currency, zone, status, plan_id, plan_version, seats, billed_by,
		anchor, cycle, period_start, period_end, cancel_at_period_end, started_at, ended_at, end_reason, next_action_at, created_at
		FROM subscription CROSS JOIN generate_series(1, 1000) AS n`)
	prepared, err := inActivity(b, message.PrepareRun, runInput)
	require.NoError(t, err)
	require.Equal(t, message.RunProgress{Due: 1001, Shards: 3}, prepared)
	members := 0
	for n := range 3 {
		list, err := b.Members(b.ctx, runID, n)
		require.NoError(t, err)
		members += len(list)
	}
	require.Equal(t, 1001, members)
}

func TestRunOfAMonthThatIsNotOver(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.accounts(1)
	early := runInput
	early.AsOf = time.Date(2027, 2, 28, 22, 59, 59, 0, time.UTC) // a second before midnight in Berlin
	_, err := inActivity(b, message.PrepareRun, early)
	require.NoError(t, err)
	_, err = inActivity(b, message.BillShard, message.Shard{RunID: runID, AsOf: early.AsOf})
	require.ErrorContains(t, err, "after the run's instant")
	require.Empty(t, b.invoices())
}

// Who is due: everybody in force at some time of the month, and nobody else.
func TestRunMembers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.accounts(1)
	begin := func(id string, at time.Time) subscription.State {
		b.customer(id, "EUR", "pm_card_visa")
		in := agreement("sub_"+id, id, "api", 0, "EUR")
		in.StartAt = at
		return b.subscribe(in).State
	}
	begin("midmonth", midFebruary)
	begin("later", runInput.AsOf.Add(time.Hour))
	b.carryOut(begin("endedbefore", day0.AddDate(0, 0, -20)), subscription.Command{ID: "c", Kind: subscription.Cancel, At: day0.AddDate(0, 0, -2)})
	b.carryOut(begin("endedwithin", day0), subscription.Command{ID: "c", Kind: subscription.Cancel, At: midFebruary})
	_, err := inActivity(b, message.PrepareRun, runInput)
	require.NoError(t, err)
	members, err := b.Members(b.ctx, runID, 0)
	require.NoError(t, err)
	ids := map[string]bool{}
	for _, member := range members {
		ids[member.SubscriptionID] = true
	}
	require.Equal(t, map[string]bool{"sub_m000": true, "sub_midmonth": true, "sub_endedwithin": true}, ids)
}

// A subscription whose workflow is behind has used nothing yet as far as we know: the run waits for it instead of
// leaving its month out.
func TestRunWaitsForASubscriptionThatIsBehind(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.customer("slow", "EUR", "pm_card_visa")
	in := agreement("sub_slow", "slow", "api", 0, "EUR")
	opened, err := b.billing.OpenSubscription(b.ctx, in)
	require.NoError(t, err)
	_, err = b.AddUsage(b.ctx, "slow", []store.UsageEvent{{ID: "e", Meter: "calls", Quantity: decimal.NewFromInt(1000), At: midFebruary}})
	require.NoError(t, err)
	_, err = inActivity(b, message.PrepareRun, runInput)
	require.NoError(t, err)
	_, err = inActivity(b, message.BillShard, shard(0))
	require.ErrorContains(t, err, "its workflow is behind")
	b.turn(opened.State)
	billed, err := inActivity(b, message.BillShard, shard(0))
	require.NoError(t, err)
	require.Equal(t, message.ShardBilled{Invoiced: 1}, billed)
}
