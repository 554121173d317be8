package demo_test

import (
	"context"
	"encoding/json"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/perennial-billing/perennial/billing/calendar"
	"github.com/perennial-billing/perennial/internal/stack"
	"github.com/perennial-billing/perennial/starter/demo"
)

var update = flag.Bool("update", false, "write the year's figures to testdata instead of comparing with them")

// kills is how often the worker dies in the year.
const kills = 10

var yearStart = time.Date(2031, time.January, 1, 0, 0, 0, 0, time.UTC)

// TestYearSurvivesTheWorker plays a whole year while the worker is killed without warning again and again. The figures
// are those of an undisturbed year, which testdata keeps (`go test ./starter/demo -update` plays one to renew them), and
// all proofs hold.
func TestYearSurvivesTheWorker(t *testing.T) {
	if testing.Short() {
		t.Skip("plays a year on the real engine: minutes")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 9*time.Minute)
	defer cancel()
	k := &killer{t: t}
	disturb := k.disturb
	if *update {
		disturb = nil
	}
	result := playYear(ctx, t, disturb)
	if !*update {
		require.Equal(t, kills, k.killed, "the year was disturbed as often as it should be")
	}
	require.True(t, result.Proofs.Holds(), "%+v", result.Proofs)
	for _, company := range result.Companies {
		require.NotEmpty(t, company.Turnover)
		for _, turned := range company.Turnover {
			require.Equal(t, turned.Billed+turned.Granted-turned.Credited, turned.Collected+turned.Open+turned.WrittenOff, "%s, %s", company.ID, turned.Currency)
		}
	}
	got, err := json.MarshalIndent(result.Companies, "", "  ")
	require.NoError(t, err)
	golden := filepath.Join("testdata", "year.json")
	if *update {
		require.NoError(t, os.WriteFile(golden, append(got, '\n'), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.JSONEq(t, string(want), string(got))
}

func playYear(ctx context.Context, t *testing.T, withStack func(*stack.Stack) func()) demo.Result {
	t.Helper()
	now := time.Now()
	out, err := os.Create(filepath.Join(t.TempDir(), "result.json"))
	require.NoError(t, err)
	defer func() { require.NoError(t, out.Close()) }()
	// The environment is empty: a test must not reach a database or a provider that the developer works with.
	require.NoError(t, demo.Run(ctx, demo.Options{
		Months: 12, Start: calendar.Date{Year: yearStart.Year(), Month: yearStart.Month(), Day: 1}, Seed: 1, Exit: true, JSON: true,
		Out: out, Progress: t.Output(), Today: calendar.Date{Year: now.Year(), Month: now.Month(), Day: now.Day()}, WithStack: withStack,
	}))
	content, err := os.ReadFile(out.Name())
	require.NoError(t, err)
	var result demo.Result
	require.NoError(t, json.Unmarshal(content, &result))
	return result
}

// killer kills the worker `kills` times: at a random instant of each tenth of the year, and a random moment after that.
type killer struct {
	t      *testing.T
	killed int
}

func (k *killer) disturb(system *stack.Stack) (release func()) {
	ctx, cancel := context.WithCancel(k.t.Context())
	var killing sync.WaitGroup
	killing.Go(func() {
		for n := range kills {
			tenth := 365 * 24 * time.Hour / kills
			if !reached(ctx, system, yearStart.Add(time.Duration(n)*tenth+rand.N(tenth*4/5))) {
				return
			}
			if err := system.Worker.Restart(ctx); err != nil {
				if ctx.Err() == nil {
					k.t.Errorf("restart no. %d: %v", n+1, err)
				}
				return
			}
			k.killed++
			k.t.Logf("killed the worker, no. %d", k.killed)
		}
	})
	return func() {
		cancel()
		killing.Wait()
	}
}

// reached waits until the demo's clock is at an instant, then for up to a third of a second more; false when it is over.
func reached(ctx context.Context, system *stack.Stack, instant time.Time) bool {
	for {
		clock, err := system.Store.Clock(ctx, "demo")
		if err == nil && !clock.Now.Before(instant) {
			break
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(10 * time.Millisecond):
		}
	}
	select {
	case <-ctx.Done():
		return false
	case <-time.After(rand.N(300 * time.Millisecond)):
		return true
	}
}
