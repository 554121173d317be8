package workflows_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/perennial-billing/perennial/workflows"
	"github.com/perennial-billing/perennial/workflows/message"
)

// month is a run's books in memory: which shards were billed, and which handed over.
type month struct {
	mu       sync.Mutex
	shards   int
	billed   map[int]int // shard → times its activity was asked
	handed   map[int]bool
	fail     map[int]int // shard → how often billing it fails
	complete bool
}

const perShard = 3 // members; one of them has nothing to bill

func newMonth(shards int) *month {
	return &month{shards: shards, billed: map[int]int{}, handed: map[int]bool{}, fail: map[int]int{}}
}

func (m *month) environment() *environment {
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(quiet()))
	env := suite.NewTestWorkflowEnvironment()
	env.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: message.InvoiceRunID("acme", "2027-01"), TaskQueue: message.BillingQueue})
	env.RegisterWorkflowWithOptions(workflows.InvoiceRun, workflow.RegisterOptions{Name: message.InvoiceRunWorkflow})
	fake(env, message.PrepareRun, m.prepare)
	fake(env, message.BillShard, m.bill)
	fake(env, message.CollectShard, m.collect)
	fake(env, message.CompleteRun, m.finish)
	return env
}

func (m *month) prepare(context.Context, message.InvoiceRunInput) (message.RunProgress, error) {
	return message.RunProgress{Due: m.shards * perShard, Shards: max(1, m.shards)}, nil
}

func (m *month) bill(_ context.Context, in message.Shard) (message.ShardBilled, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.billed[in.Shard]++
	if m.billed[in.Shard] <= m.fail[in.Shard] {
		return message.ShardBilled{}, errors.New("the database is away")
	}
	if m.shards == 0 {
		return message.ShardBilled{}, nil
	}
	return message.ShardBilled{Invoiced: perShard - 1, Skipped: 1}, nil
}

func (m *month) collect(_ context.Context, in message.Shard) (message.None, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.billed[in.Shard] <= m.fail[in.Shard] {
		return message.None{}, temporal.NewNonRetryableApplicationError("handed over before it was billed", "too_early", nil)
	}
	m.handed[in.Shard] = true
	return message.None{}, nil
}

func (m *month) finish(context.Context, message.Shard) (message.RunProgress, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.handed) != max(1, m.shards) {
		return message.RunProgress{}, errors.New("not complete")
	}
	m.complete = true
	return message.RunProgress{
		Due: m.shards * perShard, Shards: max(1, m.shards), ShardDone: max(1, m.shards), Invoiced: m.shards * (perShard - 1), Skipped: m.shards,
	}, nil
}

// run runs the workflow through its continuations and returns how many runs it took.
func (m *month) run(t *testing.T) (message.RunProgress, int) {
	t.Helper()
	in := message.InvoiceRunInput{EntityID: "acme", Period: "2027-01", AsOf: time.Date(2027, 2, 1, 12, 0, 0, 0, time.UTC)}
	for runs := 1; ; runs++ {
		env := m.environment()
		env.ExecuteWorkflow(message.InvoiceRunWorkflow, in)
		require.True(t, env.IsWorkflowCompleted())
		value, err := env.QueryWorkflow(message.ProgressQuery)
		require.NoError(t, err)
		var shown, result message.RunProgress
		require.NoError(t, value.Get(&shown))
		if next, ok := errors.AsType[*workflow.ContinueAsNewError](env.GetWorkflowError()); ok {
			in = message.InvoiceRunInput{}
			require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(next.Input, &in))
			require.Equal(t, shown, in.Done)
			continue
		}
		require.NoError(t, env.GetWorkflowError())
		require.NoError(t, env.GetWorkflowResult(&result))
		require.Equal(t, shown, result)
		return result, runs
	}
}

func TestInvoiceRun(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ shards, runs int }{
		"nobody is due":    {0, 1},
		"one shard":        {1, 1},
		"an uneven batch":  {10, 1},
		"as many as fit":   {200, 1},
		"continues as new": {450, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMonth(tt.shards)
			result, runs := m.run(t)
			require.Equal(t, tt.runs, runs)
			require.True(t, m.complete)
			require.Equal(t, tt.shards*(perShard-1), result.Invoiced)
			require.Equal(t, tt.shards, result.Skipped)
			require.Len(t, m.billed, max(1, tt.shards))
			for shard, times := range m.billed {
				require.Equal(t, 1, times, shard)
			}
		})
	}
}

func TestInvoiceRunRetriesAFailingShard(t *testing.T) {
	t.Parallel()
	m := newMonth(9)
	m.fail = map[int]int{2: 5, 7: 1}
	result, _ := m.run(t)
	require.Equal(t, 6, m.billed[2])
	require.Equal(t, 2, m.billed[7])
	require.Equal(t, 18, result.Invoiced)
	require.True(t, m.complete)
}
