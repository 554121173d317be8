package devstack_test

import (
	"context"
	"fmt"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/worker"
	"golang.org/x/sync/errgroup"

	"github.com/perennial-billing/perennial/internal/devstack"
)

// BenchmarkTimeSkipping moves 60 workflows through 12 periods of 30 days, each a timer, an activity and a
// continue-as-new, period by period as a test clock does. Run it with -bench TimeSkipping -benchtime 1x.
func BenchmarkTimeSkipping(b *testing.B) {
	defaults := map[string]string{
		"history.timerProcessorMaxTimeShift":       `"1s"`,
		"history.timerProcessorMaxPollRPS":         "20",
		"history.transferProcessorMaxPollRPS":      "20",
		"history.visibilityProcessorMaxPollRPS":    "20",
		"history.queueReaderStuckCriticalAttempts": "3",
		"matching.longPollExpirationInterval":      `"1m"`,
		"matching.numTaskqueueReadPartitions":      "4",
		"matching.numTaskqueueWritePartitions":     "4",
	}
	for _, workflows := range []int{1, 60} {
		b.Run(fmt.Sprintf("tuned/workflows=%d", workflows), func(b *testing.B) {
			benchmarkTimeSkipping(b, workflows, devstack.TemporalOptions{})
		})
		b.Run(fmt.Sprintf("defaults/workflows=%d", workflows), func(b *testing.B) {
			benchmarkTimeSkipping(b, workflows, devstack.TemporalOptions{DynamicConfig: defaults})
		})
	}
}

func benchmarkTimeSkipping(b *testing.B, workflows int, opts devstack.TemporalOptions) {
	const steps = 12
	var billed atomic.Int64
	c := newClock(b, opts, func(r worker.Registry) {
		r.RegisterWorkflow(periods)
		r.RegisterActivityWithOptions(func(context.Context, int) error { billed.Add(1); return nil }, activity.RegisterOptions{Name: "bill"})
	})
	for fleet := 0; b.Loop(); fleet++ {
		billed.Store(0)
		ids := make([]string, workflows)
		for i := range ids {
			ids[i] = fmt.Sprintf("fleet-%d/%d", fleet, i)
			c.start(b, ids[i], periods, steps+1)
		}
		started := time.Now()
		for step := range steps {
			c.moveAll(b, ids, strconv.Itoa(step), period+time.Minute)
		}
		elapsed := time.Since(started)
		require.EqualValues(b, workflows*steps, billed.Load(), "a period was lost")
		b.ReportMetric(float64(workflows*steps)/elapsed.Seconds(), "timers/s")
		b.ReportMetric(elapsed.Seconds()/steps, "s/step")
	}
}

// moveAll moves all workflows forward at once and waits for them.
func (c clock) moveAll(tb testing.TB, ids []string, forwardID string, d time.Duration) {
	tb.Helper()
	var group errgroup.Group
	for _, id := range ids {
		group.Go(func() error {
			if err := c.forward(tb.Context(), id, forwardID, d); err != nil {
				return err
			}
			return c.await(tb.Context(), id, forwardID)
		})
	}
	require.NoError(tb, group.Wait())
}
