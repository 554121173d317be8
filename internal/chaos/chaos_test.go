package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestASmallRunHolds is the whole thing on a small scale: about a minute.
func TestASmallRunHolds(t *testing.T) {
	if testing.Short() {
		t.Skip("kills every part of a whole stack")
	}
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	var out bytes.Buffer
	code := program(ctx, []string{"--subscriptions", "18", "--periods", "2", "--kills", "2", "--seed", "3", "--json"}, &out, t.Output())
	require.Equal(t, 0, code, out.String())
	var r report
	require.NoError(t, json.Unmarshal(out.Bytes(), &r))
	require.True(t, r.Holds)
	require.GreaterOrEqual(t, r.Billed.Periods, 18)
	require.Len(t, r.Kills, len(kinds))
	for _, killed := range r.Kills {
		require.Equal(t, 2, killed.Kills, killed.Kind)
		require.Positive(t, killed.Answered.Max, killed.Kind)
	}
	require.Positive(t, r.Faults.Faults)
	for _, c := range r.Claims {
		require.Positive(t, c.Checked, c.Claim)
		require.Empty(t, c.Faults, c.Claim)
	}
}

func TestWrongFlags(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		args []string
		says string
	}{
		"none to bill":        {[]string{"--subscriptions", "0"}, "--subscriptions is 0; want 1 to 20000"},
		"too long":            {[]string{"--periods", "61"}, "--periods is 61; want 1 to 60"},
		"backwards":           {[]string{"--kills", "-1"}, "--kills is -1"},
		"every call":          {[]string{"--faults", "100"}, "--faults is 100; want 0 to 50"},
		"no number of faults": {[]string{"--faults", "NaN"}, "--faults is NaN"},
		"an argument":         {[]string{"now"}, `unexpected argument "now"`},
		"an unknown flag":     {[]string{"--kill", "1"}, "see --help"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var said strings.Builder
			require.Equal(t, 2, program(t.Context(), tt.args, &said, &said))
			require.Contains(t, said.String(), tt.says)
		})
	}
	var help strings.Builder
	require.Equal(t, 0, program(t.Context(), []string{"--help"}, &help, &help))
	require.Contains(t, help.String(), "go run ./internal/chaos")
	require.Contains(t, help.String(), "-seed number")
}

// A run that is interrupted says so, and leaves the data and the way back to it.
func TestAnInterruptedRunKeepsItsData(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var said strings.Builder
	require.Equal(t, 1, program(ctx, []string{"--seed", "9"}, &said, &said))
	_, after, found := strings.Cut(said.String(), "Data directory: ")
	require.True(t, found, said.String())
	dir, _, _ := strings.Cut(after, "\n")
	require.DirExists(t, dir)
	require.NoError(t, os.RemoveAll(dir))
	require.Contains(t, said.String(), "--subscriptions 300 --periods 12 --kills 20 --seed 9 --faults 5")
	require.Contains(t, said.String(), context.Canceled.Error())
}

func TestTheSeedDecidesThePlan(t *testing.T) {
	t.Parallel()
	o := options{subscriptions: 60, periods: 12, kills: 20, seed: 4}
	other := o
	other.seed = 5
	first := people(o)
	require.Equal(t, first, people(o))
	require.NotEqual(t, people(o), people(other))
	plans := map[string][]plannedKill{}
	for _, kind := range kinds {
		plan := killPlan(o, kind)
		require.Equal(t, plan, killPlan(o, kind))
		require.NotEqual(t, plan, killPlan(other, kind))
		require.Len(t, plan, o.kills)
		for i, kill := range plan {
			require.Less(t, kill.at, lastKill)
			require.True(t, i == 0 || plan[i-1].at < kill.at, "in order")
		}
		plans[kind] = plan
	}
	require.NotEqual(t, plans[killWorker], plans[killPostgres], "each kind has its own")
}

func TestSpread(t *testing.T) {
	t.Parallel()
	require.Equal(t, spread{}, spreadOf(nil))
	require.Equal(t, spread{Count: 3, Median: 2000, Max: 9000}, spreadOf([]time.Duration{9 * time.Second, time.Second, 2 * time.Second}))
	require.Equal(t, "2.0 s, 9.0 s", spread{Count: 3, Median: 2000, Max: 9000}.String())
}
